"""Calls that belong together go to the same deployment while it can take them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.types import Json
from routing.affinity import AffinityRules, Bindings
from routing.ask import Ask
from routing.deployment import Stats
from routing.policy import RestRules
from routing.state.memory import MemoryStore
from routing.state.redis_store import RedisStore
from routing.state.store import StoreGone
from tests.fakes import FakeClock
from tests.routing.state.servers import line, server
from tests.routing.worlds import NO_RETRIES, A, B, C, World, call, deployment

ALL = AffinityRules(sessions=True, prompts=True, tenants=True, ttl_s=3600)
GROUP = [A, B, C]
QUIET: dict[str, Stats] = {}
LONG = "The quick brown fox jumps over the lazy dog. " * 150  # about 1700 tokens


class Life:
    """Bindings over time."""

    def __init__(self, rules: AffinityRules = ALL) -> None:
        self.clock = FakeClock()
        self.bindings = Bindings(rules, MemoryStore(self.clock))

    async def bound(self, asked: Ask, alias: str = "big", **loads: int) -> str | None:
        stats = {id: Stats(in_flight=load) for id, load in loads.items()}
        found = await self.bindings.bound(alias, GROUP, asked, stats)
        return found.id if found else None


def turns(*texts: str, **body: Any) -> Ask:
    """A conversation: the user and the assistant take turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return Ask(call(messages=messages, **body), tenant="key")


BELONGING: dict[str, tuple[AffinityRules, dict[str, str], dict[str, str], bool]] = {
    "one session": (ALL, {"session": "s"}, {"session": "s"}, True),
    "another session": (ALL, {"session": "s"}, {"session": "t"}, False),
    "no session": (ALL, {"session": "s"}, {}, False),
    "the same session of another key": (
        ALL,
        {"session": "s", "tenant": "k"},
        {"session": "s", "tenant": "l"},
        False,
    ),
    "one key": (ALL, {"tenant": "k"}, {"tenant": "k"}, True),
    "another key": (ALL, {"tenant": "k"}, {"tenant": "l"}, False),
    "sessions do not bind": (
        AffinityRules(prompts=True),
        {"session": "s"},
        {"session": "s"},
        False,
    ),
    "keys do not bind": (AffinityRules(sessions=True), {"tenant": "k"}, {"tenant": "k"}, False),
}


@pytest.mark.parametrize("case", BELONGING)
async def test_what_belongs_together_goes_to_the_same_deployment(case: str) -> None:
    rules, first, then, together = BELONGING[case]
    life = Life(rules)

    life.bindings.bind("big", B, Ask(call(), **first))  # type: ignore[arg-type]  # texts only

    found = await life.bound(Ask(call(), **then))  # type: ignore[arg-type]
    assert found == ("b" if together else None)


async def test_a_binding_is_of_one_alias() -> None:
    life = Life()
    life.bindings.bind("big", B, Ask(call(), session="s"))

    assert await life.bound(Ask(call(), session="s"), "small") is None


async def test_a_session_counts_before_a_key() -> None:
    life = Life()
    life.bindings.bind("big", A, Ask(call(), session="s", tenant="k"))
    life.bindings.bind("big", B, Ask(call(), tenant="k"))

    assert await life.bound(Ask(call(), session="s", tenant="k")) == "a"
    assert await life.bound(Ask(call(), session="new", tenant="k")) == "b"


async def test_a_binding_ends_with_its_time_and_is_renewed_by_each_answer() -> None:
    life, asked = Life(AffinityRules(sessions=True, ttl_s=100)), Ask(call(), session="s")
    life.bindings.bind("big", B, asked)
    life.clock.t += 90
    life.bindings.bind("big", B, asked)
    life.clock.t += 90

    assert await life.bound(asked) == "b"

    life.clock.t += 20
    assert await life.bound(asked) is None


# Prompts


PROMPTS = AffinityRules(prompts=True)


async def test_the_next_turn_goes_where_the_last_one_was_answered() -> None:
    life = Life(PROMPTS)
    life.bindings.bind("big", B, turns(LONG))

    assert await life.bound(turns(LONG, "An answer.", "And then?")) == "b"


async def test_a_short_prompt_is_not_cached_so_it_binds_nobody() -> None:
    life = Life(PROMPTS)
    life.bindings.bind("big", B, turns("Hello!"))

    assert await life.bound(turns("Hello!")) is None


async def test_another_beginning_is_another_prompt() -> None:
    life = Life(PROMPTS)
    life.bindings.bind("big", B, turns(LONG))

    assert await life.bound(turns("x" + LONG)) is None
    assert await life.bound(turns(LONG, tools=[{"type": "function"}])) is None


async def test_what_is_common_but_small_binds_nobody() -> None:
    life = Life(PROMPTS)
    life.bindings.bind("big", B, turns(LONG, "One answer.", "one " * 8000))

    assert await life.bound(turns(LONG, "One answer.", "two " * 8000)) is None


async def test_nobody_is_led_by_what_another_key_has_asked() -> None:
    life = Life(PROMPTS)
    asked = turns(LONG)
    life.bindings.bind("big", B, asked)

    assert await life.bound(Ask(asked.call, tenant="other")) is None


def marked(text: str, after: str = "", ttl: str = "5m") -> Ask:
    """A prompt with a cache mark after the first text; clients move it on with each turn."""
    mark = {"cache_control": {"type": "ephemeral", "ttl": ttl}}
    parts = [{"type": "text", "text": text, **mark}, {"type": "text", "text": after}]
    return Ask(call(messages=[{"role": "user", "content": parts}]))


async def test_only_what_stands_before_the_last_mark_is_cached() -> None:
    life = Life(PROMPTS)
    life.bindings.bind("big", B, marked(LONG, "one " * 5000))

    assert await life.bound(marked(LONG, "two " * 5000)) == "b"


@pytest.mark.parametrize(
    ("ttl", "after_s", "bound"), [("5m", 299, 1), ("5m", 301, 0), ("1h", 3500, 1)]
)
async def test_a_binding_lasts_as_long_as_the_cache(ttl: str, after_s: int, bound: int) -> None:
    life = Life(PROMPTS)
    life.bindings.bind("big", B, marked(LONG, ttl=ttl))
    life.clock.t += after_s

    assert (await life.bound(marked(LONG, ttl=ttl)) == "b") is bool(bound)


async def test_moving_a_mark_on_does_not_change_the_prompt() -> None:
    def turn(*marks: bool) -> Ask:
        mark: Json = {"cache_control": {"type": "ephemeral"}}
        said = (LONG, "And then?")
        parts = [
            {"type": "text", "text": text, **(mark if marked else {})}
            for text, marked in zip(said, marks, strict=False)
        ]
        return Ask(call(messages=[{"role": "user", "content": parts}]))

    life = Life(PROMPTS)
    life.bindings.bind("big", B, turn(True))

    assert await life.bound(turn(False, True)) == "b"


# Giving way


async def test_a_deployment_that_is_no_candidate_binds_nobody() -> None:
    life, asked = Life(), Ask(call(), session="s")
    life.bindings.bind("big", deployment("resting"), asked)

    assert await life.bound(asked) is None


@pytest.mark.parametrize(
    ("loads", "bound"),
    [
        ({"b": 3}, True),
        ({"b": 4}, False),
        ({"a": 5, "b": 12, "c": 5}, True),
        ({"a": 5, "b": 14, "c": 5}, False),
        ({"a": 50, "b": 50, "c": 50}, True),
    ],
)
async def test_a_binding_gives_way_to_load(loads: dict[str, int], bound: bool) -> None:
    life, asked = Life(), Ask(call(), session="s")
    life.bindings.bind("big", B, asked)

    assert (await life.bound(asked, "big", **loads) == "b") is bound


async def test_a_store_that_is_gone_binds_nobody() -> None:
    class Gone(MemoryStore):
        async def gets(self, keys: Sequence[str]) -> Sequence[bytes | None]:
            raise StoreGone

    bindings = Bindings(ALL, Gone(FakeClock()))

    assert await bindings.bound("big", GROUP, Ask(call(), session="s"), QUIET) is None


class Counting(MemoryStore):
    """Remembers what it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.asked: list[int] = []

    async def gets(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        self.asked.append(len(keys))
        return await super().gets(keys)


async def test_all_that_may_bind_a_call_is_asked_for_at_once() -> None:
    store = Counting(FakeClock())
    bindings = Bindings(ALL, store)
    bindings.bind("big", B, Ask(call(), tenant="key"))
    asked = Ask(turns(LONG).call, session="s", tenant="key")

    found = await bindings.bound("big", GROUP, asked, QUIET)

    assert found == B
    assert store.asked == [2 + len(asked.prefixes)]
    assert asked.prefixes


async def test_where_nothing_may_bind_a_call_nobody_is_asked() -> None:
    store = Counting(FakeClock())

    await Bindings(ALL, store).bound("big", GROUP, Ask(call()), QUIET)

    assert store.asked == []


# With a router


def world(**facts: Any) -> World:
    clock = FakeClock()
    return World(A, B, clock=clock, affinity=Bindings(ALL, MemoryStore(clock)), **facts)


async def test_a_conversation_stays_where_it_was_answered_last() -> None:
    sticky = world(rules=RestRules(cooldown=5))
    asked = Ask(call(), session="s")
    sticky.rest("a", seconds=5)
    await sticky.router.send(asked, NO_RETRIES, sticky.journey)
    sticky.clock.t += 60
    await sticky.router.send(asked, NO_RETRIES, sticky.journey)

    assert sticky.tried == ["b", "b"]  # the strategy alone would choose a


def test_choosing_by_affinity_never_suspends() -> None:
    sticky = world()
    sending = sticky.router.send(
        Ask(turns(LONG).call, session="s", tenant="k"), NO_RETRIES, sticky.journey
    )

    with pytest.raises(StopIteration):
        sending.send(None)


async def test_with_a_store_over_the_network_a_decision_is_two_round_trips(tmp_path: Path) -> None:
    limited = [deployment(name, rpm=100, max_parallel=10) for name in "ab"]
    with server(tmp_path) as redis:
        async with line(redis.port) as watched:
            store = RedisStore(watched.address, FakeClock(), "p-", patience_s=2.0)
            sticky = World(*limited, store=store, affinity=Bindings(ALL, store))
            asked = Ask(turns(LONG).call, session="s", tenant="k")
            await store.take("connected, and the script is known", [], None)
            watched.asked = 0  # nobody sends what is only told

            await sticky.router.send(asked, NO_RETRIES, sticky.journey)

            assert watched.asked == 2
            await store.close()

"""Why a call would go where: who is taken out by what, whose share is how large."""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from random import Random
from typing import Any

import pytest

from adapters.errors import Failure, Full, Kind, NoDeployment, NotPermitted, Resting
from adapters.types import Usage
from routing.affinity import AffinityRules, Bindings
from routing.ask import Ask
from routing.checks import CheckRules, chosen
from routing.deployment import Deployment, Stats
from routing.explain import Candidate, Look, look
from routing.foresee import foresee
from routing.journey import Journey
from routing.overload import MOST
from routing.policy import Policy, RestRules
from routing.state.memory import MemoryStore
from routing.strategies import Strategy, find
from tests.fakes import FakeClock
from tests.routing.worlds import World, call, chain, deployment

HELLO = [{"role": "user", "content": "Hello"}]
PICTURE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
STRICT_CHECKS = CheckRules(window=True, tags=True)


def world(*deployments: Deployment, strategy: Strategy | None = None, **around: Any) -> World:
    made = World(*deployments, checks=chosen(STRICT_CHECKS, deployments), **around)
    if strategy:
        swapped = partial(_same, strategy)
        object.__setattr__(made.router.chooser, "strategy", swapped)
    return made


def _same(strategy: Strategy, _: str) -> Strategy:
    return strategy


async def seen(of: World, ask: Ask | None = None, alias: str = "big") -> Look:
    group = of.router.groups.find(alias)
    return await look(of.router.chooser, alias, group, ask or Ask(call(alias, messages=HELLO)))


def of_id(shown: Look, id: str) -> Candidate:
    [found] = [c for c in shown.candidates if c.deployment.id == id]
    return found


async def used(of: World, id: str, times: int) -> None:
    [target] = [d for d in of.deployments if d.id == id]
    for _ in range(times):
        taken = await of.router.chooser.limits.reserve(target, Ask(call(messages=HELLO)))
        assert taken
        of.router.chooser.limits.ended(taken, Usage(1, 1))


def _asks(**said: Any) -> Ask:
    body = said.pop("body", {"messages": HELLO})
    return Ask(call("big", **body), **said)


@pytest.mark.parametrize(
    ("other", "ask", "by", "why"),
    [
        pytest.param({"off": "KEY is not set"}, _asks(), "off", "KEY is not set", id="off"),
        pytest.param({"order": 2}, _asks(), "order", "2; 0 comes first", id="order"),
        pytest.param(
            {"region": "us-east-1"},
            _asks(region="eu"),
            "region",
            "lies in us-east-1, asked for is eu",
            id="region",
        ),
        pytest.param(
            {},
            _asks(region="eu"),
            "region",
            "no region that is known",
            id="no region",
        ),
        pytest.param(
            {"unable": frozenset({"vision"})},
            _asks(body={"messages": PICTURE}),
            "abilities",
            "lacks vision, as configured",
            id="configured inability",
        ),
        pytest.param(
            {"abilities": frozenset[str]()},
            _asks(body={"messages": PICTURE}),
            "abilities",
            "not known to have vision",
            id="unknown ability",
        ),
        pytest.param(
            {"window": 10},
            _asks(body={"messages": [{"role": "user", "content": "word " * 200}]}),
            "context window",
            r"holds 10 tokens, the prompt has about \d+",
            id="window",
        ),
        pytest.param(
            {"tags": frozenset({"free"})},
            _asks(tags=frozenset({"paid"})),
            "tags",
            "has the tags free; asked for are paid",
            id="tags",
        ),
        pytest.param(
            {"access_groups": frozenset({"b"})},
            _asks(access_groups=frozenset({"a"})),
            "access groups",
            "in the access groups b; the key opens a",
            id="access groups",
        ),
    ],
)
async def test_each_filter_says_whom_it_takes_out_and_why(
    other: Mapping[str, Any], ask: Ask, by: str, why: str
) -> None:
    good = deployment(
        "good",
        window=100_000,
        region="eu-west-1",
        tags=frozenset({"paid"}),
        abilities=frozenset({"vision"}),
        access_groups=frozenset({"a"}),
    )
    shared: dict[str, Any] = {"region": "eu-west-1", "abilities": frozenset({"vision"})}
    if by == "region":
        del shared["region"]
    rest = {"tags": frozenset({"paid"}), "access_groups": frozenset({"a"}), **shared, **other}
    shown = await seen(world(good, deployment("bad", **rest)), ask)

    out = of_id(shown, "bad").out
    assert out
    assert out.by == by
    assert re.search(why, out.why)
    assert shown.candidates[0].deployment is good
    assert shown.candidates[0].share == 1.0


async def test_who_rests_is_shown_with_the_time_left_and_whose_word_it_is() -> None:
    told = world(deployment("a"), deployment("b"), deployment("c"))
    told.rest("a", seconds=20.0)
    for _ in range(5):
        told.fail("b")
    shown = await seen(told)

    asked, guessed = of_id(shown, "a").out, of_id(shown, "b").out
    assert asked
    assert (asked.by, asked.wait_s) == ("resting", 20.0)
    assert "asked for" in asked.why
    assert guessed
    assert guessed.by == "resting"
    assert "our guess" in guessed.why


@pytest.mark.parametrize(
    ("limit", "by"),
    [
        ({"rpm": 2}, "rpm 2/2"),
        ({"tpm": 300}, r"tpm 4 \+ \d+ of 300"),
        ({"max_parallel": 1}, "1 of 1 slots"),
    ],
)
async def test_who_is_full_is_shown_with_the_limit(limit: dict[str, Any], by: str) -> None:
    full = world(deployment("a", **limit), deployment("b"))
    if "max_parallel" in limit:
        [a, _] = full.deployments
        assert await full.router.chooser.limits.reserve(a, Ask(call()))
    elif "tpm" in limit:
        await used(full, "a", 2)
        ask = _asks(body={"messages": [{"role": "user", "content": "word " * 250}]})
    else:
        await used(full, "a", 2)
    shown = await seen(full, ask if "tpm" in limit else None)

    out = of_id(shown, "a").out
    assert out
    assert out.by == "full"
    assert re.fullmatch(by, out.why)
    assert out.wait_s
    assert shown.refusal is None


@pytest.mark.parametrize(
    ("deployments", "ask", "error"),
    [
        ([deployment("a", off="x")], _asks(), NoDeployment),
        ([deployment("a", max_parallel=0)], _asks(), Full),
        ([deployment("a")], _asks(region="eu"), NotPermitted),
    ],
)
async def test_where_nobody_is_left_the_refusal_says_so(
    deployments: Sequence[Deployment], ask: Ask, error: type[Exception]
) -> None:
    shown = await seen(world(*deployments), ask)

    assert isinstance(shown.refusal, error)
    assert all(candidate.out and not candidate.share for candidate in shown.candidates)


async def test_all_resting_is_a_refusal_with_the_first_to_wake() -> None:
    resting = world(deployment("a"), deployment("b"))
    resting.rest("a", seconds=20.0)
    resting.rest("b", seconds=8.0)
    shown = await seen(resting)

    assert isinstance(shown.refusal, Resting)
    assert shown.refusal.retry_after == 8.0


# --- who is chosen ----------------------------------------------------------------------------


async def test_a_draw_by_weight_is_told_in_shares() -> None:
    shuffled = world(
        deployment("a", weight=1.0),
        deployment("b", weight=3.0),
        strategy=find("simple-shuffle"),
    )
    shown = await seen(shuffled)

    assert [c.deployment.id for c in shown.candidates] == ["b", "a"]
    assert shown.candidates[0].share == pytest.approx(0.75, abs=0.04)
    assert shown.choice.strategy == "simple_shuffle"
    assert of_id(shown, "a").reads["weight"] == 1.0


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("simple-shuffle", {"weight", "warmth"}),
        ("least-busy", {"in_flight"}),
        ("usage-based-routing", {"tokens", "requests"}),
        ("cost-based-routing", {"input_price", "output_price"}),
        ("latency-based-routing", {"latencies", "first_tokens"}),
        ("adaptive", {"in_flight", "ttft", "left", "failures"}),
    ],
)
async def test_what_each_strategy_goes_by_is_shown(name: str, reads: set[str]) -> None:
    shown = await seen(
        world(deployment("a", input_price=1e-6), deployment("b"), strategy=find(name))
    )

    assert reads <= set(shown.choice.read)
    assert reads <= of_id(shown, "a").reads.keys()
    assert sum(candidate.share for candidate in shown.candidates) == pytest.approx(1.0)


class Scored:
    """A strategy of somebody else's that can say what it goes by."""

    def __call__(
        self, candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
    ) -> Deployment:
        return max(candidates, key=lambda d: self.score([d], stats)[d.id])

    def score(
        self, candidates: Sequence[Deployment], stats: Mapping[str, Stats]
    ) -> Mapping[str, float]:
        return {d.id: float(len(d.id)) for d in candidates}


async def test_the_scores_of_a_strategy_that_has_them_are_told() -> None:
    shown = await seen(world(deployment("a"), deployment("bb"), strategy=Scored()))

    assert [(c.deployment.id, c.share, c.score) for c in shown.candidates] == [
        ("bb", 1.0, 2.0),
        ("a", 0.0, 1.0),
    ]
    assert shown.choice.strategy == "Scored"


def broken(_: Sequence[Deployment], __: Mapping[str, Stats], ___: Random) -> Deployment:
    raise ValueError("a bug in it")


async def test_a_strategy_with_a_bug_is_told_and_not_raised() -> None:
    shown = await seen(world(deployment("a"), deployment("b"), strategy=broken))

    assert shown.choice.trouble == "ValueError: a bug in it"
    assert shown.choice.strategy == "broken"


async def test_a_call_that_is_bound_goes_where_it_went() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    bindings = Bindings(AffinityRules(sessions=True), store)
    bound = world(deployment("a"), deployment("b"), clock=clock, store=store, affinity=bindings)
    ask = Ask(call("big", messages=HELLO), session="s")
    bindings.bind("big", bound.deployments[1], ask)
    shown = await seen(bound, ask)

    assert shown.choice.bound == "b"
    assert of_id(shown, "b").share == 1.0


@pytest.mark.parametrize("name", ["simple-shuffle", "least-busy", "adaptive"])
async def test_many_deployments_are_explained_all_the_same(name: str) -> None:
    many = [deployment(f"d{number}") for number in range(300)]
    shown = await seen(world(*many, strategy=find(name)))

    assert len(shown.candidates) == 300
    assert sum(candidate.share for candidate in shown.candidates) == pytest.approx(1.0)


# --- nothing changes --------------------------------------------------------------------------


def image(thing: Any, known: dict[int, int] | None = None) -> Any:
    """All that can be reached from something, as plain values."""
    known = {} if known is None else known
    if thing is None or isinstance(thing, int | float | str | bytes | type):
        return thing
    if isinstance(thing, Random):
        return thing.getstate()
    if id(thing) in known:
        return f"seen {known[id(thing)]}"
    known[id(thing)] = len(known)
    if isinstance(thing, Mapping):
        return {str(key): image(value, known) for key, value in thing.items()}
    if isinstance(thing, set | frozenset):
        return sorted(map(str, thing))
    if isinstance(thing, Callable):  # type: ignore[arg-type]
        return getattr(thing, "__qualname__", "")
    names = [f.name for f in fields(thing)] if is_dataclass(thing) else []
    names += [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    names += list(getattr(thing, "__dict__", {}))
    if names:
        return {name: image(getattr(thing, name, None), known) for name in sorted(set(names))}
    listed = isinstance(thing, Sequence | deque)
    return [image(item, known) for item in thing] if listed else repr(thing)


async def test_explaining_changes_nothing_and_takes_nothing() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    busy = world(
        deployment("a", rpm=2),
        deployment("b", tpm=5000, max_parallel=3),
        deployment("c"),
        deployment("s", "small"),
        strategy=find("adaptive"),
        clock=clock,
        store=store,
        affinity=Bindings(AffinityRules(sessions=True, tenants=True), store),
    )
    policy = Policy(fallbacks={"big": chain("small")})
    for _ in range(4):
        await busy.router.send(_asks(session="s"), policy, Journey())
    busy.fail("c")
    busy.rest("a", seconds=9.0)
    ask = _asks(session="s", body={"messages": PICTURE})
    router = busy.router
    parts = [router.chooser, router.budget, router.hedging, router.rng, busy.health, store, clock]
    await seen(busy, ask)  # what is over is forgotten when somebody looks
    before = image(parts)

    await seen(busy, ask)
    for kind in (Kind.TRANSIENT, Kind.TOO_LONG, Kind.BLOCKED):
        await foresee(busy.router, ask, policy, RestRules(), kind)
    assert image(parts) == before
    assert busy.in_flight == 0
    await used(busy, "c", 1)
    assert image(parts) != before


# An overloaded place is spared some calls


BUSY = Failure(Kind.TRANSIENT, "overloaded", upstream_status=529)


def overload(of: World, *ids: str, times: int = 1) -> None:
    for each in of.deployments:
        for _ in range(times if each.id in ids else 0):
            of.router.chooser.overload.failed(of.clock.t, each, BUSY, of.clock.t + 1.0, before=0)


@pytest.mark.parametrize(
    ("group", "busy", "shares"),
    [
        ([deployment("a"), deployment("b")], ["a"], {"a": 1 - MOST, "b": MOST}),
        ([deployment("a"), deployment("b")], ["b"], {"a": 1.0, "b": 0.0}),
        ([deployment("a"), deployment("b", order=1)], ["a"], {"a": 1 - MOST, "b": MOST}),
        ([deployment("a"), deployment("b")], ["a", "b"], {"a": 1.0, "b": 0.0}),
        ([deployment("a"), deployment("b", off="no key")], ["a"], {"a": 1.0, "b": 0.0}),
    ],
)
async def test_what_an_overloaded_place_is_spared_goes_elsewhere(
    group: Sequence[Deployment], busy: Sequence[str], shares: Mapping[str, float]
) -> None:
    of = world(*group)
    overload(of, *busy, times=9)

    shown = await seen(of)

    assert {c.deployment.id: c.share for c in shown.candidates} == pytest.approx(shares)
    for id_ in busy:
        assert of_id(shown, id_).reads["spared"] == MOST
    for candidate in shown.candidates:
        assert not (candidate.out and candidate.share)


async def test_where_nothing_is_overloaded_nothing_is_said_of_it() -> None:
    shown = await seen(world(deployment("a"), deployment("b")))

    assert all("spared" not in candidate.reads for candidate in shown.candidates)

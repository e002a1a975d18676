"""Declared limits: taken before a call, settled after it; calls queue for room."""

import asyncio

import pytest

from adapters.errors import Failure, Full, Kind
from adapters.quota import Counted, Told
from adapters.types import Usage
from routing.ask import Ask
from routing.limits import Limits
from routing.policy import Policy
from routing.state.memory import MemoryStore
from tests.fakes import FakeBody, FakeClock, StillClock
from tests.routing.worlds import DOWN, World, call, chain, deployment, read

PATIENT = Policy(patience=120.0, deadline=600.0)
WORDS = {"messages": [{"role": "user", "content": "x" * 400}]}  # about 100 tokens


async def test_a_deployment_is_not_used_beyond_its_limit_while_a_sibling_has_room() -> None:
    world = World(deployment("a", rpm=2), deployment("b", rpm=10))

    for _ in range(5):
        await world.send()

    assert world.tried == ["a", "a", "b", "b", "b"]


async def test_who_finds_no_room_is_refused_with_the_true_wait() -> None:
    world = World(deployment("a", rpm=1))
    await world.send()
    world.clock.t += 20.0

    error = await world.refusal(policy=Policy(patience=5.0))

    assert isinstance(error, Full)
    assert error.status == 429
    assert error.retry_after == pytest.approx(36.0)  # 20 s had passed, 5 s were waited
    assert world.tried == ["a"]


async def test_who_is_patient_is_served_when_the_window_opens() -> None:
    world = World(deployment("a", rpm=1))
    await world.send()
    before = world.clock.t

    await world.send(policy=PATIENT)

    assert world.tried == ["a", "a"]
    assert 60.0 <= world.clock.t - before <= 62.0


async def test_a_fallback_is_asked_before_anybody_queues() -> None:
    world = World(deployment("a", rpm=1), deployment("s", "small"))
    policy = Policy(patience=120.0, fallbacks={"big": chain("small")})
    await world.send()

    await world.send(policy=policy)

    assert world.tried == ["a", "s"]
    assert world.slept == []


async def test_a_refused_attempt_gives_its_tokens_back_but_was_a_request() -> None:
    limited = failure_of_limit()
    world = World(deployment("a", rpm=10, tpm=150), scripts={"a": [limited, b"{}"]})
    await world.refusal(call(**WORDS), Policy(retries=0))

    await world.send(call(**WORDS))

    assert world.router.attempts.limits.used(world.deployments[0])[0] == 2


async def test_tokens_are_estimated_before_and_settled_after() -> None:
    clock = FakeClock()
    limits = Limits(MemoryStore(clock), clock, "p")
    limited = deployment("a", tpm=500)
    ask = Ask(call(max_tokens=100, **WORDS))

    first = await limits.reserve(limited, ask)
    second = await limits.reserve(limited, ask)
    third = await limits.reserve(limited, ask)
    assert first
    assert second
    assert third is None
    limits.ended(first, Usage(input=20, output=5))
    limits.ended(second, None)

    assert limits.used(limited) == (2, 25)
    clock.t += limits.full_s(limited, ask)
    assert await limits.reserve(limited, ask)


async def test_how_many_characters_make_a_token_is_learned() -> None:
    clock = FakeClock()
    limits = Limits(MemoryStore(clock), clock, "p")
    limited = deployment("a", tpm=10**6)
    ask = Ask(call(**WORDS))
    estimates = []
    for _ in range(30):
        taken = await limits.reserve(limited, ask)
        assert taken
        estimates.append(taken.prompt)
        limits.ended(taken, Usage(input=200, output=10))

    assert estimates[0] == pytest.approx(105, abs=5)
    assert estimates[-1] == pytest.approx(200, abs=5)


async def test_a_prompt_larger_than_the_limit_goes_when_nothing_else_does() -> None:
    world = World(deployment("a", tpm=50))

    await world.send(call(**WORDS))
    error = await world.refusal(call(**WORDS), Policy(patience=0.0))

    assert world.tried == ["a"]
    assert isinstance(error, Full)


async def test_slots_are_held_until_the_stream_is_closed() -> None:
    world = World(deployment("a", max_parallel=1), scripts={"a": [FakeBody(b"x"), FakeBody(b"y")]})
    reply = await world.send(call(stream=True))

    full = await world.refusal(call(stream=True), Policy(patience=0.0))
    await read(reply)
    again = await world.send(call(stream=True))

    assert isinstance(full, Full)
    assert await read(again) == b"y"


async def test_a_failed_attempt_holds_no_slot() -> None:
    world = World(deployment("a", max_parallel=1), scripts={"a": [DOWN, b"{}"]})

    with pytest.raises(Failure):
        await world.send(policy=Policy(retries=0))

    await world.send()


async def test_whoever_came_first_is_served_first_and_the_urgent_before_all() -> None:
    world = World(deployment("a", max_parallel=1), clock=StillClock())
    chooser, group = world.router.chooser, world.deployments
    held = await chooser.choose("big", group, Ask(call()), {})
    served: list[str] = []

    async def wait(name: str, priority: int) -> None:
        ask = Ask(call(), priority=priority)
        taken = await chooser.choose("big", group, ask, {}, patience=1e9)
        served.append(name)
        chooser.limits.ended(taken, None)
        chooser.released("big")

    names = [("first", 5), ("second", 5), ("urgent", 0), ("last", 9)]
    waiting = []
    for name, priority in names:
        waiting.append(asyncio.ensure_future(wait(name, priority)))
        await asyncio.sleep(0)
    chooser.limits.ended(held, None)
    chooser.released("big")
    await asyncio.gather(*waiting)

    assert served == ["urgent", "first", "second", "last"]


async def test_a_newcomer_does_not_overtake_those_who_wait() -> None:
    world = World(deployment("a", max_parallel=1))
    chooser, group = world.router.chooser, world.deployments

    async with chooser.room.place("big", 0):
        with pytest.raises(Full):
            await chooser.choose("big", group, Ask(call()), {})

    assert await chooser.choose("big", group, Ask(call()), {})


async def test_what_the_provider_tells_counts_too() -> None:
    clock = FakeClock()
    limits = Limits(MemoryStore(clock), clock, "p")
    free = deployment("a")
    ask = Ask(call(**WORDS))
    taken = await limits.reserve(free, ask)
    assert taken

    limits.told(taken, [Told(Counted.REQUESTS, remaining=1, limit=60, resets_s=30.0)])
    limits.ended(taken, Usage(10, 10))
    one_more = limits.full_s(free, ask)
    last = await limits.reserve(free, ask)
    assert last

    assert one_more == 0.0
    assert limits.full_s(free, ask) == pytest.approx(30.0)
    assert limits.left(free) == 0.0
    limits.ended(last, Usage(10, 10))


def failure_of_limit() -> Failure:
    return Failure(Kind.RATE_LIMIT, "slow down", provider="fake")

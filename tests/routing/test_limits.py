"""Declared limits: taken before a call, settled after it; calls queue for room."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.errors import Failure, Full, Kind
from adapters.quota import Counted, Told
from adapters.types import Target, Usage
from routing.ask import Ask
from routing.deployment import Deployment
from routing.limits import Limits
from routing.policy import Policy
from routing.state.memory import MemoryStore
from routing.state.store import Claim, Grant
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
        estimates.append(taken.need.prompt)
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
        chooser.released(group[0])

    names = [("first", 5), ("second", 5), ("urgent", 0), ("last", 9)]
    waiting = []
    for name, priority in names:
        waiting.append(asyncio.ensure_future(wait(name, priority)))
        await asyncio.sleep(0)
    chooser.limits.ended(held, None)
    chooser.released(group[0])
    await asyncio.gather(*waiting)

    assert served == ["urgent", "first", "second", "last"]


async def test_a_newcomer_does_not_overtake_those_who_wait() -> None:
    world = World(deployment("a", max_parallel=1))
    chooser, group = world.router.chooser, world.deployments

    with chooser.room.place("big", group, 0), pytest.raises(Full):
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


async def test_a_large_request_that_found_no_room_does_not_shut_out_small_ones() -> None:
    clock = FakeClock()
    limits = Limits(MemoryStore(clock), clock, "p")
    limited = deployment("a", tpm=500)
    small, large = Ask(call(max_tokens=1)), Ask(call(max_tokens=100, messages=["x" * 1500]))
    assert await limits.reserve(limited, large)

    assert await limits.reserve(limited, large) is None

    assert limits.full_s(limited, large) > 50.0
    assert limits.full_s(limited, small) == 0.0
    assert await limits.reserve(limited, small)


async def test_deployments_of_one_credential_and_model_share_what_is_told() -> None:
    clock = FakeClock()
    limits = Limits(MemoryStore(clock), clock, "p")
    target = Target("fake", "m")
    one, twin, stranger = (
        replace(deployment(id), quota=quota, target=target)
        for id, quota in (("a", "q"), ("b", "q"), ("c", "other"))
    )
    ask = Ask(call(**WORDS))
    taken = [await limits.reserve(each, ask) for each in (one, twin, stranger)]
    assert taken[0]

    limits.refused(taken[0], 7.0)

    assert limits.full_s(twin, ask) == pytest.approx(7.0)
    assert limits.full_s(stranger, ask) == 0.0


async def test_models_of_a_wildcard_have_allowances_of_their_own() -> None:
    clock = FakeClock()
    limits = Limits(MemoryStore(clock), clock, "p")
    wild = deployment("w")
    ask = Ask(call())
    for n in range(11_000):
        filled = replace(wild, target=Target("fake", f"m{n}"))
        taken = await limits.reserve(filled, ask)
        assert taken
        limits.refused(taken, 60.0)
        limits.ended(taken, None)

    assert limits.full_s(filled, ask) == pytest.approx(60.0)
    assert limits.full_s(replace(wild, target=Target("fake", "m0")), ask) == 0.0
    assert len(limits._quotas) <= 10_000


class _Slow(MemoryStore):
    """Takes, and says so late."""

    async def take(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> Grant:
        grant = await super().take(lease, claims, slots)
        await asyncio.sleep(3600.0)
        return grant


async def test_a_client_who_leaves_while_the_store_is_asked_leaves_no_slot_behind() -> None:
    clock = FakeClock()
    store = _Slow(clock)
    one = deployment("a", max_parallel=1)
    asking = asyncio.create_task(Limits(store, clock, "p").reserve(one, Ask(call())))
    await asyncio.sleep(0)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    slots = Claim("slots:a", 1, 1)
    assert (await MemoryStore.take(store, "other", (), slots)).granted


async def test_where_nobody_limits_and_nothing_is_told_nothing_is_estimated() -> None:
    world = World(deployment("a"))
    await world.send(call(**WORDS))

    ask = Ask(call(**WORDS))
    taken = await world.router.chooser.limits.reserve(world.deployments[0], ask)

    assert taken
    assert taken.tokens == 0
    assert "size" not in vars(ask)


async def test_a_refusal_is_noted_for_all_who_share_the_allowance() -> None:
    limited = Failure(Kind.RATE_LIMIT, "slow down", provider="fake", retry_after=9.0)
    world = World(deployment("a"), scripts={"a": [limited]})

    await world.refusal(policy=Policy(retries=0, patience=0.0))

    limits = world.router.chooser.limits
    assert limits.full_s(world.deployments[0], Ask(call())) == pytest.approx(9.0)
    world.clock.t += 8.995  # as early as a timer may be: neither rest nor quota may argue
    assert limits.full_s(world.deployments[0], Ask(call())) == 0.0
    assert not world.stats("a").cooling


async def test_who_waits_goes_on_waiting_while_all_rest() -> None:
    world = World(deployment("a"), deployment("b"))
    world.rest("a", "b", seconds=4.0)
    before = world.clock.t

    await world.router.chooser.choose("big", world.deployments, Ask(call()), {}, patience=10.0)

    assert world.clock.t - before == pytest.approx(4.0, abs=1.1)


async def drained(*others: Deployment) -> World:
    """`a` has refused after 300 calls in a minute, as one with a bucket of 150 would."""
    world = World(deployment("a"), *others)
    limits, ask = world.router.chooser.limits, Ask(call(**WORDS))
    for _ in range(300):
        world.clock.t += 0.2
        taken = await limits.reserve(world.deployments[0], ask)
        assert taken
        limits.ended(taken, Usage(100, 20))
    taken = await limits.reserve(world.deployments[0], ask)
    assert taken
    world.clock.t += 0.1
    limits.refused(taken, None)
    limits.ended(taken, None)
    return world


async def use_up(world: World, seconds: float) -> None:
    """What has come back to `a` since."""
    a, limits, ask = world.deployments[0], world.router.chooser.limits, Ask(call(**WORDS))
    world.clock.t += seconds - 2.0
    assert await limits.reserve(a, ask)  # the first finds out whether it is over
    world.clock.t += 2.0
    while not limits.full_s(a, ask):
        assert await limits.reserve(a, ask)


async def test_a_limit_that_nobody_tells_is_learned_from_a_refusal() -> None:
    world = await drained()
    limits, ask = world.router.chooser.limits, Ask(call(**WORDS))

    assert limits.full_s(world.deployments[0], ask) > 0
    world.clock.t += 1.0
    assert limits.full_s(world.deployments[0], ask) == 0.0


async def test_declared_limits_are_not_learned() -> None:
    world = World(deployment("a", rpm=1000))
    limits, ask = world.router.chooser.limits, Ask(call(**WORDS))
    for _ in range(100):
        taken = await limits.reserve(world.deployments[0], ask)
        assert taken
    limits.refused(taken, None)

    assert limits.full_s(world.deployments[0], ask) == 0.0


async def test_siblings_come_before_a_guess_and_a_guess_before_a_refusal() -> None:
    world = await drained(deployment("b", rpm=1))
    ask = Ask(call(**WORDS))
    await use_up(world, 25.0)  # it is calm again

    chosen = [await world.router.chooser.choose("big", world.deployments, ask, {}) for _ in "12"]

    assert [taken.deployment.id for taken in chosen] == ["b", "a"]
    with pytest.raises(Full):  # one test at a time
        await world.router.chooser.choose("big", world.deployments, ask, {})


async def test_who_has_waited_long_tests_a_guess_before_it_is_calm() -> None:
    world = await drained()
    a, limits, ask = world.deployments[0], world.router.chooser.limits, Ask(call(**WORDS))
    await use_up(world, 6.0)

    assert not limits.dares(a, ask, urgent=False)
    assert limits.dares(a, ask, urgent=True)


def failure_of_limit() -> Failure:
    return Failure(Kind.RATE_LIMIT, "slow down", provider="fake")

"""The deadline of a call: attempts and pauses are planned inside it."""

import pytest

from adapters.errors import (
    Failure,
    Kind,
    Resting,
)
from routing.ask import Ask
from routing.deployment import IDLE
from routing.policy import Policy
from tests.routing.worlds import (
    DEAF,
    DOWN,
    SMALL,
    STRICT,
    A,
    B,
    World,
    call,
    chain,
    deployment,
    failure,
)


async def test_no_attempt_may_outlast_the_deadline() -> None:
    world = World(A, B, takes={"a": 25.0}, scripts={"a": [DOWN]})

    await world.send(policy=Policy(deadline=40.0))

    first, second = [target.timeouts for target in world.provider.targets]
    assert (first.first, first.total) == (40.0, 40.0)
    assert (second.first, second.total) == (15.0, 15.0)
    assert first.idle == A.target.timeouts.idle  # what comes after the commit point is not its


async def test_a_time_out_shorter_than_the_deadline_is_left_alone() -> None:
    world = World(deployment("a", first=5.0, total=9.0))

    await world.send(policy=Policy(deadline=40.0))
    assert world.provider.targets[0].timeouts.first == 5.0
    assert world.provider.targets[0].timeouts.total == 9.0


async def test_nobody_sleeps_past_the_deadline() -> None:
    world = World(A, takes={"a": 3.0}, scripts={"a": [failure(Kind.RATE_LIMIT, retry_after=8.0)]})

    error = await world.refusal(policy=Policy(deadline=10.0))

    assert error.retry_after == 8.0
    assert world.slept == []


async def test_nobody_waits_for_a_rest_that_ends_after_the_deadline() -> None:
    world = World(A)
    world.rest("a", seconds=5.0)

    assert isinstance(await world.refusal(policy=Policy(deadline=4.0)), Resting)
    assert world.slept == []


async def test_nothing_is_tried_after_the_deadline() -> None:
    world = World(A, B, SMALL, takes={"a": DEAF})
    policy = Policy(deadline=4.0, fallbacks={"big": chain("small")})

    error = await world.refusal(policy=policy)

    assert isinstance(error, Failure)
    assert error.kind is Kind.TIMEOUT
    assert world.tried == ["a"]
    assert world.clock.now() == 1004.0


async def test_a_deadline_of_nothing_allows_one_attempt() -> None:
    world = World(A, B, takes={"a": 1.0})

    await world.refusal(policy=Policy(deadline=0.0, retries=9))
    assert world.tried == ["a"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_impatient_client_puts_nobody_to_rest(stream: bool) -> None:
    world = World(A, B, takes={"a": DEAF}, rules=STRICT)

    await world.refusal(call(stream=stream), Policy(deadline=0.5))

    assert world.stats("a") == IDLE
    assert [(attempt.took, attempt.rest) for attempt in world.journey.attempts] == [(0.5, 0.0)]


@pytest.mark.parametrize(("stream", "limit"), [(False, 600.0), (True, 60.0)])
async def test_a_deployment_that_is_deaf_for_its_own_time_out_rests(
    stream: bool, limit: float
) -> None:
    world = World(A, B, takes={"a": DEAF}, rules=STRICT)

    await world.router.send(Ask(call(stream=stream)), Policy(deadline=900.0), world.journey)

    assert world.tried == ["a", "b"]
    assert world.journey.attempts[0].took == limit
    assert world.stats("a").cooling == 5.0


@pytest.mark.parametrize(("stream", "limit"), [(False, 600.0), (True, 60.0)])
async def test_a_deadline_as_long_as_the_time_out_does_not_excuse_a_deaf_deployment(
    stream: bool, limit: float
) -> None:
    world = World(A, B, takes={"a": DEAF}, rules=STRICT)

    await world.refusal(call(stream=stream), Policy(deadline=limit))
    assert world.stats("a").cooling == 5.0


async def test_a_time_out_before_the_deadline_counts_however_near_that_is() -> None:
    cannot_connect = failure(Kind.TIMEOUT)
    world = World(A, B, scripts={"a": [cannot_connect]}, takes={"a": 5.0}, rules=STRICT)

    await world.send(policy=Policy(deadline=6.0))
    assert world.journey.attempts[0].rest == 5.0

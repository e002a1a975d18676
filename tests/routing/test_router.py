"""The router with time, chance and providers that the test owns."""

import asyncio

import pytest

from adapters.errors import (
    BadRequest,
    Kind,
)
from routing.ask import Ask
from routing.deployment import IDLE, Deployment
from routing.journey import Attempt, Journey
from routing.policy import Policy
from tests.routing.worlds import (
    ANSWER,
    DOWN,
    NO_RETRIES,
    SMALL,
    STRICT,
    TO_SMALL,
    WRONG_KEY,
    A,
    B,
    C,
    World,
    call,
    chain,
    deployment,
    failure,
)

# Siblings and second tries


async def test_an_answer_needs_one_attempt() -> None:
    world = World(A, B)

    assert (await world.send()).body == ANSWER
    assert world.tried == ["a"]
    assert world.stats("a") == IDLE


@pytest.mark.parametrize("kind", sorted({*Kind} - {Kind.CALLER, Kind.TOO_LONG, Kind.BLOCKED}))
async def test_a_sibling_is_tried_without_waiting(kind: Kind) -> None:
    world = World(A, B, scripts={"a": [failure(kind, retry_after=9.0)]})

    assert (await world.send()).body == ANSWER
    assert world.tried == ["a", "b"]
    assert world.slept == []


async def test_a_deployment_that_failed_is_not_used_again_while_another_is_untried() -> None:
    world = World(A, B, C, scripts={"a": [DOWN], "b": [DOWN]})

    await world.send()
    assert world.tried == ["a", "b", "c"]


async def test_an_only_deployment_is_waited_for_as_long_as_it_asked() -> None:
    world = World(A, scripts={"a": [failure(Kind.RATE_LIMIT, retry_after=7.0), ANSWER]})

    assert (await world.send()).body == ANSWER
    assert world.tried == ["a", "a"]
    assert world.slept == [7.0]


async def test_an_only_deployment_that_asks_for_too_much_is_not_waited_for() -> None:
    world = World(A, scripts={"a": [failure(Kind.RATE_LIMIT, retry_after=11.0)]})

    error = await world.refusal(policy=Policy(patience=10.0))

    assert (error.status, error.retry_after) == (429, 11.0)
    assert world.tried == ["a"]
    assert world.slept == []


async def test_nobody_sleeps_after_the_last_attempt() -> None:
    world = World(A, scripts={"a": [DOWN]})

    assert await world.refusal(policy=Policy(retries=2)) is DOWN
    assert world.tried == ["a"] * 3
    assert len(world.slept) == 2


async def test_all_siblings_have_failed_and_the_first_is_used_again_after_a_pause() -> None:
    world = World(A, B, scripts={"a": [DOWN, ANSWER], "b": [DOWN]})

    assert (await world.send(policy=Policy(retries=2))).body == ANSWER
    assert world.tried == ["a", "b", "a"]
    assert len(world.slept) == 1


@pytest.mark.parametrize("kind", [Kind.QUOTA, Kind.CREDENTIAL, Kind.MODEL_GONE])
async def test_what_waiting_does_not_mend_is_not_waited_for(kind: Kind) -> None:
    world = World(A, scripts={"a": [failure(kind)]})

    await world.refusal(policy=Policy(retries=5))
    assert world.tried == ["a"]
    assert world.slept == []


async def test_the_callers_mistake_ends_it_at_once() -> None:
    wrong = failure(Kind.CALLER)
    world = World(A, B, SMALL, scripts={"a": [wrong]})

    assert await world.refusal(policy=TO_SMALL) is wrong
    assert world.tried == ["a"]
    assert world.stats("a") == IDLE


async def test_a_request_that_cannot_be_translated_ends_it_and_blames_nobody() -> None:
    wrong = BadRequest("no word for this")
    world = World(A, B, SMALL, scripts={"a": [wrong]})

    assert await world.refusal(policy=TO_SMALL) is wrong
    assert world.tried == ["a"]
    assert world.stats("a") == IDLE
    assert world.journey.attempts == []


async def test_an_answer_clears_what_failed_before() -> None:
    world = World(A, scripts={"a": [DOWN, ANSWER]})

    await world.send()
    assert world.stats("a") == IDLE


async def test_a_sibling_that_rests_is_no_reason_to_hurry() -> None:
    world = World(A, B, scripts={"a": [DOWN, ANSWER]})
    world.rest("b", seconds=30.0)

    await world.send()
    assert world.tried == ["a", "a"]
    assert len(world.slept) == 1


async def test_the_body_of_every_attempt_is_the_clients() -> None:
    world = World(A, B, scripts={"a": [DOWN]})
    asked = call(messages=["hello"])

    await world.send(asked)
    assert [sent.body for sent in world.provider.calls] == [asked.body, asked.body]


async def test_a_deployments_own_retries_count_before_the_routers() -> None:
    world = World(deployment("a", retries=0), scripts={"a": [DOWN]})

    await world.refusal(policy=Policy(retries=5))
    assert world.tried == ["a"]


# Orders


def climbing() -> list[Deployment]:
    orders = {"a1": 1, "b1": 1, "a2": 2, "a5": 5}
    return [deployment(id, order=order) for id, order in orders.items()]


async def test_the_lowest_order_is_served_first() -> None:
    world = World(*reversed(climbing()))

    await world.send()
    assert world.tried == ["b1"]


@pytest.mark.parametrize("retries", [1, 2])
async def test_the_next_order_follows_when_the_lower_has_nobody_untried(retries: int) -> None:
    world = World(*climbing(), scripts={id: [DOWN] for id in ("a1", "b1", "a2")})

    assert (await world.send(policy=Policy(retries=retries))).body == ANSWER
    assert world.tried == ["a1", "b1", "a2", "a5"]
    assert world.slept == []


async def test_the_next_order_needs_no_retries() -> None:
    one_each = [deployment("low", order=1), deployment("high", order=2)]
    world = World(*one_each, scripts={"low": [DOWN]})

    assert (await world.send(policy=NO_RETRIES)).body == ANSWER
    assert world.tried == ["low", "high"]


async def test_an_order_that_rests_is_passed_over() -> None:
    world = World(*climbing())
    world.rest("a1", "b1", seconds=30.0)

    await world.send()
    assert world.tried == ["a2"]


async def test_an_order_that_is_switched_off_is_passed_over() -> None:
    world = World(deployment("low", order=1, off="no key"), deployment("high", order=2))

    await world.send()
    assert world.tried == ["high"]


# Cancelled, and bugs


async def test_a_client_that_leaves_frees_the_slot_and_blames_nobody() -> None:
    world = World(A, B, scripts={"a": [asyncio.CancelledError()]}, rules=STRICT)

    with pytest.raises(asyncio.CancelledError):
        await world.send()

    assert world.tried == ["a"]
    assert world.stats("a") == IDLE
    assert world.journey.attempts == []


async def test_a_bug_frees_the_slot_and_is_not_retried() -> None:
    world = World(A, B, SMALL, scripts={"a": [ZeroDivisionError()]})

    with pytest.raises(ZeroDivisionError):
        await world.send(policy=TO_SMALL)
    assert world.tried == ["a"]
    assert world.in_flight == 0


def test_routing_in_memory_never_suspends() -> None:
    world = World(A, B, SMALL, scripts={"a": [DOWN], "b": [WRONG_KEY]})
    sending = world.router.send(Ask(call()), TO_SMALL, Journey())

    with pytest.raises(StopIteration) as ended:
        sending.send(None)
    assert ended.value.value.body == ANSWER
    assert world.tried == ["a", "s"]


# The journey


async def test_a_journey_tells_each_attempt() -> None:
    world = World(
        *(A, B, SMALL),
        scripts={"a": [DOWN], "b": [WRONG_KEY]},
        takes={"a": 1.5, "s": 0.25},
        rules=STRICT,
    )
    told: list[Attempt] = []
    world.journey.told = told.append
    policy = Policy(retries=1, fallbacks={"big": chain("small")})

    await world.send(policy=policy)

    assert world.journey.attempts == [
        Attempt("big", A, 1.5, DOWN, 5.0),
        Attempt("big", B, 0.0, WRONG_KEY, 60.0),
        Attempt("small", SMALL, 0.25),
    ]
    assert told == world.journey.attempts[:2]  # what failed, as it failed
    assert world.journey.answered == world.journey.attempts[2]
    assert (world.journey.retries, world.journey.fallbacks) == (0, 1)


async def test_a_journey_counts_the_retries_of_the_alias_that_answered() -> None:
    world = World(A, B, C, scripts={"a": [DOWN], "b": [DOWN]})

    await world.send()
    assert (world.journey.retries, world.journey.fallbacks) == (2, 0)


async def test_a_journey_without_an_answer_says_so() -> None:
    world = World(A, scripts={"a": [DOWN]})

    await world.refusal(policy=Policy(retries=1))
    assert world.journey.answered is None
    assert (world.journey.retries, world.journey.fallbacks) == (1, 0)


def test_a_journey_that_has_not_begun_is_empty() -> None:
    journey = Journey()

    assert (journey.answered, journey.retries, journey.fallbacks) == (None, 0, 0)


async def test_a_wildcard_fills_in_the_model_and_answers_under_the_name_asked_for() -> None:
    wild = Deployment("w", "fake/*", deployment("*").target)
    world = World(wild)

    await world.send(call("fake/gpt-5"))
    assert world.tried == ["gpt-5"]
    assert world.journey.attempts[0].alias == "fake/gpt-5"

"""When an alias has nobody left: fallbacks, and deployments that are off or rest."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from adapters.errors import (
    Kind,
    NoDeployment,
    Resting,
    UnknownModel,
)
from routing.policy import Fallback, Policy
from tests.routing.worlds import (
    ANSWER,
    DOWN,
    NO_RETRIES,
    SMALL,
    STRICT,
    TINY,
    TO_SMALL,
    A,
    B,
    World,
    call,
    chain,
    deployment,
    failure,
)

# Fallbacks


TOO_LONG = failure(Kind.TOO_LONG)
BLOCKED = failure(Kind.BLOCKED)


class Case(NamedTuple):
    policy: Policy
    scripts: dict[str, Sequence[bytes | BaseException]]
    tried: Sequence[str]


LONG = Policy(
    retries=0,
    fallbacks={"big": chain("small")},
    fallbacks_by_kind={Kind.TOO_LONG: {"big": chain("tiny")}},
)
FALLBACKS: dict[str, Case] = {
    "to the next alias": Case(TO_SMALL, {"a": [DOWN]}, ["a", "s"]),
    "to the one after it": Case(
        Policy(retries=0, fallbacks={"big": chain("small", "tiny")}),
        {"a": [DOWN], "s": [DOWN]},
        ["a", "s", "t"],
    ),
    "of a long prompt": Case(LONG, {"a": [TOO_LONG]}, ["a", "t"]),
    "of a long prompt, and then the general one": Case(
        LONG, {"a": [TOO_LONG], "t": [TOO_LONG]}, ["a", "t", "s"]
    ),
    "not of a long prompt": Case(LONG, {"a": [DOWN]}, ["a", "s"]),
    "of a blocked prompt": Case(
        Policy(retries=0, fallbacks_by_kind={Kind.BLOCKED: {"big": chain("tiny")}}),
        {"a": [BLOCKED]},
        ["a", "t"],
    ),
    "of everybody": Case(
        Policy(retries=0, fallbacks={"*": chain("small")}), {"a": [DOWN]}, ["a", "s"]
    ),
    "past one that does not exist": Case(
        Policy(retries=0, fallbacks={"big": chain("nowhere", "tiny")}), {"a": [DOWN]}, ["a", "t"]
    ),
    "past one that is switched off": Case(
        Policy(retries=0, fallbacks={"big": chain("unplugged", "tiny")}), {"a": [DOWN]}, ["a", "t"]
    ),
    "to a deployment by its id": Case(
        Policy(retries=0, fallbacks={"big": chain("t")}), {"a": [DOWN]}, ["a", "t"]
    ),
}


@pytest.mark.parametrize("case", FALLBACKS.values(), ids=FALLBACKS)
async def test_a_fallback(case: Case) -> None:
    world = World(A, SMALL, TINY, deployment("u", "unplugged", off="no key"), scripts=case.scripts)

    assert (await world.send(policy=case.policy)).body == ANSWER
    assert world.tried == case.tried
    assert world.slept == []


async def test_a_fallback_is_asked_with_the_fields_that_differ_there() -> None:
    policy = Policy(retries=0, fallbacks={"big": [Fallback("small", {"temperature": 0, "n": 2})]})
    world = World(A, SMALL, scripts={"a": [DOWN]})

    await world.send(call(temperature=1, user="me"), policy)

    first, second = [sent.body for sent in world.provider.calls]
    assert first == {"model": "big", "temperature": 1, "user": "me"}
    assert second == {"model": "big", "temperature": 0, "user": "me", "n": 2}


async def test_fallbacks_are_only_so_deep() -> None:
    row = [deployment(f"d{i}", f"m{i}") for i in range(9)]
    chains = {f"m{i}": chain(f"m{i + 1}") for i in range(8)}
    world = World(*row, scripts={d.id: [DOWN] for d in row})

    await world.refusal(call("m0"), Policy(retries=0, fallbacks=chains, max_fallbacks=3))
    assert world.tried == ["d0", "d1", "d2", "d3"]


async def test_fallbacks_in_a_circle_end() -> None:
    circle = {"big": chain("small"), "small": chain("tiny"), "tiny": chain("big")}
    world = World(A, SMALL, TINY, scripts={"a": [DOWN], "s": [DOWN], "t": [DOWN]})

    await world.refusal(policy=Policy(retries=0, fallbacks=circle))
    assert world.tried == ["a", "s", "t"]


async def test_when_everything_fails_the_client_hears_of_what_it_asked_for() -> None:
    world = World(A, SMALL, scripts={"a": [DOWN], "s": [failure(Kind.CALLER)]})

    assert await world.refusal(policy=TO_SMALL) is DOWN


async def test_no_fallback_rescues_a_name_that_nobody_knows() -> None:
    world = World(A, SMALL)

    error = await world.refusal(call("bgi"), Policy(fallbacks={"*": chain("small")}))

    assert isinstance(error, UnknownModel)
    assert "'bgi'" in error.message
    assert world.tried == []


# Off, and resting


async def test_what_is_switched_off_is_never_asked() -> None:
    world = World(deployment("x", off="no key"), B)

    await world.send()
    assert world.tried == ["b"]


async def test_all_switched_off_says_why() -> None:
    off = [deployment("x", off="X_KEY is not set"), deployment("y", off="Y_KEY is not set")]
    world = World(*off)

    error = await world.refusal()

    assert isinstance(error, NoDeployment)
    assert "X_KEY is not set" in error.message
    assert "Y_KEY is not set" in error.message
    assert world.slept == []


async def test_all_switched_off_goes_to_the_fallback() -> None:
    world = World(deployment("x", off="no key"), SMALL)

    await world.send(policy=TO_SMALL)
    assert world.tried == ["s"]


async def test_who_rests_is_not_asked() -> None:
    world = World(A, B)
    world.rest("a", seconds=30.0)

    await world.send()
    assert world.tried == ["b"]


async def test_all_resting_for_long_is_said_with_the_time_of_the_soonest() -> None:
    world = World(A, B)
    world.rest("a", seconds=30.0)
    world.rest("b", seconds=20.4)

    error = await world.refusal()

    assert isinstance(error, Resting)
    assert error.retry_after == pytest.approx(20.4)
    assert "21 s" in error.message
    assert world.tried == []
    assert world.slept == []


async def test_all_resting_for_a_bearable_time_is_waited_for() -> None:
    world = World(A, B)
    world.rest("a", seconds=30.0)
    world.rest("b", seconds=4.0)

    assert (await world.send()).body == ANSWER
    assert world.tried == ["b"]
    assert world.slept == [4.0]


async def test_all_resting_goes_to_the_fallback_before_anybody_waits() -> None:
    world = World(A, SMALL)
    world.rest("a", seconds=4.0)

    await world.send(policy=TO_SMALL)
    assert world.tried == ["s"]
    assert world.slept == []


async def test_all_resting_and_the_fallback_down_is_said_with_the_time_to_wait() -> None:
    world = World(A, SMALL, scripts={"s": [DOWN]})
    world.rest("a", seconds=30.0)

    error = await world.refusal(policy=TO_SMALL)

    assert isinstance(error, Resting)
    assert error.retry_after == pytest.approx(30.0)


async def test_a_deployment_that_failed_too_often_rests_and_then_returns() -> None:
    world = World(A, B, scripts={"a": [DOWN]}, rules=STRICT)

    await world.send()
    await world.send()
    assert world.tried == ["a", "b", "b"]  # the second call leaves a alone
    world.clock.t += 5.0
    await world.send()
    assert world.tried == ["a", "b", "b", "a", "b"]


async def test_an_only_deployment_is_asked_however_often_it_fails() -> None:
    world = World(A, scripts={"a": [DOWN] * 20 + [ANSWER]}, rules=STRICT)
    for _ in range(20):
        await world.refusal(policy=NO_RETRIES)

    assert (await world.send()).body == ANSWER
    assert world.slept == []


async def test_one_beside_others_that_are_switched_off_is_an_only_one() -> None:
    world = World(A, deployment("x", off="no key"), scripts={"a": [DOWN]}, rules=STRICT)

    await world.refusal(policy=NO_RETRIES)
    await world.refusal(policy=NO_RETRIES)
    assert world.tried == ["a", "a"]


async def test_an_only_deployment_that_is_ejected_leaves_its_calls_to_the_fallback() -> None:
    world = World(A, SMALL, scripts={"a": [DOWN]}, rules=STRICT)

    await world.send(policy=TO_SMALL)
    await world.send(policy=TO_SMALL)
    assert world.tried == ["a", "s", "s"]
    world.clock.t += 5.0
    await world.send(policy=TO_SMALL)
    assert world.tried == ["a", "s", "s", "a", "s"]

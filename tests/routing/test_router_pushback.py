"""A provider that says `x-should-retry`: no is kept for the whole call, there and nowhere else."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from adapters.errors import Failure, Kind
from routing.policy import Fallback, Policy
from tests.routing.worlds import ANSWER, SMALL, A, B, C, World, chain, deployment, failure

NOT_AGAIN = Failure(Kind.TRANSIENT, "not here", again=False)
ONCE_MORE = Failure(Kind.CALLER, "perhaps", again=True)
DOWN = failure(Kind.TRANSIENT)
NEXT = deployment("n", order=1)


class Case(NamedTuple):
    scripts: dict[str, Sequence[Any]]
    tried: Sequence[str]
    policy: Policy = Policy(retries=3, backoff=0.0)


TO_ITSELF = Policy(retries=0, fallbacks={"big": chain("other name", "small")})
OTHERWISE = Policy(retries=0, fallbacks={"big": (Fallback("other name", {"max_tokens": 1}),)})
CASES = {
    "nobody else is there": Case({"a": [NOT_AGAIN, ANSWER]}, ["a"]),
    "a sibling is tried, and again, but never the first": Case(
        {"a": [NOT_AGAIN, ANSWER], "b": [DOWN, DOWN, ANSWER]}, ["a", "b", "b", "b"]
    ),
    "nor when it comes later": Case({"a": [DOWN, ANSWER], "b": [NOT_AGAIN, ANSWER]}, ["a", "b"]),
    "the next order still is the next order": Case(
        {"a": [NOT_AGAIN, ANSWER], "n": [DOWN, ANSWER]},
        ["a", "n"],
        Policy(retries=0),
    ),
    "another alias may have it": Case(
        {"a": [NOT_AGAIN, ANSWER]}, ["a", "s"], Policy(retries=0, fallbacks={"big": chain("small")})
    ),
    "but not the same deployment by another name": Case(
        {"a": [NOT_AGAIN, ANSWER]}, ["a", "s"], TO_ITSELF
    ),
    "unless that makes it another request": Case({"a": [NOT_AGAIN, ANSWER]}, ["a", "a"], OTHERWISE),
    "a yes is worth one more": Case({"a": [ONCE_MORE, ANSWER]}, ["a", "a"]),
    "of somebody else where there is one": Case({"a": [ONCE_MORE]}, ["a", "b"]),
    "and no more than one": Case({"a": [ONCE_MORE], "b": [ONCE_MORE]}, ["a", "b"]),
}
GROUPS = {
    "a sibling is tried, and again, but never the first": (A, B),
    "nor when it comes later": (A, B),
    "the next order still is the next order": (A, NEXT),
    "of somebody else where there is one": (A, B),
    "and no more than one": (A, B, C),
}


@pytest.mark.parametrize("name", CASES)
async def test_who_is_tried(name: str) -> None:
    scripts, tried, policy = CASES[name]
    group = (*GROUPS.get(name, (A,)), SMALL)
    world = World(*group, scripts=scripts, aliases={"other name": "big"})

    with suppress(Failure):
        await world.send(policy=policy)

    assert world.tried == tried


async def test_the_next_call_may_go_there() -> None:
    world = World(A, scripts={"a": [NOT_AGAIN, ANSWER]})
    await world.refusal()
    world.journey.attempts.clear()  # of another call

    reply = await world.send()

    assert reply.body == ANSWER

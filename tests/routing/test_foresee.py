"""What is foretold is what happens: the same deployments, in the same order, the same error."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Failure, GatewayError, Kind, UnknownModel
from routing.ask import Ask
from routing.deployment import Deployment
from routing.foresee import Longest, Story, foresee
from routing.policy import Fallback, Policy, RestRules
from tests.routing.worlds import STRICT, World, call, chain, deployment, failure

FAILING = (Kind.TRANSIENT, Kind.TOO_LONG, Kind.BLOCKED)
FALLBACKS = {"big": chain("small", "tiny")}
BIG = (deployment("a"), deployment("b"), deployment("c", order=2))
SMALL = (deployment("s", "small"), deployment("t", "tiny"))


def down(kind: Kind, *deployments: Deployment, **around: Any) -> World:
    """A world in which every attempt fails in this way."""
    scripts = {d.id: [failure(kind)] for d in deployments}
    return World(*deployments, scripts=scripts, **around)


async def told(of: World, policy: Policy, kind: Kind, rules: RestRules | None = None) -> Story:
    return await foresee(of.router, Ask(call()), policy, rules or RestRules(), kind)


def ids(story: Story) -> Sequence[str]:
    return [stop.deployment.id for stop in story.stops if stop.deployment]


@pytest.mark.parametrize("kind", FAILING)
@pytest.mark.parametrize(
    ("deployments", "policy"),
    [
        (BIG[:1], Policy(retries=0)),
        (BIG[:1], Policy(retries=2)),
        (BIG, Policy(retries=0)),
        (BIG, Policy(retries=2)),
        ((*BIG, *SMALL), Policy(retries=1, fallbacks=FALLBACKS)),
        ((*BIG, *SMALL), Policy(fallbacks=FALLBACKS, max_fallbacks=1)),
        (
            (*BIG, *SMALL),
            Policy(
                fallbacks=FALLBACKS,
                fallbacks_by_kind={Kind.TOO_LONG: {"*": chain("tiny")}},
            ),
        ),
        ((*BIG, *SMALL), Policy(retries=5, retry_budget=False, patience=1.0)),
        ((deployment("a", off="x"), *SMALL), Policy(fallbacks=FALLBACKS)),
        ((deployment("a", retries=0), *SMALL), Policy(retries=4)),
        (BIG, Policy(retries_by_error={"ContentPolicyViolationError": 2})),
    ],
)
async def test_what_is_foretold_is_what_happens(
    kind: Kind, deployments: Sequence[Deployment], policy: Policy
) -> None:
    of = down(kind, *deployments)
    story = await told(of, policy, kind)
    error = await of.refusal(policy=policy)

    assert ids(story) == of.tried
    assert (type(story.error), _kind(story.error)) == (type(error), _kind(error))


@pytest.mark.parametrize("rules", [STRICT, RestRules(allowed_fails=1, cooldown=30.0)])
@pytest.mark.parametrize("fallbacks", [{}, FALLBACKS])
async def test_rests_that_the_failures_bring_are_foretold(
    rules: RestRules, fallbacks: Mapping[str, Any]
) -> None:
    of = down(Kind.TRANSIENT, *BIG, *SMALL, rules=rules)
    policy = Policy(retries=3, fallbacks=fallbacks)
    story = await told(of, policy, Kind.TRANSIENT, rules)
    error = await of.refusal(policy=policy)

    assert ids(story) == of.tried
    assert type(story.error) is type(error)


async def test_who_rests_already_is_passed_over_and_waited_for_last() -> None:
    of = down(Kind.TRANSIENT, BIG[0])
    of.rest("a", seconds=3.0)
    story = await told(of, Policy(retries=0), Kind.TRANSIENT)
    await of.refusal(policy=Policy(retries=0))

    assert [stop.deployment for stop in story.stops] == [None, BIG[0]]
    assert story.stops[1].pause == 3.0
    assert of.slept == [3.0]


async def test_pauses_are_told_at_their_longest() -> None:
    of = down(Kind.TRANSIENT, BIG[0])
    story = await told(of, Policy(retries=2), Kind.TRANSIENT)
    await of.refusal(policy=Policy(retries=2))

    pauses = [stop.pause for stop in story.stops]
    assert pauses == [0.0, 0.5, 1.0]
    assert all(slept <= pause for slept, pause in zip(of.slept, pauses[1:], strict=True))


async def test_a_queue_for_room_is_part_of_the_story() -> None:
    full = deployment("a", max_parallel=1)
    of = down(Kind.TRANSIENT, full)
    assert await of.router.chooser.limits.reserve(full, Ask(call()))
    story = await told(of, Policy(retries=0), Kind.TRANSIENT)

    assert [(stop.deployment, stop.queued) for stop in story.stops] == [(None, 0.0), (full, 0.25)]


async def test_fallbacks_come_with_what_is_different_there() -> None:
    of = down(Kind.TRANSIENT, BIG[0], *SMALL)
    policy = Policy(retries=0, fallbacks={"big": (Fallback("small", {"max_tokens": 9}),)})
    story = await told(of, policy, Kind.TRANSIENT)

    assert [stop.alias for stop in story.stops] == ["big", "small"]
    assert story.stops[1].override == {"max_tokens": 9}
    assert isinstance(story.error, Failure)


async def test_a_name_that_nothing_serves_ends_at_once() -> None:
    of = down(Kind.TRANSIENT, BIG[0])
    policy = Policy(fallbacks={"*": chain("small")})
    story = await foresee(of.router, Ask(call("none")), policy, RestRules(), Kind.TRANSIENT)

    assert isinstance(story.error, UnknownModel)
    assert len(story.stops) == 1


def _kind(error: GatewayError) -> Kind | None:
    return error.kind if isinstance(error, Failure) else None


@settings(max_examples=200, deadline=None)
@given(
    orders=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    retries=st.integers(0, 4),
    kind=st.sampled_from(FAILING),
    chained=st.booleans(),
    allowed=st.sampled_from([None, 0, 1]),
)
async def test_it_is_foretold_whatever_the_configuration(
    orders: Sequence[int], retries: int, kind: Kind, chained: bool, allowed: int | None
) -> None:
    group = [deployment(f"d{at}", order=order) for at, order in enumerate(orders)]
    rules = RestRules(allowed_fails=allowed, cooldown=None if allowed is None else 5.0)
    of = down(kind, *group, *SMALL, rules=rules)
    object.__setattr__(of.router, "rng", Longest())  # what is foretold is the longest pause
    object.__setattr__(of.health, "_rng", Longest())
    policy = Policy(retries=retries, fallbacks=FALLBACKS if chained else {}, patience=60.0)
    story = await told(of, policy, kind, rules)
    error = await of.refusal(policy=policy)

    assert ids(story) == of.tried
    assert type(story.error) is type(error)

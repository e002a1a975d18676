"""Whatever is configured and whatever providers do: no call is lost or answered twice."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import (
    Failure,
    GatewayError,
    Kind,
)
from routing.ask import Ask
from routing.deployment import Deployment
from routing.exceptions import NAMED
from routing.policy import Fallback, Policy, RestRules
from routing.router import Journey
from tests.fakes import FakeBody
from tests.routing.worlds import STRICT, Script, World, call, deployment, failure, read

ROUNDING = 1e-9  # seconds; a clock that began at 1000 cannot tell them apart

SCRIPT = some.lists(
    some.just(b"document")
    | some.builds(FakeBody, some.just(b"stream"))
    | some.builds(FakeBody, some.just(b"stream"), error=some.just(failure(Kind.BROKEN)))
    | some.builds(failure, some.sampled_from(Kind), retry_after=some.none() | some.floats(0, 20)),
    min_size=1,
    max_size=4,
)


@dataclass(frozen=True)
class Run:
    """Any configuration, any behaviour of its providers, some calls one after the other."""

    deployments: tuple[Deployment, ...]
    scripts: Mapping[str, Script]
    policy: Policy
    rules: RestRules
    calls: int


@some.composite
def runs(draw: some.DrawFn) -> Run:
    aliases = draw(some.lists(some.sampled_from(["big", "small", "tiny"]), max_size=4))
    group = tuple(
        deployment(
            f"d{i}",
            alias,
            order=draw(some.integers(0, 2)),
            off=draw(some.sampled_from(["", "", "no key"])),
            rpm=draw(some.sampled_from([None, None, 1, 3])),
            max_parallel=draw(some.sampled_from([None, None, 1])),
        )
        for i, alias in enumerate(["big", *aliases])
    )
    scripts: Mapping[str, Script] = {d.id: draw(SCRIPT) for d in group}
    named = some.sampled_from(["big", "small", "tiny", "nowhere"])
    policy = Policy(
        retries=draw(some.integers(0, 2)),
        retries_by_error=draw(
            some.dictionaries(some.sampled_from(NAMED), some.integers(0, 2), max_size=2)
        ),
        retry_budget=draw(some.booleans()),
        patience=draw(some.floats(0, 20)),
        deadline=draw(some.floats(0, 30)),
        fallbacks={"*": draw(some.lists(named.map(Fallback), max_size=3))},
    )
    rules = draw(some.sampled_from([RestRules(), STRICT]))
    return Run(group, scripts, policy, rules, draw(some.integers(1, 9)))


@given(runs())
async def test_no_call_is_lost_or_answered_twice(run: Run) -> None:
    world = World(*run.deployments, scripts=run.scripts, rules=run.rules)
    for _ in range(run.calls):
        before = len(world.tried)
        journey = world.journey = Journey()

        outcome = await _outcome(world, run.policy)

        attempts = len(world.tried) - before
        answers = [attempt for attempt in journey.attempts if not attempt.failure]
        assert len(journey.attempts) == attempts  # nothing happens behind its back
        assert len(answers) == (not isinstance(outcome, GatewayError))
        assert not answers or journey.attempts[-1] is answers[0]  # nothing follows an answer
        assert attempts <= _most(run.policy)
        assert world.in_flight == 0
        for attempt in journey.attempts:
            assert not attempt.deployment.off
    for body, handed_out in Counter(world.provider.streams).items():
        assert isinstance(body, FakeBody)
        assert body.closed == handed_out


async def _outcome(world: World, policy: Policy) -> bytes | GatewayError:
    """What the client gets, a stream that breaks being an answer too."""
    try:
        reply = await world.send(policy=policy)
    except GatewayError as error:
        return error
    if isinstance(reply.body, bytes):
        return reply.body
    try:
        return await read(reply)
    except Failure:
        return b"broken off"


def _most(policy: Policy) -> int:
    orders = 3
    retries = max(policy.retries, *policy.retries_by_error.values(), 0)
    return (1 + retries) * (1 + policy.max_fallbacks) * orders + 1


@given(runs())
async def test_no_call_waits_beyond_its_deadline(run: Run) -> None:
    world = World(*run.deployments, scripts=run.scripts, rules=run.rules)
    began = world.clock.now()

    await _outcome(world, run.policy)

    assert world.clock.now() - began <= run.policy.deadline + ROUNDING
    assert all(0 < pause <= run.policy.patience + ROUNDING for pause in world.slept)


@given(runs())
async def test_whatever_was_taken_for_a_call_is_given_back(run: Run) -> None:
    world = World(*run.deployments, scripts=run.scripts, rules=run.rules)
    for _ in range(run.calls):
        await _outcome(world, run.policy)

    for held in run.deployments:
        if held.max_parallel:
            world.clock.t += 61.0  # so that only a slot could be missing
            assert await world.router.chooser.limits.reserve(held, Ask(call())) is not None

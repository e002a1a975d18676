"""Any plan ends, and never returns to an alias that it left."""

from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Full, GatewayError, Kind, Resting
from routing.exceptions import NAMED
from routing.plan import Plan, Step, Try, Untried
from routing.policy import OTHERWISE, Fallback, Policy
from tests.routing.worlds import failure

NAMES = [*"abcdef", "*"]
ERROR_RETRIES = some.dictionaries(
    some.sampled_from([*NAMED, OTHERWISE]), some.integers(0, 3), max_size=3
)
CHAINS = some.dictionaries(
    some.sampled_from(NAMES), some.lists(some.sampled_from(NAMES[:-1]).map(Fallback), max_size=4)
)


@dataclass
class Course:
    """One plan, played to its end."""

    policy: Policy
    retries: int
    orders: int  # of each alias
    tries: list[Try] = field(default_factory=list)
    bought: list[bool] = field(default_factory=list)  # whether each might use one again
    attempts: int = 0  # tries that found a deployment


@some.composite
def courses(draw: some.DrawFn) -> Course:
    policy = Policy(
        retries=draw(some.integers(0, 3)),
        retries_asked=draw(some.none() | some.integers(0, 3)),
        patience=draw(some.floats(0, 20)),
        fallbacks=draw(CHAINS),
        fallbacks_by_kind=draw(some.dictionaries(some.sampled_from(Kind), CHAINS, max_size=2)),
        max_fallbacks=draw(some.integers(0, 4)),
        retries_by_error=draw(ERROR_RETRIES),
        retries_by_alias=draw(
            some.dictionaries(some.sampled_from(NAMES), ERROR_RETRIES, max_size=2)
        ),
    )
    orders = draw(some.integers(1, 3))
    own = draw(some.none() | some.integers(0, 3))
    course = Course(policy, _most_retries(policy, own), orders)
    _play(draw, course, own)
    return course


def _most_retries(policy: Policy, own: int | None) -> int:
    if policy.retries_asked is not None:
        return policy.retries_asked
    by_error = [policy.retries_by_error, *policy.retries_by_alias.values()]
    said = [retries for policy_ in by_error for retries in policy_.values()]
    return max([policy.retries if own is None else own, *said])


def _play(draw: some.DrawFn, course: Course, own: int | None) -> None:
    plan = Plan("a", course.policy, Random(1))
    step: Step = plan.start()
    higher = course.orders - 1  # orders that the alias still has
    while isinstance(step, Try):
        if course.tries and course.tries[-1].alias != step.alias:
            higher = course.orders - 1
        course.tries.append(step)
        kind = draw(some.none() | some.sampled_from(Kind))
        course.attempts += kind is not None
        untried = draw(some.sampled_from(Untried)) if kind else Untried.NONE
        if untried is Untried.NEXT_ORDER:
            untried = Untried.NEXT_ORDER if higher else Untried.NONE
            higher -= 1
        wait = draw(some.none() | some.floats(0, 30))
        nobody = draw(some.sampled_from([Resting, Full]))
        error: GatewayError = nobody("nobody", retry_after=wait)
        if kind:
            error = failure(kind, retry_after=wait)
            error.again = draw(some.none() | some.booleans())
        affordable = draw(some.booleans())
        step = plan.after(error, untried, own, affordable=affordable)
        course.bought.append(affordable)
        assert len(course.tries) < 1000


@given(courses())
def test_any_plan_ends_within_what_was_allowed(course: Course) -> None:
    allowed = (1 + course.retries) * (1 + course.policy.max_fallbacks) * course.orders

    assert course.attempts <= allowed + 1  # one more, after a wait for one that rested
    assert len(course.tries) <= allowed + 1


@given(courses())
def test_any_plan_uses_a_deployment_again_only_if_that_is_affordable(course: Course) -> None:
    for affordable, step in zip(course.bought, course.tries[1:], strict=False):
        assert affordable or not step.again


@given(courses())
def test_any_plan_queues_once_and_for_each_retry_and_no_longer_than_patience(
    course: Course,
) -> None:
    queued = [step for step in course.tries if step.patience]

    assert sum(not step.again for step in queued) <= 1
    assert all(step.patience <= course.policy.patience for step in queued)


@given(courses())
def test_any_plan_never_returns_to_an_alias_that_it_left(course: Course) -> None:
    left = list(dict.fromkeys(step.alias for step in course.tries))

    entered = [
        step.alias
        for before, step in zip([None, *course.tries], course.tries, strict=False)
        if before is None or before.alias != step.alias
    ]
    assert entered == left
    assert len(left) <= 1 + course.policy.max_fallbacks


@given(courses())
def test_any_plan_pauses_only_before_the_same_alias_and_never_beyond_patience(
    course: Course,
) -> None:
    for before, step in zip(course.tries, course.tries[1:], strict=False):
        assert step.pause <= course.policy.patience
        assert step.pause == 0 or before.alias == step.alias

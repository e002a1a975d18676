"""The plan alone: what follows what, without deployments, time or chance."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import (
    BadRequest,
    Failure,
    GatewayError,
    Kind,
    NoDeployment,
    Resting,
    UnknownModel,
)
from routing.plan import GiveUp, Plan, Step, Try, Untried
from routing.policy import Fallback, Policy
from routing.rules import ONCE_MORE, RULES, Rule
from tests.routing.worlds import chain, failure

README = Path(__file__).parents[2] / "routing" / "README.md"

NONE, SIBLING, NEXT_ORDER = Untried.NONE, Untried.SIBLING, Untried.NEXT_ORDER
ALL_REST = Untried.RESTING
RESTING = Resting("all are cooling down", retry_after=3.0)
OFF = NoDeployment("no key")
UNKNOWN = UnknownModel("no such model")

Event = tuple[GatewayError | Kind, Untried]

LADDER = Policy(
    retries=1,
    fallbacks={"big": chain("small", "tiny")},
    fallbacks_by_kind={
        Kind.TOO_LONG: {"big": chain("long")},
        Kind.BLOCKED: {"*": chain("frank")},
    },
)
LONE = Policy(retries=2)


def steps(policy: Policy, events: Sequence[Event], alias: str = "big") -> Iterator[Step]:
    plan = Plan(alias, policy, Random(1))
    step: Step = plan.start()
    yield step
    for what, untried in events:
        error = failure(what) if isinstance(what, Kind) else what
        step = plan.after(error, untried)
        yield step
        if isinstance(step, GiveUp):
            return


def aliases(policy: Policy, events: Sequence[Event]) -> list[str]:
    return [step.alias for step in steps(policy, events) if isinstance(step, Try)]


class Case(NamedTuple):
    policy: Policy
    events: Sequence[Event]
    tried: Sequence[str]


CASES = {
    "retry once, then each fallback once": Case(
        LADDER,
        [(Kind.TRANSIENT, NONE)] * 6,
        ["big", "big", "small", "small", "tiny", "tiny"],
    ),
    "who is told to slow down goes elsewhere rather than wait": Case(
        LADDER, [(Kind.RATE_LIMIT, NONE)] * 2, ["big", "small", "tiny"]
    ),
    "and waits where there is no elsewhere": Case(LONE, [(Kind.RATE_LIMIT, NONE)], ["big", "big"]),
    "when all rest, another alias is asked at once": Case(
        LADDER, [(Kind.TRANSIENT, ALL_REST)], ["big", "small"]
    ),
    "when all rest and nobody else is there, the same is asked again": Case(
        LONE, [(Kind.TRANSIENT, ALL_REST)], ["big", "big"]
    ),
    "a long prompt has its own chain, then the general one": Case(
        LADDER, [(Kind.TOO_LONG, SIBLING)] * 9, ["big", "long", "small", "tiny"]
    ),
    "a blocked prompt takes everybody's chain": Case(
        LADDER, [(Kind.BLOCKED, SIBLING)], ["big", "frank"]
    ),
    "without a chain of its own a long prompt takes the general one": Case(
        Policy(fallbacks={"big": chain("small")}), [(Kind.TOO_LONG, NONE)], ["big", "small"]
    ),
    "a chain for other models' long prompts leaves the general one": Case(
        Policy(
            fallbacks={"big": chain("small")},
            fallbacks_by_kind={Kind.TOO_LONG: {"other": chain("long")}},
        ),
        [(Kind.TOO_LONG, NONE)],
        ["big", "small"],
    ),
    "the caller's mistake ends it": Case(LADDER, [(Kind.CALLER, SIBLING)], ["big"]),
    "a request that cannot be translated ends it": Case(
        LADDER, [(BadRequest("no such field"), SIBLING)], ["big"]
    ),
    "a wrong key sends to a sibling": Case(LADDER, [(Kind.CREDENTIAL, SIBLING)], ["big", "big"]),
    "a wrong key is not tried again": Case(LADDER, [(Kind.CREDENTIAL, NONE)], ["big", "small"]),
    "an empty account is not tried again": Case(LADDER, [(Kind.QUOTA, NONE)], ["big", "small"]),
    "a retired model is not tried again": Case(LADDER, [(Kind.MODEL_GONE, NONE)], ["big", "small"]),
    "a lone deployment is tried as often as allowed": Case(
        LONE, [(Kind.TRANSIENT, NONE)] * 9, ["big"] * 3
    ),
    "siblings are not tried beyond the retries allowed": Case(
        LONE, [(Kind.TRANSIENT, SIBLING)] * 9, ["big"] * 3
    ),
    "without retries the fallback is next": Case(
        Policy(retries=0, fallbacks={"big": chain("small")}),
        [(Kind.TRANSIENT, SIBLING)],
        ["big", "small"],
    ),
    "the next order is reached without retries": Case(
        Policy(retries=0),
        [(Kind.TRANSIENT, NEXT_ORDER)] * 2 + [(Kind.TRANSIENT, NONE)],
        ["big"] * 3,
    ),
    "each order has its own retries": Case(
        Policy(retries=1),
        [
            (Kind.TRANSIENT, SIBLING),
            (Kind.TRANSIENT, NEXT_ORDER),
            (Kind.TRANSIENT, SIBLING),
            (Kind.TRANSIENT, SIBLING),
        ],
        ["big"] * 4,
    ),
    "a long prompt does not climb the orders": Case(
        Policy(), [(Kind.TOO_LONG, NEXT_ORDER)], ["big"]
    ),
    "all resting sends to the fallback first": Case(LADDER, [(RESTING, NONE)], ["big", "small"]),
    "all resting is waited for once if there is nobody else": Case(
        LONE, [(RESTING, NONE)] * 3, ["big", "big"]
    ),
    "all switched off sends to the fallback": Case(LADDER, [(OFF, NONE)], ["big", "small"]),
    "all switched off is not waited for": Case(LONE, [(OFF, NONE)], ["big"]),
    "no fallback makes a misspelt name right": Case(LADDER, [(UNKNOWN, NONE)], ["big"]),
    "a fallback that does not exist is passed over": Case(
        LADDER, [(Kind.CREDENTIAL, NONE), (UNKNOWN, NONE)], ["big", "small", "tiny"]
    ),
    "the star stands for who has no entry": Case(
        Policy(retries=0, fallbacks={"*": chain("small"), "other": chain("tiny")}),
        [(Kind.TRANSIENT, NONE)] * 2,
        ["big", "small"],
    ),
    "an entry of one's own hides the star": Case(
        Policy(retries=0, fallbacks={"*": chain("small"), "big": chain("tiny")}),
        [(Kind.TRANSIENT, NONE)],
        ["big", "tiny"],
    ),
    "a fallback's own chain comes before the rest of the first": Case(
        Policy(retries=0, fallbacks={"big": chain("a", "b"), "a": chain("c")}),
        [(Kind.TRANSIENT, NONE)] * 5,
        ["big", "a", "c", "b"],
    ),
    "aliases that name each other end": Case(
        Policy(retries=0, fallbacks={"big": chain("small"), "small": chain("big")}),
        [(Kind.TRANSIENT, NONE)] * 5,
        ["big", "small"],
    ),
    "an alias that names itself ends": Case(
        Policy(retries=0, fallbacks={"big": chain("big")}), [(Kind.TRANSIENT, NONE)] * 5, ["big"]
    ),
    "only so many fallbacks": Case(
        Policy(retries=0, max_fallbacks=2, fallbacks={"big": chain(*"abcdef")}),
        [(Kind.TRANSIENT, NONE)] * 9,
        ["big", "a", "b"],
    ),
    "no fallbacks at all": Case(
        Policy(retries=0, max_fallbacks=0, fallbacks={"big": chain("a")}),
        [(Kind.TRANSIENT, NONE)],
        ["big"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_which_aliases_are_tried(case: Case) -> None:
    assert aliases(case.policy, case.events) == case.tried


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_fallbacks_are_counted(case: Case) -> None:
    plan = Plan("big", case.policy, Random(1))
    for what, untried in case.events:
        error = failure(what) if isinstance(what, Kind) else what
        if isinstance(plan.after(error, untried), GiveUp):
            break

    assert plan.fallbacks == len(set(case.tried)) - 1


# Who says how often


RETRIES = {
    "the router's where nobody else has a say": (Policy(retries=3), None, 3),
    "the deployment's own before the router's": (Policy(retries=3), 1, 1),
    "none if the deployment says so": (Policy(retries=3), 0, 0),
    "the client's before all others": (Policy(retries=3, retries_asked=2), 1, 2),
    "none if the client says so": (Policy(retries=3, retries_asked=0), 1, 0),
}


@pytest.mark.parametrize(("policy", "own", "allowed"), RETRIES.values(), ids=RETRIES)
def test_whose_retries_count(policy: Policy, own: int | None, allowed: int) -> None:
    plan = Plan("big", policy, Random(1))
    again = 0
    while isinstance(plan.after(failure(Kind.TRANSIENT), SIBLING, own), Try):
        again += 1

    assert again == allowed


NAMED: dict[str, tuple[Policy, Kind, int | None, int]] = {
    "a policy's before the deployment's and the router's": (
        Policy(retries=9, retries_by_error={"TimeoutError": 2}),
        Kind.TIMEOUT,
        5,
        2,
    ),
    "the group's policy before everybody's": (
        Policy(retries_by_error={"TimeoutError": 2}, retries_by_alias={"big": {"TimeoutError": 4}}),
        Kind.TIMEOUT,
        None,
        4,
    ),
    "not another group's": (
        Policy(
            retries_by_error={"TimeoutError": 2}, retries_by_alias={"small": {"TimeoutError": 4}}
        ),
        Kind.TIMEOUT,
        None,
        2,
    ),
    "the client's before any policy": (
        Policy(retries_asked=1, retries_by_alias={"big": {"TimeoutError": 4}}),
        Kind.TIMEOUT,
        None,
        1,
    ),
    "another failure's is nobody's": (
        Policy(retries=3, retries_by_error={"TimeoutError": 1}),
        Kind.RATE_LIMIT,
        None,
        3,
    ),
    "the policy's own default before the deployment's": (
        Policy(retries_by_error={"TimeoutError": 2, "Default": 1}),
        Kind.BROKEN,
        5,
        1,
    ),
    "none if the policy says so": (
        Policy(retries=3, retries_by_error={"RateLimitError": 0}),
        Kind.RATE_LIMIT,
        None,
        0,
    ),
    "who names a mistake of callers gets it tried again": (
        Policy(retries_by_error={"BadRequestError": 2}),
        Kind.CALLER,
        None,
        2,
    ),
    "a default names nobody": (Policy(retries_by_error={"Default": 2}), Kind.CALLER, None, 0),
    "a chain for blocked prompts before retries of them": (
        Policy(
            retries_by_error={"ContentPolicyViolationError": 2},
            fallbacks_by_kind={Kind.BLOCKED: {"other": chain("frank")}},
        ),
        Kind.BLOCKED,
        None,
        0,
    ),
    "no policy makes a prompt shorter": (
        Policy(retries_by_error={"BadRequestError": 2}),
        Kind.TOO_LONG,
        None,
        0,
    ),
}


@pytest.mark.parametrize("untried", [SIBLING, NONE])
@pytest.mark.parametrize(("policy", "kind", "own", "allowed"), NAMED.values(), ids=NAMED)
def test_retries_by_the_name_of_the_error(
    policy: Policy, kind: Kind, own: int | None, allowed: int, untried: Untried
) -> None:
    plan = Plan("big", policy, Random(1))
    again = 0
    while isinstance(plan.after(failure(kind), untried, own), Try):
        again += 1

    assert again == allowed


# The provider's own word, `x-should-retry`


def told(kind: Kind, again: bool | None) -> Failure:
    return Failure(kind, kind.value, again=again)


class Word(NamedTuple):
    """How often somebody is tried after the first, of those who were not tried and of those who
    were, if the provider always says that.
    """

    siblings: int
    again: int


SILENT, NO, YES = None, False, True
ILL = (Kind.TRANSIENT, Kind.TIMEOUT, Kind.BROKEN, Kind.RATE_LIMIT)
OURS = (Kind.CREDENTIAL, Kind.QUOTA)
REFUSED = (Kind.TOO_LONG, Kind.BLOCKED)
MANY = 5  # retries
WORDS: dict[tuple[Kind, bool | None], Word] = {
    **{(kind, word): Word(MANY, MANY) for kind in ILL for word in (SILENT, YES)},
    **{(kind, NO): Word(MANY, 0) for kind in ILL},
    **{(kind, word): Word(MANY, 0) for kind in OURS for word in (SILENT, NO, YES)},
    **{(kind, word): Word(0, 0) for kind in REFUSED for word in (SILENT, NO, YES)},
    **{(Kind.MODEL_GONE, word): Word(MANY, 0) for word in (SILENT, NO)},
    (Kind.MODEL_GONE, YES): Word(MANY, 1),
    **{(Kind.CALLER, word): Word(0, 0) for word in (SILENT, NO)},
    (Kind.CALLER, YES): Word(1, 1),
}


def tries(policy: Policy, error: GatewayError, untried: Untried) -> int:
    """How many follow the first, of the same alias, if each fails so."""
    plan, followed = Plan("big", policy, Random(1)), 0
    step = plan.after(error, untried)
    while isinstance(step, Try) and step.alias == "big":
        followed += 1
        step = plan.after(error, untried)
    return followed


def test_every_word_on_every_kind_is_in_the_table() -> None:
    assert set(WORDS) == {(kind, word) for kind in Kind for word in (SILENT, NO, YES)}


@pytest.mark.parametrize(("kind", "again"), WORDS, ids=str)
def test_what_the_providers_own_word_changes(kind: Kind, again: bool | None) -> None:
    error, policy = told(kind, again), Policy(retries=MANY)

    assert tries(policy, error, SIBLING) == WORDS[kind, again].siblings
    assert tries(policy, error, NONE) == WORDS[kind, again].again


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("again", [NO, YES])
def test_no_word_opens_or_closes_the_way_to_another_alias(kind: Kind, again: bool) -> None:
    policy = Policy(retries=0, fallbacks={"big": chain("small")})

    assert aliases(policy, [(told(kind, again), NONE)]) == aliases(policy, [(kind, NONE)])


def test_the_readme_says_who_is_believed_when_it_says_yes() -> None:
    rows = re.findall(
        r"^\| (`.*`) \| .* \| (?:one|once) more.* \|$", README.read_text(), re.MULTILINE
    )

    assert {Kind[name] for row in rows for name in re.findall(r"`(\w+)`", row)} == ONCE_MORE


def test_a_provider_that_says_yes_is_believed_once_in_a_call_and_never_beyond_the_retries() -> None:
    gone, wrong = told(Kind.MODEL_GONE, YES), told(Kind.CALLER, YES)

    assert aliases(Policy(retries=5), [(gone, NONE), (wrong, NONE)]) == ["big", "big"]
    assert aliases(Policy(retries=0), [(wrong, SIBLING)]) == ["big"]
    assert aliases(Policy(retries_asked=0), [(wrong, SIBLING)]) == ["big"]


def test_a_no_counts_more_than_a_policy_that_names_the_failure() -> None:
    policy = Policy(retries_by_error={"BadRequestError": 2, "InternalServerError": 2})

    for kind in (Kind.CALLER, Kind.TRANSIENT):
        assert tries(policy, told(kind, NO), NONE) == 0
        assert tries(policy, told(kind, NO), SIBLING) == 2


# The retry budget


BUDGET = {
    "a sibling is tried all the same": (SIBLING, LONE, "big"),
    "the next order is tried all the same": (NEXT_ORDER, LONE, "big"),
    "the same deployment is not used again": (NONE, LONE, None),
    "nor after its rest": (ALL_REST, LONE, None),
    "a fallback is asked instead": (NONE, LADDER, "small"),
}


@pytest.mark.parametrize(("untried", "policy", "alias"), BUDGET.values(), ids=BUDGET)
def test_when_there_were_too_many_retries(
    untried: Untried, policy: Policy, alias: str | None
) -> None:
    plan = Plan("big", policy, Random(1))

    step = plan.after(failure(Kind.TRANSIENT, retry_after=1.0), untried, affordable=False)

    assert (step.alias if isinstance(step, Try) else None) == alias


@pytest.mark.parametrize(("untried", "again"), [(SIBLING, False), (NONE, True), (ALL_REST, True)])
def test_a_step_says_whether_a_deployment_must_be_used_again(untried: Untried, again: bool) -> None:
    step = Plan("big", LONE, Random(1)).after(failure(Kind.TRANSIENT), untried)

    assert isinstance(step, Try)
    assert step.again is again


def test_a_plan_knows_when_no_other_alias_is_left() -> None:
    plan = Plan("big", LADDER, Random(1))
    seen = [plan.last]
    for _ in range(2):
        plan.after(failure(Kind.CREDENTIAL), NONE)
        seen.append(plan.last)

    assert seen == [False, False, True]


# Pauses


def limited(seconds: float | None) -> GatewayError:
    return failure(Kind.RATE_LIMIT, retry_after=seconds)


class Wait(NamedTuple):
    policy: Policy
    error: GatewayError
    expected: float | None  # None: there is no further attempt
    untried: Untried = NONE
    time_left: float = 600.0


WAITS = {
    "a sibling is tried at once": Wait(LONE, limited(9.0), 0.0, SIBLING),
    "the next order is tried at once": Wait(LONE, limited(9.0), 0.0, NEXT_ORDER),
    "the same one as soon as its provider says": Wait(LONE, limited(9.0), 9.0),
    "not if that is beyond patience": Wait(LONE, limited(10.1), None),
    "patience to the last second": Wait(LONE, limited(10.0), 10.0),
    "not if the deadline is as soon": Wait(LONE, limited(9.0), None, time_left=9.0),
    "if the deadline is later": Wait(LONE, limited(9.0), 9.0, time_left=9.1),
    "nothing follows the deadline": Wait(LONE, limited(0.0), None, SIBLING, time_left=0.0),
    "never sooner than the operator says": Wait(
        Policy(backoff=0.0, backoff_min=2.0), limited(None), 2.0
    ),
    "a bearable rest is waited for": Wait(LONE, RESTING, 3.0),
    "an unbearable rest is not": Wait(Policy(patience=2.9), RESTING, None),
    "a rest beyond the deadline is not": Wait(LONE, RESTING, None, time_left=3.0),
    "a rest of unknown length is not": Wait(LONE, Resting("all rest"), None),
}


@pytest.mark.parametrize("case", WAITS.values(), ids=WAITS)
def test_how_long_the_client_is_kept_waiting(case: Wait) -> None:
    plan = Plan("big", case.policy, Random(1))

    step = plan.after(case.error, case.untried, time_left=case.time_left)

    assert (step.pause if isinstance(step, Try) else None) == case.expected


@given(seed=some.integers(0, 2**32), backoff=some.floats(0, 100), most=some.floats(0, 100))
def test_pauses_grow_by_chance_up_to_a_limit(seed: int, backoff: float, most: float) -> None:
    policy = Policy(retries=8, backoff=backoff, backoff_max=most, patience=1000.0)
    plan = Plan("big", policy, Random(seed))

    for retry in range(8):
        step = plan.after(failure(Kind.TRANSIENT), NONE)
        assert isinstance(step, Try)
        assert 0 <= step.pause <= min(most, backoff * 2**retry)


def test_pauses_differ_so_that_clients_do_not_return_together() -> None:
    drawn = set()
    for seed in range(50):
        step = Plan("big", LONE, Random(seed)).after(failure(Kind.TRANSIENT), NONE)
        assert isinstance(step, Try)
        drawn.add(step.pause)

    assert len(drawn) == 50


# What else a step says


def test_a_fallback_brings_its_fields_and_keeps_them_when_tried_again() -> None:
    policy = Policy(retries=1, fallbacks={"big": [Fallback("small", {"temperature": 0})]})

    first, *others = steps(policy, [(Kind.CREDENTIAL, NONE), (Kind.TRANSIENT, NONE)])

    assert isinstance(first, Try)
    assert not first.override
    assert [step.override for step in others if isinstance(step, Try)] == [{"temperature": 0}] * 2


ERRORS: Mapping[str, tuple[Sequence[GatewayError], int]] = {
    "the error of the alias asked for is the client's": (
        [failure(Kind.QUOTA), failure(Kind.TRANSIENT), failure(Kind.BLOCKED)],
        0,
    ),
    "its last one, if there were several": (
        [failure(Kind.TRANSIENT), failure(Kind.QUOTA), failure(Kind.CALLER)],
        1,
    ),
    "even if a fallback would blame the caller": (
        [failure(Kind.QUOTA), failure(Kind.CALLER)],
        0,
    ),
    "even if it was only that all were resting": ([RESTING, failure(Kind.CREDENTIAL)], 0),
}


@pytest.mark.parametrize(("errors", "told"), ERRORS.values(), ids=ERRORS)
def test_what_the_client_is_told_in_the_end(errors: Sequence[GatewayError], told: int) -> None:
    policy = Policy(retries=1, fallbacks={"big": chain("small")})

    *_, last = steps(policy, [(error, NONE) for error in (*errors, *[errors[-1]] * 3)])

    assert isinstance(last, GiveUp)
    assert last.error is errors[told]


# The README's table


def test_there_is_a_rule_for_every_kind() -> None:
    assert set(RULES) == set(Kind)


def test_the_table_in_the_readme_agrees_with_the_rules() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (yes|no) \| (yes|no) \| (yes|no) \|", README.read_text(), re.MULTILINE
    )

    said = {Kind[kind]: Rule(*(answer == "yes" for answer in answers)) for kind, *answers in rows}
    assert said == RULES
    assert len(rows) == len(RULES)


def test_the_failure_is_told_and_not_the_rest_that_came_of_it() -> None:
    failed = failure(Kind.TRANSIENT)

    *_, last = steps(Policy(retries=1), [(failed, NONE), (Resting("all", retry_after=99.0), NONE)])

    assert last == GiveUp(failed)


def test_a_rest_that_is_known_is_not_waited_for_twice() -> None:
    plan = Plan("big", Policy(backoff=8.0, backoff_max=8.0), Random(1))
    plan.start()

    step = plan.after(failure(Kind.RATE_LIMIT, retry_after=2.0), ALL_REST)

    assert step == Try("big", pause=2.0, again=True)


def test_whoever_was_refused_queues_for_a_full_sibling_rather_than_sleeping_out_the_rest() -> None:
    policy = Policy(retries=2, patience=8.0)
    error = failure(Kind.RATE_LIMIT, retry_after=5.0)
    plan = Plan("big", policy, Random(1))

    step = plan.after(error, Untried.FULL, time_left=6.0)

    assert step == Try("big", patience=6.0, again=True)


def test_patience_is_for_all_waiting_in_lines_together() -> None:
    plan = Plan("big", Policy(retries=5, patience=10.0), Random(1))
    error = failure(Kind.RATE_LIMIT, retry_after=5.0)

    queued = [plan.after(error, Untried.FULL, time_left=left) for left in (100.0, 93.0, 89.0)]

    assert [getattr(step, "patience", None) for step in queued] == [10.0, 3.0, 0.0]


def test_nobody_queues_for_a_full_sibling_without_a_retry_left() -> None:
    plan = Plan("big", Policy(retries=0), Random(1))

    step = plan.after(failure(Kind.RATE_LIMIT, retry_after=5.0), Untried.FULL)

    assert isinstance(step, GiveUp)


def test_what_a_rest_leaves_of_the_patience_is_for_the_queue() -> None:
    plan = Plan("big", Policy(patience=10.0), Random(1))

    step = plan.after(Resting("at rest", retry_after=4.0), Untried.RESTING)

    assert step == Try("big", pause=4.0, patience=6.0)

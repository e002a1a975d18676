from collections.abc import Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Kind
from routing.breaker import Phase
from routing.cooldown import ILL, LONGEST_REST_S, NO_REST, Record, Rest, rest_of
from routing.policy import RestRules
from tests.routing.worlds import deployment, failure

OURS = RestRules()
RULES = RestRules(allowed_fails=3, cooldown=5.0)
STRICT = RestRules(allowed_fails=0, cooldown=5.0)
OFF = RestRules(enabled=False)
NEVER = RestRules(cooldown=0.0)
BY_NAME = RestRules(
    allowed_fails=3,
    cooldown=5.0,
    allowed_fails_policy={"TimeoutError": 10, "RateLimitError": 2, "AuthenticationError": 1},
)
A = deployment("a")
ONE = Record()
FOUR = Record(recent=4, same=4, in_a_row=4, outcomes=4, failures=4)
MANY = Record(recent=900, same=900, in_a_row=900, outcomes=900, failures=900)
PROBE = Record(phase=Phase.HALF_OPEN)
OPEN = replace(MANY, phase=Phase.OPEN)


class Case(NamedTuple):
    kind: Kind
    expected: float
    record: Record = ONE
    rules: RestRules = RULES
    facts: Mapping[str, Any] = MappingProxyType({})  # of the deployment
    lone: bool = False
    retry_after: float | None = None


CASES = {
    "a rate limit rests as long as the provider asked": Case(
        Kind.RATE_LIMIT, 42.0, retry_after=42.0
    ),
    "what the provider asked counts for a lone one too": Case(
        Kind.RATE_LIMIT, 42.0, retry_after=42.0, lone=True
    ),
    "what the provider asked counts before its own cooldown_time": Case(
        Kind.RATE_LIMIT, 42.0, retry_after=42.0, facts={"cooldown_s": 9.0}
    ),
    "what the provider asked counts before any policy": Case(
        Kind.RATE_LIMIT, 42.0, retry_after=42.0, rules=BY_NAME
    ),
    "a rate limit without a time rests for the router's": Case(Kind.RATE_LIMIT, 5.0),
    "a rate limit without a time rests for its own": Case(
        Kind.RATE_LIMIT, 9.0, facts={"cooldown_s": 9.0}
    ),
    "a rate limit without a time rests though nobody has said for how long": Case(
        Kind.RATE_LIMIT, 5.0, rules=OURS
    ),
    "a wait of nothing is no word from the provider": Case(Kind.RATE_LIMIT, 5.0, retry_after=0.0),
    "a lone one does not rest on a rate limit without a time": Case(
        Kind.RATE_LIMIT, 0.0, lone=True
    ),
    "a lone one does not rest on its own cooldown_time either": Case(
        Kind.RATE_LIMIT, 0.0, lone=True, facts={"cooldown_s": 9.0}
    ),
    "a wrong key rests a minute": Case(Kind.CREDENTIAL, 60.0),
    "an empty account rests five minutes": Case(Kind.QUOTA, 300.0),
    "a retired model rests five minutes": Case(Kind.MODEL_GONE, 300.0),
    "its own time may only lengthen a long rest": Case(
        Kind.CREDENTIAL, 60.0, facts={"cooldown_s": 9.0}
    ),
    "its own time may lengthen a long rest": Case(
        Kind.CREDENTIAL, 90.0, facts={"cooldown_s": 90.0}
    ),
    "a lone one with a wrong key is asked again": Case(Kind.CREDENTIAL, 0.0, lone=True),
    "a lone one with an empty account is asked again": Case(Kind.QUOTA, 0.0, lone=True),
    "one server error is forgiven": Case(Kind.TRANSIENT, 0.0),
    "as many as are allowed are forgiven": Case(Kind.TRANSIENT, 0.0, replace(FOUR, recent=3)),
    "one more than is allowed is not": Case(Kind.TRANSIENT, 5.0, FOUR),
    "time-outs count like server errors": Case(Kind.TIMEOUT, 5.0, FOUR),
    "broken answers count like server errors": Case(Kind.BROKEN, 5.0, FOUR),
    "where none is allowed the first one counts": Case(Kind.TRANSIENT, 5.0, rules=STRICT),
    "too many errors rest for its own time": Case(
        Kind.TRANSIENT, 9.0, FOUR, facts={"cooldown_s": 9.0}
    ),
    "many rate limits alone are not ill health": Case(Kind.TRANSIENT, 0.0, ONE, rules=OURS),
    "its own number of failures counts": Case(
        Kind.TRANSIENT, 0.0, FOUR, facts={"allowed_fails": 4}
    ),
    "its own number of failures counts before the router's policy": Case(
        Kind.TIMEOUT, 5.0, FOUR, rules=BY_NAME, facts={"allowed_fails": 3}
    ),
    "its own policy counts before its own number": Case(
        Kind.TIMEOUT,
        0.0,
        FOUR,
        facts={"allowed_fails": 3, "allowed_fails_policy": {"TimeoutError": 4}},
    ),
    "a policy forgives what it names": Case(
        Kind.TIMEOUT, 0.0, replace(MANY, same=10), rules=BY_NAME
    ),
    "a policy does not forgive more": Case(
        Kind.TIMEOUT, 5.0, replace(MANY, same=11), rules=BY_NAME
    ),
    "a policy leaves others to the number": Case(
        Kind.TRANSIENT, 5.0, replace(FOUR, same=1), rules=BY_NAME
    ),
    "a policy may forgive rate limits": Case(
        Kind.RATE_LIMIT, 0.0, replace(FOUR, same=2), rules=BY_NAME
    ),
    "a policy does not forgive more rate limits": Case(
        Kind.RATE_LIMIT, 5.0, replace(FOUR, same=3), rules=BY_NAME
    ),
    "a policy may forgive a wrong key": Case(Kind.CREDENTIAL, 0.0, rules=BY_NAME),
    "who is named by a policy rests though it is a lone one": Case(
        Kind.TIMEOUT, 5.0, replace(MANY, same=11), rules=BY_NAME, lone=True
    ),
    "who rests already is not ejected": Case(Kind.TRANSIENT, 0.0, OPEN),
    "the caller's mistake is not the deployment's": Case(Kind.CALLER, 0.0, MANY),
    "a long prompt is not the deployment's mistake": Case(Kind.TOO_LONG, 0.0, MANY),
    "a blocked prompt is not the deployment's mistake": Case(Kind.BLOCKED, 0.0, MANY),
    "who is told not to rest does not": Case(Kind.QUOTA, 0.0, facts={"cooldown_s": 0.0}),
    "who is told not to rest does not even if the provider asks": Case(
        Kind.RATE_LIMIT, 0.0, facts={"cooldown_s": 0.0}, retry_after=42.0
    ),
    "who is told not to rest does not whatever it was": Case(
        Kind.TRANSIENT, 0.0, MANY, facts={"cooldown_s": 0.0}
    ),
    "nobody rests where the time is nothing": Case(Kind.TRANSIENT, 0.0, MANY, rules=NEVER),
    "nobody rests where it is switched off": Case(
        Kind.RATE_LIMIT, 0.0, rules=OFF, retry_after=42.0
    ),
}


def rest(case: Case, seed: int = 1) -> Rest:
    return rest_of(
        failure(case.kind, retry_after=case.retry_after),
        case.record,
        case.rules,
        deployment("a", **case.facts),
        lone=case.lone,
        rng=Random(seed),
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_how_long_a_deployment_rests(case: Case) -> None:
    assert rest(case).seconds == case.expected


def test_every_kind_is_in_the_table() -> None:
    assert {case.kind for case in CASES.values()} == set(Kind)


GUESSES = {
    "four failures in a row are borne": (replace(FOUR, outcomes=40), False),
    "five are not": (Record(in_a_row=5, outcomes=900, failures=5), True),
    "half of ten outcomes is too much": (Record(outcomes=10, failures=5), True),
    "less than half is not": (Record(outcomes=11, failures=5), False),
    "nine outcomes say nothing": (Record(outcomes=9, failures=8, in_a_row=1), False),
    "one is enough for a probe": (PROBE, True),
    "none is for who rests already": (OPEN, False),
}


@pytest.mark.parametrize(("record", "ejected"), GUESSES.values(), ids=GUESSES)
@pytest.mark.parametrize("kind", sorted(ILL))
def test_when_a_deployment_is_ejected_on_our_own_guess(
    kind: Kind, record: Record, ejected: bool
) -> None:
    assert rest(Case(kind, 0.0, record, OURS)).ejection is ejected


@pytest.mark.parametrize("kind", [Kind.RATE_LIMIT, Kind.CREDENTIAL, Kind.QUOTA, Kind.MODEL_GONE])
def test_what_the_provider_says_is_no_guess(kind: Kind) -> None:
    assert not rest(Case(kind, 0.0, MANY, OURS)).ejection
    assert rest(Case(kind, 0.0, MANY, OURS)).seconds > 0


def test_the_operators_own_rule_for_a_lone_one_is_no_guess() -> None:
    named = Case(Kind.TIMEOUT, 0.0, MANY, BY_NAME)

    assert rest(named._replace(lone=True)) == Rest(5.0, ejection=False)
    assert rest(named) == Rest(5.0, ejection=True)


@pytest.mark.parametrize(
    ("ejections", "longest"), [(0, 5.0), (1, 10.0), (3, 40.0), (6, 300.0), (5000, 300.0)]
)
def test_each_ejection_in_a_row_lasts_longer_by_chance(ejections: int, longest: float) -> None:
    record = replace(PROBE, ejections=ejections)
    drawn = {rest(Case(Kind.TRANSIENT, 0.0, record, OURS), seed).seconds for seed in range(50)}

    assert len(drawn) == 50
    assert all(longest / 2 <= seconds <= longest for seconds in drawn)
    assert max(drawn) > 0.9 * longest


def test_a_time_that_the_operator_has_set_does_not_grow() -> None:
    assert rest(Case(Kind.TRANSIENT, 0.0, replace(PROBE, ejections=9))) == Rest(5.0, True)


@given(
    kind=some.sampled_from(Kind),
    record=some.builds(
        lambda count, phase: Record(count, count, count, count, count, count, phase),
        some.integers(1, 1000),
        some.sampled_from(Phase),
    ),
    asked=some.none() | some.floats(-10, 1e6),
    own_s=some.none() | some.floats(0, 1e6),
    lone=some.booleans(),
)
def test_any_rest_is_bounded_and_a_lone_one_is_only_ejected(
    kind: Kind, record: Record, asked: float | None, own_s: float | None, lone: bool
) -> None:
    case = Case(kind, 0.0, record, OURS, {"cooldown_s": own_s}, lone, asked)

    found = rest(case)

    assert 0 <= found.seconds <= max(LONGEST_REST_S, asked or 0.0, own_s or 0.0)
    if lone:
        assert found.ejection or found.seconds in {0.0, asked}
    if own_s == 0:
        assert found == NO_REST

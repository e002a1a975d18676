from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Kind
from routing.cooldown import rest_s
from routing.policy import RestRules
from tests.routing.worlds import failure

RULES = RestRules(allowed_fails=3, cooldown=5.0)
STRICT = RestRules(allowed_fails=0, cooldown=5.0)
OFF = RestRules(enabled=False)


class Case(NamedTuple):
    kind: Kind
    expected: float
    recent: int = 1
    rules: RestRules = RULES
    own_s: float | None = None
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
        Kind.RATE_LIMIT, 42.0, retry_after=42.0, own_s=9.0
    ),
    "a rate limit without a time rests for the router's": Case(Kind.RATE_LIMIT, 5.0),
    "a rate limit without a time rests for its own": Case(Kind.RATE_LIMIT, 9.0, own_s=9.0),
    "a wait of nothing is no word from the provider": Case(Kind.RATE_LIMIT, 5.0, retry_after=0.0),
    "a lone one does not rest on a guess": Case(Kind.RATE_LIMIT, 0.0, lone=True),
    "a lone one does not rest on its own cooldown_time either": Case(
        Kind.RATE_LIMIT, 0.0, lone=True, own_s=9.0
    ),
    "a wrong key rests a minute": Case(Kind.CREDENTIAL, 60.0),
    "an empty account rests five minutes": Case(Kind.QUOTA, 300.0),
    "a retired model rests five minutes": Case(Kind.MODEL_GONE, 300.0),
    "its own time may only lengthen a long rest": Case(Kind.CREDENTIAL, 60.0, own_s=9.0),
    "its own time may lengthen a long rest": Case(Kind.CREDENTIAL, 90.0, own_s=90.0),
    "a lone one with a wrong key is asked again": Case(Kind.CREDENTIAL, 0.0, lone=True),
    "a lone one with an empty account is asked again": Case(Kind.QUOTA, 0.0, lone=True),
    "one server error is forgiven": Case(Kind.TRANSIENT, 0.0),
    "as many as are allowed are forgiven": Case(Kind.TRANSIENT, 0.0, recent=3),
    "one more than is allowed is not": Case(Kind.TRANSIENT, 5.0, recent=4),
    "time-outs count like server errors": Case(Kind.TIMEOUT, 5.0, recent=4),
    "broken answers count like server errors": Case(Kind.BROKEN, 5.0, recent=4),
    "where none is allowed the first one counts": Case(Kind.TRANSIENT, 5.0, rules=STRICT),
    "too many errors rest for its own time": Case(Kind.TRANSIENT, 9.0, recent=4, own_s=9.0),
    "a lone one does not rest however often it fails": Case(
        Kind.TRANSIENT, 0.0, recent=900, lone=True
    ),
    "the caller's mistake is not the deployment's": Case(Kind.CALLER, 0.0, recent=900),
    "a long prompt is not the deployment's mistake": Case(Kind.TOO_LONG, 0.0, recent=900),
    "a blocked prompt is not the deployment's mistake": Case(Kind.BLOCKED, 0.0, recent=900),
    "who is told not to rest does not": Case(Kind.QUOTA, 0.0, own_s=0.0),
    "who is told not to rest does not even if the provider asks": Case(
        Kind.RATE_LIMIT, 0.0, own_s=0.0, retry_after=42.0
    ),
    "nobody rests where it is switched off": Case(
        Kind.RATE_LIMIT, 0.0, rules=OFF, retry_after=42.0
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_how_long_a_deployment_rests(case: Case) -> None:
    seconds = rest_s(
        failure(case.kind, retry_after=case.retry_after),
        recent=case.recent,
        rules=case.rules,
        own_s=case.own_s,
        lone=case.lone,
    )

    assert seconds == case.expected


def test_every_kind_is_in_the_table() -> None:
    assert {case.kind for case in CASES.values()} == set(Kind)


@given(
    kind=some.sampled_from(Kind),
    recent=some.integers(1, 1000),
    retry_after=some.none() | some.floats(-10, 1e6),
    own_s=some.none() | some.floats(0, 1e6),
)
def test_a_lone_deployment_never_rests_on_our_own_guess(**facts: Any) -> None:
    asked = facts.pop("retry_after")

    seconds = rest_s(
        failure(facts.pop("kind"), retry_after=asked), rules=STRICT, lone=True, **facts
    )

    assert seconds in {0.0, asked}

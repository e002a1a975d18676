"""The line that names a route: short, ASCII, and to be read by programs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import Kind
from gateway.trail import LONGEST, trail
from routing.journey import Attempt, Journey
from tests.routing.worlds import deployment, failure

_NAME = r"(?:[A-Za-z0-9._~@=()!-]|%[0-9A-F]{2})*\*?"
_ATTEMPT = rf"(?:\+?{_NAME}(?:/{_NAME})*:(?:{'|'.join([*Kind, 'ok', 'lost'])}):\d+\.\d\ds|\*\d+)"
_ROUTE = re.compile(rf"(?:-|{_ATTEMPT}(?:,{_ATTEMPT})*)(?:;q=\d+\.\d\ds)?(?:;est=\d+)?")
A, B = deployment("a1b2c3"), deployment("d4e5f6")
BUSY = failure(Kind.RATE_LIMIT)


def journey(*attempts: Attempt, queued: float = 0.0, estimate: int = 0) -> Journey:
    return Journey(attempts=list(attempts), queued=queued, estimate=estimate)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (journey(), "-"),
        (journey(queued=10.0), "-;q=10.00s"),
        (journey(Attempt("gpt-4o", A, 0.531)), "gpt-4o/a1b2c3:ok:0.53s"),
        (
            journey(
                Attempt("gpt-4o", A, 0.21, BUSY),
                Attempt("gpt-4o", B, 0.53),
                queued=0.4,
                estimate=1200,
            ),
            "gpt-4o/a1b2c3:rate_limit:0.21s,gpt-4o/d4e5f6:ok:0.53s;q=0.40s;est=1200",
        ),
        (
            journey(Attempt("m", A, 2.0, lost=True), Attempt("m", B, 0.5, hedge=True)),
            "m/a1b2c3:lost:2.00s,+m/d4e5f6:ok:0.50s",
        ),
        (journey(Attempt("openai/gpt-4o", A, 0.1)), "openai/gpt-4o/a1b2c3:ok:0.10s"),
        (journey(Attempt("v2:0, é;x", A, 0.1)), "v2%3A0%2C%20%C3%A9%3Bx/a1b2c3:ok:0.10s"),
        (journey(Attempt("m", deployment("a/b:c"), 0.1)), "m/a%2Fb%3Ac:ok:0.10s"),
        (journey(Attempt("x" * 61, A, 0.1)), "x" * 59 + "*/a1b2c3:ok:0.10s"),
        (journey(Attempt("x" * 58 + "é", A, 0.1)), "x" * 58 + "*/a1b2c3:ok:0.10s"),
    ],
)
def test_a_journey_is_one_line(made: Journey, told: str) -> None:
    assert trail(made).decode() == told
    assert _ROUTE.fullmatch(told)


def test_of_many_attempts_the_first_ones_and_the_last_are_told() -> None:
    many = [Attempt("gpt-4o", A, 0.2, BUSY)] * 100
    told = trail(journey(*many, Attempt("gpt-4o", B, 0.5))).decode()

    parts = told.split(",")
    assert parts[0] == "gpt-4o/a1b2c3:rate_limit:0.20s"
    assert parts[-2] == f"*{101 - (len(parts) - 1)}"
    assert parts[-1] == "gpt-4o/d4e5f6:ok:0.50s"
    assert LONGEST - 200 < len(told) <= LONGEST


_NAMES = st.text(max_size=500)
_ATTEMPTS = st.builds(
    Attempt,
    _NAMES,
    _NAMES.map(deployment),
    st.floats(0, 1e6),
    st.sampled_from([None, *map(failure, Kind)]),
    hedge=st.booleans(),
    lost=st.booleans(),
)


@given(st.lists(_ATTEMPTS, max_size=40), st.floats(0, 1e6), st.integers(0, 10**9))
def test_whatever_happened_the_line_is_short_and_keeps_to_its_grammar(
    attempts: list[Attempt], queued: float, estimate: int
) -> None:
    told = trail(journey(*attempts, queued=queued, estimate=estimate))

    assert len(told) <= LONGEST
    assert _ROUTE.fullmatch(told.decode("ascii"))

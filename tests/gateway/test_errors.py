"""When clients are told to come back. The shapes are in tests/test_error_shape.py."""

import pytest

from adapters.errors import (
    BadRequest,
    Failure,
    GatewayError,
    Kind,
    NoDeployment,
    Resting,
    ShuttingDown,
)
from gateway import errors

CASES: dict[str, tuple[GatewayError, dict[bytes, bytes]]] = {
    "nothing is said": (Failure(Kind.TRANSIENT, "x"), {}),
    "a wait": (
        Failure(Kind.RATE_LIMIT, "x", retry_after=7),
        {b"retry-after": b"7", b"retry-after-ms": b"7000"},
    ),
    "a short wait is not rounded to none": (
        Failure(Kind.RATE_LIMIT, "x", retry_after=0.05),
        {b"retry-after": b"1", b"retry-after-ms": b"50"},
    ),
    "no wait at all": (
        Failure(Kind.RATE_LIMIT, "x", retry_after=0.0),
        {b"retry-after": b"0", b"retry-after-ms": b"0"},
    ),
    "the longest that an SDK should sleep": (
        Resting("x", retry_after=120.0),
        {b"retry-after": b"120", b"retry-after-ms": b"120000"},
    ),
    "longer than that": (Resting("x", retry_after=120.5), {b"x-should-retry": b"false"}),
    "our key": (Failure(Kind.CREDENTIAL, "x"), {b"x-should-retry": b"false"}),
    "our purse": (Failure(Kind.QUOTA, "x"), {b"x-should-retry": b"false"}),
    "a model that has gone": (Failure(Kind.MODEL_GONE, "x"), {b"x-should-retry": b"false"}),
    "everything is off": (NoDeployment("x"), {b"x-should-retry": b"false"}),
    "we are going": (ShuttingDown("x"), {}),
    "the caller's mistake": (BadRequest("x"), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_clients_are_told_when_coming_back_makes_sense(case: str) -> None:
    error, told = CASES[case]

    assert dict(errors.headers(error)) == told

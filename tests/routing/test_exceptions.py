import pytest

from adapters.errors import Failure, Kind
from routing.exceptions import NAMED, TOO_LONG, exception_of

CASES = [
    (Kind.TRANSIENT, None, "InternalServerError"),
    (Kind.TRANSIENT, 500, "InternalServerError"),
    (Kind.TRANSIENT, 409, "InternalServerError"),
    (Kind.TRANSIENT, 502, "BadGatewayError"),
    (Kind.TRANSIENT, 503, "ServiceUnavailableError"),
    (Kind.TRANSIENT, 529, "ServiceUnavailableError"),
    (Kind.TIMEOUT, None, "TimeoutError"),
    (Kind.TIMEOUT, 504, "TimeoutError"),
    (Kind.RATE_LIMIT, 429, "RateLimitError"),
    (Kind.RATE_LIMIT, 503, "RateLimitError"),
    (Kind.QUOTA, 429, "RateLimitError"),
    (Kind.CREDENTIAL, 403, "AuthenticationError"),
    (Kind.MODEL_GONE, 404, "NotFoundError"),
    (Kind.TOO_LONG, 400, TOO_LONG),
    (Kind.BLOCKED, 400, "ContentPolicyViolationError"),
    (Kind.CALLER, 422, "BadRequestError"),
    (Kind.CALLER, 404, "NotFoundError"),
    (Kind.BROKEN, 200, "InternalServerError"),
]


@pytest.mark.parametrize(("kind", "status", "name"), CASES)
def test_what_litellm_calls_a_failure(kind: Kind, status: int | None, name: str) -> None:
    assert exception_of(Failure(kind, "", upstream_status=status)) == name


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_name_that_policies_know(kind: Kind) -> None:
    assert exception_of(Failure(kind, "")) in {*NAMED, TOO_LONG}

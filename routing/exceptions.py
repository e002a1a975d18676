"""What LiteLLM calls a failure: its policies name exception classes where we have kinds. Pure.

Source: https://docs.litellm.ai/docs/routing, https://docs.litellm.ai/docs/exception_mapping (read
2026-11).
"""

from collections.abc import Mapping

from adapters.errors import Failure, Kind

TOO_LONG = "ContextWindowExceededError"  # no policy of LiteLLM names it
NAMED = (
    "BadRequestError", "AuthenticationError", "TimeoutError", "RateLimitError",
    "ContentPolicyViolationError", "InternalServerError", "ServiceUnavailableError",
    "BadGatewayError", "NotFoundError",
)  # fmt: skip
"""The classes that a policy may name."""

_OF_KIND: Mapping[Kind, str] = {
    Kind.TRANSIENT: "InternalServerError",  # connections that are refused or reset among them
    Kind.TIMEOUT: "TimeoutError",
    Kind.RATE_LIMIT: "RateLimitError",
    Kind.QUOTA: "RateLimitError",
    Kind.CREDENTIAL: "AuthenticationError",
    Kind.MODEL_GONE: "NotFoundError",
    Kind.TOO_LONG: TOO_LONG,
    Kind.BLOCKED: "ContentPolicyViolationError",
    Kind.CALLER: "BadRequestError",
    Kind.BROKEN: "InternalServerError",
}
_OF_STATUS: Mapping[tuple[Kind, int], str] = {
    (Kind.TRANSIENT, 502): "BadGatewayError",
    (Kind.TRANSIENT, 503): "ServiceUnavailableError",
    (Kind.TRANSIENT, 529): "ServiceUnavailableError",  # overloaded, Anthropic's 503
    (Kind.CALLER, 404): "NotFoundError",
}


def exception_of(failure: Failure) -> str:
    """The class that LiteLLM would raise, `TimeoutError` standing for its `Timeout`."""
    named = _OF_STATUS.get((failure.kind, failure.upstream_status or 0))
    return named or _OF_KIND[failure.kind]

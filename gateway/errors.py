"""Errors as the caller's dialect writes them: a JSON document, or the last event of a stream.

Sources: https://platform.openai.com/docs/guides/error-codes,
https://docs.claude.com/en/api/errors (read 2026-11).
"""

from collections.abc import Mapping
from math import ceil

import orjson

from adapters.errors import Failure, GatewayError, Kind, NoDeployment
from adapters.types import Dialect, Json

_LONGEST_WAIT_S = 120.0  # SDKs sleep as long as they are told, or give up above this
_POINTLESS = frozenset({Kind.CREDENTIAL, Kind.QUOTA, Kind.MODEL_GONE})

_ANTHROPIC_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def document(error: GatewayError, dialect: Dialect, request_id: str) -> Json:
    """The error as a JSON object."""
    if dialect is Dialect.ANTHROPIC_MESSAGES:
        other = "invalid_request_error" if error.status < 500 else "api_error"
        kind = _ANTHROPIC_TYPES.get(error.status, other)
        return {
            "type": "error",
            "error": {"type": kind, "message": error.message},
            "request_id": request_id,
        }
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }


def event(error: GatewayError, dialect: Dialect, request_id: str) -> bytes:
    """The error as the last event of a stream that has begun."""
    data = orjson.dumps(document(error, dialect, request_id))
    name = b"event: error\n" if dialect is Dialect.ANTHROPIC_MESSAGES else b""
    return b"%bdata: %b\n\n" % (name, data)


def headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """When to come back, for clients that listen. `x-should-retry` is the SDKs' own word."""
    wait = error.retry_after
    if wait is not None and wait <= _LONGEST_WAIT_S:
        return [
            (b"retry-after", b"%d" % ceil(wait)),
            (b"retry-after-ms", b"%d" % ceil(wait * 1000)),
        ]
    hopeless = isinstance(error, NoDeployment) or (
        isinstance(error, Failure) and error.kind in _POINTLESS
    )
    if wait is not None or hopeless:
        return [(b"x-should-retry", b"false")]
    return []

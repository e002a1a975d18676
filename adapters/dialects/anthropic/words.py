"""Words of the two dialects side by side: why a model stopped, how hard it thinks, what failed.

Sources, read 2026-11: https://platform.claude.com/docs/en/api/messages,
https://platform.claude.com/docs/en/api/errors and
https://platform.claude.com/docs/en/build-with-claude/effort.
"""

from collections.abc import Mapping

from adapters.errors import Failure, Kind
from adapters.types import Json

JSON_TOOL = "json_tool_call"
"""The tool a model without structured outputs is made to call; its arguments are the answer."""

BILLING_MARK = "x-anthropic-billing-header:"
"""Opens the system block in which Claude Code tells Anthropic its version. No prompt at all."""

FINISH: Mapping[str, str] = {  # stop_reason -> finish_reason
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
STOP: Mapping[str, str] = {  # finish_reason -> stop_reason; anything else is an end of turn
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}

BUDGET: Mapping[str, int] = {  # reasoning_effort -> thinking.budget_tokens; 1024 is the least
    "minimal": 1024,
    "low": 1024,
    "medium": 2048,
    "high": 4096,
    "xhigh": 8192,
    "max": 16384,
}
NO_THINKING = frozenset({"none", "disable", "disabled"})

_KINDS: Mapping[str, Kind] = {  # error.type -> kind
    "overloaded_error": Kind.TRANSIENT,
    "api_error": Kind.TRANSIENT,
    "timeout_error": Kind.TIMEOUT,
    "rate_limit_error": Kind.RATE_LIMIT,
    "invalid_request_error": Kind.CALLER,
    "request_too_large": Kind.CALLER,
    "authentication_error": Kind.CREDENTIAL,
    "permission_error": Kind.CREDENTIAL,
    "billing_error": Kind.QUOTA,
    "not_found_error": Kind.MODEL_GONE,
}
_CHAT_KINDS: Mapping[str, Kind] = {  # error.code or error.type in a chat stream -> kind
    "rate_limit_exceeded": Kind.RATE_LIMIT,
    "rate_limit_error": Kind.RATE_LIMIT,
    "429": Kind.RATE_LIMIT,
    "insufficient_quota": Kind.QUOTA,
    "402": Kind.QUOTA,
    "context_length_exceeded": Kind.TOO_LONG,
    "content_filter": Kind.BLOCKED,
    "content_policy_violation": Kind.BLOCKED,
    "server_error": Kind.TRANSIENT,
    "overloaded_error": Kind.TRANSIENT,
    "500": Kind.TRANSIENT,
    "502": Kind.TRANSIENT,
    "503": Kind.TRANSIENT,
    "529": Kind.TRANSIENT,
    "408": Kind.TIMEOUT,
    "504": Kind.TIMEOUT,
}


def failure(error: Json) -> Failure:
    """What Anthropic's error object in the middle of a stream means. The caller adds who it was."""
    word = str(error.get("type") or "")
    message = str(error.get("message") or word or "the provider reported an error")
    kind = _KINDS.get(word, Kind.BROKEN)
    if kind is Kind.CALLER and "prompt is too long" in message:
        kind = Kind.TOO_LONG
    return Failure(kind, message, type=word or None)


def chat_failure(error: Json) -> Failure:
    """The same for an error object in a chat stream, whose code is a word or a number."""
    words = [str(error[name]) for name in ("code", "type") if error.get(name)]
    kinds = [kind for word in words if (kind := _CHAT_KINDS.get(word))]
    message = str(error.get("message") or "the provider reported an error")
    code = error.get("code")
    return Failure(
        kinds[0] if kinds else Kind.BROKEN,
        message,
        type=error.get("type") if isinstance(error.get("type"), str) else None,
        code=str(code) if code else None,
    )

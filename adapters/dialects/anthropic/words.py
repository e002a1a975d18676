"""Words of the two dialects side by side: why a model stopped, how hard it thinks.

Sources, read 2026-11: https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/build-with-claude/effort.
"""

from collections.abc import Mapping

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

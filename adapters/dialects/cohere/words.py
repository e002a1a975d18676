"""Words of the two dialects side by side: why a model stopped, how hard it thinks.

Sources, read 2026-11: https://docs.cohere.com/reference/chat and
https://docs.cohere.com/docs/reasoning.
"""

from collections.abc import Mapping

FINISH: Mapping[str, str] = {  # finish_reason of theirs -> ours; the failures are in wire.py
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_LIMIT": "length",
    "ERROR_TOXIC": "content_filter",
}

BUDGET: Mapping[str, int | None] = {  # reasoning_effort -> thinking.token_budget; None: no limit
    "minimal": 512,
    "low": 1024,
    "medium": 2048,
    "high": 4096,
    "xhigh": None,
    "max": None,
}
NO_THINKING = frozenset({"none", "disable", "disabled"})

"""An Anthropic Messages request, said in OpenAI's words.

Sources, read 2026-11: https://platform.claude.com/docs/en/api/messages and
https://platform.openai.com/docs/api-reference/chat/create.
"""

import hashlib
import re
from typing import Any

from adapters.dialects.anthropic.schemas import is_strict
from adapters.dialects.anthropic.to_chat.messages import chat_messages, system_message
from adapters.dialects.anthropic.to_chat.tools import tool_choice, tools
from adapters.types import Json

_NO_WORD_FOR = frozenset(
    {
        "container",
        "inference_geo",
        "mcp_servers",
        "speed",
        "top_k",
        "user_profile_id",
        "workspace_id",
    }
)

_REWRITTEN = frozenset(
    {
        "messages",
        "metadata",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    }
)
_HOUSEKEEPING = frozenset(  # how Anthropic is to cache and to clear: the answer does not need it,
    {  # and Claude Code sends it whatever model it talks to
        "anthropic_beta",
        "anthropic_version",
        "betas",
        "cache_control",
        "context_management",
        "diagnostics",
    }
)
_REASONS = re.compile(
    r"(?:^|[/.])(?:o[1-9](?![\w.])|o[1-9]-|gpt-(?:[5-9]|oss)(?!-chat)|claude|gemini-(?:2\.5|[3-9]))"
)
_USER_LENGTH = 64  # characters OpenAI takes


def no_word_for(_: Json) -> frozenset[str]:
    """Fields that OpenAI would refuse."""
    return _NO_WORD_FOR


def request(asked: Json) -> Json:
    """Say an Anthropic request in OpenAI's words.

    Known fields are taken out and rewritten; whatever is left is sent as it came. What Anthropic
    alone can do is refused, except for mere housekeeping, which is left out.

    Raises:
        BadRequest: something OpenAI has no word for, where leaving it out would change the answer.

    """
    rest = {
        name: value
        for name, value in asked.items()
        if name not in _REWRITTEN and name not in _HOUSEKEEPING
    }
    offered = tools(asked.get("tools"))
    out: Json = {
        **_effort(asked),
        **_answer_format(asked),
        **rest,  # the operator's own `reasoning_effort` wins
        "messages": [*system_message(asked.get("system")), *chat_messages(asked.get("messages"))],
        **offered,
        **(tool_choice(asked.get("tool_choice")) if "tools" in offered else {}),
    }
    if asked.get("stop_sequences"):
        out["stop"] = asked["stop_sequences"]
    if user := _user(asked.get("metadata")):
        out.setdefault("user", user)
    if tier := asked.get("service_tier"):
        out["service_tier"] = "default" if tier == "standard_only" else tier
    if asked.get("stream"):
        out["stream_options"] = {**(asked.get("stream_options") or {}), "include_usage": True}
    return out


def _effort(asked: Json) -> Json:
    """`output_config.effort`, else the thinking budget, as `reasoning_effort`.

    Only low, medium and high, which every reasoning model knows, and only for models known to
    reason: Claude Code sends an effort to whatever it talks to, and the others refuse it. Adaptive
    thinking without an effort, and no thinking, leave the model to its own habit.
    """
    if not _REASONS.search(str(asked.get("model") or "").lower()):
        return {}
    thinking = asked.get("thinking")
    config = asked.get("output_config")
    if isinstance(thinking, dict) and thinking.get("type") == "disabled":
        return {}
    if isinstance(config, dict) and isinstance(config.get("effort"), str):
        effort = config["effort"]
        return {"reasoning_effort": effort if effort in {"low", "medium"} else "high"}
    match thinking:
        case {"type": "enabled", "budget_tokens": int() as budget}:
            return {"reasoning_effort": _effort_for(budget)}
        case _:
            return {}


def _effort_for(budget: int) -> str:
    """The inverse of what `reasoning_effort` becomes on the way to Anthropic."""
    if budget < 2048:
        return "low"
    return "medium" if budget < 4096 else "high"


def _answer_format(asked: Json) -> Json:
    config = asked.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    match wanted or asked.get("output_format"):
        case {"type": "json_schema", "schema": {} as schema}:
            named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case _:
            return {}


def _user(metadata: Any) -> str:
    """`metadata.user_id`; hashed, where OpenAI finds it too long, so it still tells users apart."""
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str):
        return ""
    return user if len(user) <= _USER_LENGTH else hashlib.sha256(user.encode()).hexdigest()

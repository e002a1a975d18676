"""Edits of a chat body's messages: roles, marks and ids that a provider refuses.

Who refuses what (read 2026-11): Groq, Cerebras and Mistral refuse messages with fields they do not
know, `reasoning_content` for one; Fireworks refuses `thinking_blocks` and
`provider_specific_fields`; OpenAI ignores unknown fields of messages and parts, but not of tools.
"""

import hashlib
import re
from typing import Any

from adapters.quirks.edits import each, without
from adapters.types import Json

_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")
_SPEAKERS = frozenset({"system", "developer", "user", "assistant"})


def developer_as_system(body: Json) -> Json:
    """Call the developer's messages the system's, for providers that know only the older role."""

    def edit(message: Json) -> Json:
        return {**message, "role": "system"} if message.get("role") == "developer" else message

    return each(body, "messages", edit)


def no_cache_control(body: Json) -> Json:
    """Take Anthropic's cache marks off messages, their parts, and tools."""
    body = each(body, "messages", _unmarked)
    return each(body, "tools", _unmarked)


def no_thinking_blocks(body: Json) -> Json:
    """Leave out of messages and tool calls what only a translation to another dialect can use."""
    return each(body, "messages", _without_blocks)


def no_reasoning_content(body: Json) -> Json:
    """Leave out of messages what an answer may carry but a strict provider refuses to read."""
    return each(body, "messages", lambda m: without(m, "reasoning_content", "annotations"))


def no_names(body: Json) -> Json:
    """Leave out who speaks, but for tools and functions: Groq answers 400 to `messages[].name`,
    Mistral's messages of people and assistants have no such field.

    Source: https://console.groq.com/docs/openai (read 2026-11), the schemas in
    github.com/mistralai/client-python (2026-06).
    """
    return each(body, "messages", _nameless)


def content_as_text(body: Json) -> Json:
    """Join parts of text to one string, for providers that read nothing else. Messages with any
    other part stay as they are: the provider shall say what it thinks of an image.
    """
    return each(body, "messages", _flat)


def short_tool_ids(body: Json) -> Json:
    """Give tool calls ids as Mistral makes them, for a history that another provider began.

    It refuses all others: "Tool call id was call_49c8 but must be a-z, A-Z, 0-9, with a length of
    9" (code 3280; github.com/nearai/ironclaw/issues/1241, 2026-03). The same id always becomes the
    same one, so that results still find their calls and a cached prompt stays the same.
    """
    return each(body, "messages", _with_short_ids)


def begun_answer(body: Json) -> Json:
    """Mark a last turn of the assistant as the beginning of the answer: Mistral wants "User or
    Tool (or Assistant with prefix True)" at the end (github.com/0xPlaygrounds/rig/pull/1130,
    2025-12).
    """
    match body.get("messages"):
        case [*before, {"role": "assistant", **last}] if not {"prefix", "tool_calls"} & last.keys():
            return {**body, "messages": [*before, {"role": "assistant", **last, "prefix": True}]}
        case _:
            return body


def _unmarked(item: Json) -> Json:
    """A message with its parts, or a tool with its function."""
    item = each(_unmarked_part(item), "content", _unmarked_part)
    function = item.get("function")
    if isinstance(function, dict) and "cache_control" in function:
        return {**item, "function": without(function, "cache_control")}
    return item


def _unmarked_part(part: Json) -> Json:
    return without(part, "cache_control")


def _without_blocks(message: Json) -> Json:
    message = without(message, "thinking_blocks", "provider_specific_fields")
    return each(message, "tool_calls", _without_provider_fields)


def _without_provider_fields(call: Json) -> Json:
    return without(call, "provider_specific_fields")


def _nameless(message: Json) -> Json:
    return without(message, "name") if message.get("role") in _SPEAKERS else message


def _flat(message: Json) -> Json:
    parts = message.get("content")
    if not isinstance(parts, list) or not parts:
        return message
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        return message
    return {**message, "content": "".join(str(text) for text in texts)}


def _with_short_ids(message: Json) -> Json:
    message = _shortened(message, "tool_call_id")
    return each(message, "tool_calls", lambda call: _shortened(call, "id"))


def _shortened(item: Json, name: str) -> Json:
    long: Any = item.get(name)
    if not isinstance(long, str) or _SHORT_ID.fullmatch(long):
        return item
    return {**item, name: hashlib.sha256(long.encode("utf-8", "replace")).hexdigest()[:9]}

"""Edits of a chat body's messages: roles, marks and ids that a provider refuses.

Who refuses what (read 2026-11): Groq, Cerebras and Mistral refuse messages with fields they do not
know, `reasoning_content` for one; Fireworks refuses `thinking_blocks` and
`provider_specific_fields`; OpenAI ignores unknown fields of messages and parts, but not of tools.

A conversation may have begun elsewhere: ids of tool calls are rewritten in calls and results alike,
and always to the same, so that results still find their calls and a cached prompt stays the same.
"""

import hashlib
import re
from collections.abc import Callable

from adapters.dialects.signatures import plain_id
from adapters.quirks.edits import each, without
from adapters.types import Json

_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")
_LONGEST_ID = 40  # characters
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
    """Leave out of messages and tool calls what only a translation to another dialect can use:
    the thoughts of others and their signatures. A model called Gemini may sit behind Google's own
    address for OpenAI's clients, which wants to see `extra_content` again.
    """
    foreign = () if "gemini" in str(body.get("model")) else ("extra_content",)
    return each(plain_call_ids(body), "messages", lambda message: _without_blocks(message, foreign))


def plain_call_ids(body: Json) -> Json:
    """Cut off the signature that rides in the ids of Gemini's calls: it makes them hundreds of
    characters long, with some that are refused.
    """
    return each(body, "messages", lambda message: _with_ids(message, plain_id))


def call_ids_up_to_40(body: Json) -> Json:
    """Shorten ids that OpenAI refuses: "Expected a string with maximum length 40"
    (github.com/anomalyco/opencode/issues/12653, 2026-02; of other houses' ids some are longer).
    """
    return each(body, "messages", lambda message: _with_ids(message, _up_to_40))


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
    9" (code 3280; github.com/nearai/ironclaw/issues/1241, 2026-03).
    """
    return each(body, "messages", lambda message: _with_ids(message, _of_9))


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


def _without_blocks(message: Json, foreign: tuple[str, ...]) -> Json:
    message = without(message, "thinking_blocks", "provider_specific_fields")
    return each(message, "tool_calls", lambda call: _without_blocks_of_call(call, foreign))


def _without_blocks_of_call(call: Json, foreign: tuple[str, ...]) -> Json:
    call = without(call, "provider_specific_fields", *foreign)
    function = call.get("function")
    if isinstance(function, dict) and "provider_specific_fields" in function:
        return {**call, "function": without(function, "provider_specific_fields")}
    return call


def _with_ids(message: Json, edit: Callable[[str], str]) -> Json:
    """A message whose calls, or whose call, have the id that `edit` makes of theirs."""
    message = _with_id(message, "tool_call_id", edit)
    if "tool_calls" not in message:
        return message
    return each(message, "tool_calls", lambda call: _with_id(call, "id", edit))


def _with_id(item: Json, name: str, edit: Callable[[str], str]) -> Json:
    old = item.get(name)
    if not isinstance(old, str):
        return item
    new = edit(old)
    return item if new == old else {**item, name: new}


def _up_to_40(id_: str) -> str:
    return plain_id(id_, _LONGEST_ID)


def _of_9(id_: str) -> str:
    if _SHORT_ID.fullmatch(id_):
        return id_
    return hashlib.sha256(id_.encode("utf-8", "replace")).hexdigest()[:9]


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

"""Named one-purpose edits of an outgoing chat body, for providers that are nearly OpenAI.

Each returns the body it was given if there is nothing to do, and never changes it: a retry starts
from the same one. They are written for OpenAI's chat format and meant for bodies in it only.

Who refuses what (read 2026-11): Groq, Cerebras and Mistral refuse messages with fields they do not
know, `reasoning_content` for one; Fireworks refuses `thinking_blocks` and
`provider_specific_fields`; OpenAI ignores unknown fields of messages and parts, but not of tools.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from adapters.provider import Quirk
from adapters.types import Json

_REASONING_MODEL = re.compile(r"(?:^|/)(?:o[1-9](?:-|$)|gpt-(?:[5-9]|\d\d)(?!.*-chat\b))")


def max_tokens_only(body: Json) -> Json:
    """Say the limit as `max_tokens`, for providers that do not know the newer word."""
    if "max_completion_tokens" not in body:
        return body
    return _renamed(body, "max_completion_tokens", "max_tokens")


def max_completion_tokens_only(body: Json) -> Json:
    """Say the limit as `max_completion_tokens` to OpenAI's reasoning models, which refuse the old
    word. The model is known by name only: an Azure deployment called `prod` is not recognised.
    """
    if "max_tokens" not in body or not _REASONING_MODEL.search(str(body.get("model", ""))):
        return body
    return _renamed(body, "max_tokens", "max_completion_tokens")


def no_stream_options(body: Json) -> Json:
    """Leave out `stream_options`, for providers that report usage without being asked."""
    return _without(body, "stream_options")


def developer_as_system(body: Json) -> Json:
    """Call the developer's messages the system's, for providers that know only the older role."""

    def edit(message: Json) -> Json:
        return {**message, "role": "system"} if message.get("role") == "developer" else message

    return _each(body, "messages", edit)


def no_cache_control(body: Json) -> Json:
    """Take Anthropic's cache marks off messages, their parts, and tools."""
    body = _each(body, "messages", _unmarked)
    return _each(body, "tools", _unmarked)


def no_thinking_blocks(body: Json) -> Json:
    """Leave out of messages and tool calls what only a translation to another dialect can use."""
    return _each(body, "messages", _without_blocks)


def no_reasoning_content(body: Json) -> Json:
    """Leave out of messages what an answer may carry but a strict provider refuses to read."""
    return _each(body, "messages", lambda m: _without(m, "reasoning_content", "annotations"))


def content_as_text(body: Json) -> Json:
    """Join parts of text to one string, for providers that read nothing else. Messages with any
    other part stay as they are: the provider shall say what it thinks of an image.
    """
    return _each(body, "messages", _flat)


def fireworks_model_path(body: Json) -> Json:
    """Complete a short model name to the path that Fireworks wants.

    Source: https://docs.fireworks.ai/getting-started/concepts (read 2026-11).
    """
    model = body.get("model")
    if not isinstance(model, str) or model.startswith("accounts/") or "#" in model:
        return body
    return {**body, "model": f"accounts/fireworks/models/{model}"}


QUIRKS: Mapping[str, Quirk] = {
    quirk.__name__: quirk
    for quirk in (
        max_tokens_only,
        max_completion_tokens_only,
        no_stream_options,
        developer_as_system,
        no_cache_control,
        no_thinking_blocks,
        no_reasoning_content,
        content_as_text,
        fireworks_model_path,
    )
}


def _renamed(body: Json, old: str, new: str) -> Json:
    """`body` with the value of `old` called `new`; if both are there, `new` is believed."""
    rest = dict(body)
    value = rest.pop(old)
    if rest.get(new) is None:
        rest[new] = value
    return rest


def _without(item: Json, *names: str) -> Json:
    for name in names:
        if name in item:
            return {key: value for key, value in item.items() if key not in names}
    return item


def _each(item: Json, name: str, edit: Callable[[Json], Json]) -> Json:
    """`item` with `edit` done to each object of the list called `name`; `item` itself if none of
    them changed, so that a long history costs a look and no copy.
    """
    old = item.get(name)
    if not isinstance(old, list):
        return item
    new: list[Any] = [edit(entry) if isinstance(entry, dict) else entry for entry in old]
    for after, before in zip(new, old, strict=True):
        if after is not before:
            return {**item, name: new}
    return item


def _unmarked(item: Json) -> Json:
    """A message with its parts, or a tool with its function."""
    item = _each(_unmarked_part(item), "content", _unmarked_part)
    function = item.get("function")
    if isinstance(function, dict) and "cache_control" in function:
        return {**item, "function": _without(function, "cache_control")}
    return item


def _unmarked_part(part: Json) -> Json:
    return _without(part, "cache_control")


def _without_blocks(message: Json) -> Json:
    message = _without(message, "thinking_blocks", "provider_specific_fields")
    return _each(message, "tool_calls", _without_provider_fields)


def _without_provider_fields(call: Json) -> Json:
    return _without(call, "provider_specific_fields")


def _flat(message: Json) -> Json:
    parts = message.get("content")
    if not isinstance(parts, list) or not parts:
        return message
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        return message
    return {**message, "content": "".join(str(text) for text in texts)}

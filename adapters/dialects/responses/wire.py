"""How to recognise the moments of a Responses stream, and its facts.

Source: https://platform.openai.com/docs/api-reference/responses-streaming (read 2026-11).
"""

import re
from typing import Any

from adapters.dialects import Wire
from adapters.dialects.chat import count
from adapters.types import Json, Usage

_PREAMBLE = frozenset(
    {
        "keepalive",
        "ping",
        "response.content_part.added",
        "response.created",
        "response.in_progress",
        "response.queued",
        "response.reasoning_part.added",
        "response.reasoning_summary_part.added",
    }
)
_SILENT_ITEMS = frozenset({"message", "reasoning"})  # until their words come


def usage(document: Json) -> Usage | None:
    """Tokens as a response tells them, or the event that holds one; None if it does not."""
    raw = _response(document).get("usage")
    if not isinstance(raw, dict) or not raw:
        return None
    prompt = _object(raw.get("input_tokens_details"))
    return Usage(
        input=count(raw.get("input_tokens")),
        output=count(raw.get("output_tokens")),
        cache_read=count(prompt.get("cached_tokens")),
        cache_write=count(prompt.get("cache_write_tokens")),
        reasoning=count(_object(raw.get("output_tokens_details")).get("reasoning_tokens")),
    )


def error(document: Json) -> Json | None:
    """The error object of a document or an event, if it is one.

    A stream tells it as an event `error`, with the words inside `error` or beside the type, and
    once more within `response.failed`.
    """
    if document.get("type") == "error" and not isinstance(document.get("error"), dict):
        return {name: value for name, value in document.items() if name != "type"}
    found = document.get("error") or _response(document).get("error")
    if isinstance(found, dict):
        return found
    if found or _response(document).get("status") == "failed":
        return {"message": str(found or "the response failed")}
    return None


def has_content(event: Json) -> bool:
    """Whether an event says anything, or that work has begun which cannot be had twice for nothing,
    as a search; not the greeting, and not the opening of what has no words yet.
    """
    kind = event.get("type")
    match event:
        case {"type": "response.output_item.added", "item": {"type": str() as item}}:
            return item not in _SILENT_ITEMS
        case {"type": str(), "delta": ""}:
            return False
        case _:
            return isinstance(kind, str) and kind not in _PREAMBLE


def _response(document: Json) -> Json:
    """The response itself: events hold it one level down."""
    inner = document.get("response")
    return inner if isinstance(inner, dict) else document


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    finish=re.compile(rb'"type"\s*:\s*"response\.(?:completed|incomplete)"'),
    # No `last`: it may be one of two events, and some servers send `[DONE]` after either.
    tells=re.compile(rb'"usage"\s*:\s*\{|"type"\s*:\s*"(?:error|response\.failed)"'),
    holds=("output", "status", "choices"),
)

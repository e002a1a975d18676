"""How to recognise the moments of a ConverseStream, and its facts.

Its frames have been rewritten to server-sent events whose name is the event's type; the type is
not in the data, but each kind of data has fields of its own. What says how much was used comes
after the end of the message, so the stream ends where its body ends.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
(read 2026-11).
"""

import re

from adapters.dialects import Wire
from adapters.dialects.chat import count
from adapters.types import Json, Usage


def usage(document: Json) -> Usage | None:
    """Tokens as a reply or its `metadata` tells them; None if it does not.

    `inputTokens` leaves cached tokens out; our `input` holds all three.
    """
    raw = document.get("usage")
    if not isinstance(raw, dict):
        return None
    cache_read = count(raw.get("cacheReadInputTokens"))
    cache_write = count(raw.get("cacheWriteInputTokens"))
    return Usage(
        input=count(raw.get("inputTokens")) + cache_read + cache_write,
        output=count(raw.get("outputTokens")),
        cache_read=cache_read,
        cache_write=cache_write,
    )


def error(document: Json) -> Json | None:
    """The error object of a document or an event, if it is one.

    An operation that does not exist is answered with 200 and `{"Output": {"__type": …}}`.
    """
    found = document.get("error")
    if isinstance(found, dict):
        return found
    match document.get("Output", document):
        case {"__type": str() as kind} as told:
            message = told.get("message") or told.get("Message") or kind
            return {"type": kind.rpartition("#")[2], "message": str(message)}
        case _:
            return {"message": str(found)} if found else None


def has_content(event: Json) -> bool:
    """Whether an event says anything: not the greeting, nor a block's two ends."""
    match event:
        case {"delta": _} | {"start": _} | {"stopReason": _}:
            return True
        case _:
            return False


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    finish=re.compile(rb'"stopReason"\s*:\s*"[^"]'),
    holds=("output", "stopReason"),
)

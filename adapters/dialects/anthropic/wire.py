"""How to recognise the moments of an Anthropic stream, and its facts.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming (read 2026-11).
"""

import re

from adapters.dialects import Wire
from adapters.dialects.anthropic.history import own_thinking
from adapters.dialects.chat import count
from adapters.types import Json, Usage


def usage(document: Json) -> Usage | None:
    """Tokens as this message, `message_start` or `message_delta` tells them; None if it does not.

    Anthropic counts cached tokens apart from `input_tokens`; our `input` holds all three. A
    stream tells its usage twice, and both tell running totals, so the later one wins.
    """
    message = document.get("message")
    holder = message if isinstance(message, dict) else document
    raw = holder.get("usage")
    if not isinstance(raw, dict):
        return None
    cache_read = count(raw.get("cache_read_input_tokens"))
    cache_write = count(raw.get("cache_creation_input_tokens"))
    details = raw.get("output_tokens_details")
    return Usage(
        input=count(raw.get("input_tokens")) + cache_read + cache_write,
        output=count(raw.get("output_tokens")),
        cache_read=cache_read,
        cache_write=cache_write,
        reasoning=count(details.get("thinking_tokens")) if isinstance(details, dict) else 0,
    )


def error(document: Json) -> Json | None:
    """The error object of a document or an event, if it is one."""
    found = document.get("error")
    if not found and document.get("type") != "error":
        return None
    return found if isinstance(found, dict) else {"message": str(found or document)}


def has_content(event: Json) -> bool:
    """Whether an event says anything: not the greeting, a ping, or an empty block's two ends."""
    match event:
        case {"type": "content_block_delta"}:
            return True
        case {"type": "content_block_start", "content_block": {"type": "text", "text": text}}:
            return bool(text)
        case {
            "type": "content_block_start",
            "content_block": {"type": "thinking", "thinking": thinking},
        }:
            return bool(thinking)
        case {"type": "content_block_start"}:
            return True
        case {"type": "message_delta", "delta": {"stop_reason": reason}}:
            return bool(reason)
        case _:
            return False


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    finish=re.compile(rb'"stop_reason"\s*:\s*"[^"]'),
    last=b"event: message_stop",
    end=b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    holds=("content", "stop_reason"),
    own=own_thinking,
)

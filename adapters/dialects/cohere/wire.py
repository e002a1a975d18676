"""How to recognise the moments of a Cohere stream, and its facts.

Source: https://docs.cohere.com/reference/chat-stream (read 2026-11). The reference does not mention
it, but nearly every stream ends with `data: [DONE]` after its `message-end`.
"""

import re
from collections.abc import Mapping

from adapters.dialects import Wire
from adapters.dialects.chat import count
from adapters.dialects.lenient import record, string
from adapters.types import Json, Usage

_FAILED: Mapping[str, str] = {  # finish_reason of an answer that is none -> what classify knows
    "ERROR": "server_error",
    "TIMEOUT": "timeout_error",
}


def usage(document: Json) -> Usage | None:
    """Tokens as a reply or `message-end` tells them; None if it does not.

    `tokens` is what the model has read and written, Cohere's own prompt included; `billed_units`,
    without that, stands in where it is missing. Images are counted apart from `input_tokens`
    there (a picture of 259 tokens came with an input of 34), cached tokens are not.
    """
    raw = _usage(document)
    tokens = record(raw.get("tokens"))
    counted = tokens or record(raw.get("billed_units"))
    if not counted:
        return None
    return Usage(
        input=count(counted.get("input_tokens")) + count(tokens.get("image_tokens")),
        output=count(counted.get("output_tokens")),
        cache_read=count(raw.get("cached_tokens")),
        reasoning=count(tokens.get("reasoning_tokens")),
    )


def error(document: Json) -> Json | None:
    """The error object of a document or an event, if it is one: `message-end` may tell one."""
    ended = {**document, **record(document.get("delta"))}
    found = ended.get("error")
    if isinstance(found, dict):
        return found
    kind = _FAILED.get(string(ended.get("finish_reason")))
    if not found and not kind:
        return None
    return {
        "message": str(found or "the model broke off its answer"),
        "type": string(ended.get("error_type")) or kind or "server_error",
    }


def has_content(event: Json) -> bool:
    """Whether an event says anything: not the greeting, nor the two ends of a block."""
    match event:
        case {"type": "content-start" | "content-delta", "delta": {"message": {"content": said}}}:
            return isinstance(said, dict) and bool(said.get("text") or said.get("thinking"))
        case {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": plan}}}:
            return bool(plan)
        case {"type": "tool-call-start" | "citation-start"}:
            return True
        case {"type": "message-end", "delta": {"finish_reason": reason}}:
            return bool(reason)
        case _:
            return False


def _usage(document: Json) -> Json:
    return record(document.get("usage")) or record(record(document.get("delta")).get("usage"))


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    finish=re.compile(rb'"finish_reason"\s*:\s*"[^"]'),
    last=b"data: [DONE]",
    end=b"data: [DONE]\n\n",
    holds=("message", "finish_reason"),
)

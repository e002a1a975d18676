"""The pivot: OpenAI chat completions, plus named extension fields in LiteLLM's spelling.

Source: https://platform.openai.com/docs/api-reference/chat (read 2026-11).

Extension fields that translators read and write, so that nothing is lost on the way through:

===========================  ======================================================================
`reasoning_content`          message and delta: the model's thinking as text
`thinking_blocks`            message and delta: thinking as the provider gave it, with `signature`
`cache_control`              content part, message, tool: prompt caching as Anthropic spells it
`annotations`                message and delta: citations
`provider_specific_fields`   message, delta, tool call: whatever has no other place
`reasoning_effort`           request: none, minimal, low, medium, high, xhigh
`thinking`                   request: Anthropic's own thinking settings, sent as they are
===========================  ======================================================================
"""

import re
from typing import Any

import orjson

from adapters.dialects import Wire
from adapters.sse import Event
from adapters.types import Json, Usage

DONE = b"[DONE]"


def usage(document: Json) -> Usage | None:
    """Tokens as a completion or a chunk reports them; None if it does not.

    Groq reports streams in `x_groq`. Negative and missing counts are 0.
    """
    raw = document.get("usage")
    if not isinstance(raw, dict) or not raw:
        raw = _object(_object(document.get("x_groq")).get("usage"))
        if not raw:
            return None
    prompt = _object(raw.get("prompt_tokens_details"))
    completion = _object(raw.get("completion_tokens_details"))
    return Usage(
        input=count(raw.get("prompt_tokens")),
        output=count(raw.get("completion_tokens")),
        cache_read=count(prompt.get("cached_tokens") or raw.get("prompt_cache_hit_tokens")),
        cache_write=count(
            raw.get("cache_creation_input_tokens")
            or prompt.get("cache_creation_tokens")
            or prompt.get("cache_write_tokens")
        ),
        reasoning=count(completion.get("reasoning_tokens")),
    )


def error(document: Json) -> Json | None:
    """The error object of a document or an event, if it is one."""
    found = document.get("error")
    if isinstance(found, dict):
        return found
    return {"message": str(found)} if found else None


def has_content(chunk: Json) -> bool:
    """Whether a chunk says anything: not the role chunk, not Azure's prompt filter results."""
    for choice in chunk.get("choices") or ():
        if choice.get("finish_reason"):
            return True
        delta = choice.get("delta") or choice.get("message") or {}
        if any(value for name, value in delta.items() if name != "role"):
            return True
    return False


def is_usage_only(chunk: Json) -> bool:
    """Whether a chunk is there only because `stream_options.include_usage` asked for it."""
    return not chunk.get("choices") and bool(chunk.get("usage"))


def chunk(
    head: Json, delta: Json, finish: str | None = None, *, index: int = 0, told: Json | None = None
) -> Json:
    """A chunk with one choice. `told`: log probabilities."""
    choice = {"index": index, "delta": delta, "logprobs": told, "finish_reason": finish}
    return {**head, "choices": [choice]}


def chunks(completion: Json, asked: Json) -> list[Event]:
    """A completion as the stream it might have been, for providers that know no streams: each
    choice in one piece.
    """
    head = {name: completion.get(name) for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    said = []
    for choice in completion.get("choices") or ():
        index, message = choice.get("index", 0), choice.get("message") or {}
        calls = message.get("tool_calls") or ()
        delta = {**message, "tool_calls": [{"index": i, **c} for i, c in enumerate(calls)]}
        said += [
            {"index": index, "delta": delta if calls else message, "finish_reason": None},
            {"index": index, "delta": {}, "finish_reason": choice.get("finish_reason")},
        ]
    documents: list[Json] = [{**head, "choices": [choice]} for choice in said]
    if (asked.get("stream_options") or {}).get("include_usage"):
        documents.append({**head, "choices": [], "usage": completion.get("usage")})
    return [*(Event(orjson.dumps(document)) for document in documents), Event(DONE)]


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def count(value: Any) -> int:
    """A number of tokens; what is none, or negative, is 0."""
    return int(value) if value and isinstance(value, (int, float)) and value > 0 else 0


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    finish=re.compile(rb'"finish_reason"\s*:\s*"[^"]'),
    last=b"data: [DONE]",
    end=b"data: [DONE]\n\n",
    holds=("choices",),
)

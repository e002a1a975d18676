"""What providers say in these tests: documents and streams in OpenAI's and Anthropic's shapes.

Shapes: https://platform.openai.com/docs/api-reference/chat-streaming,
https://docs.claude.com/en/docs/build-with-claude/streaming (read 2026-11).
"""

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.types import Json

HELLO: list[Json] = [{"role": "user", "content": "Hello"}]
DONE = b"data: [DONE]\n\n"
WEATHER: Json = {
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def asked(model: str = "gpt", **more: Any) -> Json:
    """A small request; good for both dialects."""
    return {"model": model, "max_tokens": 64, "messages": HELLO, **more}


# --- OpenAI -----------------------------------------------------------------------------------


def completion(text: str = "Good day.", **message: Any) -> Json:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-x-2026",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def _chunk(choices: list[Json], **more: Any) -> bytes:
    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "gpt-x-2026",
        "choices": choices,
        **more,
    }
    return b"data: %b\n\n" % orjson.dumps(document)


def delta(finish: str | None = None, **said: Any) -> bytes:
    return _chunk([{"index": 0, "delta": said, "finish_reason": finish}])


def usage_chunk() -> bytes:
    used = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return _chunk([], usage=used)


def chat_words(*words: str) -> list[bytes]:
    """One piece for each word; the first one has the role chunk before it."""
    pieces = [delta(content=word) for word in words]
    return [delta(role="assistant", content="") + pieces[0], *pieces[1:]]


def chat_stream(*words: str) -> list[bytes]:
    """A whole stream, usage and end included."""
    return [*chat_words(*words), delta("stop") + usage_chunk() + DONE]


def chat_tool_stream() -> list[bytes]:
    """Two calls at once, their arguments in pieces."""

    def call(index: int, arguments: str, **named: str) -> Json:
        head = {"id": named["id"], "type": "function"} if named else {}
        function = {"arguments": arguments, **({"name": named["name"]} if named else {})}
        return {"index": index, **head, "function": function}

    pieces = [
        call(0, "", id="call_1", name="weather"),
        call(0, '{"city":'),
        call(0, ' "Paris"}'),
        call(1, "", id="call_2", name="weather"),
        call(1, '{"city": "Rome"}'),
    ]
    opening = delta(role="assistant", content=None)
    told = [delta(tool_calls=[piece]) for piece in pieces]
    return [opening + told[0], *told[1:], delta("tool_calls") + usage_chunk() + DONE]


def openai_error(message: str, kind: str = "invalid_request_error", **more: Any) -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": None, **more}}


# --- Anthropic --------------------------------------------------------------------------------


def message(*blocks: Json, stop: str = "end_turn") -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-2026",
        "content": list(blocks) or [{"type": "text", "text": "Good day."}],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


def event(kind: str, **more: Any) -> bytes:
    data = orjson.dumps({"type": kind, **more})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def opening() -> bytes:
    begun = {**message(), "content": [], "stop_reason": None}
    return event("message_start", message=begun)


def block(index: int, start: Json, *deltas: Json) -> list[bytes]:
    return [
        event("content_block_start", index=index, content_block=start),
        *(event("content_block_delta", index=index, delta=each) for each in deltas),
        event("content_block_stop", index=index),
    ]


def text_deltas(*words: str) -> list[Json]:
    return [{"type": "text_delta", "text": word} for word in words]


def closing(stop: str = "end_turn") -> bytes:
    used = {"input_tokens": 11, "output_tokens": 7}
    told: Mapping[str, Any] = {"stop_reason": stop, "stop_sequence": None}
    return event("message_delta", delta=told, usage=used) + event("message_stop")


def message_stream(*words: str) -> list[bytes]:
    """A whole stream; the opening comes with the first word."""
    start, first, *others = block(0, {"type": "text", "text": ""}, *text_deltas(*words))
    return [opening() + start + event("ping") + first, *others, closing()]


def message_tool_stream() -> list[bytes]:
    """Text, then two calls, their arguments in pieces."""

    def call(index: int, name: str, *pieces: str) -> list[bytes]:
        start = {"type": "tool_use", "id": name, "name": "weather", "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        return block(index, start, *deltas)

    text = block(0, {"type": "text", "text": ""}, *text_deltas("Let me see."))
    first = call(1, "toolu_1", '{"city":', ' "Paris"}')
    second = call(2, "toolu_2", '{"city": "Rome"}')
    return [opening(), *text, *first, *second, closing("tool_use")]


def message_thinking_stream() -> list[bytes]:
    thinking = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Let me think"},
        {"type": "thinking_delta", "thinking": " about it."},
        {"type": "signature_delta", "signature": "c2lnbmVk"},
    )
    text = block(1, {"type": "text", "text": ""}, *text_deltas("It is 4."))
    return [opening(), *thinking, *text, closing()]


def anthropic_error(kind: str, text: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_1"}

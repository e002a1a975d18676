"""What clients ask and what providers answer, in pieces to put together."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import orjson

from adapters.dialects import Machine, Translation
from adapters.sse import Event
from adapters.types import Call, Dialect, Json, Target

CHAT = Dialect.OPENAI_CHAT
ANTHROPIC = Dialect.ANTHROPIC_MESSAGES
KEY = "open-sesame-0123456789"  # of no known shape: only who holds it can take it out of a text


def event(document: Json, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return b"%bdata: %b\n\n" % (head, orjson.dumps(document))


def chunk(delta: Json, finish: str | None = None, **more: Any) -> bytes:
    """A chat completion chunk."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"id": "c1", "model": "m-1", "choices": [choice], **more})


def tokens(prompt: int, completion: int) -> Json:
    return {"prompt_tokens": prompt, "completion_tokens": completion}


ROLE = chunk({"role": "assistant", "content": ""})
HI = chunk({"content": "Hi"})
THERE = chunk({"content": " there"})
STOP = chunk({}, "stop")
USAGE = event({"id": "c1", "model": "m-1", "choices": [], "usage": tokens(7, 3)})
DONE = b"data: [DONE]\n\n"
STREAM = (ROLE, HI, THERE, STOP, USAGE, DONE)
ERROR = event({"error": {"message": "try later", "code": "rate_limit_exceeded"}})


def said(document: Json) -> bytes:
    """An event of Anthropic's, which are named after their type."""
    return event(document, document["type"])


HELLO = said(
    {
        "type": "message_start",
        "message": {"id": "m1", "model": "claude-1", "usage": {"input_tokens": 7}},
    }
)
OPEN = said(
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
)
PING = said({"type": "ping"})
TEXT = said(
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
)
SHUT = said({"type": "content_block_stop", "index": 0})
END_TURN = said(
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 3},
    }
)
BYE = said({"type": "message_stop"})
MESSAGE_STREAM = (HELLO, OPEN, PING, TEXT, SHUT, END_TURN, BYE)
OVERLOADED = said({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})

COMPLETION: Json = {
    "id": "c1",
    "model": "m-1",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    ],
    "usage": tokens(7, 3),
}
MESSAGE: Json = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude-1",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 7, "output_tokens": 3},
}


def call(dialect: Dialect = CHAT, *, stream: bool = False, **more: Any) -> Call:
    """A request of a client; `more` are fields of its body."""
    body: Json = {"model": "alias", "messages": [{"role": "user", "content": "Hi"}]}
    if dialect is ANTHROPIC:
        body["max_tokens"] = 9
    if stream:
        body["stream"] = True
    return Call(dialect, "alias", {**body, **more}, stream=stream, id="req-1")


def target(base_url: str = "http://provider.test/v1", **more: Any) -> Target:
    """A deployment with a key."""
    return Target("acme", "m-1", base_url, secrets={"api_key": KEY}, **more)


def trip(*_: Any) -> NoReturn:
    """A translator that meets a shape nobody foresaw."""
    raise KeyError("unforeseen")


class Tripping(Machine):
    """A machine that says hello and trips over the first text."""

    def __init__(self, *_: Any) -> None: ...

    def feed(self, event: Event) -> list[Event]:
        return trip() if b"Hi" in event.data else [Event(b"hello")]

    def close(self) -> list[Event]:
        return []


def nothing(_: Json) -> frozenset[str]:
    return frozenset()


TRIPS_AT_REQUEST = Translation(trip, trip, Tripping, nothing)
TRIPS_AT_REPLY = Translation(dict, trip, Tripping, nothing)

GEMINI: Json = {
    "candidates": [
        {
            "index": 0,
            "content": {"role": "model", "parts": [{"text": "Hi"}]},
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10},
    "modelVersion": "gemini-1",
    "responseId": "r1",
}
CONVERSED: Json = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
}
COHERE: Json = {
    "id": "c1",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
    "finish_reason": "COMPLETE",
    "usage": {"tokens": {"input_tokens": 7, "output_tokens": 3}},
}
OLLAMA: Json = {
    "model": "m-1",
    "created_at": "2026-11-01T00:00:00Z",
    "message": {"role": "assistant", "content": "Hi"},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 7,
    "eval_count": 3,
}
PREDICTION: Json = {
    "id": "p1",
    "model": "acme/m-1",
    "status": "succeeded",
    "output": ["Hi"],
    "metrics": {"input_token_count": 7, "output_token_count": 3},
}
RESPONSE: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m-1",
    "status": "completed",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
}
VECTOR = [0.25, -1.0]
DOCUMENTS: Mapping[Dialect, Json] = {
    CHAT: COMPLETION,
    ANTHROPIC: MESSAGE,
    Dialect.OPENAI_RESPONSES: RESPONSE,
    Dialect.GEMINI_GENERATE: GEMINI,
    Dialect.BEDROCK_CONVERSE: CONVERSED,
    Dialect.COHERE_CHAT: COHERE,
    Dialect.OLLAMA_CHAT: OLLAMA,
    Dialect.REPLICATE_PREDICTIONS: PREDICTION,
    Dialect.OPENAI_EMBEDDINGS: {
        "object": "list",
        "model": "m-1",
        "data": [{"object": "embedding", "index": 0, "embedding": VECTOR}],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    },
    Dialect.COHERE_EMBED: {
        "id": "e1",
        "embeddings": {"float": [VECTOR]},
        "texts": ["Hi"],
        "meta": {"billed_units": {"input_tokens": 7}},
    },
    Dialect.GEMINI_EMBED: {
        "embeddings": [{"values": VECTOR}],
        "usageMetadata": {"promptTokenCount": 7},
    },
    Dialect.VERTEX_EMBED: {
        "predictions": [{"embeddings": {"values": VECTOR, "statistics": {"token_count": 7}}}]
    },
    Dialect.BEDROCK_EMBED: {"embedding": VECTOR, "inputTextTokenCount": 7},
    Dialect.COHERE_RERANK: {"id": "r1", "results": [{"index": 0, "relevance_score": 0.5}]},
    Dialect.VOYAGE_RERANK: {
        "object": "list",
        "model": "m-1",
        "data": [{"index": 0, "relevance_score": 0.5}],
        "usage": {"total_tokens": 7},
    },
}
STREAMS: Mapping[Dialect, Sequence[bytes]] = {
    CHAT: STREAM,
    ANTHROPIC: MESSAGE_STREAM,
    Dialect.OPENAI_RESPONSES: (
        said({"type": "response.created", "response": {**RESPONSE, "output": [], "usage": None}}),
        said(
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"id": "msg_1", "type": "message", "role": "assistant", "content": []},
            }
        ),
        said(
            {
                "type": "response.output_text.delta",
                "item_id": "msg_1",
                "output_index": 0,
                "content_index": 0,
                "delta": "Hi",
            }
        ),
        said({"type": "response.completed", "response": RESPONSE}),
    ),
    Dialect.GEMINI_GENERATE: (event(GEMINI),),
    Dialect.BEDROCK_CONVERSE: (
        event({"role": "assistant"}, "messageStart"),
        event({"contentBlockIndex": 0, "delta": {"text": "Hi"}}, "contentBlockDelta"),
        event({"contentBlockIndex": 0}, "contentBlockStop"),
        event({"stopReason": "end_turn"}, "messageStop"),
        event({"usage": CONVERSED["usage"]}, "metadata"),
    ),
    Dialect.COHERE_CHAT: (
        said({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}}),
        said(
            {
                "type": "content-start",
                "index": 0,
                "delta": {"message": {"content": {"type": "text", "text": ""}}},
            }
        ),
        said(
            {
                "type": "content-delta",
                "index": 0,
                "delta": {"message": {"content": {"text": "Hi"}}},
            }
        ),
        said({"type": "content-end", "index": 0}),
        said(
            {
                "type": "message-end",
                "delta": {"finish_reason": "COMPLETE", "usage": COHERE["usage"]},
            }
        ),
    ),
    Dialect.OLLAMA_CHAT: (
        event({**OLLAMA, "done": False}),
        event({**OLLAMA, "message": {"role": "assistant", "content": ""}}),
    ),
}

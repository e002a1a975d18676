"""What providers send when all is well, in every dialect: the ground for breaking it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from adapters.framing import Framing
from adapters.types import Dialect, Json
from tests.corpus.wire import event_frame

_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_CONTENT = {"parts": [{"text": "Grüß Gott"}], "role": "model"}
_MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "c"}
_OUTPUT = {
    "type": "message",
    "id": "m",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Grüß Gott"}],
}


@dataclass(frozen=True, slots=True)
class Sound:
    """A good answer of one dialect, and what it looks like with nothing in it."""

    row: str
    document: Json
    empty: Sequence[Json]  # answers without an answer
    events: Sequence[bytes] = ()  # of a good stream, framed; the last ends it
    unfinished: int = 0  # of these, how many may arrive before it counts as finished
    framing: Framing = Framing.SSE
    model: str = "some-model"

    @property
    def type(self) -> str:
        return {
            Framing.SSE: "text/event-stream",
            Framing.AWS: "application/vnd.amazon.eventstream",
            Framing.JSON_LINES: "application/x-ndjson",
        }[self.framing]


def _sse(*events: Json, named: bool = False) -> tuple[bytes, ...]:
    return tuple(
        (b"event: %b\n" % event["type"].encode() if named else b"")
        + b"data: %b\n\n" % orjson.dumps(event)
        for event in events
    )


def _chunk(delta: Json, finish: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}


def _said(**event: object) -> Json:
    return {"message": {"role": "assistant", "content": "Grüß Gott"}, "done": False, **event}


SOUND: Mapping[Dialect, Sound] = {
    Dialect.OPENAI_CHAT: Sound(
        "openai",
        {
            "id": "c",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"content": "Grüß Gott"}, "finish_reason": "stop"}],
            "usage": _USAGE,
        },
        [{}, {"choices": []}, {"choices": None}],
        (
            *_sse(
                _chunk({"role": "assistant"}),
                _chunk({"content": "Grüß Gott"}),
                _chunk({}, "stop"),
            ),
            b"data: [DONE]\n\n",
        ),
        unfinished=2,
    ),
    Dialect.ANTHROPIC_MESSAGES: Sound(
        "anthropic",
        {
            **_MESSAGE,
            "content": [{"type": "text", "text": "Grüß Gott"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 3, "output_tokens": 2},
        },
        [{}],
        _sse(
            {"type": "message_start", "message": {**_MESSAGE, "content": [], "usage": {}}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": "Grüß Gott"},
            },
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
            {"type": "message_stop"},
            named=True,
        ),
        unfinished=4,
    ),
    Dialect.OPENAI_RESPONSES: Sound(
        "openai",
        {"id": "r", "object": "response", "status": "completed", "output": [_OUTPUT]},
        [{}],
        _sse(
            {"type": "response.created", "response": {"id": "r", "output": []}},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Grüß Gott"},
            {
                "type": "response.completed",
                "response": {"id": "r", "status": "completed", "output": [_OUTPUT]},
            },
            named=True,
        ),
        unfinished=2,
    ),
    Dialect.GEMINI_GENERATE: Sound(
        "gemini",
        {"candidates": [{"content": _CONTENT, "finishReason": "STOP", "index": 0}]},
        [{}, {"candidates": []}],
        _sse(
            {"candidates": [{"content": _CONTENT, "index": 0}]},
            {"candidates": [{"content": _CONTENT, "finishReason": "STOP", "index": 0}]},
        ),
        unfinished=1,
    ),
    Dialect.BEDROCK_CONVERSE: Sound(
        "bedrock",
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Grüß Gott"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
        },
        [{}, {"output": {}}],
        (
            event_frame("messageStart", b'{"role":"assistant"}'),
            event_frame("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"Hi"}}'),
            event_frame("contentBlockStop", b'{"contentBlockIndex":0}'),
            event_frame("messageStop", b'{"stopReason":"end_turn"}'),
            event_frame("metadata", b'{"usage":{"inputTokens":3,"outputTokens":2}}'),
        ),
        unfinished=3,
        framing=Framing.AWS,
        model="amazon.nova-lite-v1:0",
    ),
    Dialect.COHERE_CHAT: Sound(
        "cohere",
        {
            "id": "c",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Grüß Gott"}]},
        },
        [{}],
        _sse(
            {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}},
            {
                "type": "content-delta",
                "index": 0,
                "delta": {"message": {"content": {"text": "Grüß Gott"}}},
            },
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
            named=True,
        ),
        unfinished=2,
    ),
    Dialect.OLLAMA_CHAT: Sound(
        "ollama_chat",
        _said(done=True, done_reason="stop", prompt_eval_count=3, eval_count=2),
        [{}],
        tuple(
            orjson.dumps(event) + b"\n" for event in (_said(), _said(done=True, done_reason="stop"))
        ),
        unfinished=1,
        framing=Framing.JSON_LINES,
    ),
    Dialect.REPLICATE_PREDICTIONS: Sound(
        "replicate",
        {"id": "p", "status": "succeeded", "output": ["Grüß", " Gott"]},
        [{}],
        model="meta/llama-3",
    ),
    Dialect.OPENAI_EMBEDDINGS: Sound(
        "openai",
        {"object": "list", "data": [{"index": 0, "embedding": [0.5]}], "model": "e"},
        [{}, {"data": []}],
    ),
    Dialect.COHERE_EMBED: Sound("cohere", {"embeddings": {"float": [[0.5]]}}, [{}]),
    Dialect.GEMINI_EMBED: Sound("gemini", {"embeddings": [{"values": [0.5]}]}, [{}]),
    Dialect.VERTEX_EMBED: Sound(
        "vertex_ai",
        {"predictions": [{"embeddings": {"values": [0.5]}}]},
        [{}],
        model="text-embedding-005",
    ),
    Dialect.BEDROCK_EMBED: Sound(
        "bedrock", {"embedding": [0.5]}, [{}], model="amazon.titan-embed-text-v2:0"
    ),
    Dialect.COHERE_RERANK: Sound(
        "cohere", {"results": [{"index": 0, "relevance_score": 0.5}]}, [{}, {"results": []}]
    ),
    Dialect.VOYAGE_RERANK: Sound("voyage", {"data": [{"index": 0, "relevance_score": 0.5}]}, [{}]),
}

"""What clients ask and what providers answer, in pieces to put together."""

from typing import Any, NoReturn

import orjson

from adapters.dialects import Translation
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


class Tripping:
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

"""Makes a recorded reply what went over the wire, where the recorder kept parsed objects instead.

Some recorders keep a list of a stream's events. They are framed again as the provider frames them;
what they say is as it was recorded.
"""

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from adapters.framing import Framing
from adapters.types import Dialect
from tests.corpus.oracles.frames import aws, documents
from tests.corpus.records import Record

SSE = "text/event-stream"
AWS = "application/vnd.amazon.eventstream"
_NAMED = {Dialect.ANTHROPIC_MESSAGES, Dialect.OPENAI_RESPONSES}  # their events have names
_HEADERS = ("retry-after", "ratelimit", "x-should-retry", "x-amzn-errortype", "date")


def body(record: Record, theirs: Dialect) -> bytes:
    """The stream as its provider sends it."""
    if is_aws(record):
        return _for_aws(record)
    if not record.body.lstrip().startswith(b"["):
        return record.body
    return b"".join(_sse(event, theirs) for event in json.loads(record.body)) + _last(theirs)


def headers(record: Record, theirs: Dialect, *, stream: bool) -> Mapping[str, str]:
    """Those that mean anything to us; a lost content type is the provider's usual one."""
    kept = {
        name: " ".join(value.split())
        for name, value in record.headers.items()
        if any(word in name for word in _HEADERS) and value.isascii()
    }
    kind = record.headers.get("content-type", "")
    if "/" not in kind or record.body.lstrip().startswith(b"["):
        kind = usual_type(record, theirs) if stream else "application/json"
    return {**kept, "content-type": kind}


def unframed(frames: bytes) -> bytes:
    """An InvokeModel stream of Anthropic's as Anthropic sends it."""
    inner = [unwrapped(json.loads(payload)) for _, payload in aws(frames)]
    names = [json.loads(event)["type"].encode() for event in inner]
    return b"".join(b"event: %b\ndata: %b\n\n" % told for told in zip(names, inner, strict=True))


def is_aws(record: Record) -> bool:
    """Whether its streams are binary frames."""
    return record.kind in {"converse_stream", "invoke_stream"}


def framing(record: Record, theirs: Dialect) -> Framing:
    """How its provider frames a stream."""
    if is_aws(record):
        return Framing.AWS
    return Framing.JSON_LINES if theirs is Dialect.OLLAMA_CHAT else Framing.SSE


def usual_type(record: Record, theirs: Dialect) -> str:
    if is_aws(record):
        return AWS
    return "application/x-ndjson" if theirs is Dialect.OLLAMA_CHAT else SSE


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message of an AWS event stream.

    Source: https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html (read 2026-11).
    """
    packed = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value
        for name, value in ((name, value.encode()) for name, value in headers.items())
    )
    prelude = struct.pack("!II", len(packed) + len(payload) + 16, len(packed))
    prelude += struct.pack("!I", zlib.crc32(prelude))
    message = prelude + packed + payload
    return message + struct.pack("!I", zlib.crc32(message))


def event_frame(name: str, payload: bytes) -> bytes:
    kinds = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(kinds, payload)


def unwrapped(payload: Mapping[str, Any]) -> bytes:
    """The model's own event in a message of an InvokeModel stream."""
    return base64.b64decode(payload.get("bytes") or "")


def _for_aws(record: Record) -> bytes:
    if record.body.startswith(b"\0"):
        return record.body
    recorded = record.body.lstrip()
    events = json.loads(recorded) if recorded.startswith(b"[") else documents(recorded)
    return b"".join(map(_framed, events))


def _framed(event: dict[str, Any]) -> bytes:
    if "type" in event:  # InvokeModel: the model's own event, wrapped once more
        inner = base64.b64encode(json.dumps(event).encode()).decode()
        return event_frame("chunk", json.dumps({"bytes": inner}).encode())
    name, said = next(iter(event.items()))
    return event_frame(name, json.dumps(said).encode())


def _sse(event: dict[str, Any], theirs: Dialect) -> bytes:
    data = json.dumps(event, ensure_ascii=False).encode()
    if theirs in _NAMED:
        return b"event: %b\ndata: %b\n\n" % (str(event.get("type")).encode(), data)
    return (
        b"data: %b\r\n\r\n" % data if theirs is Dialect.GEMINI_GENERATE else b"data: %b\n\n" % data
    )


def _last(theirs: Dialect) -> bytes:
    return b"data: [DONE]\n\n" if theirs is Dialect.OPENAI_CHAT else b""

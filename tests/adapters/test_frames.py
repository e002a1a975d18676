"""Framings that are no server-sent events, rewritten to them as they arrive."""

import base64
import struct
from itertools import pairwise
from typing import Any
from zlib import crc32

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.frames.aws import AwsFrames
from adapters.frames.json_lines import JsonLines
from adapters.framing import FRAMINGS, Unframe
from adapters.plug import plug
from adapters.sse import Event, events

ODD_HEADERS = (  # every kind of value there is, which we skip
    *(b"\x01t\x00", b"\x01f\x01", b"\x01b\x02\x07", b"\x01s\x03\x00\x07", b"\x01i\x04\0\0\0\7"),
    *(b"\x01l\x05" + bytes(8), b"\x01y\x06\x00\x02hi", b"\x01d\x08" + bytes(8)),
    b"\x01u\x09" + bytes(16),
)


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text


def frame(payload: bytes, *odd: bytes, **headers: str) -> bytes:
    """One message. Names of headers as `event_type`."""
    named = {f":{name.replace('_', '-')}": value for name, value in headers.items()}
    head = b"".join([*odd, *(_header(*item) for item in named.items())])
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    prelude += struct.pack(">I", crc32(prelude))
    message = prelude + head + payload
    return message + struct.pack(">I", crc32(message))


def event(name: str, document: Any, *odd: bytes) -> bytes:
    return frame(orjson.dumps(document), *odd, event_type=name, message_type="event")


def chunk(inner: bytes) -> bytes:
    return event("chunk", {"bytes": base64.b64encode(inner).decode(), "p": "abcdef"})


def part(data: bytes) -> bytes:
    return frame(data, event_type="PayloadPart", message_type="event")


def exception(name: str, document: Any) -> bytes:
    return frame(orjson.dumps(document), exception_type=name, message_type="exception")


CONVERSE = b"".join(
    (
        event("messageStart", {"role": "assistant", "p": "abc"}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Grüße ☃"}}),
        event("contentBlockStop", {"contentBlockIndex": 0}, *ODD_HEADERS),
        event("messageStop", {"stopReason": "end_turn"}),
        event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 4}}),
    )
)
INVOKE = b"".join(
    (
        chunk(b'{"type":"message_start","message":{"id":"msg_1"}}'),
        chunk(b'{"type":"content_block_delta","index":0,"delta":{"text":"Hi"}}'),
        chunk(b'{"type":"message_stop"}'),
        chunk(b'{"generation":"no type"}'),
    )
)
SAGEMAKER = b"".join((part(b"data: {"), part(b'"a":1}\n\ndata: [DO'), part(b"NE]\n\n")))
FAILING = event("messageStart", {"role": "assistant"}) + exception(
    "throttlingException", {"message": "Too many requests"}
)
STREAMS = {"converse": CONVERSE, "invoke": INVOKE, "sagemaker": SAGEMAKER, "failing": FAILING}


def _read(unframe: Unframe, *reads: bytes) -> list[Event]:
    return events(b"".join(map(unframe.feed, reads)))


def _said(data: bytes) -> list[tuple[str, Any]]:
    return [(e.name, orjson.loads(e.data)) for e in _read(AwsFrames(), data)]


def test_the_framings_are_where_the_table_says() -> None:
    assert {plug(where) for where in FRAMINGS.values()} == {AwsFrames, JsonLines}


# AWS's event stream


def test_our_messages_are_what_aws_reads() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(CONVERSE)

    told = [(m.headers[":event-type"], orjson.loads(m.payload)) for m in buffer]

    assert told == _said(CONVERSE)


def test_an_event_is_named_by_its_type() -> None:
    assert [name for name, _ in _said(CONVERSE)] == [
        *("messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata")
    ]
    assert _said(CONVERSE)[1][1]["delta"] == {"text": "Grüße ☃"}


def test_a_chunk_is_the_document_inside_named_by_its_type() -> None:
    assert AwsFrames().feed(INVOKE) == (
        b"event: message_start\n"
        b'data: {"type":"message_start","message":{"id":"msg_1"}}\n\n'
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":0,"delta":{"text":"Hi"}}\n\n'
        b"event: message_stop\n"
        b'data: {"type":"message_stop"}\n\n'
        b'data: {"generation":"no type"}\n\n'
    )


def test_a_part_is_the_containers_own_stream() -> None:
    assert AwsFrames().feed(SAGEMAKER) == b'data: {"a":1}\n\ndata: [DONE]\n\n'


def test_a_part_is_kept_until_its_event_is_whole() -> None:
    unframe = AwsFrames()

    assert unframe.feed(part(b"data: {")) == b""
    assert unframe.feed(part(b"}\n\n")) == b"data: {}\n\n"


def test_a_container_may_leave_out_the_end_of_its_last_event() -> None:
    unframe = AwsFrames()

    assert unframe.feed(part(b"data: {}")) == b""
    assert unframe.close() == b"data: {}\n\n"


def test_half_a_message_is_worth_nothing() -> None:
    unframe = AwsFrames()

    assert unframe.feed(part(b"data: {}\n\n")[:-3]) == b""
    assert unframe.close() == b""


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_a_document_on_several_lines_stays_one_event(line_end: bytes) -> None:
    inner = line_end.join((b"{", b'"type": "ping\\n"', b"}"))

    [(name, document)] = _said(chunk(inner))

    assert (name, document) == ("", {"type": "ping\n"})  # no name of an event holds a line's end


ERRORS: dict[str, tuple[bytes, Any]] = {
    "exception": (
        exception("throttlingException", {"message": "Too many requests"}),
        {"type": "throttlingException", "message": "Too many requests"},
    ),
    "what the model said": (
        exception(
            "modelStreamErrorException",
            {"originalStatusCode": 500, "originalMessage": "Model died"},
        ),
        {
            "originalStatusCode": 500,
            "originalMessage": "Model died",
            "type": "modelStreamErrorException",
            "message": "Model died",
        },
    ),
    "SageMaker's": (
        exception(
            "ModelStreamError", {"Message": "Oops", "ErrorCode": "ModelInvocationTimeExceeded"}
        ),
        {"ErrorCode": "ModelInvocationTimeExceeded", "type": "ModelStreamError", "message": "Oops"},
    ),
    "error": (
        frame(b"", error_code="InternalError", error_message="Bad day", message_type="error"),
        {"type": "InternalError", "message": "Bad day"},
    ),
    "words": (
        frame(b"plain words", exception_type="x", message_type="exception"),
        {"type": "x", "message": "plain words"},
    ),
    "nothing": (frame(b"", message_type="error"), {"type": "error", "message": "error"}),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_exception_becomes_an_error_event(case: str) -> None:
    data, expected = ERRORS[case]

    assert _said(data) == [("error", {"error": expected})]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_cut_gives_the_same_events(stream: str) -> None:
    data = STREAMS[stream]
    whole = AwsFrames().feed(data)

    for at in range(len(data) + 1):
        unframe = AwsFrames()
        assert unframe.feed(data[:at]) + unframe.feed(data[at:]) == whole
        assert unframe.close() == b""


@pytest.mark.parametrize("stream", STREAMS)
def test_byte_by_byte_gives_whole_events_and_the_same(stream: str) -> None:
    data = STREAMS[stream]
    unframe = AwsFrames()
    said = [unframe.feed(data[i : i + 1]) for i in range(len(data))]

    assert b"".join(said) == AwsFrames().feed(data)
    assert all(out.endswith(b"\n\n") for out in said if out)


@settings(deadline=None)
@given(data=st.data())
def test_many_cuts_give_the_same_events(data: st.DataObject) -> None:
    stream = b"".join(STREAMS.values())
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    reads = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]

    assert _read(AwsFrames(), *reads) == _read(AwsFrames(), stream)


@pytest.mark.parametrize("at", range(len(CONVERSE[:120])))
def test_any_damaged_byte_is_noticed_or_waited_for(at: int) -> None:
    damaged = bytearray(CONVERSE)
    damaged[at] ^= 0x10

    with pytest.raises(ValueError, match="message"):
        AwsFrames().feed(bytes(damaged))


def test_a_web_page_is_found_out_by_its_first_bytes() -> None:
    with pytest.raises(ValueError, match="checksum"):
        AwsFrames().feed(b"<html><body>")


def test_a_message_over_the_limit_is_refused_before_it_is_there() -> None:
    with pytest.raises(ValueError, match="larger than 64 bytes"):
        AwsFrames(limit=64).feed(event("x", {"a": "b" * 99})[:12])


def test_parts_that_never_become_an_event_are_refused() -> None:
    unframe = AwsFrames(limit=64)

    with pytest.raises(ValueError, match="larger than 64 bytes"):
        unframe.feed(part(b"x" * 9) * 9)


def _broken(head: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(head), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head
    return message + struct.pack(">I", crc32(message))


@pytest.mark.parametrize("head", [b"\x05ab", b"\x01a\x63", b"\x01a\x07\x00\x09x", b"\x01a\x07"])
def test_a_broken_header_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        AwsFrames().feed(_broken(head))


def test_lengths_that_contradict_each_other_are_refused() -> None:
    prelude = struct.pack(">II", 20, 99)

    with pytest.raises(ValueError, match="headers"):
        AwsFrames().feed(prelude + struct.pack(">I", crc32(prelude)))


@pytest.mark.parametrize(
    "payload", [b"{", b"{}", b"[]", b'{"bytes":"?"}', b'{"bytes":"e30"}', b"7"]
)
def test_a_chunk_that_holds_no_document_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="chunk"):
        AwsFrames().feed(frame(payload, event_type="chunk", message_type="event"))


# One document in a line


LINES = b'{"a":1}\r\n\n  {"b":"\xc3\xbc"}\n{"c":3}\n'


def test_each_line_is_an_event() -> None:
    assert JsonLines().feed(LINES) == (
        b'data: {"a":1}\n\ndata: {"b":"\xc3\xbc"}\n\ndata: {"c":3}\n\n'
    )


def test_every_cut_of_lines_gives_the_same_events() -> None:
    whole = JsonLines().feed(LINES)

    for at in range(len(LINES) + 1):
        unframe = JsonLines()
        assert unframe.feed(LINES[:at]) + unframe.feed(LINES[at:]) == whole
        assert unframe.close() == b""


def test_a_line_is_kept_until_it_ends_and_the_last_one_may_have_no_end() -> None:
    unframe = JsonLines()

    assert unframe.feed(b'{"a"') == b""
    assert unframe.feed(b":1}") == b""
    assert unframe.close() == b'data: {"a":1}\n\n'
    assert unframe.close() == b""


@pytest.mark.parametrize("reads", [(b"x" * 17,), (b"x" * 9, b"x" * 9), (b"x" * 17 + b"\n",)])
def test_a_line_over_the_limit_is_refused(reads: tuple[bytes, ...]) -> None:
    unframe = JsonLines(limit=16)

    with pytest.raises(ValueError, match="larger than 16 bytes"):
        _read(unframe, *reads)

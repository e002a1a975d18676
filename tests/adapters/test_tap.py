"""The facts of a stream are read from its bytes, which pass unchanged."""

from collections.abc import Iterable
from itertools import pairwise, takewhile

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialects import Wire
from adapters.dialects.anthropic.wire import WIRE as ANTHROPIC
from adapters.dialects.chat import WIRE as CHAT
from adapters.errors import Kind
from adapters.sse import Cutter, Event, events
from adapters.tap import Tap, merged, model_of
from adapters.types import Json, Receipt, Usage
from tests.adapters.samples import (
    BYE,
    DONE,
    END_TURN,
    ERROR,
    HELLO,
    HI,
    MESSAGE_STREAM,
    OVERLOADED,
    ROLE,
    STOP,
    STREAM,
    TEXT,
    THERE,
    USAGE,
    chunk,
    event,
    tokens,
)


def _seen(pieces: Iterable[bytes], wire: Wire = CHAT) -> tuple[bytes, Receipt, Tap]:
    receipt = Receipt()
    tap = Tap(wire, receipt, "acme")
    return b"".join(tap.see(piece) for piece in pieces), receipt, tap


SOLD = Usage(input=7, output=3)
TOLD: dict[str, tuple[bytes, ...]] = {  # the shapes that 14 providers' recorded streams come in
    "in a chunk of its own": STREAM,
    "on the last chunk with choices": (ROLE, HI, chunk({}, "stop", usage=tokens(7, 3)), DONE),
    "on every chunk, growing": (
        ROLE,
        chunk({"content": "Hi"}, usage=tokens(7, 1)),
        chunk({"content": " you"}, usage=tokens(7, 2)),
        chunk({}, "stop", usage=tokens(7, 3)),
        DONE,
    ),
    "in x_groq": (
        ROLE,
        HI,
        chunk({}, "stop", x_groq={"id": "r", "usage": tokens(7, 3)}),
        DONE,
    ),
    "null on all chunks but one": (
        chunk({"role": "assistant"}, usage=None),
        chunk({"content": "Hi"}, usage=None),
        chunk({}, "stop", usage=None),
        USAGE,
        DONE,
    ),
    "before the finish": (ROLE, HI, USAGE, STOP, DONE),
    "on the first chunk with content": (
        chunk({"content": "Hi"}, usage=tokens(7, 3)),
        STOP,
        DONE,
    ),
    "spaciously": (
        ROLE,
        HI,
        STOP,
        b'data: {"choices": [], "usage" : {"prompt_tokens": 7, "completion_tokens": 3}}\n\n',
        DONE,
    ),
    "twice, and the later counts": (ROLE, HI, chunk({}, "stop", usage=tokens(6, 2)), USAGE, DONE),
    "twice, at first with zeroes": (ROLE, HI, STOP, USAGE, event({"usage": tokens(0, 0)}), DONE),
}


@pytest.mark.parametrize("case", TOLD)
def test_usage_is_told(case: str) -> None:
    _, receipt, _ = _seen(TOLD[case])

    assert receipt.usage == SOLD
    assert receipt.finish
    assert receipt.complete


@pytest.mark.parametrize("case", TOLD)
def test_usage_is_told_in_a_single_read(case: str) -> None:
    whole = b"".join(TOLD[case])

    out, receipt, _ = _seen([whole])

    assert out == whole
    assert receipt.usage == SOLD


def test_anthropic_tells_usage_twice() -> None:
    out, receipt, _ = _seen(MESSAGE_STREAM, ANTHROPIC)

    assert out == b"".join(MESSAGE_STREAM)
    assert receipt == Receipt(SOLD, "claude-1", finish=True, complete=True)


def test_a_text_about_usage_is_none() -> None:
    tale = chunk({"content": '"usage": {"prompt_tokens": 99}'})

    _, receipt, _ = _seen([ROLE, HI, tale])

    assert receipt.usage == Usage()


FIRST = Usage(5, 1, 4, 3, 2)
LATER = {
    "the later word counts": (Usage(6, 9, 5, 4, 3), Usage(6, 9, 5, 4, 3)),
    "what it leaves out stays": (Usage(output=9), Usage(5, 9, 4, 3, 2)),
    "if it says nothing, all stays": (Usage(), FIRST),
}


@pytest.mark.parametrize("case", LATER)
def test_two_words_are_merged(case: str) -> None:
    told, expected = LATER[case]

    assert merged(FIRST, told) == expected


MODELS: dict[str, tuple[Json, str]] = {
    "a chunk": ({"model": "m-1"}, "m-1"),
    "Anthropic's greeting": ({"message": {"model": "claude-1"}}, "claude-1"),
    "Azure's first chunk": ({"model": ""}, ""),
    "no text": ({"model": 7}, ""),
    "a message that is no object": ({"message": "busy"}, ""),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize("case", MODELS)
def test_the_model_is_the_providers_word(case: str) -> None:
    document, expected = MODELS[case]

    assert model_of(document) == expected


def test_the_first_name_counts() -> None:
    anonymous = event({"id": "", "model": "", "choices": [], "prompt_filter_results": []})
    _, receipt, _ = _seen([anonymous, ROLE, chunk({"content": "x"}).replace(b"m-1", b"m-2")])

    assert receipt.model == "m-1"


def test_content_is_awaited() -> None:
    receipt = Receipt()
    tap = Tap(CHAT, receipt, "acme")

    tap.see(b": PROCESSING\n\n")
    tap.see(ROLE)
    before = tap.content
    tap.see(HI)

    assert (before, tap.content) == (False, True)


FINISHED = {
    "spoken to its end": (STREAM, True, True),
    "the end left out": ((ROLE, HI, STOP, USAGE), True, False),
    "cut off": ((ROLE, HI), False, False),
    "ended without a reason": ((ROLE, HI, DONE), False, True),
}


@pytest.mark.parametrize("case", FINISHED)
def test_finish_and_end_are_two_things(case: str) -> None:
    pieces, finish, complete = FINISHED[case]

    _, receipt, _ = _seen(pieces)

    assert (receipt.finish, receipt.complete) == (finish, complete)


ENDS = [
    b"data: [DONE]\n\n",
    b"data:[DONE]\n\n",
    b"data: [DONE]\r\n\r\n",
    b"data: [DONE]\r\r",
    b"event: done\ndata: [DONE]\n\n",
    b": bye\ndata: [DONE]\n\n",
]


@pytest.mark.parametrize("together", [True, False], ids=["one read", "two reads"])
@pytest.mark.parametrize("end", ENDS)
def test_the_end_is_recognised(end: bytes, *, together: bool) -> None:
    said = ROLE + HI + STOP
    if b"\r\r" in end:
        said = said.replace(b"\n", b"\r")

    out, receipt, _ = _seen([said + end] if together else [said, end])

    assert receipt.complete
    assert out == said + end


@pytest.mark.parametrize(
    "end",
    [BYE, BYE.replace(b": ", b":", 2), BYE.replace(b"\n", b"\r\n"), BYE.replace(b"\n", b"\r")],
)
def test_anthropics_end_is_recognised(end: bytes) -> None:
    _, receipt, _ = _seen([HELLO + TEXT + END_TURN, end], ANTHROPIC)

    assert receipt.complete


def test_a_text_about_the_end_is_none() -> None:
    tale = chunk({"content": "\ndata: [DONE]\n\nevent: message_stop"})

    out, receipt, _ = _seen([HI, tale, THERE])

    assert not receipt.complete
    assert out == HI + tale + THERE


@pytest.mark.parametrize("late", [HI, USAGE.replace(b"7", b"9"), ERROR, STOP, b": bye\n\n"])
@pytest.mark.parametrize("together", [True, False], ids=["one read", "two reads"])
def test_nothing_counts_after_the_end(late: bytes, *, together: bool) -> None:
    pieces = [HI + STOP + USAGE, DONE + late] if together else [HI + STOP + USAGE, DONE, late]

    out, receipt, tap = _seen(pieces)

    assert out == HI + STOP + USAGE + DONE
    assert receipt.usage == SOLD
    assert tap.failure is None


BROKEN_OFF: dict[str, tuple[Wire, bytes, bytes, Kind]] = {
    "OpenRouter": (
        CHAT,
        HI,
        event({"error": {"message": "Provider returned error", "code": 502}, "choices": []}),
        Kind.TRANSIENT,
    ),
    "Groq, with a name": (
        CHAT,
        HI,
        event({"error": {"message": "x", "code": "rate_limit_exceeded"}}, "error"),
        Kind.RATE_LIMIT,
    ),
    "a bare text": (CHAT, HI, b'data: {"error": "overloaded"}\n\n', Kind.TRANSIENT),
    "spaciously": (CHAT, HI, b'data: {"error" : {"message": "x"}}\n\n', Kind.TRANSIENT),
    "Anthropic": (ANTHROPIC, HELLO + TEXT, OVERLOADED, Kind.TRANSIENT),
}


@pytest.mark.parametrize("together", [True, False], ids=["one read", "two reads"])
@pytest.mark.parametrize("case", BROKEN_OFF)
def test_an_error_event_ends_what_counts(case: str, *, together: bool) -> None:
    wire, before, error, kind = BROKEN_OFF[case]
    reads = [before + error + before] if together else [before, error + before, before]

    out, receipt, tap = _seen(reads, wire)

    assert out == before
    assert tap.failure
    assert (tap.failure.kind, tap.failure.provider) == (kind, "acme")
    assert not receipt.complete


def test_usage_beside_an_error_is_owed_all_the_same() -> None:
    _, receipt, tap = _seen([HI, event({"error": {"message": "x"}, "usage": tokens(7, 3)})])

    assert tap.failure
    assert receipt.usage == SOLD


def test_an_error_before_the_end_is_an_error_all_the_same() -> None:
    out, receipt, tap = _seen([ROLE + HI, ERROR + DONE])

    assert out == ROLE + HI
    assert tap.failure
    assert not receipt.complete


NO_ERRORS = {
    "a text about one": chunk({"content": '{"error": {"message": "boom"}}'}),
    "arguments about one": chunk({"tool_calls": [{"function": {"arguments": '{"error":"x"}'}}]}),
    "null": event({"error": None, "choices": [{"delta": {"content": "x"}}]}),
    "one further down": event({"choices": [{"delta": {"content": "x", "error": {"a": 1}}}]}),
    "one in quotes": chunk({"content": '"error": "'}),
}


@pytest.mark.parametrize("case", NO_ERRORS)
def test_no_error_is_seen_in(case: str) -> None:
    for pieces in ([HI, NO_ERRORS[case]], [NO_ERRORS[case], HI]):
        out, _, tap = _seen(pieces)

        assert tap.failure is None
        assert out == b"".join(pieces)


@pytest.mark.parametrize("together", [False, True], ids=["read by read", "in one read"])
@pytest.mark.parametrize(
    ("sound", "unreadable"),
    [
        (b"", b"data: {not json\n\n"),
        (ROLE, b'data: {"choices": [\n\n'),
        (HI + THERE, b'data: {"usage": {"prompt_tokens": \n\n'),
    ],
)
def test_an_event_that_must_be_read_and_cannot_be_ends_what_counts(
    sound: bytes, unreadable: bytes, together: bool
) -> None:
    pieces = [sound, unreadable, HI]

    out, _, tap = _seen([b"".join(pieces)] if together else [piece for piece in pieces if piece])

    assert out == sound
    assert tap.failure
    assert tap.failure.kind is Kind.BROKEN


_ANY = st.lists(
    st.sampled_from([ROLE, HI, THERE, STOP, USAGE, DONE, ERROR, b": ping\n\n", *TOLD["in x_groq"]]),
    max_size=8,
)


@given(_ANY, st.lists(st.integers(0, 900), max_size=9))
def test_any_cut_tells_the_same_facts(pieces: list[bytes], places: list[int]) -> None:
    whole = b"".join(pieces)
    cutter = Cutter()
    edges = sorted({0, *(place for place in places if place < len(whole)), len(whole)})
    cut = [cutter.feed(whole[a:b]) for a, b in pairwise(edges)]

    out, receipt, tap = _seen(piece for piece in cut if piece)

    expected, told, one_by_one = _seen(pieces)
    assert (out, receipt) == (expected, told)
    assert (tap.failure is None) is (one_by_one.failure is None)


def _heard(tap: Tap, read: bytes) -> list[Event]:
    return list(takewhile(lambda event: tap.note(event, read), tap.hear(read)))


@given(_ANY, st.booleans())
def test_what_is_heard_is_what_is_seen(pieces: list[bytes], together: bool) -> None:
    reads = [b"".join(pieces)] if together and pieces else pieces
    receipt = Receipt()
    tap = Tap(CHAT, receipt, "acme")

    heard = [event for read in reads for event in _heard(tap, read)]

    seen, expected, seeing = _seen(reads)
    assert heard == events(seen)
    assert receipt == expected
    assert (tap.content, tap.failure is None) == (seeing.content, seeing.failure is None)
    documents = [orjson.loads(event.data) for event in heard if event.data != b"[DONE]"]
    assert [event.document for event in heard if event.data != b"[DONE]"] == documents


def test_what_is_heard_ends_before_what_cannot_be_read() -> None:
    receipt = Receipt()
    tap = Tap(CHAT, receipt, "acme")

    heard = _heard(tap, HI + b"data: {not json\n\n" + STOP + DONE)

    assert heard == events(HI)
    assert tap.failure
    assert tap.failure.kind is Kind.BROKEN
    assert not receipt.finish
    assert not receipt.complete

"""Events come out the same however the network cut the bytes."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sse import Cutter, Event, encode, events, frames
from tests.decoder import Decoder

BOM = b"\xef\xbb\xbf"

_LINES = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data:  two spaces",
        b"data",
        b'data: {"text": "gr\xc3\xbc\xc3\x9f dich"}',
        b": a comment",
        b":",
        b"event: named",
        b"id: 7",
        b"retry: 10",
        b"unknown: field",
        b"no colon",
        b"",
        b"",
    ]
)
_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
_RAW = st.lists(st.tuples(_LINES, _ENDS), max_size=25).map(
    lambda lines: b"".join(line + end for line, end in lines)
)
_STREAMS = st.tuples(st.sampled_from([b"", BOM]), _RAW).map(b"".join)
_TALK = st.tuples(_STREAMS, st.sampled_from([b"", b"data: an unfinished"])).map(b"".join)


@st.composite
def _cut(draw: st.DrawFn, streams: st.SearchStrategy[bytes] = _TALK) -> tuple[bytes, list[bytes]]:
    """A stream and reads of it. None is empty: that would mean the end."""
    whole = draw(streams)
    places = draw(st.lists(st.integers(0, len(whole)), max_size=12))
    edges = sorted({0, *places, len(whole)})
    return whole, [whole[a:b] for a, b in pairwise(edges)]


def _by_the_book(stream: bytes) -> list[Event]:
    """The standard's own algorithm, line by line; what is unfinished counts too."""
    found: list[Event] = []
    data: list[bytes] = []
    name = b""
    for line in [*re.split(b"\r\n|\r|\n", stream.removeprefix(BOM)), b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                found.append(Event(b"\n".join(data), name.decode()))
            data, name = [], b""
        elif field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return found


@given(_cut())
def test_any_cut_gives_the_events_that_the_standard_gives(cut: tuple[bytes, list[bytes]]) -> None:
    whole, reads = cut
    decoder = Decoder()

    found = [event for read in reads for event in decoder.feed(read)] + decoder.close()

    assert found == _by_the_book(whole)


@given(_TALK)
def test_one_byte_at_a_time_is_a_cut_like_any_other(whole: bytes) -> None:
    decoder = Decoder()

    found = [event for byte in whole for event in decoder.feed(bytes([byte]))] + decoder.close()

    assert found == _by_the_book(whole)


@given(_cut())
def test_a_cutter_neither_adds_nor_loses_a_byte(cut: tuple[bytes, list[bytes]]) -> None:
    whole, reads = cut
    cutter = Cutter()

    passed = b"".join(cutter.feed(read) for read in reads)

    assert passed + cutter.rest == whole


@given(_cut())
def test_what_a_cutter_lets_through_ends_where_an_event_ends(
    cut: tuple[bytes, list[bytes]],
) -> None:
    cutter = Cutter()

    for read in cut[1]:
        if passed := cutter.feed(read):
            assert re.search(rb"(\r\n|\r|\n)(\r\n|\r|\n)\Z", passed) or passed == b"\n"


@given(_cut(_STREAMS))
def test_what_a_cutter_keeps_holds_no_whole_event(cut: tuple[bytes, list[bytes]]) -> None:
    cutter = Cutter()

    for read in cut[1]:
        cutter.feed(read)
        kept = re.sub(rb"\r\n|\r", b"\n", cutter.rest.lstrip(b"\r\n"))

        assert b"\n\n" not in kept


@given(_TALK)
def test_frames_are_the_same_bytes(whole: bytes) -> None:
    assert b"".join(frames(whole)) == whole


@given(_RAW)
def test_frames_hold_the_same_events_one_each(whole: bytes) -> None:
    found = [events(frame) for frame in frames(whole)]

    assert all(len(each) <= 1 for each in found)
    assert [event for each in found for event in each] == events(whole)


_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r"))
_NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), max_size=9)


@given(_TEXT.map(str.encode), _NAMES)
def test_what_is_encoded_is_decoded(data: bytes, name: str) -> None:
    event = Event(data, name)

    assert Decoder().feed(encode(event)) == [event]
    assert events(encode(event)) == [event]


SPELLINGS = {
    "one space after the colon is dropped": (b"data: a\n\n", [Event(b"a")]),
    "only one is": (b"data:  a\n\n", [Event(b" a")]),
    "none is needed": (b"data:a\n\n", [Event(b"a")]),
    "lines of data are joined": (b"data: a\ndata:\ndata: b\n\n", [Event(b"a\n\nb")]),
    "a field without a colon is empty": (b"data\n\n", [Event(b"")]),
    "a name without data is no event": (b"event: ping\n\n", []),
    "a comment is no event": (b": OPENROUTER PROCESSING\n\n", []),
    "a comment beside data is dropped": (b": x\ndata: a\n: y\n\n", [Event(b"a")]),
    "id and retry say nothing to us": (b"id: 1\nretry: 5\ndata: a\n\n", [Event(b"a")]),
    "the last name counts": (b"event: x\nevent: y\ndata: a\n\n", [Event(b"a", "y")]),
    "a name lasts for one event": (
        b"event: x\ndata: a\n\ndata: b\n\n",
        [Event(b"a", "x"), Event(b"b")],
    ),
    "a byte order mark is skipped": (BOM + b"data: a\n\n", [Event(b"a")]),
    "carriage returns end lines": (b"data: a\r\rdata: b\r\r", [Event(b"a"), Event(b"b")]),
    "both together end one": (
        b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
        [Event(b"a\nb"), Event(b"c")],
    ),
    "ends may be mixed": (
        b"data: a\r\n\ndata: b\n\rdata: c\n\n",
        [*map(Event, (b"a", b"b", b"c"))],
    ),
    "other line ends of Unicode are text": (
        "data: a\u2028b\x85\x0b\n\n".encode(),
        [Event("a\u2028b\x85\x0b".encode())],
    ),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_spelling(case: str) -> None:
    stream, expected = SPELLINGS[case]

    assert events(stream) == expected
    assert Decoder().feed(stream) == expected


def test_an_end_without_a_blank_line_is_no_reason_to_lose_an_event() -> None:
    decoder = Decoder()

    assert decoder.feed(b"data: a\n\ndata: b") == [Event(b"a")]
    assert decoder.close() == [Event(b"b")]


@pytest.mark.parametrize("read_bytes", [1, 7, 64])
def test_an_event_that_grows_over_the_limit_is_refused(read_bytes: int) -> None:
    cutter = Cutter(limit=64)
    for _ in range(64 // read_bytes):
        assert cutter.feed(b"x" * read_bytes) == b""

    with pytest.raises(ValueError, match="larger than 64 bytes"):
        cutter.feed(b"x" * read_bytes)


def test_the_limit_is_for_one_event_not_for_the_stream() -> None:
    cutter = Cutter(limit=64)
    stream = b"data: 0123456789012345678901234567890123456789\n\n" * 50

    passed = b"".join(cutter.feed(stream[at : at + 10]) for at in range(0, len(stream), 10))

    assert passed == stream


class _Counted(bytes):
    """A read that knows how much has been copied when it was put behind something."""

    copied = 0

    def __radd__(self, left: bytes) -> bytes:
        type(self).copied += len(left) + len(self)
        return left + bytes(self)


def test_a_huge_event_costs_no_more_than_its_size() -> None:
    class Read(_Counted):
        pass

    reads = [Read(b"data: " + b"x" * 1018), *(Read(b"x" * 1024) for _ in range(8 * 1024 - 1))]
    decoder = Decoder()

    found = [event for read in reads for event in decoder.feed(read)]
    found += decoder.feed(Read(b"\n\n"))

    assert len(found[0].data) == 8 * 2**20 - 6
    assert 0 < Read.copied < 4 * 8 * 2**20  # once through is 1; each time anew would be 4096


def test_nothing_is_copied_while_every_read_ends_with_an_event() -> None:
    cutter = Cutter()
    read = b"data: a\n\ndata: b\n\n"

    assert cutter.feed(read) is read


def test_a_subclass_of_bytes_counts_its_copies() -> None:
    """What the test of huge events stands on."""

    class Read(_Counted):
        pass

    joined = b"12" + Read(b"345")

    assert (joined, Read.copied) == (b"12345", 5)

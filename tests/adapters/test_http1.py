"""Plain answers: what counts as one, and that they are read as a whole parser reads them."""

import asyncio
from itertools import pairwise

import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpResponseParser
from aiohttp.http_exceptions import HttpProcessingError
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.http1 import Chunked, Counted, Odd, plain, unfinished

OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"content-type: application/json\r\n"
CHUNKS = b"5;name=x\r\nhello\r\n1\r\n \r\nA \r\nworldworld\r\n0\r\nx-trailer: y\r\n\r\n"


def test_a_head_is_read_by_its_names_in_lower_case() -> None:
    whole = OK + b"Content-Length: 3\r\nX-Name:\t two words \r\nx-empty:\r\n\r\nabc"
    head = plain(whole)

    assert head
    assert head.status == 200
    assert head.headers == {"content-length": "3", "x-name": "two words", "x-empty": ""}
    assert head.size == len(whole) - len(b"abc")
    assert isinstance(head.body, Counted)
    assert not head.last


def test_bytes_beyond_ascii_in_a_header_come_back_as_they_were() -> None:
    head = plain(OK + b"x-name: gr\xc3\xbc\xff\r\ncontent-length: 0\r\n\r\n")

    assert head
    assert head.headers["x-name"].encode("latin-1") == b"gr\xc3\xbc\xff"


@pytest.mark.parametrize("said", [b"close", b"Close", b"keep-alive, close"])
def test_a_connection_may_be_said_to_end(said: bytes) -> None:
    head = plain(OK + b"content-length: 0\r\nconnection: " + said + b"\r\n\r\n")

    assert head
    assert head.last


NOT_PLAIN = {
    "not all there": OK + JSON,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "another protocol": b"SSH-2.0-x\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",
    "no body by its status": b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    "until the end of the connection": OK + JSON + b"\r\n",
    "compressed": OK + b"content-length: 3\r\ncontent-encoding: gzip\r\n\r\n",
    "length and chunks": OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
    "two lengths": OK + b"content-length: 3\r\nContent-Length: 3\r\n\r\n",
    "two encodings": OK + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
    "two codings": OK + b"transfer-encoding: gzip, chunked\r\n\r\n",
    "a list of lengths": OK + b"content-length: 3, 3\r\n\r\n",
    "a signed length": OK + b"content-length: +3\r\n\r\n",
    "a length of other digits": OK + "content-length: ٣\r\n\r\n".encode(),
    "a folded line": OK + b"x-name: a\r\n b\r\ncontent-length: 0\r\n\r\n",
    "a blank before the colon": OK + b"content-length : 3\r\n\r\n",
    "a bare line feed": OK + b"x-name: a\ncontent-length: 0\r\n\r\n",
    "a bare carriage return": OK + b"x-name: a\rb\r\ncontent-length: 0\r\n\r\n",
    "a null": OK + b"x-name: a\0b\r\ncontent-length: 0\r\n\r\n",
    "a line without a colon": OK + b"nonsense\r\ncontent-length: 0\r\n\r\n",
    "a line without a name": OK + b": x\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_what_is_unusual_is_left_to_a_whole_parser(case: str) -> None:
    assert plain(NOT_PLAIN[case]) is None


@pytest.mark.parametrize(
    ("data", "may_be"),
    [
        (b"", True),
        (b"HTT", True),
        (OK + b"content-le", True),
        (b"HTTP/1.0 200", False),
        (b"\r\nHTTP/1.1", False),
        (OK + b"\r\n", False),
        (b"HTTP/1.1 200 OK\nx: y\n\n", False),
    ],
)
def test_only_what_may_become_a_plain_head_is_waited_for(data: bytes, may_be: bool) -> None:
    assert unfinished(data) is may_be


@given(cuts=st.lists(st.integers(0, len(CHUNKS)), max_size=len(CHUNKS)))
@settings(max_examples=200)
def test_chunks_may_come_in_any_pieces(cuts: list[int]) -> None:
    body, edges = Chunked(), [0, *sorted(cuts), len(CHUNKS)]
    told = [body.feed(CHUNKS[a:b]) for a, b in pairwise(edges)]

    assert b"".join(told) == b"hello worldworld"
    assert body.ended
    assert not body.surplus


def test_a_chunk_is_passed_on_before_its_end() -> None:
    body = Chunked()

    assert body.feed(b"100\r\nabc") == b"abc"
    assert body.feed(b"def") == b"def"
    assert not body.ended


@pytest.mark.parametrize(
    "data",
    [
        b"x\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\n",
        b"\r\n5\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello!!\r\n",
        b"5\r\nhello\n",
        b"5;" + b"x" * 20_000,
        b"0\r\n" + b"x: y\r\n" * 4_000,
        b"1" * 20 + b"\r\n",
    ],
)
def test_chunks_that_are_none_are_odd(data: bytes) -> None:
    with pytest.raises(Odd):
        Chunked().feed(data)


@pytest.mark.parametrize(
    ("body", "own"), [(Counted(5), b"hello"), (Chunked(), b"5\r\nhello\r\n0\r\n\r\n")]
)
def test_what_comes_after_the_end_is_noticed(body: Counted | Chunked, own: bytes) -> None:
    assert body.feed(own + b"HTTP/1.1 200 OK") == b"hello"
    assert body.ended
    assert body.surplus


def test_a_body_without_bytes_has_ended_before_it_begins() -> None:
    assert Counted(0).ended


PIECES = [
    *(OK, b"HTTP/1.1 ", b"404 Not Found\r\n", b"content-length: 3\r\n", b"Content-Length:0\r\n"),
    *(b"transfer-encoding: chunked\r\n", b"transfer-encoding:CHUNKED \r\n", b"x-a: b\r\n", b"\r\n"),
    *(
        b"\n",
        b" ",
        b":",
        b"\t",
        b"\0",
        b"3",
        b"abc",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"close",
        b"\xff",
    ),
    *(b"connection: ", b"5;x\r\nhello\r\n", b"\x0b", b"content-length"),
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
@settings(max_examples=1_500, deadline=None)
def test_what_is_plain_means_the_same_to_aiohttp(pieces: list[bytes]) -> None:
    data = OK + b"".join(pieces)
    head = plain(data)
    if head is None:
        return
    try:
        told = head.body.feed(data[head.size :])
    except Odd:
        return  # to be stricter is no danger
    if head.body.surplus:
        data = data[: data.index(b"\r\n\r\n") + 4] + (_own(head.body, told))

    theirs = asyncio.run(_as_aiohttp_reads(data))
    if theirs:
        assert theirs == (head.status, told, head.body.ended)
    else:  # it is wrong, which they see at its first byte and we at the end of its line
        assert not head.body.ended


def _own(body: Counted | Chunked, told: bytes) -> bytes:
    """The body again, without what came after it."""
    if isinstance(body, Counted):
        return told
    chunk = b"%x\r\n%b\r\n" % (len(told), told) if told else b""
    return chunk + b"0\r\n\r\n"


async def _as_aiohttp_reads(data: bytes) -> tuple[int, bytes, bool] | None:
    loop = asyncio.get_running_loop()
    parser = HttpResponseParser(ResponseHandler(loop), loop, 2**16, read_until_eof=True)
    try:
        [(message, content)], _, _ = parser.feed_data(data)
    except HttpProcessingError:
        return None
    return message.code, content.read_nowait(), content.is_eof()

"""What is plain, and that h11 reads it as the same. What else there is, h11 reads alone."""

from dataclasses import dataclass

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.http1.head import CHUNKED, Headers, plain, told

POST = b"POST /v1/it?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Read:
    """Everything that a server takes out of the bytes of a request."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    ended: bool
    rest: bytes
    kept: bool
    unusual: object = None


def by_us(data: bytes) -> Read | None:
    asked = plain(data)
    if asked is None:
        return None
    end = asked.size + asked.length
    body = data[asked.size : end]
    return Read(
        asked.method.encode(),
        asked.target,
        asked.headers,
        body,
        len(body) == asked.length,
        data[end:],
        asked.kept,
    )


def by_h11(data: bytes) -> Read | None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    connection.receive_data(data)
    try:
        request = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    if not isinstance(request, h11.Request):
        return None
    waiting = connection.they_are_waiting_for_100_continue
    pieces = []
    while isinstance(event := connection.next_event(), h11.Data):
        pieces.append(bytes(event.data))
    return Read(
        request.method,
        request.target,
        list(request.headers),
        b"".join(pieces),
        isinstance(event, h11.EndOfMessage),
        connection.trailing_data[0],
        connection.their_state is not h11.MUST_CLOSE if event is not h11.NEED_DATA else kept(data),
        waiting or connection.their_state is h11.MIGHT_SWITCH_PROTOCOL or None,
    )


def kept(data: bytes) -> bool:
    """What h11 makes of `connection` where the body has not come to its end."""
    head, _, _ = data.partition(b"\r\n\r\n")
    read = by_h11(head.replace(b"ontent-", b"other-") + b"\r\n\r\n")
    assert read
    return read.kept


# --- what is plain ----------------------------------------------------------------------------

PLAIN = {
    "a document": POST,
    "no body": b"GET / HTTP/1.1\r\nhost: h\r\n\r\n",
    "half a body": POST[:-2],
    "nothing of its body": POST[:-5],
    "two at once": POST + POST,
    "one and a half": POST + POST[:20],
    "a long one": b"GET / HTTP/1.1\r\nhost: h\r\nx: " + b"y" * 16_000 + b"\r\n\r\n",
    "no blank after the colon": b"GET / HTTP/1.1\r\nhost:h\r\n\r\n",
    "many blanks": b"GET / HTTP/1.1\r\nhost: \t h\r\nx: a \t b\r\n\r\n",
    "nothing in a header": b"GET / HTTP/1.1\r\nhost:\r\nx:  \r\n\r\n",
    "colons": b"GET / HTTP/1.1\r\nhost: h:80\r\nx: :a:\r\n\r\n",
    "a fragment": b"GET /a#b?c HTTP/1.1\r\nhost: h\r\n\r\n",
    "two slashes": b"GET //a/../b%2f%0d%0a HTTP/1.1\r\nhost: h\r\n\r\n",
    "kept": b"GET / HTTP/1.1\r\nhost: h\r\nConnection: Keep-Alive\r\n\r\n",
    "not kept": b"GET / HTTP/1.1\r\nhost: h\r\nCONNECTION: Close\r\n\r\n",
    "zeros": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 000\r\n\r\n",
    "more zeros": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0005\r\n\r\nhellohello",
    "HEAD with a body": POST.replace(b"POST", b"HEAD"),
    "what looks like a length": POST.replace(b"Host: h", b"Host: h\r\ncontent_length: 9"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_plain_is_read_as_h11_reads_it(name: str) -> None:
    data = PLAIN[name]

    assert by_us(data) is not None
    assert by_us(data) == by_h11(data)


def line(*lines: bytes, method: bytes = b"POST") -> bytes:
    return method + b" / HTTP/1.1\r\nhost: h\r\n" + b"".join(lines) + b"\r\n"


UNUSUAL = {
    "nothing": b"",
    "not all of it": POST[:30],
    "all but its last byte": b"GET / HTTP/1.1\r\nhost: h\r\n\r",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.0": POST.replace(b"/1.1", b"/1.0"),
    "HTTP/1.2": POST.replace(b"/1.1", b"/1.2"),
    "HTTP/1.10": POST.replace(b"/1.1", b"/1.10"),
    "http/1.1": POST.replace(b"HTTP", b"http"),
    "an empty line before it": b"\r\n" + POST,
    "a blank before it": b" " + POST,
    "two blanks": POST.replace(b"POST ", b"POST  "),
    "a tab": POST.replace(b"POST ", b"POST\t"),
    "a blank after it": POST.replace(b"/1.1\r\n", b"/1.1 \r\n"),
    "no version": POST.replace(b" HTTP/1.1", b""),
    "a method of its own": POST.replace(b"POST", b"BREW"),
    "a small method": POST.replace(b"POST", b"post"),
    "CONNECT": POST.replace(b"POST /v1/it?x=1", b"CONNECT h:443"),
    "CONNECT to a path": POST.replace(b"POST", b"CONNECT"),
    "a whole address": POST.replace(b"/v1", b"http://h/v1"),
    "a star": POST.replace(b"POST /v1/it?x=1", b"OPTIONS *"),
    "no target": POST.replace(b"/v1/it?x=1", b""),
    "a blank in the target": POST.replace(b"/v1", b"/ v1"),
    "NUL in the target": POST.replace(b"/v1", b"/\x00"),
    "a high byte in the target": POST.replace(b"/v1", b"/\xc3\xa9"),
    "no header": b"GET / HTTP/1.1\r\n\r\n",
    "no host": POST.replace(b"Host: h\r\n", b""),
    "two hosts": line(b"Host: h\r\n"),
    "bare line feeds": POST.replace(b"\r\n", b"\n"),
    "a bare line feed": POST.replace(b"h\r\n", b"h\n"),
    "a bare line feed at the end": POST.replace(b"\r\n\r\n", b"\r\n\n"),
    "a bare carriage return": POST.replace(b"h\r\n", b"h\rx: y\r\n"),
    "a folded line": line(b"x: a\r\n b\r\n"),
    "a folded line at the start": b"GET / HTTP/1.1\r\n x: y\r\nhost: h\r\n\r\n",
    "a folded length": line(b"content-length:\r\n 5\r\n") + b"hello",
    "a blank before the colon": line(b"content-length : 5\r\n") + b"hello",
    "a blank before the name": line(b" content-length: 5\r\n") + b"hello",
    "no name": line(b": x\r\n"),
    "no colon": line(b"content-length\r\n"),
    "a name with brackets": line(b"x[]: y\r\n"),
    "a high byte in a name": line(b"x\xff: y\r\n"),
    "a high byte in a value": line(b"x: \xc3\xa9\r\n"),
    "NUL in a value": line(b"x: a\x00b\r\n"),
    "a control character": line(b"x: a\x01b\r\n"),
    "a vertical tab": line(b"x: \x0bb\r\n"),
    "DEL": line(b"x: a\x7f\r\n"),
    "the same twice": line(b"x: a\r\nX: b\r\n"),
    "two lengths": line(b"content-length: 5\r\ncontent-length: 6\r\n") + b"hello!",
    "the same length twice": line(b"content-length: 5\r\ncontent-length: 5\r\n") + b"hello",
    "a list of lengths": line(b"content-length: 5, 5\r\n") + b"hello",
    "a length with a sign": line(b"content-length: +5\r\n") + b"hello",
    "less than nothing": line(b"content-length: -5\r\n") + b"hello",
    "a length in hex": line(b"content-length: 0x5\r\n") + b"hello",
    "a length with a bar": line(b"content-length: 1_0\r\n") + b"hellohello",
    "no length": line(b"content-length:\r\n"),
    "an endless length": line(b"content-length: 0000000000005\r\n") + b"hello",
    "chunks": line(b"transfer-encoding: chunked\r\n") + b"0\r\n\r\n",
    "chunks and a length": line(b"content-length: 5\r\ntransfer-encoding: chunked\r\n"),
    "odd chunks": line(b"transfer-encoding: xchunked\r\n"),
    "a small expectation": line(b"expect: 100-continue\r\ncontent-length: 5\r\n"),
    "another protocol": line(b"connection: upgrade\r\nupgrade: h2c\r\n", method=b"GET"),
    "an upgrade without more": line(b"upgrade: websocket\r\n", method=b"GET"),
    "several connections": line(b"connection: keep-alive, close\r\n"),
    "another connection": line(b"connection: te\r\n"),
    "too long": b"GET / HTTP/1.1\r\nhost: h\r\nx: " + b"y" * 16_384 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_whatever_is_unusual_is_left_to_h11(name: str) -> None:
    assert by_us(UNUSUAL[name]) is None


@pytest.mark.parametrize("blanks", [b" " * 16_000, b"a " * 8_000, b" \t" * 8_000])
def test_blanks_without_end_cost_no_more_than_others(blanks: bytes) -> None:
    assert by_us(line(b"x:" + blanks + b"\x01\r\n")) is None


# --- whatever may come ------------------------------------------------------------------------

ODD = [bytes([byte]) for byte in range(256)] + [b"\r\n", b"\r\n ", b"\n\n", b"\r\n\r\n", b"\r\r\n"]
STARTS = [b"GET / HTTP/1.1", b"POST /v1 HTTP/1.1", b"HEAD /?a=b HTTP/1.1", b"OPTIONS * HTTP/1.1"]
NAMES = [
    *(b"host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Expect"),
    *(b"x", b"Accept", b"content_length", b"TE", b"content-length ", b"HTTP2-Settings"),
]
VALUES = [
    *(b"0", b"5", b"05", b"5, 5", b"+5", b"5;", b"chunked", b"close", b"keep-alive", b"h2c"),
    *(b"100-continue", b"h", b"", b"a b", b"\xc3\xa9", b"close, keep-alive", b"upgrade"),
]
some_line = some.builds(
    lambda *parts: b"".join(parts),
    some.sampled_from(NAMES),
    some.sampled_from([b":", b": ", b":\t", b" : "]),
    some.sampled_from(VALUES),
    some.sampled_from([b"", b"", b"", b" ", b"\t"]),
)
some_end = some.sampled_from([*[b"\r\n"] * 12, b"\n", b"\r", b"\r\n "])
some_head = some.builds(
    lambda start, lines, end: start + b"\r\nhost: h\r\n" + b"".join(lines) + end,
    some.sampled_from(STARTS),
    some.lists(some.builds(bytes.__add__, some_line, some_end), max_size=5),
    some.sampled_from([*[b"\r\n"] * 8, b"\n", b""]),
)


@some.composite
def bent(draw: some.DrawFn) -> bytes:
    """A request and what follows it, in which some bytes have been exchanged, taken or added."""
    data = draw(some_head) + draw(some.sampled_from([b"", b"hello", b"0\r\n\r\n", POST]))
    for _ in range(draw(some.integers(0, 3))):
        at = draw(some.integers(0, len(data)))
        gone = draw(some.integers(0, 1))
        data = data[:at] + draw(some.sampled_from([b"", *ODD])) + data[at + gone :]
    return data


@settings(max_examples=400)
@given(bent())
def test_nothing_is_taken_that_h11_refuses_or_reads_otherwise(data: bytes) -> None:
    ours = by_us(data)

    assert ours is None or ours == by_h11(data)


# --- heads of answers -------------------------------------------------------------------------


def answer_of_h11(method: bytes, status: int, headers: Headers, *, close: bool) -> bytes:
    connection = h11.Connection(h11.SERVER)
    asked = b" / HTTP/1.1\r\nhost: h\r\n" + (b"connection: close\r\n" if close else b"")
    connection.receive_data(method + asked + b"\r\n")
    connection.next_event()
    connection.next_event()
    return connection.send(h11.Response(status_code=status, headers=headers)) or b""


def as_client(method: bytes, data: bytes) -> tuple[int, Headers]:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    return response.status_code, sorted(h for h in response.headers if h[0] != b"date")


@pytest.mark.parametrize("close", [False, True], ids=["kept", "closed"])
@pytest.mark.parametrize("status", [200, 204, 304, 404, 503])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-one", b"1"), (b"X-Two", b"\xc3\xa9 \t,"), (b"x-three", b"")],
        [(b"content-length", b"0")],
        [(b"Content-Length", b"5"), (b"set-cookie", b"a"), (b"set-cookie", b"b")],
        [(b"connection", b"close")],
    ],
    ids=["none", "some", "empty", "length", "close"],
)
def test_heads_of_answers_say_what_h11_would_say(
    method: bytes, status: int, headers: Headers, close: bool
) -> None:
    ours = told(status, headers, kept=not close)

    theirs = answer_of_h11(method, status, headers, close=close)
    assert as_client(method, ours.data) == as_client(method, theirs)
    assert ours.kept == (b"connection: close" not in theirs.lower())
    assert (ours.length == CHUNKED) == (b"content-length" not in theirs.lower())


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"a\r\nset-cookie: b")],
        [(b"x", b"a\nb")],
        [(b"x", b"a\0")],
        [(b"x", b"\r\n")],
        [(b"x y", b"a")],
        [(b"x: a\r\ny", b"b")],
        [(b"", b"a")],
        [(b":status", b"200")],
        [(b"content-length", b"5"), (b"Content-Length", b"6")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"")],
        [(b"transfer-encoding", b"chunked")],
    ],
)
def test_a_head_that_is_none_is_not_made(headers: Headers) -> None:
    with pytest.raises(ValueError, match=r"header|answer"):
        told(200, headers, kept=True)


@pytest.mark.parametrize("status", [0, 99, 101, 1000])
def test_nor_is_one_of_a_status_that_is_none(status: int) -> None:
    with pytest.raises(ValueError, match="status"):
        told(status, [], kept=True)


def test_heads_say_when() -> None:
    assert b"\r\ndate: " in told(200, [], kept=True).data

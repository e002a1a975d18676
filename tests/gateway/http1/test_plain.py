"""Connections, plain ones and those that Hypercorn serves: both keep the same rules."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypercorn.config import Config

from gateway.connections import serve_connections
from gateway.http1 import plain as ways
from gateway.http1.plain import Plain, Serving
from gateway.server import listen
from gateway.workers.accepting import Seat, Seats
from tests.e2e.process import until
from tests.e2e.raw import Raw, connected

App = Callable[[Any, Any, Any], Awaitable[None]]

GET = b"GET /it HTTP/1.1\r\nhost: h\r\n\r\n"
POST = b"POST /it HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello"
CHUNKS = (
    b"POST /it HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
)


@pytest.fixture(params=["plain", "hypercorn"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By which way all requests of a test go."""
    if request.param == "hypercorn":
        monkeypatch.setattr(ways, "plain", lambda _: None)
    return str(request.param)


@dataclass
class Served:
    port: int
    closing: asyncio.Event
    over: "asyncio.Task[None]"


@asynccontextmanager
async def served(
    app: App, drain_s: float = 5.0, seat: Seat | None = None, **settings: float
) -> AsyncIterator[Served]:
    config = Config()
    config.include_server_header = False
    config.errorlog = None
    for name, value in settings.items():
        setattr(config, name, value)
    sock = listen("127.0.0.1", 0)
    port, closing = sock.getsockname()[1], asyncio.Event()
    over = asyncio.create_task(serve_connections(app, sock, config, closing, drain_s, seat))
    yield Served(port, closing, over)
    closing.set()
    await asyncio.wait_for(over, 10)
    sock.close()


async def start(send: Any, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def put(send: Any, body: bytes, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def whole(receive: Any) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            return body
    raise AssertionError("the client has left")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says what was asked, as a document or, asked for `/stream`, letter by letter."""
    said = scope["path"].encode() + b" " + await whole(receive)
    if scope["path"] == "/stream":
        await start(send)
        for letter in said:
            await put(send, bytes([letter]), more=True)
        await put(send, b"")
    else:
        await start(send, (b"content-length", b"%d" % len(said)))
        await put(send, said)


async def deaf(scope: Any, receive: Any, send: Any) -> None:
    """Answers before it has heard anything, at length."""
    await start(send, (b"content-length", b"9"))
    await put(send, b"no, thanks")


# --- requests and answers ---------------------------------------------------------------------


@pytest.mark.parametrize("path", [b"/it", b"/stream"])
async def test_requests_are_answered_on_one_connection(way: str, path: bytes) -> None:
    async with served(echo) as there, connected(there.port) as client:
        for _ in range(3):
            await client.send(POST.replace(b"/it", path))
            answer = await client.whole()

            assert (answer.status, answer.body, answer.clean) == (200, path + b" hello", True)


async def test_an_app_is_told_the_same_by_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append(scope)
        await echo(scope, receive, send)

    asked = b"POST /a%20b/c?d=%20e HTTP/1.1\r\nHost: h\r\nX-One:  1 2\r\nContent-Length: 5\r\n\r\n"
    async with served(app) as there:
        for _ in range(2):
            async with connected(there.port) as client:
                await client.send(asked + b"hello")
                await client.whole()
            monkeypatch.setattr(ways, "plain", lambda _: None)
    for scope in told:
        assert scope.pop("client")[0] == "127.0.0.1"

    assert told[0] == told[1]


async def test_requests_that_come_at_once_are_answered_in_order(way: str) -> None:
    asked = [POST.replace(b"/it", b"/%d" % number) for number in range(5)]
    async with served(echo) as there, connected(there.port) as client:
        await client.send(b"".join(asked))
        bodies = [(await client.whole()).body for _ in asked]

    assert bodies == [b"/%d hello" % number for number in range(5)]


async def test_requests_may_come_in_pieces(way: str) -> None:
    async with served(echo) as there, connected(there.port) as client:
        for byte in POST + POST:
            await client.send(bytes([byte]))
            await asyncio.sleep(0)
        bodies = [(await client.whole()).body for _ in range(2)]

    assert bodies == [b"/it hello"] * 2


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
async def test_bodies_of_any_size_arrive_whole(way: str, size: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = await whole(receive)
        await start(send, (b"x-size", b"%d" % len(body)))
        await put(send, body[-10:])

    async with served(app) as there, connected(there.port) as client:
        head = POST.replace(b": 5", b": %d" % (size + 4))[:-5]
        await client.send(head + b"x" * size + b"over" + GET)
        answers = [await client.whole(), await client.whole()]

    assert [int(each.headers["x-size"]) for each in answers] == [size + 4, 0]
    assert answers[0].body.endswith(b"over")


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
async def test_some_answers_have_no_body_whatever_the_app_says(
    way: str, method: bytes, status: int
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, status=status)
        await put(send, b"a body", more=True)
        await put(send, b"")

    async with served(app) as there, connected(there.port) as client:
        for _ in range(2):
            await client.send(GET.replace(b"GET", method))
            head = await client.head()

            assert head.status == status


@pytest.mark.parametrize("asks", [True, False], ids=["the client", "the app"])
async def test_either_side_may_ask_for_the_end(way: str, *, asks: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, (b"content-length", b"2"), *([(b"connection", b"close")] * (not asks)))
        await put(send, b"ok")

    asked = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") if asks else GET
    async with served(app) as there, connected(there.port) as client:
        await client.send(asked)
        answer = await client.whole()

        assert answer.headers["connection"] == "close"
        assert answer.body == b"ok"
        assert await client.closed()


async def test_a_connection_is_good_for_so_many_requests(way: str) -> None:
    async with served(echo, keep_alive_max_requests=2) as there, connected(there.port) as client:
        await client.send(GET)
        first = await client.whole()
        await client.send(GET)
        second = await client.whole()

        assert "connection" not in first.headers
        assert second.headers["connection"] == "close"
        assert await client.closed()


# --- apps that go wrong -----------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("what?"), None], ids=["raises", "returns"])
async def test_an_app_that_says_nothing_is_an_error(way: str, error: Exception | None) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if error:
            raise error

    async with served(app) as there, connected(there.port) as client:
        await client.send(POST)
        answer = await client.whole()

        assert (answer.status, answer.headers["connection"]) == (500, "close")
        assert await client.closed()


@pytest.mark.parametrize("header", [(b"x", b"a\r\nset-cookie: b"), (b"x y", b"a"), (b"", b"a")])
async def test_so_is_one_that_says_what_cannot_be_sent(
    way: str, header: tuple[bytes, bytes]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, header)
        await put(send, b"hello")

    async with served(app) as there, connected(there.port) as client:
        await client.send(POST)

        assert (await client.whole()).status == 500
        assert await client.closed()


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"20")]], ids=["chunks", "length"])
@pytest.mark.parametrize("error", [ValueError("what?"), None], ids=["raises", "returns"])
async def test_an_answer_that_breaks_off_has_no_end(
    way: str, headers: list[tuple[bytes, bytes]], error: Exception | None
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, *headers)
        await put(send, b"begun", more=True)
        if error:
            raise error

    async with served(app) as there, connected(there.port) as client:
        await client.send(POST)
        answer = await client.whole()

    assert answer.status == 200
    assert not answer.clean


@pytest.mark.parametrize("body", [b"short", b"much too long"])
async def test_an_answer_of_another_length_than_its_head_says_has_no_end(
    way: str, body: bytes
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, (b"content-length", b"8"))
        await put(send, body)

    async with served(app) as there, connected(there.port) as client:
        await client.send(GET)

        assert not (await client.whole()).clean


async def test_what_comes_after_an_end_is_never_sent(way: str) -> None:
    raised: list[Exception] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, (b"content-length", b"2"))
        await put(send, b"ok")
        for late in (start(send), put(send, b"more"), put(send, b"more", more=True)):
            try:
                await late
            except Exception as error:
                raised.append(error)

    async with served(app) as there, connected(there.port) as client:
        for _ in range(2):
            await client.send(GET)

            assert (await client.whole()).body == b"ok"
    assert len(raised) == 6


# --- clients that leave, or go on ------------------------------------------------------------


@pytest.mark.parametrize("leave", [Raw.leave, Raw.reset], ids=["FIN", "RST"])
@pytest.mark.parametrize("asked", [POST, POST[:-1]], ids=["all asked", "half asked"])
async def test_an_app_is_told_that_its_client_has_gone(
    way: str, leave: Callable[[Raw], None], asked: bytes
) -> None:
    begun, told = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        told.set()
        for _ in range(10):
            await put(send, b"x" * 100_000, more=True)  # nobody minds

    async with served(app) as there, connected(there.port) as client:
        await client.send(asked)
        await asyncio.wait_for(begun.wait(), 10)
        leave(client)
        await asyncio.wait_for(told.wait(), 10)


async def test_who_only_stops_asking_is_answered(way: str) -> None:
    async with served(echo) as there, connected(there.port) as client:
        await client.send(POST)
        client._writer.write_eof()

        assert (await client.whole()).body == b"/it hello"
        assert await client.closed()


async def test_an_app_is_told_when_its_answer_is_over(way: str) -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await whole(receive)
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        await start(send, (b"content-length", b"0"))
        await put(send, b"")
        told.append((await waiting)["type"])

    async with served(app) as there, connected(there.port) as client:
        await client.send(POST)
        await client.whole()

    assert told == ["http.disconnect"]


async def test_who_is_answered_while_still_sending_hears_the_answer(way: str) -> None:
    size = 2_000_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await start(send, (b"content-length", b"2"), status=413)
        await put(send, b"no")

    async with served(app) as there, connected(there.port) as client:
        await client.send(POST.replace(b": 5", b": %d" % size))
        await client.send(b"x" * (size - 100))
        answer = await client.whole()

        assert (answer.status, answer.body) == (413, b"no")
        assert await client.ended()


async def test_a_client_that_does_not_read_holds_the_app_up(way: str) -> None:
    sent = 0
    stuck = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await start(send)
        asyncio.get_running_loop().call_later(0.2, stuck.set)
        for _ in range(300):
            await put(send, b"x" * 100_000, more=True)
            sent += 1
        await put(send, b"")

    async with served(app) as there, connected(there.port, buffer_bytes=4096) as client:
        await client.send(GET)
        await asyncio.wait_for(stuck.wait(), 10)

        assert sent < 200
        body, clean = (await client.head()) and await client.rest()
    assert (len(body), clean) == (30_000_000, True)


# --- idle connections, and the end of the server ----------------------------------------------


async def test_a_connection_on_which_nothing_is_asked_is_closed(way: str) -> None:
    async with served(echo, keep_alive_timeout=0.05) as there:
        async with connected(there.port) as client:
            assert await client.closed()
        async with connected(there.port) as client:
            await client.send(POST)
            await client.whole()

            assert await client.closed()


async def test_one_on_which_something_is_answered_is_not(way: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)
        await echo(scope, receive, send)

    async with served(app, keep_alive_timeout=0.05) as there, connected(there.port) as client:
        await client.send(POST)

        assert (await client.whole()).body == b"/it hello"


async def test_a_server_that_goes_closes_what_is_idle_and_ends_what_is_not(way: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            begun.set()
            await go_on.wait()
        await echo(scope, receive, send)

    async with (
        served(app) as there,
        connected(there.port) as fresh,
        connected(there.port) as idle,
        connected(there.port) as busy,
    ):
        await idle.send(GET)
        await idle.whole()
        await busy.send(POST.replace(b"/it", b"/slow"))
        await begun.wait()
        there.closing.set()

        assert await fresh.closed()
        assert await idle.closed()
        assert not there.over.done()
        go_on.set()
        assert (await busy.whole()).body == b"/slow hello"
        assert await busy.closed()
        await asyncio.wait_for(there.over, 10)


@pytest.mark.parametrize("begins", [True, False])
async def test_what_does_not_end_is_cut(way: str, *, begins: bool) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begins:
            await start(send)
            await put(send, b"begun", more=True)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with served(app, drain_s=0.01) as there, connected(there.port) as client:
        await client.send(GET)
        await begun.wait()
        there.closing.set()
        await asyncio.wait_for(there.over, 10)
        answer = await client.whole()

    assert cancelled.is_set()
    assert (answer.status, answer.clean) == ((200, False) if begins else (500, True))


async def test_work_that_outlives_its_connection_is_waited_for(way: str) -> None:
    left, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()
        await go_on.wait()
        done.set()

    async with served(app) as there:
        async with connected(there.port) as client:
            await client.send(POST)
        await asyncio.wait_for(left.wait(), 10)
        there.closing.set()
        await asyncio.sleep(0.01)
        assert not there.over.done()
        go_on.set()
        await asyncio.wait_for(there.over, 10)

        assert done.is_set()


@pytest.mark.parametrize("asked", [GET, CHUNKS], ids=["plain", "unusual"])
async def test_a_worker_has_its_seat_for_as_long_as_there_is_a_connection(asked: bytes) -> None:
    seats = Seats(1)
    async with served(echo, seat=Seat(seats, 0)) as there:
        async with connected(there.port) as client:
            await client.send(asked)
            await client.whole()

            assert seats.load(0) == (1, 1)
        await until(lambda: not seats.load(0)[0])


# --- what is left to Hypercorn ----------------------------------------------------------------


async def test_a_connection_goes_over_to_hypercorn_with_what_is_unusual() -> None:
    asked = [GET, POST, CHUNKS, POST, CHUNKS, GET]
    async with served(echo) as there, connected(there.port) as client:
        for each in asked:
            await client.send(each)

            assert (await client.whole()).body.startswith(b"/it ")
        await client.send(b"".join(asked))
        for _ in asked:
            assert (await client.whole()).body.startswith(b"/it ")


async def test_so_it_does_with_what_was_sent_ahead() -> None:
    async with served(echo) as there, connected(there.port) as client:
        await client.send(POST + POST + CHUNKS + POST[:30])
        await client.send(POST[30:] + GET)
        bodies = [(await client.whole()).body for _ in range(5)]

    assert bodies == [b"/it hello"] * 4 + [b"/it "]


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        (GET.replace(b"/1.1", b"/1.0"), b"HTTP/1.1 200 "),
        (POST.replace(b"host", b"expect: 100-continue\r\nhost")[:-5], b"HTTP/1.1 100 "),
        (b"\x16\x03\x01\x02", b"HTTP/1.1 400 "),
        (GET.replace(b"host: h", b"host : h"), b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, b"HTTP/1.1 431 "),
        (POST.replace(b"content-length: 5", b"transfer-encoding: gzip"), b"HTTP/1.1 501 "),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", b"\0\0"),
        (
            GET.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
            b"HTTP/1.1 101 ",
        ),
        (
            GET.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
            b"HTTP/1.1 200 ",
        ),
    ],
    ids=["1.0", "expect", "TLS", "colon", "long", "coding", "HTTP/2", "h2c", "websocket"],
)
@pytest.mark.parametrize("before", [b"", POST], ids=["first", "later"])
async def test_hypercorn_has_the_word_on_whatever_is_unusual(
    asked: bytes, start: bytes, before: bytes
) -> None:
    async with served(echo) as there, connected(there.port) as client:
        if before:
            await client.send(before)
            await client.whole()
        await client.send(asked)
        async with asyncio.timeout(10):
            said = await client._reader.readexactly(len(start))

    assert said == start


# --- what is written and read, and when -------------------------------------------------------


@dataclass
class Wire(asyncio.Transport):
    """A transport in a test's hands."""

    written: list[bytes] = field(default_factory=list)
    reads: bool = True
    closed: bool = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("::1", 80, 0, 0)

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@asynccontextmanager
async def wired(app: App) -> AsyncIterator[tuple[Plain, Wire]]:
    def hand_over(*_: Any) -> Any:
        raise AssertionError("nothing unusual here")

    line, wire = Plain(Serving(app, hand_over, 75.0, 100)), Wire()
    line.connection_made(wire)
    yield line, wire
    line.connection_lost(None)
    await asyncio.wait_for(line.ended, 10)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("asked", [GET, POST])
async def test_a_document_is_one_write(asked: bytes) -> None:
    async with wired(echo) as (line, wire):
        line.data_received(asked)
        await turns()

        assert len(wire.written) == 1
        assert wire.written[0].endswith(b"/it " + asked.partition(b"\r\n\r\n")[2])


async def test_a_stream_is_a_write_for_each_piece() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        for piece in (b"", b"one", b"", b"two"):
            await put(send, piece, more=True)
        await put(send, b"three")

    async with wired(app) as (line, wire):
        line.data_received(GET)
        await turns()

        assert wire.written[0].endswith(b"\r\n\r\n3\r\none\r\n")
        assert wire.written[1:] == [b"3\r\ntwo\r\n", b"5\r\nthree\r\n0\r\n\r\n"]


async def test_nothing_is_written_where_there_is_no_room() -> None:
    async with wired(echo) as (line, wire):
        line.pause_writing()
        line.data_received(POST.replace(b"/it", b"/stream") + GET)
        await turns()
        written = len(wire.written)
        line.resume_writing()
        await turns()

        assert written == 1
        assert wire.written[-1].endswith(b"/it ")


async def test_a_writer_that_waits_is_woken_when_the_connection_is_lost() -> None:
    async with wired(echo) as (line, wire):
        line.pause_writing()
        line.data_received(POST)
        await turns()
        wire.close()
        line.connection_lost(None)
        await turns()

        assert line.ended.done()
        line.connection_lost = lambda _: None  # type: ignore[method-assign]


async def test_a_client_that_sends_faster_than_the_app_reads_is_held_up() -> None:
    read = asyncio.Event()
    sizes: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            await read.wait()
            message = await receive()
            sizes.append(len(message["body"]))
            more = message["more_body"]

    async with wired(app) as (line, wire):
        line.data_received(POST.replace(b": 5", b": 1000005"))
        for _ in range(4):
            assert wire.reads
            line.data_received(b"x" * 65_536)
        assert not wire.reads
        read.set()
        await turns()
        assert wire.reads
        line.data_received(b"x" * (1_000_000 - 4 * 65_536))
        await turns()

        assert sum(sizes) == 1_000_005


async def test_nobody_listens_to_what_is_sent_ahead() -> None:
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        await echo(scope, receive, send)

    async with wired(app) as (line, wire):
        line.data_received(POST)
        assert wire.reads
        line.data_received(GET + GET)
        assert not wire.reads
        await turns()
        assert not wire.reads
        go_on.set()
        await turns()
        await turns()

        assert wire.reads
        assert len(wire.written) == 3

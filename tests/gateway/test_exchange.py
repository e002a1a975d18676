"""One request and its reply: who reads, who writes, and what happens when the client goes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.errors import BadRequest, ShuttingDown, TooLarge
from gateway.config.settings import Settings
from gateway.exchange import ClientLeft, Exchange, Message

SETTINGS = Settings(max_body_bytes=100, body_timeout=5.0, write_timeout=5.0)
GONE: Message = {"type": "http.disconnect"}


class Client:
    """Both ends of an ASGI server's connection. `stuck`: it takes nothing any more."""

    def __init__(self, *messages: Message) -> None:
        self.coming: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.coming.put_nowait(message)
        self.got: list[Message] = []
        self.stuck = False

    async def send(self, message: Message) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        self.got.append(message)

    def exchange(
        self,
        *headers: tuple[bytes, bytes],
        settings: Settings = SETTINGS,
        version: str = "1.1",
    ) -> Exchange:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "http_version": version,
            "headers": list(headers),
        }
        return Exchange(scope, self.coming.get, self.send, settings, "r-1")


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


async def test_a_body_is_read_to_its_end() -> None:
    client = Client(body(b"one ", more=True), body(b"", more=True), body(b"two"))

    assert await client.exchange().body() == b"one two"


async def test_a_body_that_breaks_off_means_that_the_client_has_gone() -> None:
    client = Client(body(b"half", more=True), GONE)

    with pytest.raises(ClientLeft):
        await client.exchange().body()


async def test_an_announced_size_is_refused_before_a_byte_is_read() -> None:
    client = Client()

    with pytest.raises(TooLarge) as caught:
        await client.exchange((b"content-length", b"101")).body()

    assert (caught.value.status, caught.value.code) == (413, "request_too_large")


async def test_a_size_that_was_not_announced_is_refused_where_it_is_passed() -> None:
    client = Client(body(b"x" * 100, more=True), body(b"x", more=True))

    with pytest.raises(TooLarge):
        await client.exchange().body()


async def test_a_body_of_just_that_size_is_read() -> None:
    client = Client(body(b"x" * 100))

    assert len(await client.exchange((b"content-length", b"100")).body()) == 100


async def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    client = Client(body(b"half", more=True))

    with pytest.raises(BadRequest, match="did not arrive within"):
        await client.exchange(settings=replace(SETTINGS, body_timeout=0.01)).body()


async def test_headers_are_found_by_their_name_and_doubles_are_seen() -> None:
    exchange = Client().exchange((b"x-key", b"a"), (b"x-key", b"b"), (b"other", b"\xe4"))

    assert exchange.headers == {b"x-key": b"a\nb", b"other": b"\xe4"}


async def test_a_reply_has_its_length_and_our_id() -> None:
    client = Client()

    await client.exchange().answer(200, [(b"content-type", b"text/plain")], b"Hello")

    head, said = client.got
    assert head["status"] == 200
    assert head["headers"] == [
        (b"content-type", b"text/plain"),
        (b"content-length", b"5"),
        (b"x-request-id", b"r-1"),
    ]
    assert (said["body"], said["more_body"]) == (b"Hello", False)


@pytest.mark.parametrize(("version", "told"), [("1.1", True), ("1.0", True), ("2", False)])
async def test_who_is_to_go_is_told_so_where_the_protocol_has_a_word_for_it(
    version: str, told: bool
) -> None:
    client = Client()
    exchange = client.exchange(version=version)
    exchange.closing = True

    await exchange.answer(200, [], b"")

    assert ((b"connection", b"close") in client.got[0]["headers"]) is told


async def test_the_head_is_sent_once() -> None:
    client = Client()
    exchange = client.exchange()

    await exchange.start(200, [])
    await exchange.start(500, [])

    assert [message["status"] for message in client.got] == [200]


async def test_a_client_that_goes_ends_the_work_for_it() -> None:
    client = Client()
    exchange = client.exchange()
    ended = asyncio.Event()

    async def work() -> None:
        with exchange.attended():
            client.coming.put_nowait(GONE)
            await _work_until_cancelled(ended)

    with pytest.raises(ClientLeft):
        await work()

    assert ended.is_set()
    _assert_nobody_is_cancelled()


async def test_the_rest_of_a_body_is_read_and_thrown_away() -> None:
    client = Client(*(body(b"x", more=True) for _ in range(50)))
    exchange = client.exchange()

    with exchange.attended():
        await _settled(client.coming.empty)
        await exchange.answer(401, [], b"")

    assert client.got[0]["status"] == 401


async def test_who_goes_after_the_last_byte_misses_nothing() -> None:
    client = Client()
    exchange = client.exchange()

    with exchange.attended():
        await exchange.answer(200, [], b"all")
        client.coming.put_nowait(GONE)
        await _settled(client.coming.empty)

    _assert_nobody_is_cancelled()


async def test_work_may_be_interrupted_for_a_reason_of_ours() -> None:
    exchange = Client().exchange()

    async def work() -> None:
        with exchange.attended():
            exchange.interrupt(ShuttingDown("bye"))
            exchange.interrupt(ClientLeft())  # the first reason counts
            await asyncio.Event().wait()

    with pytest.raises(ShuttingDown):
        await work()

    _assert_nobody_is_cancelled()


async def test_an_error_of_the_work_itself_is_not_covered_up() -> None:
    client = Client()
    exchange = client.exchange()

    with pytest.raises(ZeroDivisionError), exchange.attended():
        raise ZeroDivisionError

    _assert_nobody_is_cancelled()


async def test_a_cancellation_from_outside_stays_one() -> None:
    exchange = Client().exchange()
    inside = asyncio.Event()

    async def work() -> None:
        with exchange.attended():
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_takes_nothing_counts_as_gone() -> None:
    client = Client()
    exchange = client.exchange(settings=replace(SETTINGS, write_timeout=0.01))

    async def work() -> None:
        with exchange.attended():
            await exchange.start(200, [])
            client.stuck = True
            await exchange.write(b"x", more=True)

    with pytest.raises(ClientLeft):
        await work()

    _assert_nobody_is_cancelled()


async def test_so_does_one_that_does_not_take_the_last_bytes() -> None:
    client = Client()
    exchange = client.exchange(settings=replace(SETTINGS, write_timeout=0.01))

    async def work() -> None:
        with exchange.attended():
            await exchange.start(200, [])
            client.stuck = True
            await exchange.write(b"x", more=False)

    with pytest.raises(ClientLeft):
        await work()


async def test_a_silence_of_ours_is_not_held_against_the_client() -> None:
    client = Client()
    exchange = client.exchange(settings=replace(SETTINGS, write_timeout=0.01))

    with exchange.attended():
        await exchange.start(200, [])
        await asyncio.sleep(0.05)
        await exchange.write(b"x", more=False)

    assert len(client.got) == 2


async def test_it_may_be_attended_again_to_say_what_went_wrong() -> None:
    client = Client()
    exchange = client.exchange()

    async def work() -> None:
        with exchange.attended():
            exchange.interrupt(ShuttingDown("bye"))
            await asyncio.Event().wait()

    with pytest.raises(ShuttingDown):
        await work()
    with exchange.attended():
        await exchange.answer(503, [], b"bye")

    assert client.got[0]["status"] == 503


async def _work_until_cancelled(ended: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


async def _settled(condition: Callable[[], bool]) -> None:
    """Let everything run that can, until a condition holds, and a little further."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # a queue sets no event when it is empty
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


def _assert_nobody_is_cancelled() -> None:
    """The cancellation was ours, so nobody further out must take it for theirs."""
    task = asyncio.current_task()
    assert task
    assert not task.cancelling()

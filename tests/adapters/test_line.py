"""One connection to a provider, on a transport that keeps what it is given."""

import asyncio
from typing import Any

import aiohttp
import pytest

from adapters.line import Line

QUESTION = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
ANSWER = HEAD + b"hello"


class Kept(asyncio.Transport):
    """`unsent`: bytes that the kernel has not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent = 0
        self.closed = False

    def write(self, data: Any) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.fixture
async def line() -> Line:
    line = Line(asyncio.get_running_loop())
    line.connection_made(Kept())
    return line


def _transport(line: Line) -> Kept:
    assert isinstance(line.transport, Kept)
    return line.transport


async def _answered(line: Line, *pieces: bytes) -> bytes:
    asking = asyncio.create_task(line.ask(QUESTION))
    await asyncio.sleep(0)
    for piece in pieces:
        line.data_received(piece)
    return await (await asking).content.readany()


async def test_a_request_is_one_write(line: Line) -> None:
    transport = _transport(line)

    assert await _answered(line, ANSWER) == b"hello"
    assert transport.written == [QUESTION]


async def test_after_a_whole_answer_another_may_be_asked_for(line: Line) -> None:
    await _answered(line, ANSWER)

    assert not line.should_close
    assert await _answered(line, HEAD, b"again") == b"again"


@pytest.mark.parametrize("rest", [b"", b"hell", b"hello!"])
async def test_but_not_after_less_or_more_than_that(line: Line, rest: bytes) -> None:
    asking = asyncio.create_task(line.ask(QUESTION))
    await asyncio.sleep(0)
    line.data_received(HEAD + rest)
    await asking

    assert line.should_close


async def test_nor_while_the_request_is_still_being_sent(line: Line) -> None:
    _transport(line).unsent = 1
    await _answered(line, ANSWER)

    assert line.should_close


async def test_what_nobody_asked_for_ends_the_connection(line: Line) -> None:
    transport = _transport(line)
    await _answered(line, ANSWER)

    line.data_received(ANSWER)

    assert transport.closed
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await line.ask(QUESTION)


async def test_what_came_before_a_break_is_read_first(line: Line) -> None:
    asking = asyncio.create_task(line.ask(QUESTION))
    await asyncio.sleep(0)
    line.data_received(HEAD + b"hell")
    line.connection_lost(ConnectionResetError())
    content = (await asking).content

    assert await content.readany() == b"hell"
    with pytest.raises(aiohttp.ClientPayloadError):
        await content.readany()

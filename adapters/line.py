"""One kept connection to a provider. It reads plain answers itself, and leaves others to aiohttp.

aiohttp connects (names, TLS, the pool). Of what its session does for a request after that, a
gateway needs little: no cookies, redirects, traces, uploads, nor a task for each body. A chat
request costs 75 µs less this way (2026-11-21, of 300 under Uvicorn). It leans on internals of
aiohttp 3.14, and `tests/adapters/test_http.py` fails if they change.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from adapters import http1

_LINE_LIMIT = 64 * 1024  # bytes of a header line; Azure and Cloudflare like them long
_HEADER_LIMIT = 256
_MOST_HELD = 512 * 1024  # bytes of a body that nobody has read yet


class Content(Protocol):
    """A body as it comes in."""

    async def readany(self) -> bytes:
        """What there is; waits for something, and gives nothing at the end."""
        ...

    def is_eof(self) -> bool:
        """Whether all of it has come."""
        ...

    def at_eof(self) -> bool:
        """Whether all of it has been read."""
        ...

    def set_exception(self, exc: BaseException) -> None:
        """Whoever reads gets this."""
        ...


@dataclass(slots=True)
class Received:
    """An answer whose body is still on its way. Names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    content: Content


class Line(ResponseHandler):
    """Asks one thing at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.heard = False  # whether anything has come since the last question
        self.asked = False  # whether there was a question before the present one
        self._asking: asyncio.Future[Received | None] | None = None
        self._content: Inflow | None = None
        self._kept = b""  # of a head that has not wholly come

    async def ask(self, question: bytes) -> Received:
        """Send a whole request; returns once the head of the answer is there.

        Raises:
            aiohttp.ClientError, OSError: the connection broke, or what came is no HTTP.
        """
        transport = self.transport
        if transport is None or self._buffer:  # an answer that nobody asked for
            raise aiohttp.ServerDisconnectedError
        self.heard, self._parser, self._kept = False, None, b""
        self._asking = waiter = self._loop.create_future()
        transport.write(question)
        try:
            received = await waiter
        finally:
            self._asking = None
        self.asked = True
        return received or await self._foreign()

    @property
    def should_close(self) -> bool:
        """Whether nothing more may be asked on it."""
        if self._content or self._asking or self._kept:
            return True
        transport = self.transport
        sending = transport is not None and transport.get_write_buffer_size() > 0
        return sending or super().should_close

    def data_received(self, data: bytes) -> None:
        content = self._content
        if content:
            content.feed(data)
        elif self._asking:
            self.heard = True
            self._begin(self._kept + data)
        elif self._parser:
            super().data_received(data)
        else:  # nobody has asked: it must not be there for whoever asks next
            self.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        error = aiohttp.ClientOSError(*exc.args) if isinstance(exc, OSError) else None
        if self._asking and not self._asking.done():
            self._asking.set_exception(error or aiohttp.ServerDisconnectedError())
        if self._content:
            self._content.set_exception(aiohttp.ClientPayloadError("cut off"))
        self._asking = self._content = None
        super().connection_lost(exc)

    def ended(self, *, surplus: bool) -> None:
        """The answer has wholly come, and maybe more than that."""
        self._content = None
        if surplus:
            self.force_close()

    def broken(self, error: Exception) -> None:
        """What comes can be understood no more."""
        content, self._content = self._content, None
        if content:
            content.set_exception(aiohttp.ClientPayloadError(str(error)))
        self.close()

    def hold(self, *, held: bool) -> None:
        """Let the provider wait, because nobody reads what it sends."""
        transport = self.transport
        if transport and not transport.is_closing():
            if held:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _begin(self, data: bytes) -> None:
        """Of an answer, or as much of it as there is."""
        head = http1.plain(data)
        if head is None and http1.unfinished(data) and len(data) < _LINE_LIMIT:
            self._kept = data
            return
        self._kept = b""
        waiter, self._asking = self._asking, None
        if waiter is None or waiter.done():  # who asked has gone
            self.close()
            return
        if head is None:
            waiter.set_result(None)
            self._leave_to_aiohttp(data)
            return
        if head.last:
            self.force_close()
        self._content = content = Inflow(self, head.body, self._loop)
        waiter.set_result(Received(head.status, head.headers, content))
        content.feed(data[head.size :])

    def _leave_to_aiohttp(self, data: bytes) -> None:
        self.set_response_params(
            read_until_eof=True,
            max_line_size=_LINE_LIMIT,
            max_field_size=_LINE_LIMIT,
            max_headers=_HEADER_LIMIT,
        )
        super().data_received(data)

    async def _foreign(self) -> Received:
        """An answer as aiohttp reads it."""
        status = 100
        while 100 <= status < 200 and status != 101:  # 101: to be refused like any other
            try:
                message, content = await self.read()
            except HttpProcessingError as error:
                raise aiohttp.ClientError(error.message) from error
            status = message.code
        raw = message.raw_headers  # decoded as those of plain heads are
        headers = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in raw}
        return Received(status, headers, content)


class Inflow:
    """The body of a plain answer."""

    __slots__ = ("_body", "_error", "_held", "_line", "_loop", "_paused", "_pieces", "_waiter")

    def __init__(
        self, line: Line, body: http1.Counted | http1.Chunked, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._line = line
        self._body = body
        self._loop = loop
        self._pieces: list[bytes] = []
        self._held = 0  # bytes
        self._paused = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def feed(self, data: bytes) -> None:
        """More has come from the provider."""
        body = self._body
        try:
            piece = body.feed(data)
        except http1.Odd as error:
            self._line.broken(error)
            return
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)
            if self._held > _MOST_HELD and not self._paused:
                self._paused = True
                self._line.hold(held=True)
        if body.ended:
            self._line.ended(surplus=body.surplus)
            if self._paused:
                self._go_on()
        if piece or body.ended:
            self._wake()

    async def readany(self) -> bytes:
        """What there is; waits for something, and gives nothing at the end.

        Raises:
            aiohttp.ClientError, Failure: it has broken off, and all before that was read.
        """
        pieces = self._pieces
        if not pieces and not self._body.ended:
            if self._error:
                raise self._error
            self._waiter = waiter = self._loop.create_future()
            await waiter
            if not pieces and self._error:
                raise self._error
        if len(pieces) == 1:
            data = pieces.pop()
        else:
            data = b"".join(pieces)
            pieces.clear()
        self._held = 0
        if self._paused:
            self._go_on()
        return data

    def is_eof(self) -> bool:
        """Whether all of it has come."""
        return self._body.ended

    def at_eof(self) -> bool:
        """Whether all of it has been read."""
        return self._body.ended and not self._pieces

    def set_exception(self, exc: BaseException) -> None:
        """Whoever reads on gets this."""
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)

    def _go_on(self) -> None:
        self._paused = False
        self._line.hold(held=False)

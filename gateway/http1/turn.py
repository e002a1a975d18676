"""One plain request on a connection, and its answer: what an ASGI app receives and sends.

An event of a stream goes from the app to the transport in one step, where Hypercorn takes it
through six coroutines and three objects.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote

from gateway.http1.head import BODILESS, CHUNKED, Asked, Headers, told

Message: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
Address: TypeAlias = tuple[str, int] | None

_MOST_UNREAD = 256 * 1024  # bytes of a body that the app has not asked for
_BROKEN: Headers = [(b"content-length", b"0")]


class Line(Protocol):
    """The connection, as a request sees it."""

    transport: asyncio.Transport
    room: asyncio.Event  # for more to be written
    client: Address
    server: Address

    def hear_on(self) -> None:
        """There is room for more of the request's body."""

    def over(self, *, kept: bool) -> None:
        """There is nothing more to write for this request. `kept`: another one may follow."""


class Turn:
    """A request and its answer.

    `awaited`: how many bytes of its body have not come yet. `kept`: the connection may be.
    """

    __slots__ = (
        "_asked",
        "_bare",
        "_begun",
        "_body",
        "_chunked",
        "_done",
        "_fresh",
        "_head",
        "_kept",
        "_left",
        "_line",
        "_news",
        "_owed",
        "awaited",
    )

    def __init__(self, line: Line, asked: Asked, *, kept: bool) -> None:
        self.awaited = asked.length
        self._line = line
        self._asked = asked
        self._kept = kept
        self._body = b""  # that has come and is not yet received
        self._fresh = not asked.length  # there is something to receive
        self._left = False  # nobody is there
        self._news: asyncio.Future[None] | None = None
        self._begun = False
        self._done = False
        self._bare = False  # the answer has no body
        self._head = b""  # of the answer, until it is sent with the first bytes of the body
        self._chunked = False
        self._owed = 0  # bytes of the answer's body, if its head says how many

    async def run(self, app: App) -> None:
        """Have it answered. What goes wrong in the app, the app itself writes down."""
        try:
            with suppress(Exception):
                await app(self._scope(), self.receive, self.send)
        finally:
            if not self._done:
                self._break_off()

    def hear(self, data: bytes) -> bytes:
        """What has come on the connection. Returns what is not for this request."""
        mine = data[: self.awaited]
        if mine:
            self.awaited -= len(mine)
            if not self._done:  # or it was answered before its end, and nobody cares for the rest
                self._body += mine
                self._fresh = True
                self._wake()
        return data[len(mine) :]

    @property
    def full(self) -> bool:
        """Whether the app has to take some of the body before more of it may come."""
        return len(self._body) > _MOST_UNREAD

    def leave(self) -> None:
        """The client has gone."""
        self._left = True
        self._wake()

    async def receive(self) -> Message:
        """ASGI's `receive`."""
        while not self._fresh:
            if self._left or self._done:
                return {"type": "http.disconnect"}
            if self._news is None or self._news.done():
                self._news = asyncio.get_running_loop().create_future()
            await self._news
        self._fresh = False
        body, self._body = self._body, b""
        self._line.hear_on()
        return {"type": "http.request", "body": body, "more_body": self.awaited > 0}

    async def send(self, message: Message) -> None:
        """ASGI's `send`.

        Raises:
            RuntimeError, ValueError: no such thing can be sent now.
        """
        line = self._line
        if line.transport.is_closing():
            await asyncio.sleep(0)  # or who goes on all the same would hold up everybody else
            return
        if message["type"] != "http.response.body":
            self._begin(message)
            return
        more = message.get("more_body", False)
        if data := self._framed(message.get("body", b""), more):
            line.transport.write(data)
            if not line.room.is_set():
                await line.room.wait()
        if not more:
            self._done = True
            self._wake()
            line.over(kept=self._kept)

    def _begin(self, message: Message) -> None:
        if self._begun or message["type"] != "http.response.start":
            raise RuntimeError(f"{message['type']!r} cannot be sent now")
        status: int = message["status"]
        head = told(status, list(message.get("headers", ())), kept=self._kept)
        self._begun = True
        self._bare = self._asked.method == "HEAD" or status in BODILESS
        self._head = head.data
        self._kept = head.kept
        self._chunked = head.length == CHUNKED
        self._owed = head.length

    def _framed(self, body: bytes, more: bool) -> bytes:
        """Bytes of the body as they are sent, with a head that waits."""
        if self._done or not self._begun:
            raise RuntimeError("no body can be sent now")
        if more and not body:
            return b""
        if not (self._bare or self._chunked):
            self._owed -= len(body)
            if self._owed < 0 or (self._owed and not more):
                raise RuntimeError("the body is not as long as its head says")
        head, self._head = self._head, b""
        if self._bare:
            return head
        if not self._chunked:
            return head + body
        chunk = b"%b%x\r\n%b\r\n" % (head, len(body), body) if body else head
        return chunk if more else chunk + b"0\r\n\r\n"

    def _break_off(self) -> None:
        """The app will send nothing more: tell the client so, or at least end without an end."""
        line = self._line
        if not (self._begun or self._left):
            self._head = told(500, _BROKEN, kept=False).data
        if self._head and not line.transport.is_closing():
            line.transport.write(self._head)
        self._done = True
        line.over(kept=False)

    def _wake(self) -> None:
        if self._news and not self._news.done():
            self._news.set_result(None)

    def _scope(self) -> dict[str, Any]:
        path, _, query = self._asked.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"spec_version": "2.1", "version": "3.0"},
            "http_version": "1.1",
            "method": self._asked.method,
            "scheme": "http",  # TLS is for whoever stands before us
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": self._asked.headers,
            "client": self._line.client,
            "server": self._line.server,
            "state": {},
            "extensions": {},
        }

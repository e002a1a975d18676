"""One client request: the single reader of its body and of its leaving, the single writer back.

Two facts of ASGI servers shape it. Whoever does not read `receive` is never told that the client
has gone, and Hypercorn waits for ever for an app that answers early and leaves a large body
unread; so somebody reads from the first byte of the request to the last of the reply. And no
server gives up on a client that takes nothing; so a write may wait only for so long.
"""

import asyncio
from collections.abc import Iterable, MutableMapping
from types import TracebackType
from typing import Any, TypeAlias

from adapters.deadline import timed
from adapters.errors import BadRequest, TooLarge
from gateway.book import Visit
from gateway.config.settings import Settings
from gateway.watch import Watch

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]


class ClientLeft(Exception):
    """Nobody waits for this answer any more."""


class Exchange:
    """A request and its reply. `visit` is what the access line will say of a model request."""

    __slots__ = (
        "_awaiting",
        "_finished",
        "_reason",
        "_receive",
        "_send",
        "_sending",
        "_settings",
        "closing",
        "headers",
        "id_names",
        "method",
        "query",
        "request_id",
        "route",
        "scope",
        "status",
        "visit",
    )

    def __init__(
        self, scope: Scope, receive: Any, send: Any, settings: Settings, request_id: str
    ) -> None:
        self.scope = scope
        self.request_id = request_id
        self.method: str = scope["method"]
        self.query: bytes = scope["query_string"]
        self.headers = _by_name(scope["headers"])
        self.route = "unmatched"  # the pattern that matched the path
        self.status = 0  # 0: nothing has been answered yet
        self.id_names: tuple[bytes, ...] = (b"x-request-id",)  # where the reply says it
        self.closing = False  # the connection is not kept after this reply
        self.visit: Visit | None = None
        self._receive = receive
        self._send = send
        self._settings = settings
        self._sending = False
        self._finished = False  # the last message is on its way or gone
        self._awaiting: asyncio.Task[Any] | None = None
        self._reason: Exception | None = None

    @property
    def model(self) -> str | None:
        """The model that the path names, where it does."""
        named = self.scope.get("path_params")
        return named.get("model") if named else None

    async def body(self) -> bytes:
        """The whole request body.

        Raises:
            TooLarge: it is over the limit, announced or not.
            BadRequest: it did not arrive in time.
            ClientLeft: it broke off.
        """
        limit = self._settings.max_body_bytes
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        patience = self._settings.body_timeout
        try:
            return await timed(self._whole(limit), patience)
        except TimeoutError as error:
            text = f"the request body did not arrive within {patience:g} s"
            raise BadRequest(text) from error

    async def _whole(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            if piece:
                pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def quiet(self) -> bool:
        """Whether something may be said in between: nothing is being written, more will come."""
        return not (self._sending or self._finished)

    def attended(self) -> "_Attended":
        """Within it the client is watched: when it leaves, the work is cancelled at once.

        Enter it when the body has been read, or will not be. It raises `ClientLeft`, or what
        `interrupt` was given.
        """
        return _Attended(self, self._receive)

    def interrupt(self, reason: Exception) -> None:
        """Stop the work for this request, wherever it is; `reason` is raised there."""
        if self._awaiting and not self._finished and not self._reason:
            self._reason = reason
            self._awaiting.cancel()

    async def start(self, status: int, headers: Headers) -> None:
        """Send the head, unless it has been sent."""
        if not self.status:
            self.status = status
            told = [*headers, *self._own_headers()]
            await self._put({"type": "http.response.start", "status": status, "headers": told})

    async def write(self, body: bytes, *, more: bool) -> None:
        """Send some of the body; the last of it without `more`."""
        if not more:
            self._finished = True  # from here on the client may go without losing anything
        await self._put({"type": "http.response.body", "body": body, "more_body": more})

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole reply."""
        await self.start(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.write(body, more=False)

    async def send(self, message: Message) -> None:
        """ASGI's own `send`, with our headers and the write deadline."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._own_headers()]
        await self._put(message)

    async def _put(self, message: Message) -> None:
        self._sending = True
        try:
            await timed(self._send(message), self._settings.write_timeout)
        except TimeoutError:  # the client takes nothing: it counts as gone
            if asyncio.current_task() is self._awaiting:
                raise ClientLeft from None
            self._finished = False
            self.interrupt(ClientLeft())
        self._sending = False

    def _own_headers(self) -> Headers:
        for name in self.id_names:
            yield name, self.request_id.encode()
        if self.closing and not self.scope["http_version"].startswith("2"):
            yield b"connection", b"close"

    def _enter(self) -> None:
        self._awaiting = asyncio.current_task()

    def _leave(self) -> Exception | None:
        """The reason of an interruption, if there was one; it is taken care of then."""
        task, reason = self._awaiting, self._reason
        self._awaiting = self._reason = None
        if reason and task:
            task.uncancel()
        return reason

    def _left(self) -> None:
        """A connection that cannot be read any more is one that nobody is at."""
        self.interrupt(ClientLeft())


class _Attended:
    """The watch over one client, as a context."""

    __slots__ = ("_exchange", "_receive", "_watch")

    def __init__(self, exchange: Exchange, receive: Any) -> None:
        self._exchange = exchange
        self._receive = receive

    async def __aenter__(self) -> None:
        self._exchange._enter()
        self._watch = Watch(self._client_leaves(), self._exchange._left)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.close()
        reason = self._exchange._leave()
        if reason and isinstance(error, asyncio.CancelledError):
            try:
                raise reason
            finally:
                del reason  # its traceback leads here, and nothing is to lead back to it

    async def _client_leaves(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # the rest of a body that nobody wants


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the request body is larger than {limit} bytes", code="request_too_large")


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; of several with one name the last, all of them joined by a line
    feed, which no header can hold: so a second credential cannot go unnoticed.
    """
    named: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        named[name] = f"{named[name]}\n{text}" if name in named else text
    return named

"""One client request: the single reader of its body and of its leaving, the single writer back.

Two facts of ASGI servers shape it. Whoever does not read `receive` is never told that the client
has gone, and Hypercorn waits for ever for an app that answers early and leaves a large body
unread; so somebody reads from the first byte of the request to the last of the reply. And no
server gives up on a client that takes nothing; so a write may wait only for so long.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, MutableMapping, Sequence
from itertools import repeat
from types import TracebackType
from typing import Any, Self, TypeAlias

from adapters.deadline import going_on, timed
from adapters.errors import BadRequest, TooLarge
from gateway.config.settings import Settings
from gateway.visit import Visit
from gateway.watch import Watch

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]


class ClientLeft(Exception):
    """Nobody waits for this answer any more."""


class Exchange:
    """A request and its reply. `visit` is what the access line will say of a model request."""

    route = "unmatched"  # the pattern that matched the path
    status = 0  # 0: nothing has been answered yet
    id_names: tuple[bytes, ...] = (b"x-request-id",)  # where the reply says it
    closing = False  # the connection is not kept after this reply
    visit: Visit | None = None

    _sending = False  # something waits to be taken
    _finished = False  # the last message is on its way or gone
    _awaiting: "asyncio.Task[Any] | None" = None
    _reason: Exception | None = None

    def __init__(
        self, scope: Scope, receive: Any, send: Any, settings: Settings, request_id: str
    ) -> None:
        self.scope = scope
        self.request_id = request_id
        self.method: str = scope["method"]
        self.headers = _by_name(scope["headers"])
        self._receive = receive
        self._send = send
        self._settings = settings

    @property
    def query(self) -> bytes:
        """What stands behind the path's question mark."""
        found: bytes = self.scope["query_string"]
        return found

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
        limit, patience = self._settings.max_body_bytes, self._settings.body_timeout
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
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
        return b"".join(pieces)

    @property
    def quiet(self) -> bool:
        """Whether something may be said in between: nothing is being written, more will come."""
        return not (self._sending or self._finished)

    def attended(self) -> Self:
        """Within it the client is watched: when it leaves, the work is cancelled at once.

        Enter it when the body has been read, or will not be. It raises `ClientLeft`, or what
        `interrupt` was given.
        """
        return self

    def __enter__(self) -> None:
        self._awaiting = asyncio.current_task()
        self._watch = Watch(self._client_leaves(), self._left)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.close()
        del self._watch  # each knows the other: they would wait for the garbage collector
        task, reason = self._awaiting, self._reason
        self._awaiting = self._reason = None
        if reason and task:
            task.uncancel()
            if isinstance(error, asyncio.CancelledError):
                try:
                    raise reason
                finally:
                    del reason  # its traceback leads here, and nothing is to lead back to it

    def interrupt(self, reason: Exception) -> None:
        """Stop the work for this request, wherever it is; `reason` is raised there."""
        if self._awaiting and not self._finished and not self._reason:
            self._reason = reason
            self._awaiting.cancel()

    async def start(self, status: int, headers: Headers) -> None:
        """Send the head, unless it has been sent."""
        if not self.status and (waits := self._head(status, headers)):
            await waits

    async def write(self, body: bytes, *, more: bool) -> None:
        """Send some of the body; the last of it without `more`."""
        if waits := self.put(body, more=more):
            await waits

    def put(self, body: bytes, *, more: bool) -> Awaitable[None] | None:
        """The same for whoever does so often: what must be awaited is given back, if anything."""
        if not more:
            self._finished = True  # from here on the client may go without losing anything
        return self._put({"type": "http.response.body", "body": body, "more_body": more})

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole reply."""
        if not self.status and (
            waits := self._head(status, [*headers, (b"content-length", b"%d" % len(body))])
        ):
            await waits
        if waits := self.put(body, more=False):
            await waits

    async def send(self, message: Message) -> None:
        """ASGI's own `send`, with our headers and the write deadline."""
        if message["type"] == "http.response.start":
            waits = self._head(message["status"], message["headers"])
        else:
            waits = self._put(message)
        if waits:
            await waits

    def _head(self, status: int, headers: Headers) -> Awaitable[None] | None:
        self.status = status
        told = [*headers, *zip(self.id_names, repeat(self.request_id.encode()))]
        if self.closing and not self.scope["http_version"].startswith("2"):
            told.append((b"connection", b"close"))
        return self._put({"type": "http.response.start", "status": status, "headers": told})

    def _put(self, message: Message) -> Awaitable[None] | None:
        """Send it. Nearly always the server takes it at once; if not, the rest is to be awaited."""
        work = self._send(message)
        try:
            awaited = work.send(None)
        except StopIteration:
            return None
        self._sending = True
        return self._taken(work, awaited)

    async def _taken(self, work: Coroutine[Any, Any, None], awaited: Any) -> None:
        try:
            await going_on(work, awaited, self._settings.write_timeout)
        except TimeoutError:  # the client takes nothing: it counts as gone
            if asyncio.current_task() is self._awaiting:
                raise ClientLeft from None
            self._finished = False
            self.interrupt(ClientLeft())
        self._sending = False

    async def _client_leaves(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # the rest of a body that nobody wants

    def _left(self) -> None:
        """A connection that cannot be read any more is one that nobody is at."""
        self.interrupt(ClientLeft())


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the request body is larger than {limit} bytes", code="request_too_large")


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by lower-case name; of several with one name the last, all of them joined by a line
    feed, which no header can hold: so a second credential cannot go unnoticed.
    """
    named = dict(headers)
    return named if len(named) == len(headers) else _joined(headers)


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    named: dict[bytes, bytes] = {}
    for name, value in headers:
        named[name] = b"%b\n%b" % (named[name], value) if name in named else value
    return named

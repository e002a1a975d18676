"""A provider on a real socket that does what a test tells it to, wrong things included.

Raw asyncio, no HTTP library: it must be able to stop in the middle of anything. Loopback only.

    async with Upstream() as provider:
        provider.play(document({"choices": []}))             # the first request gets this
        provider.play(events(CHUNKS, gap_s=0.05, end="cut"))  # the next one that
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import orjson

End = Literal["clean", "cut", "reset", "stall"]


@dataclass
class Seen:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    closed: asyncio.Event = field(default_factory=asyncio.Event)  # the client has gone

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Wire:
    """The connection of one request, for a script to write on."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        await self.raw("\r\n".join(lines).encode())

    async def chunk(self, data: bytes) -> None:
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """End with a RST instead of a FIN."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()


Script = Callable[[Wire, Seen], Coroutine[Any, Any, None]]


def document(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None, delay_s: float = 0.0
) -> Script:
    """One JSON document (or bytes as they are), after a while."""

    async def play(wire: Wire, _: Seen) -> None:
        await asyncio.sleep(delay_s)
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {"content-type": "application/json", **(headers or {})}
        await wire.head(status, {**named, "content-length": str(len(data))})
        await wire.raw(data)

    return play


def events(
    chunks: Sequence[bytes],
    *,
    gap_s: float = 0.0,
    end: End = "clean",
    headers: Mapping[str, str] | None = None,
    head: bool = True,
) -> Script:
    """A stream, one write for each chunk. It ends cleanly, is cut (FIN or RST), or never ends.

    Without `head` it goes on where another script has begun.
    """

    async def play(wire: Wire, seen: Seen) -> None:
        named = {"content-type": "text/event-stream", **(headers or {})}
        if head:
            await wire.head(200, {**named, "transfer-encoding": "chunked"})
        for chunk in chunks:
            await wire.chunk(chunk)
            await asyncio.sleep(gap_s)
        match end:
            case "clean":
                await wire.raw(b"0\r\n\r\n")
            case "cut":
                wire.close()
            case "reset":
                wire.reset()
            case "stall":
                await seen.closed.wait()

    return play


def nodded(
    chunks: Sequence[bytes], nod: asyncio.Event, *, headers: Mapping[str, str] | None = None
) -> Script:
    """A stream whose every chunk waits until the one before has been acknowledged by a nod."""

    async def play(wire: Wire, _: Seen) -> None:
        named = {"content-type": "text/event-stream", **(headers or {})}
        await wire.head(200, {**named, "transfer-encoding": "chunked"})
        for chunk in chunks:
            await wire.chunk(chunk)
            await nod.wait()
            nod.clear()
        await wire.raw(b"0\r\n\r\n")

    return play


def silence() -> Script:
    """Take the request and say nothing."""

    async def play(_: Wire, seen: Seen) -> None:
        await seen.closed.wait()

    return play


def hang_up() -> Script:
    """Take the request and close the connection."""

    async def play(wire: Wire, _: Seen) -> None:
        wire.close()

    return play


class Upstream:
    """The provider. Scripts are played in order, one a request; the last one repeats."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.connections = 0
        self._scripts: list[Script] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def play(self, *scripts: Script) -> None:
        """Queue scripts up."""
        self._scripts += scripts

    def forget(self) -> None:
        """Neither scripts nor requests: as good as new, on the same port."""
        self.requests.clear()
        self._scripts.clear()

    async def asked(self, count: int = 1, within_s: float = 10.0) -> Seen:
        """The request of that number, counted from one, as soon as it is here."""
        async with asyncio.timeout(within_s):
            while len(self.requests) < count:  # noqa: ASYNC110  # for tests, plain is better
                await asyncio.sleep(0.002)
        return self.requests[count - 1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        seen = Seen(head[0].split(" ")[1], headers, body)
        self.requests.append(seen)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        playing = asyncio.create_task(script(Wire(writer), seen))
        leaving = asyncio.create_task(_gone(reader))
        try:
            await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                seen.closed.set()
                return False
            try:
                await playing
            except ConnectionError:  # the script found out first, by writing
                seen.closed.set()
                raise
            return not writer.is_closing()
        finally:
            for task in (playing, leaving):
                task.cancel()
            await asyncio.gather(playing, leaving, return_exceptions=True)


async def _gone(reader: asyncio.StreamReader) -> None:
    """Returns when the other side has closed. Looking does not take bytes of a next request."""
    while not (reader.at_eof() or reader.exception()):  # noqa: ASYNC110  # it sets no event
        await asyncio.sleep(0.005)

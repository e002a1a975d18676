"""A client on a bare socket: it sees how the HTTP body ends, and it may leave rudely."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.e2e.process import MASTER_KEY

_PATIENCE_S = 10.0
BEARER: Mapping[str, str] = {"authorization": f"Bearer {MASTER_KEY}"}


@dataclass(frozen=True)
class Head:
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Whole:
    """A reply to its end. `clean`: its body ended as HTTP says that bodies end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    clean: bool

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Raw:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunked = False
        self._left = 0

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(_PATIENCE_S):
            await self._writer.drain()

    async def ask(
        self,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] = BEARER,
        *,
        method: str = "POST",
    ) -> None:
        """Send a request. `body`: bytes as they are, anything else as JSON."""
        data = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        named = {"host": "localhost", "content-type": "application/json", **headers}
        if data and "transfer-encoding" not in named:
            named.setdefault("content-length", str(len(data)))
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in named.items()), "", ""]
        await self.send("\r\n".join(lines).encode() + data)

    async def head(self) -> Head:
        async with asyncio.timeout(_PATIENCE_S):
            raw = await self._reader.readuntil(b"\r\n\r\n")
        first, *rest = raw.decode("latin-1").rstrip().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
        }
        self._chunked = headers.get("transfer-encoding") == "chunked"
        self._left = int(headers.get("content-length", 0))
        return Head(int(first.split(" ")[1]), headers)

    async def piece(self) -> bytes:
        """One chunk of the body; nothing at its clean end.

        Raises:
            IncompleteReadError, ConnectionError: it did not end, it broke off.
        """
        async with asyncio.timeout(_PATIENCE_S):
            if not self._chunked:
                size, self._left = self._left, 0
                return await self._reader.readexactly(size)
            line = await self._reader.readuntil(b"\r\n")
            size = int(line, 16)
            data = await self._reader.readexactly(size + 2)
            return data[:-2]

    async def rest(self) -> tuple[bytes, bool]:
        """What is left of the body, and whether it ended cleanly."""
        pieces = []
        try:
            while piece := await self.piece():
                pieces.append(piece)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b"".join(pieces), False
        return b"".join(pieces), True

    async def whole(self) -> Whole:
        head = await self.head()
        body, clean = await self.rest()
        return Whole(head.status, head.headers, body, clean)

    async def closed(self) -> bool:
        """Whether the other side closes the connection now, without another byte."""
        async with asyncio.timeout(_PATIENCE_S):
            try:
                return await self._reader.read(1) == b""
            except ConnectionError:
                return True

    async def ended(self) -> bool:
        """Whether the other side has nothing more to say, and has not broken off."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self._reader.read(1) == b""

    def leave(self) -> None:
        """Go with a FIN."""
        if self._writer.get_extra_info("sslcontext"):
            self._writer.transport.abort()  # asyncio would wait for the other's goodbye first
        else:
            self._writer.close()

    def reset(self) -> None:
        """Go with a RST."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


@asynccontextmanager
async def connected(port: int, *, buffer_bytes: int = 0, ssl: Any = None) -> AsyncIterator[Raw]:
    """A connection. `buffer_bytes`: how little the kernel may take for us while we do not read."""
    sock = socket.socket()
    if buffer_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    host = "localhost" if ssl else None
    reader, writer = await asyncio.open_connection(
        sock=sock, limit=2**16 if not buffer_bytes else 1024, ssl=ssl, server_hostname=host
    )
    raw = Raw(reader, writer)
    try:
        yield raw
    finally:
        raw.leave()


async def exchange(
    port: int,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] = BEARER,
    *,
    method: str = "POST",
) -> Whole:
    """One request on a connection of its own, and the whole reply."""
    async with connected(port) as raw:
        await raw.ask(path, body, headers, method=method)
        return await raw.whole()


async def get(port: int, path: str, headers: Mapping[str, str] = BEARER) -> Whole:
    return await exchange(port, path, None, headers, method="GET")

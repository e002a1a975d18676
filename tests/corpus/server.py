"""A provider on a real socket that answers with what was recorded, byte by byte if need be.

Raw asyncio, no HTTP library, so that nothing between the recording and the gateway tidies up. The
first segment of a path names the reply; what follows is the gateway's business.
"""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

_TURNS = 3  # of the loop, until what was written has surely been read on the other side


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. `pieces` are written one after another, each to be read by itself."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    whole: bool = True  # False: the connection breaks before the body's announced end


class ReplayServer:
    """Answers many requests at once, each with the reply that its path names."""

    def __init__(self) -> None:
        self.asked: dict[str, bytes] = {}  # the body of the last request for each reply
        self._replies: dict[str, Reply] = {}
        self._writers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._numbers = itertools.count()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers.values():
            writer.transport.abort()
        await asyncio.gather(*self._writers)

    def serve(self, reply: Reply) -> str:
        """The address that answers so; good until `forget`."""
        key = str(next(self._numbers))
        self._replies[key] = reply
        return f"http://127.0.0.1:{self._port}/{key}/v1"

    def forget(self, address: str) -> bytes:
        """The address answers no more. Returns the body of the request that it got last."""
        key = address.split("/")[3]
        del self._replies[key]
        return self.asked.pop(key, b"")

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._writers[task] = writer
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            del self._writers[task]
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
        headers = {name: value.strip() for name, _, value in lines}
        key = head.split(" ")[1].split("/")[1]
        self.asked[key] = await reader.readexactly(int(headers.get("content-length", 0)))
        return await _answer(writer, self._replies.get(key, Reply(404)))


async def _answer(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Returns whether the connection may serve another request."""
    lines = [f"HTTP/1.1 {reply.status} Replayed"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += ["transfer-encoding: chunked", "", ""]
    writer.write("\r\n".join(lines).encode("utf-8"))
    for piece in reply.pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    if reply.whole:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return reply.whole

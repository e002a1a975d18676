"""A provider that answers as its script says, so that what is measured is the gateway.

    python -m tests.bench.source PORT

Speaks OpenAI, Anthropic and Gemini, by path. HTTP is read and written by hand on uvloop: about
9 µs of CPU for a chat request, where nginx, the cheapest floor, takes 20 and the fastest gateway
measured 73. (A compiled one would save half of that and cost a second language.)
"""

import asyncio
import re
import sys
from collections.abc import Callable
from typing import cast

import uvloop

from tests.bench.contenders import MODEL
from tests.bench.host import allow_descriptors
from tests.bench.script import Script, read
from tests.bench.voices import ANTHROPIC, GEMINI, OPENAI, Voice

_OK = b"HTTP/1.1 200 OK\r\n"
_STREAM = re.compile(rb'"stream": ?true')  # as JavaScript and orjson write it, and as Python does
_LENGTH = b"content-length: "


def _document(body: bytes, limits: bytes = b"") -> bytes:
    head = _OK + limits + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    return head % (len(body), body)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_MODELS = _document(
    b'{"object":"list","data":[{"id":"%b","object":"model","created":1,"owned_by":"bench"}]}'
    % MODEL.encode()
)
_WELL = _document(b'{"status":"ok"}')


class Said:
    """A voice as it goes over the wire."""

    def __init__(self, voice: Voice) -> None:
        head = _OK + voice.limits + b"content-type: text/event-stream\r\n"
        head += b"transfer-encoding: chunked\r\n\r\n"
        self.whole = _document(voice.document, voice.limits)
        self.begin = head + (_chunk(voice.begin) if voice.begin else b"")
        self.event = _chunk(voice.event)
        self.last = _chunk(voice.end) + b"0\r\n\r\n"


class Source(asyncio.Protocol):
    def __init__(self, loop: asyncio.AbstractEventLoop, said: Callable[[bytes], Said]) -> None:
        self._loop = loop
        self._said = said
        self._read = b""
        self._needed = 0  # bytes of the request that has begun to arrive
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such base

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if len(self._read) < self._needed:
            return
        end = self._read.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = self._read[:end]
        self._needed = end + self._body_length(head, end)
        if len(self._read) >= self._needed:
            body, self._read = self._read[end : self._needed], self._read[self._needed :]
            self._needed = 0
            self._answer(head, body)

    def _body_length(self, head: bytes, end: int) -> int:
        head = head.lower()
        _, found, rest = head.partition(_LENGTH)
        if found:
            return int(rest.partition(b"\r\n")[0])
        if b"transfer-encoding: chunked" not in head:
            return 0
        here = len(self._read)
        return here - end if self._read.endswith(b"0\r\n\r\n") else here - end + 1

    def _answer(self, head: bytes, body: bytes) -> None:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0]
        if method != b"POST":
            self._transport.write(_MODELS if path.endswith(b"/models") else _WELL)
            return
        said, script = self._said(path), read(body)
        if b":streamGenerateContent" in path or _STREAM.search(body):
            self._stream(said, script)
        elif script.first_ms:
            self._later(self._loop.time() + script.first_s, self._transport.write, said.whole)
        else:
            self._transport.write(said.whole)

    def _stream(self, said: Said, script: Script) -> None:
        if not (script.pace_ms or script.first_ms):
            self._transport.write(said.begin + said.event * script.events + said.last)
            return
        self._transport.write(said.begin)
        start = self._loop.time() + script.first_s
        if script.first_ms:
            self._later(start, self._tell, said, script, start, 1)
        else:
            self._tell(said, script, start, 1)

    def _tell(self, said: Said, script: Script, start: float, number: int) -> None:
        """Say event `number`. Each has its own time since the start, so nothing drifts."""
        if number == script.events:
            self._transport.write(said.event + said.last)
            return
        self._transport.write(said.event)
        at = start + number * script.pace_s
        self._later(at, self._tell, said, script, start, number + 1)

    def _later(self, at: float, then: Callable[..., object], *args: object) -> None:
        self._timer = self._loop.call_at(at, then, *args)


def by_path() -> Callable[[bytes], Said]:
    openai, anthropic, gemini = Said(OPENAI), Said(ANTHROPIC), Said(GEMINI)

    def said(path: bytes) -> Said:
        if path.endswith(b"/messages"):
            return anthropic
        return gemini if b"enerateContent" in path else openai

    return said


async def main(port: int) -> None:
    allow_descriptors()
    loop, said = asyncio.get_running_loop(), by_path()
    server = await loop.create_server(lambda: Source(loop, said), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))

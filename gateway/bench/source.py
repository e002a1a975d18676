"""A provider that answers at once, so that what is measured is the gateway. A process of its own.

It listens on the loopback address only, says on its standard output at which port, and ends when
its standard input does.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import uvloop

from gateway.bench.words import LONE, SPOKEN, path

_LATER_S = 0.005  # after a first event that comes alone


@dataclass(frozen=True, slots=True)
class Answer:
    """`first` is sent at once, and `rest` with it, or later if the prompt says so."""

    first: bytes
    rest: bytes = b""


def answers() -> Mapping[bytes, Answer]:
    """By path."""
    return {
        **{path(d, stream=False).encode(): Answer(w.whole()) for d, w in SPOKEN.items()},
        **{path(d, stream=True).encode(): Answer(w.begun(), w.rest()) for d, w in SPOKEN.items()},
    }


class Source(asyncio.Protocol):
    """One connection. Requests come one after another, as from every client without pipelining."""

    def __init__(self, known: Mapping[bytes, Answer]) -> None:
        self._known = known
        self._read = b""
        self._later: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such base

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the contract's
        if self._later:
            self._later.cancel()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, blank, body = self._read.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not blank or len(body) < int(length or 0):
            return
        self._read = b""
        self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, asked: bytes, body: bytes) -> None:
        answer = self._known.get(asked)
        if answer is None:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        elif answer.rest and LONE in body:
            self._transport.write(answer.first)
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(_LATER_S, self._transport.write, answer.rest)
        else:
            self._transport.write(answer.first + answer.rest)


def main() -> None:
    """Answer until nobody is left who wants it."""
    uvloop.run(_serve())


async def _serve() -> None:
    loop, known = asyncio.get_running_loop(), answers()
    server = await loop.create_server(lambda: Source(known), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    over = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), over.set)  # its end is all that ever comes
    await over.wait()

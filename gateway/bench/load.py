"""Clients that ask, and ask again until their time is up; what they saw is tallied.

A bare protocol on a connection that is kept: a client library costs more than what is measured.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import cast

import orjson
import uvloop

_PATIENCE_S = 15.0  # beyond its time, for an answer that does not come
_EVENT = b"data: {"
_DONE = b"data: [DONE]"
_SHOWN = 300  # characters of an error


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, over and over. `raw`: as it goes over the wire."""

    port: int
    raw: bytes
    stream: bool


@dataclass(slots=True)
class Tally:
    """What came back. Seconds; `error` is the first that went wrong, `failed` how many did."""

    times: list[float] = field(default_factory=list)  # to the end of each answer
    firsts: list[float] = field(default_factory=list)  # to the first event of each stream
    events: int = 0
    seconds: float = 0.0
    failed: int = 0
    error: str = ""

    def add(self, other: "Tally") -> None:
        self.times += other.times
        self.firsts += other.firsts
        self.events += other.events
        self.seconds += other.seconds
        self.failed += other.failed
        self.error = self.error or other.error

    def fail(self, error: str) -> None:
        self.failed += 1
        self.error = self.error or error


def asked(ask: Ask, clients: int, seconds: float) -> Tally:
    """So many clients, for so long; each finishes what it has begun. They stop at a failure.

    With no seconds at all, each asks once.
    """
    return uvloop.run(_asked(ask, clients, seconds))


async def _asked(ask: Ask, clients: int, seconds: float) -> Tally:
    loop, tally = asyncio.get_running_loop(), Tally()
    begun = perf_counter()
    voices = [_Client(ask, begun + seconds, tally, loop.create_future()) for _ in range(clients)]
    try:
        async with asyncio.timeout(seconds + _PATIENCE_S):
            for voice in voices:
                await loop.create_connection(partial(_same, voice), "127.0.0.1", ask.port)
            await asyncio.gather(*(voice.over for voice in voices))
    except TimeoutError:
        tally.fail(f"no answer within {_PATIENCE_S:g} s")
    except OSError as error:
        tally.fail(f"cannot connect: {error.strerror}")
    finally:
        for voice in voices:
            voice.leave()
    tally.seconds = perf_counter() - begun
    return tally


def _same(voice: "_Client") -> "_Client":
    return voice


class _Client(asyncio.Protocol):
    """One connection. `over` is done when no more is asked on it."""

    def __init__(self, ask: Ask, until: float, tally: Tally, over: "asyncio.Future[None]") -> None:
        self.over = over
        self._ask = ask
        self._until = until
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._sent = 0.0
        self._first = 0.0  # seconds after; 0: not yet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such base
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self._fail(f"the connection broke off: {exc}" if exc else "the answer was cut off")

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._first and _EVENT in self._got:
            self._first = perf_counter() - self._sent
        head, blank, body = self._got.partition(b"\r\n\r\n")
        if blank and _whole(head, body):
            self._answered(head, body)

    def leave(self) -> None:
        if not self.over.done():
            self.over.cancel()
        if self._transport:
            self._transport.close()

    def _send(self) -> None:
        if self._transport:
            self._got = b""
            self._first = 0.0
            self._sent = perf_counter()
            self._transport.write(self._ask.raw)

    def _answered(self, head: bytes, body: bytes) -> None:
        now, tally = perf_counter(), self._tally
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(_refusal(head, body))
        elif self._ask.stream and _DONE not in body:
            self._fail("a stream ended without [DONE]")
        else:
            tally.times.append(now - self._sent)
            if self._ask.stream:
                tally.firsts.append(self._first)
                tally.events += body.count(_EVENT)
            if now < self._until and not tally.failed:
                self._send()
            else:
                self.over.set_result(None)

    def _fail(self, error: str) -> None:
        self._tally.fail(error)
        self.over.set_result(None)


def _whole(head: bytes, body: bytes) -> bool:
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(length) if length else body.endswith(b"0\r\n\r\n")


def _refusal(head: bytes, body: bytes) -> str:
    """The status and what is said of it; an error document has no secrets in it."""
    status = head.partition(b"\r\n")[0].partition(b" ")[2].decode("latin-1").strip()
    said = body.decode("utf-8", "replace")
    with suppress(orjson.JSONDecodeError, KeyError, TypeError):
        said = str(orjson.loads(body)["error"]["message"])
    return f"{status}: {said[:_SHOWN]}" if said else status

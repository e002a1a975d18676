"""One client connection: asks, notes when each event of the answer came, asks again. No task.

HTTP is read by hand, about 9 µs of CPU for a chat request; see `source.py` for why.
"""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from tests.bench.voices import WORD

_LENGTH = b"content-length: "
_CHUNKED = b"transfer-encoding: chunked"
_END = b"\r\n0\r\n\r\n"  # of a body in chunks
_KEPT = len(_END) - 1  # bytes that may be the beginning of an end, or of a word
_STREAM = -1


class Client(asyncio.Protocol):
    def __init__(self, done: Callable[["Client"], None]) -> None:
        self._done = done
        self._head: bytes | None = None  # as far as it has come; None: it is over
        self._left = 0  # bytes of a document still to come
        self._tail = b""
        self.due = 0.0  # when the answer under way should have been asked for (perf_counter)
        self.asked_at = 0.0
        self.ended_at = 0.0
        self.times: list[float] = []  # when each event with content came
        self.failure = ""
        self.busy = False
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such base

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self.busy:
            self._over("" if self._ends_at_close() else "hung up in the middle of an answer")

    def ask(self, request: bytes, due: float = 0.0) -> None:
        self._head, self._left, self._tail = b"", _STREAM, b""
        self.times, self.failure, self.busy = [], "", True
        self.asked_at = time.perf_counter()
        self.due = due or self.asked_at
        if self.open:
            self._transport.write(request)
        else:
            self._over("hung up before it was asked")

    def leave(self) -> None:
        if self.busy:
            self.busy = False
            self._transport.abort()
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if not self.busy:
            return
        now = time.perf_counter()
        if self._head is not None:
            data = self._read_head(self._head + data)
            if self._head is not None or self.failure:
                return
        if self._left == _STREAM:
            self._read_stream(data, now)
            return
        self._left -= len(data)
        if self._left <= 0:
            self._over("")

    def _read_head(self, data: bytes) -> bytes:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return b""
        head, self._head = data[: end + 2].lower(), None
        if head[9:12] != b"200":
            self._over(f"{head[9:12].decode(errors='replace')}: {data[end + 4 : end + 160]!r}")
            return b""
        _, found, rest = head.partition(_LENGTH)
        self._left = int(rest.partition(b"\r\n")[0]) if found else _STREAM
        self._chunked = _CHUNKED in head
        return data[end + 4 :]

    def _read_stream(self, data: bytes, now: float) -> None:
        """The tail of the last read goes before it, for words and the end may be cut in two."""
        seen = self._tail + data
        if words := seen.count(WORD) - self._tail.count(WORD):
            self.times += [now] * words
        if self._chunked and seen.endswith(_END):
            self._over("")
        self._tail = seen[-_KEPT:]

    def _ends_at_close(self) -> bool:
        return self._head is None and self._left == _STREAM and not self._chunked

    def _over(self, failure: str) -> None:
        self.ended_at = time.perf_counter()
        self.busy = False
        self.failure = failure
        if failure:
            self._transport.abort()
            self.open = False
        self._done(self)

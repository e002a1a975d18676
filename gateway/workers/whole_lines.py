"""Lines of several processes that write to one pipe, none torn apart by another's."""

from select import PIPE_BUF
from typing import Protocol


class Raw(Protocol):
    def write(self, data: memoryview, /) -> int | None: ...


class WholeLines:
    """A pipe takes at most `PIPE_BUF` bytes in one piece, so no more are written at a time, and
    whole lines only. A single line that is longer is written at once, and may be torn.

    Source: https://man7.org/linux/man-pages/man7/pipe.7.html (read 2026-11)
    """

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def write(self, data: memoryview) -> int | None:
        """Write a part of it; returns how much, or None if the stream would block."""
        if len(data) > PIPE_BUF:
            end = bytes(data[:PIPE_BUF]).rfind(b"\n") + 1 or bytes(data).find(b"\n") + 1
            data = data[: end or len(data)]
        return self._raw.write(data)

"""One JSON document in a line (`application/x-ndjson`), rewritten to server-sent events.

Source: https://docs.ollama.com/api/streaming (read 2026-11).
"""

from adapters.sse import EVENT_LIMIT


class JsonLines:
    """Each line becomes the data of one event. Blank lines are skipped."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._limit = limit

    def feed(self, data: bytes) -> bytes:
        """The events that have become whole.

        Raises:
            ValueError: one line has grown over the limit.
        """
        whole, newline, rest = data.rpartition(b"\n")
        lines = b"".join((*self._held, whole)).split(b"\n") if newline else []
        if newline:
            self._held, self._size = [], 0
        if rest:
            self._held.append(rest)
            self._size += len(rest)
        if self._size > self._limit or any(len(line) > self._limit for line in lines):
            raise ValueError(f"a line is larger than {self._limit} bytes")
        return b"".join(b"data: %b\n\n" % line for raw in lines if (line := _bare(raw)))

    def close(self) -> bytes:
        """The last line may have no end."""
        return self.feed(b"\n") if self._held else b""


def _bare(line: bytes) -> bytes:
    """Without white space around it; a carriage return inside would end the event's line."""
    return line.strip().replace(b"\r", b" ")

"""How a stream's events are wrapped on their way, and how to unwrap them.

Everything behind this file reads server-sent events. Other framings are rewritten to those as they
arrive: bytes in, whole events out, without I/O.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class Framing(StrEnum):
    """Names of the ways to frame a stream."""

    SSE = "sse"
    AWS = "aws"  # vnd.amazon.eventstream: binary frames with checksums
    JSON_LINES = "json lines"  # one document in a line


class Unframe(Protocol):
    """Turns a framing into server-sent events."""

    def feed(self, data: bytes) -> bytes:
        """The events that have become whole, written as server-sent events.

        Raises:
            ValueError: the bytes are not of that framing, or one frame is too large.
        """
        ...

    def close(self) -> bytes:
        """The body has ended: what is left, if it means something without its end."""
        ...


FRAMINGS: Mapping[Framing, str] = {
    Framing.AWS: "adapters.frames.aws:AwsFrames",
    Framing.JSON_LINES: "adapters.frames.json_lines:JsonLines",
}
ACCEPT: Mapping[Framing, str] = {
    Framing.SSE: "text/event-stream",
    Framing.AWS: "application/vnd.amazon.eventstream",
    Framing.JSON_LINES: "application/x-ndjson",
}

"""Server-sent events, without I/O: bytes in, whole events out, however the network cut them.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
(read 2026-11). All three line ends are accepted, mixed or not; a byte order mark is skipped.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

EVENT_LIMIT = 16 * 2**20  # bytes one event may hold before its provider is called broken

_BLANK_LINE = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
_SEPARATORS = (b"\n\n", b"\r\n\r\n")  # those in use; what else may stand there is found in time
_LF, _CR = b"\n\r"  # numbers: `in` finds a byte five times as fast as bytes of one
_LONE_CR = re.compile(rb"\r(?!\n)")
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Event:
    """One event. `data` is its lines joined by a line feed; comments are not events."""

    data: bytes
    name: str = ""
    document: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    """What `data` says, if somebody has parsed it already."""


class Cutter:
    """Lets bytes through up to the end of the last whole event, unchanged, and keeps the rest.

    So whatever has been passed on ends at the end of an event: an error event or a keep-alive
    comment may follow at any moment without tearing one apart.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._limit = limit

    def feed(self, data: bytes) -> bytes:
        """Whole events up to here, or nothing yet.

        Raises:
            ValueError: one event has grown over the limit.

        """
        if not self._held and data.endswith(_SEPARATORS):
            return data  # nearly every read ends with an event
        end = self._last_end(data)
        if end:
            whole = b"".join((*self._held, data[:end]))
            self._held = [data[end:]] if end < len(data) else []
            self._size = len(data) - end
            return whole
        self._held.append(data)
        self._size += len(data)
        if self._size > self._limit:
            raise ValueError(f"an event is larger than {self._limit} bytes")
        return b""

    @property
    def rest(self) -> bytes:
        """What has arrived of an event that is not whole yet."""
        return b"".join(self._held)

    def _last_end(self, data: bytes) -> int:
        """How much of `data` belongs to whole events; a blank line may straddle two reads."""
        edge = b"".join(self._held[-3:])[-3:]
        seam = edge + data
        if _CR not in seam:
            return max(0, seam.rfind(b"\n\n") + 2 - len(edge)) if b"\n\n" in seam else 0
        at = -1
        for blank in (b"\n\r", b"\r\r", b"\n\n"):  # how the last blank line may begin
            at = max(at, seam.rfind(blank, at + 1))
        if at < 0:
            return 0
        end = at + 3 if seam[at + 1 : at + 3] == b"\r\n" else at + 2
        return max(0, end - len(edge))


def events(whole: bytes) -> list[Event]:
    """The events in bytes that end where an event ends."""
    whole = whole.removeprefix(_BOM)
    if _CR in whole:
        whole = _with_line_feeds(whole)
    found = []
    for frame in whole.split(b"\n\n"):
        if not frame:
            continue
        head, _, data = frame.partition(b"data: ")
        if not head and _LF not in data:  # nearly all are one line
            found.append(Event(data))
        elif data and _LF not in data and _is_name(head):
            found.append(Event(data, head[7:-1].decode(errors="replace")))  # or two
        elif event := _parse(frame):
            found.append(event)
    return found


def frames(whole: bytes) -> list[bytes]:
    """The same bytes, cut after each event."""
    if _CR not in whole:
        *ended, rest = whole.split(b"\n\n")
        return [frame + b"\n\n" for frame in ended] + ([rest] if rest else [])
    ends = [found.end() for found in _BLANK_LINE.finditer(whole)]
    cuts = [0, *ends, *([len(whole)] if not ends or ends[-1] < len(whole) else [])]
    return [whole[a:b] for a, b in pairwise(cuts)]


class Bounds:
    """Where the events of some bytes begin and end. How they are separated is found out once."""

    __slots__ = ("_blank", "_cuts", "_whole")

    def __init__(self, whole: bytes) -> None:
        self._whole = whole
        self._blank = b""
        self._cuts: list[int] | None = None  # ends of events, where separators differ

    def around(self, position: int) -> tuple[int, int]:
        """Of the event that holds the byte at `position`."""
        whole, blank = self._whole, self._blank
        if not blank and self._cuts is None:
            blank = self._blank = _blank_line_of(whole)
            if not blank:
                self._cuts = list(accumulate(map(len, frames(whole))))
        if blank:
            begin = whole.rfind(blank, 0, position)
            end = whole.find(blank, position)
            length = len(blank)
            return begin + length if begin >= 0 else 0, end + length if end >= 0 else len(whole)
        cuts = self._cuts or [len(whole)]
        at = min(bisect_right(cuts, position), len(cuts) - 1)
        return cuts[at - 1] if at else 0, cuts[at]


def _blank_line_of(whole: bytes) -> bytes:
    """How events are separated, if all of them are in the same way."""
    if _CR not in whole:
        return b"\n\n"
    mixed = b"\n\n" in whole or b"\r\r" in whole or b"\n\r" in whole.replace(b"\r\n\r\n", b"")
    return b"" if mixed else b"\r\n\r\n"


def encode(event: Event) -> bytes:
    """One event as bytes."""
    head = b"event: %b\n" % event.name.encode() if event.name else b""
    if _LF not in event.data:
        return b"%bdata: %b\n\n" % (head, event.data)
    lines = b"".join(b"data: %b\n" % line for line in event.data.split(b"\n"))
    return b"%b%b\n" % (head, lines)


def _with_line_feeds(whole: bytes) -> bytes:
    """The same lines with one kind of end."""
    if _LONE_CR.search(whole):
        return whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return whole.replace(b"\r", b"")  # in a quarter of the time


def _is_name(head: bytes) -> bool:
    return head.startswith(b"event: ") and head.find(b"\n") == len(head) - 1


def _parse(frame: bytes) -> Event | None:
    data: list[bytes] = []
    name = ""
    for line in frame.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode(errors="replace")
    return Event(b"\n".join(data), name) if data else None

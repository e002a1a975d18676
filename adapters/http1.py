"""Plain answers of HTTP/1.1 (RFC 9112), read without I/O.

Plain is what providers send all day: a head in which every line is sound, then a body with a length
or in chunks, in no encoding of its own. What is not is `None` here, and for a whole parser to read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [^\r\n\0]*)?\r\n((?:" + _TOKEN + rb":[^\r\n\0]*\r\n)+)\r\n"
)
_FRAMING = re.compile(rb"^(?:content-length|transfer-encoding):", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(r"[0-9]{1,15}")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n\0]*)?\r\n")  # of a chunk
_NO_BODY = frozenset({204, 205, 304})
_LONGEST_LINE = 16 * 1024  # bytes; of a chunk's size with its extensions, of all trailers


class Odd(ValueError):
    """These bytes are no HTTP."""


class Counted:
    """A body whose length was told."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = not length
        self.surplus = False  # more has come than belongs to it

    def feed(self, data: bytes) -> bytes:
        """What of it is in `data`."""
        left = self._left
        if len(data) > left:
            data, self.surplus = data[:left], True
        self._left = left = left - len(data)
        self.ended = not left
        return data


class Chunked:
    """A body in chunks, each passed on as far as it has come."""

    def __init__(self) -> None:
        self.ended = False
        self.surplus = False
        self._left = 0  # of the present chunk
        self._within = False  # a chunk, or the line feed after it
        self._trailing = False  # the last chunk was there
        self._kept = b""  # what is too little to be understood

    def feed(self, data: bytes) -> bytes:
        """What of it is in `data`. Raises `Odd`."""
        if self._kept:
            data, self._kept = self._kept + data, b""
        pieces: list[bytes] = []
        at, size = 0, len(data)
        if not (self._left or self._within or self._trailing):
            at = _whole_chunks(data, pieces)
        while at < size and not self.ended:
            begun = at
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append(piece)
            elif self._within:
                at = self._line_feed(data, at)
            elif self._trailing:
                at = self._trailers(data, at)
            else:
                at = self._size(data, at)
            if at == begun:
                self._kept = data[at:]
                break
        self.surplus = self.ended and at < size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _size(self, data: bytes, at: int) -> int:
        found = _SIZE.match(data, at)
        if not found:
            if len(data) - at > _LONGEST_LINE or data.find(b"\n", at) >= 0:
                raise Odd("a chunk has no size")
            return at
        self._left = int(found[1], 16)
        self._within = self._left > 0
        self._trailing = not self._within
        return found.end()

    def _line_feed(self, data: bytes, at: int) -> int:
        if data.startswith(b"\r\n", at):
            self._within = False
            return at + 2
        if data[at:] != b"\r":
            raise Odd("a chunk is longer than its size")
        return at

    def _trailers(self, data: bytes, at: int) -> int:
        """Fields after the last chunk say nothing to us."""
        if data.startswith(b"\r\n", at):
            self.ended = True
            return at + 2
        end = data.find(b"\r\n\r\n", at)
        if end >= 0:
            self.ended = True
            return end + 4
        if len(data) - at > _LONGEST_LINE:
            raise Odd("the trailers have no end")
        return at


def _whole_chunks(data: bytes, pieces: list[bytes]) -> int:
    """Add those that `data` begins with, which mostly is all there is; returns where they end."""
    at = 0
    while found := _SIZE.match(data, at):
        begin = found.end()
        end = begin + int(found[1], 16)
        if end == begin or not data.startswith(b"\r\n", end):
            break
        pieces.append(data[begin:end])
        at = end + 2
    return at


@dataclass(slots=True)
class Head:
    """The head of a plain answer. Names in lower case; of several with one name the last."""

    status: int
    headers: Mapping[str, str]
    body: Counted | Chunked
    size: int  # bytes; the body begins there

    @property
    def last(self) -> bool:
        """Whether nothing more may be asked on this connection."""
        return "close" in self.headers.get("connection", "").lower()


def plain(data: bytes) -> Head | None:
    """The head that `data` begins with."""
    found = _HEAD.match(data)
    if not found:
        return None
    status, lines = int(found[1]), found[2]
    headers = {}
    told = lines.decode("latin-1").split("\r\n")
    told.pop()
    for line in told:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip(" \t")
    if len(headers) < len(told) and len(_FRAMING.findall(lines)) > 1:
        return None
    body = _body(headers)
    if (
        body is None
        or status in _NO_BODY
        or headers.get("content-encoding", "identity") != "identity"
    ):
        return None
    return Head(status, headers, body, found.end())


def unfinished(data: bytes) -> bool:
    """Whether `data` may still become a plain head."""
    return data[:9] == b"HTTP/1.1 "[: len(data)] and b"\r\n\r\n" not in data and b"\n\n" not in data


def _body(headers: Mapping[str, str]) -> Counted | Chunked | None:
    length, encoding = headers.get("content-length"), headers.get("transfer-encoding")
    if encoding is None and length is not None and _LENGTH.fullmatch(length):
        return Counted(int(length))
    if length is None and encoding is not None and encoding.lower() == "chunked":
        return Chunked()
    return None

"""Heads of plain requests, read, and heads of their answers, written (pure).

`plain` takes what has only one meaning and leaves the rest to h11, which knows the whole of
HTTP/1.1: whatever it takes, h11 takes too and reads as the same
(`tests/gateway/http1/test_head.py`). Reading so costs 5 µs where h11 needs 29, writing 3.5 where
it needs 17, and all that is done for a head elsewhere, to please h11, is not done at all.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from time import time
from typing import TypeAlias
from wsgiref.handlers import format_date_time

Headers: TypeAlias = list[tuple[bytes, bytes]]

CHUNKED = -1  # the length of a body that says itself where it ends

_LONGEST = 16 * 1024  # bytes of a head
_NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_HEAD = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[!-~]*+) HTTP/1\.1\r\n"
    rb"((?:" + _NAME + rb":[\t ]*+(?:[!-~]++(?:[\t ]++[!-~]++)*+)?+\r\n)++)\r\n"
)
_LINE = re.compile(rb"([^:]++):[\t ]*+([^\r]*+)\r\n")  # one that is sound
_LENGTH = re.compile(rb"[0-9]{1,12}")
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
_KEPT = {b"keep-alive": True, b"close": False}

BODILESS = frozenset({204, 304})  # answers without a body (RFC 9110, 6.4.1)
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_SOUND = re.compile(rb"(?:" + _NAME + rb": [^\x00-\x08\x0a-\x1f\x7f]*+\r\n)*+")  # RFC 9110, 5.5


@dataclass(slots=True)
class Asked:
    """The head of a request."""

    method: str
    target: bytes
    headers: Headers  # names in lower case
    length: int  # of the body, bytes
    kept: bool  # the connection, as far as the client goes
    size: int  # of the head itself, bytes


def plain(data: bytes) -> Asked | None:
    """The request that begins here, if its whole head is here and nothing about it is unusual."""
    match = _HEAD.match(data, 0, _LONGEST)
    if not match:
        return None
    method, target, lines = match.groups()
    headers = [(name.lower(), value) for name, value in _LINE.findall(lines)]
    named = dict(headers)
    length = named.get(b"content-length", b"0")
    kept = _KEPT.get(named.get(b"connection", b"keep-alive").lower())
    if (
        kept is None
        or b"host" not in named
        or len(named) != len(headers)
        or not _UNUSUAL.isdisjoint(named)
        or not _LENGTH.fullmatch(length)
    ):
        return None
    return Asked(method.decode(), target, headers, int(length), kept, match.end())


@dataclass(slots=True)
class Told:
    """The head of an answer, as it is sent."""

    data: bytes
    length: int  # of the body, bytes; or CHUNKED
    kept: bool  # the connection


def told(status: int, headers: Headers, *, kept: bool) -> Told:
    """The head of an answer, with what a server adds to it. `kept`: the connection may be.

    Raises:
        ValueError: no such head can be sent.
    """
    block = b"".join([b"%b: %b\r\n" % (name, value) for name, value in headers])
    if not _SOUND.fullmatch(block) or block.count(b"\n") != len(headers):
        raise ValueError(f"no headers: {headers!r}")
    if not 200 <= status <= 999:
        raise ValueError(f"no status of an answer: {status}")
    framing = _framing(headers)
    added = _date(int(time()))
    closed = b"close" in framing.get(b"connection", b"").lower()
    if not (kept or closed):
        added += b"connection: close\r\n"
    length = int(framing.get(b"content-length", CHUNKED))
    if length == CHUNKED and status not in BODILESS:
        added += b"transfer-encoding: chunked\r\n"
    data = b"HTTP/1.1 %d \r\n%b%b\r\n" % (status, block, added)
    return Told(data, length, kept and not closed)


def _framing(headers: Headers) -> dict[bytes, bytes]:
    """What is said of the body's length and of the connection, by names in lower case."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _FRAMING:
            if lower in found:
                raise ValueError(f"an answer with more than one {lower!r}")
            found[lower] = value
    if b"transfer-encoding" in found or not _LENGTH.fullmatch(found.get(b"content-length", b"0")):
        raise ValueError("an answer's length is no number, or not its own to tell")
    return found


@lru_cache(1)
def _date(second: int) -> bytes:
    return b"date: %b\r\n" % format_date_time(second).encode()

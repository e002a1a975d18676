"""What a prompt begins with, as providers' caches see it. Pure.

A cache helps from about 1024 tokens on, and whatever has the same beginning shares it
(https://platform.openai.com/docs/guides/prompt-caching,
https://platform.claude.com/docs/en/build-with-claude/prompt-caching, read 2026-11). So the prompt
is written out in the order in which providers read it (tools, system, messages) and its beginnings
at certain lengths get a name each. Where the client has set cache marks, only what stands before
the last of them is cached at all.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from adapters.types import Json

MARK = "cache_control"
_TTL_S, _LONG_TTL_S = 300.0, 3600.0  # how long a cache is kept; with `ttl: 1h`
_STEPS = tuple(  # bytes; about 4 a token
    size for power in range(9) for size in (4096 << power, 6144 << power)
)
_WORTH = 2  # a discount on less than one part of so many is not worth the load that follows


class Prefix(NamedTuple):
    """The beginning of a prompt, and how long a provider remembers it, in seconds."""

    digest: bytes
    ttl: float


def prefixes(body: Json) -> Sequence[Prefix]:
    """The longest beginnings of a prompt, the longest first, none shorter than half of it: else
    all calls that have a system prompt in common would go to one deployment.
    """
    pieces = list(_pieces(body))
    marks = [mark for _, mark in pieces if mark]
    if marks:
        while not pieces[-1][1]:
            pieces.pop()
    length = sum(len(piece) for piece, _ in pieces)
    steps = [size for size in _STEPS if length // _WORTH < size <= length]
    if not steps and length > _STEPS[-1]:
        steps = [_STEPS[-1]]
    ttl = _LONG_TTL_S if marks and all(mark == "1h" for mark in marks) else _TTL_S
    found = [Prefix(digest, ttl) for digest in _digests(pieces, steps)]
    return found[::-1]


def _digests(pieces: Sequence[tuple[bytes, str]], steps: Sequence[int]) -> Iterator[bytes]:
    """The name of what stands before each of these places."""
    hashed, at, waiting = blake2b(digest_size=16), 0, list(steps)
    for piece, _ in pieces:
        begin = 0
        while waiting and at + len(piece) - begin >= waiting[0]:
            end = begin + waiting.pop(0) - at
            hashed.update(piece[begin:end])
            at += end - begin
            begin = end
            yield hashed.digest()
        if not waiting:
            return
        hashed.update(piece[begin:])
        at += len(piece) - begin


def _pieces(body: Json) -> Iterator[tuple[bytes, str]]:
    """What the model reads, in order, and the mark at the end of each piece: `5m`, `1h` or none.

    Marks are not part of it: clients move them on with each turn.
    """
    for value in (body.get("tools"), body.get("system"), body.get("messages"), body.get("input")):
        for item in value if isinstance(value, list) else (value,):
            yield from _split(item)


def _split(item: Any) -> Iterator[tuple[bytes, str]]:
    if item is None:
        return
    if not isinstance(item, dict):
        yield _written(item), ""
        return
    content = item.get("content")
    if isinstance(content, list):
        yield _written({k: v for k, v in item.items() if k not in {"content", MARK}}), ""
        for part in content:
            yield _plain(part)
        if mark := _mark(item):
            yield b"", mark
    else:
        yield _plain(item)


def _plain(part: Any) -> tuple[bytes, str]:
    if not isinstance(part, dict) or MARK not in part:
        return _written(part), ""
    return _written({k: v for k, v in part.items() if k != MARK}), _mark(part)


def _mark(part: Json) -> str:
    match part.get(MARK):
        case {"ttl": "1h"}:
            return "1h"
        case dict():
            return "5m"
        case _:
            return ""


def _written(value: Any) -> bytes:
    return orjson.dumps(value)

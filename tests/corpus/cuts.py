"""Where a network may cut a stream: every kind of place that a careless reader trips over."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tests.corpus.oracles.frames import aws

SHORT = 1200  # bytes of a body that is sent one by one
MOST = 48  # places of one kind that a long body is cut at, spread over all of it
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def pieces(body: bytes, reads: Sequence[int], seed: str) -> list[bytes]:
    """As it arrived, where somebody noted that; else in a few pieces of any size."""
    if sum(reads) == len(body) and reads:
        return _at(body, _sums(reads))
    chance = random.Random(seed)
    return _at(body, sorted(chance.randrange(1, len(body)) for _ in range(3)) if body[1:] else [])


def kinds(body: bytes, *, binary: bool) -> Mapping[str, list[bytes]]:
    """The body in pieces, once for each kind of place that it has."""
    found = _of_frames(body) if binary else _of_text(body)
    cuts = {kind: _at(body, _thinned(places)) for kind, places in found}
    if len(body) <= SHORT:
        cuts["every byte"] = [body[at : at + 1] for at in range(len(body))]
    return {kind: cut for kind, cut in cuts.items() if len(cut) > 1}


def _of_text(body: bytes) -> Iterator[tuple[str, list[int]]]:
    blanks = list(_BLANK_LINE.finditer(body))
    yield "between CR and LF", [found.start() + 1 for found in re.finditer(rb"\r\n", body)]
    yield "inside UTF-8", [found.start() for found in re.finditer(rb"[\x80-\xbf]", body)]
    yield "inside a field's name", [found.start() + 2 for found in re.finditer(rb"data:", body)]
    yield "after a colon", [found.end() for found in re.finditer(rb"data:", body)]
    yield "before a blank line", [found.start() for found in blanks]
    yield "inside a blank line", [(found.start() + found.end()) // 2 for found in blanks]
    yield "after a blank line", [found.end() for found in blanks]
    yield "before a line's end", [found.start() for found in re.finditer(rb"\n", body)]
    yield "after a line's end", [found.end() for found in re.finditer(rb"\n", body)]


def _of_frames(body: bytes) -> Iterator[tuple[str, list[int]]]:
    begins = [0]
    for _ in aws(body):
        begins.append(begins[-1] + int.from_bytes(body[begins[-1] : begins[-1] + 4], "big"))
    frames = [(a, b, int.from_bytes(body[a + 4 : a + 8], "big")) for a, b in pairwise(begins)]
    yield "between frames", begins
    yield "inside a length", [a + 2 for a, _, _ in frames]
    yield "inside the prelude's checksum", [a + 10 for a, _, _ in frames]
    yield "before the headers", [a + 12 for a, _, _ in frames]
    yield "inside the headers", [a + 12 + headers // 2 for a, _, headers in frames]
    yield "inside the payload", [(a + 12 + headers + b - 4) // 2 for a, b, headers in frames]
    yield "before the checksum", [b - 4 for _, b, _ in frames]
    yield "inside the checksum", [b - 2 for _, b, _ in frames]


def _thinned(places: Sequence[int]) -> Sequence[int]:
    return places[:: len(places) // MOST + 1]


def _at(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(body), *(at for at in places if 0 < at < len(body))})
    return [body[a:b] for a, b in pairwise(edges)]


def _sums(lengths: Sequence[int]) -> list[int]:
    total, sums = 0, []
    for length in lengths:
        total += length
        sums.append(total)
    return sums

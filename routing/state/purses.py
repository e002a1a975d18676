"""What has been spent: what the server said of it, and what it has not been told yet. Pure.

A period ends when the server says so; one that it has not heard of ends so long after the first
spending in it. What belongs to a period that is over is dropped.

The server is told what this process knows, too: one that has forgotten, because it was started
anew, learns it again from whoever lives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf

from routing.state.store import NOTHING, Spent

_TOO_LATE_S = 2.0  # what ends so soon may have ended there already: nobody is reminded of it
_FOR_EVER = -1


@dataclass(slots=True)
class _Part:
    """`ends` in our time."""

    amount: int = 0
    ends: float = 0.0

    def at(self, now: float) -> int:
        return self.amount if now < self.ends else 0


@dataclass(frozen=True, slots=True)
class Words:
    """To be said to the server at once. `number`: 0: nothing is new; else what is new in it counts
    once, however often it is said.
    """

    number: int
    keys: Sequence[str]
    numbers: Sequence[int]  # for each key: see `lua/spend.lua`


class Purses:
    def __init__(self) -> None:
        self._heard: dict[str, _Part] = {}  # every key that matters here has one
        self._fresh: dict[str, _Part] = {}
        self._said: dict[str, _Part] = {}  # nobody knows whether it has arrived
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._heard)

    @property
    def untold(self) -> bool:
        return bool(self._fresh or self._said)

    def watch(self, key: str) -> bool:
        """Be told of it from now on. Returns whether that is new."""
        if key in self._heard:
            return False
        self._heard[key] = _Part()
        return True

    def spend(self, key: str, amount: int, period_s: float, now: float) -> None:
        self.watch(key)
        fresh = self._fresh.get(key)
        if fresh is None or now >= fresh.ends:
            ends = next((p.ends for p in self._parts(key) if now < p.ends), now + period_s)
            fresh = self._fresh[key] = _Part(0, ends)
        fresh.amount += amount

    def spent(self, key: str, now: float) -> Spent:
        parts = [part for part in self._parts(key) if now < part.ends]
        if not parts:
            return NOTHING
        amount = sum(part.amount for part in parts)
        untold = amount - (parts[0].amount if parts[0] is self._heard[key] else 0)
        return Spent(amount, parts[0].ends - now, untold)

    def words(self, now: float, *, every: bool) -> Words:
        """What is new; with `every`, a question about all keys that matter as well."""
        if not self._said and self._fresh:
            self._said, self._fresh = self._fresh, {}
            self._number += 1
        keys = list(self._heard if every else self._said)
        numbers = [number for key in keys for number in self._of(key, now)]
        return Words(self._number if self._said else 0, keys, numbers)

    def heard(self, words: Words, answer: Sequence[tuple[int, int]], now: float) -> None:
        """`answer`: of each key what was spent, and milliseconds left of its period."""
        for key, (amount, left_ms) in zip(words.keys, answer, strict=True):
            left_s = inf if left_ms == _FOR_EVER else left_ms / 1000
            self._heard[key] = _Part(amount, now + left_s)
        if words.number:
            self._said = {}

    def _parts(self, key: str) -> Iterator[_Part]:
        """The server's word first: it knows best when a period ends."""
        for parts in (self._heard, self._said, self._fresh):
            if part := parts.get(key):
                yield part

    def _of(self, key: str, now: float) -> tuple[int, int, int, int]:
        said, heard = self._said.get(key, _Part()), self._heard[key]
        known = heard.at(now + _TOO_LATE_S)
        return said.at(now), _left_ms(said, now), known, _left_ms(heard, now)


def _left_ms(part: _Part, now: float) -> int:
    return _FOR_EVER if part.ends == inf else max(0, ceil((part.ends - now) * 1000))

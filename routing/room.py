"""Where calls wait for room: first come, first served, the more urgent before the others.

Calls that could be served by the same deployments stand in one line. Only the first of a line looks
for room. Lines of one alias may want some deployments in common: these are for the line whose first
came first, so a call that only few can serve is not starved by those that anybody can serve, and
does not hold them up either.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from itertools import count

from adapters.clock import Clock
from routing.deployment import Deployment

_MOST_WAITING = 10_000  # calls for one alias; who comes then is refused at once
_NOBODY: frozenset[str] = frozenset()


class Crowded(Exception):
    """Too many are waiting already."""


class Place:
    """One call's place in a line."""

    __slots__ = ("_called", "_missed", "gone", "line", "turn")

    def __init__(self, line: "_Line", priority: int, number: int) -> None:
        self.line = line
        self.turn = priority, number  # the lowest is served first
        self.gone = False
        self._called: asyncio.Future[None] | None = None
        self._missed = False

    def __lt__(self, other: "Place") -> bool:
        return self.turn < other.turn

    @property
    def first(self) -> bool:
        return self.line.places[0] is self

    def call(self) -> None:
        """Look again: something has changed."""
        if self._called is None:
            self._missed = True
        elif not self._called.done():
            self._called.set_result(None)

    async def called(self, clock: Clock, seconds: float) -> None:
        """Until something has changed, but no longer than that."""
        if self._missed:  # while its call was looking
            self._missed = False
            return
        self._called = asyncio.get_running_loop().create_future()
        timer = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait((timer, self._called), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            self._called = None


class _Line:
    """Those who wait for the same deployments. The first place is never one that was left."""

    __slots__ = ("alias", "fit", "living", "places")

    def __init__(self, alias: str, fit: frozenset[str]) -> None:
        self.alias = alias
        self.fit = fit
        self.places: list[Place] = []  # a heap, some of them left
        self.living: Counter[int] = Counter()  # priority -> places

    def enter(self, place: Place) -> None:
        heappush(self.places, place)
        self.living[place.turn[0]] += 1

    def leave(self, place: Place) -> None:
        place.gone = True
        self.living[place.turn[0]] -= 1
        if len(self.places) > 2 * self.living.total() + 8:
            self.places = [other for other in self.places if not other.gone]
            heapify(self.places)
        while self.places and self.places[0].gone:
            heappop(self.places)


class WaitingRoom:
    """The lines of every alias. An alias has none while nobody waits for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lines: dict[str, dict[frozenset[str], _Line]] = {}
        self._numbers = count()

    def wanted(self, alias: str, turn: tuple[int, float]) -> frozenset[str]:
        """Deployments that those wait for who must not be overtaken by whoever has that turn."""
        if not (lines := self.lines.get(alias)):
            return _NOBODY
        return _NOBODY.union(*(line.fit for line in lines.values() if line.places[0].turn < turn))

    def ahead(self, alias: str, fit: Sequence[Deployment], priority: int) -> int:
        """How many wait for some of these, and no less urgently."""
        if not (lines := self.lines.get(alias)):
            return 0
        ids = {deployment.id for deployment in fit}
        return sum(
            places
            for line in lines.values()
            if not ids.isdisjoint(line.fit)
            for other, places in line.living.items()
            if other <= priority
        )

    def waiting(self, alias: str) -> int:
        return sum(line.living.total() for line in self.lines.get(alias, {}).values())

    @contextmanager
    def place(self, alias: str, fit: Sequence[Deployment], priority: int) -> Iterator[Place]:
        """Stand in line for as long as the block lasts. Raises `Crowded`."""
        if self.waiting(alias) >= _MOST_WAITING:
            raise Crowded
        lines = self.lines.setdefault(alias, {})
        key = frozenset(deployment.id for deployment in fit)
        line = lines.get(key)
        if line is None:
            line = lines[key] = _Line(alias, key)
        place = Place(line, priority, next(self._numbers))
        line.enter(place)
        try:
            yield place
        finally:
            self._leave(place)

    async def turn(self, place: Place, seconds: float) -> None:
        """Until something has changed for the first of the line, but no longer than that."""
        await place.called(self._clock, seconds)

    def changed(self, alias: str) -> None:
        """Room may have come: somebody has finished, or a rest is over."""
        if lines := self.lines.get(alias):
            for first in sorted(line.places[0] for line in lines.values()):
                first.call()

    def _leave(self, place: Place) -> None:
        line = place.line
        was_first = place.first
        line.leave(place)
        if not line.places:
            del self.lines[line.alias][line.fit]
            if not self.lines[line.alias]:
                del self.lines[line.alias]
        if was_first:
            self.changed(line.alias)

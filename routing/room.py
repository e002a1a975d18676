"""Where calls wait for room: first come, first served, the more urgent before the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

from adapters.clock import Clock

_MOST_WAITING = 10_000  # calls for one alias; who comes then is refused at once


class Crowded(Exception):
    """Too many are waiting already."""


class Place:
    """One call's place in the queue of its alias."""

    __slots__ = ("_turn", "gone", "number", "priority")

    def __init__(self, priority: int, number: int) -> None:
        self.priority = priority
        self.number = number
        self.gone = False
        self._turn = asyncio.Event()

    def __lt__(self, other: "Place") -> bool:
        return (self.priority, self.number) < (other.priority, other.number)

    def call(self) -> None:
        """It is your turn to look, if you are the first."""
        self._turn.set()

    async def called(self) -> None:
        await self._turn.wait()
        self._turn.clear()


class WaitingRoom:
    """One queue for each alias. Only the first of a queue looks for room, so nobody overtakes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[str, list[Place]] = {}
        self._numbers = count()

    def ahead(self, alias: str, priority: int) -> bool:
        """Whether somebody waits whom a new call of that priority must not overtake."""
        queue = self._queues.get(alias)
        return queue is not None and queue[0].priority <= priority

    def waiting(self, alias: str) -> int:
        return sum(not place.gone for place in self._queues.get(alias, ()))

    @asynccontextmanager
    async def place(self, alias: str, priority: int) -> AsyncIterator[Place]:
        """Stand in the queue for as long as the block lasts. Raises `Crowded`."""
        queue = self._queues.setdefault(alias, [])
        if len(queue) >= _MOST_WAITING:
            raise Crowded
        place = Place(priority, next(self._numbers))
        heappush(queue, place)
        try:
            yield place
        finally:
            place.gone = True
            self._call_first(alias)

    def is_first(self, alias: str, place: Place) -> bool:
        return self._queues[alias][0] is place

    async def turn(self, place: Place, seconds: float) -> None:
        """Until something has changed, but no longer than that."""
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        called = asyncio.ensure_future(place.called())
        try:
            await asyncio.wait((timer, called), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            called.cancel()

    def changed(self, alias: str) -> None:
        """Room may have come: somebody has finished, or a rest is over."""
        if alias in self._queues:
            self._call_first(alias)

    def _call_first(self, alias: str) -> None:
        queue = self._queues[alias]
        while queue and queue[0].gone:
            heappop(queue)
        if queue:
            queue[0].call()
        else:
            del self._queues[alias]

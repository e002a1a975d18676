"""How much happened within the last minute. Pure: the time is an argument."""

from collections import deque
from collections.abc import Sequence
from math import inf

SPAN_S = 60
Parts = Sequence[tuple[int, int]]
"""Seconds ago, and how much; the newest first."""
PART_S = 1.0  # seconds are counted together; the oldest counts whole, so never too little is told


class Window:
    """A sliding sum. It holds one number for each second in which something happened."""

    __slots__ = ("_parts", "_total")

    def __init__(self) -> None:
        self._parts: deque[list[int]] = deque()  # [second, amount], oldest first
        self._total = 0

    def add(self, now: float, amount: int) -> None:
        second = int(now // PART_S)
        self._total += amount
        if self._parts and self._parts[-1][0] >= second:
            self._parts[-1][1] += amount
        else:
            self._parts.append([second, amount])
            self.total(now)  # forgets, even if nobody ever asks

    def correct(self, now: float, amount: int, ago: float) -> None:
        """Count more, or less, of what was added `ago` seconds before. What is taken back must
        leave together with what it belongs to, or the sum would be too low for a while.
        """
        second = int((now - ago) // PART_S)
        for part in reversed(self._parts):
            if part[0] <= second:
                self._total += max(amount, -part[1])
                part[1] += max(amount, -part[1])
                return
        if amount > 0:
            self.add(now, amount)

    def total(self, now: float) -> int:
        oldest = int(now // PART_S) - SPAN_S
        parts = self._parts
        while parts and parts[0][0] < oldest:
            self._total -= parts.popleft()[1]
        return self._total

    def parts(self, now: float) -> Parts:
        """What the sum is made of."""
        self.total(now)
        second = int(now // PART_S)
        return [(second - part[0], part[1]) for part in reversed(self._parts)]

    def fits(self, now: float, seconds: float, limit: int) -> float:
        """How much may be added within so many seconds."""
        oldest = int((now + seconds) // PART_S) - SPAN_S
        still = sum(amount for second, amount in self._parts if second >= oldest)
        return limit * max(1.0, seconds / SPAN_S) - still

    def wait(self, now: float, need: int, limit: int) -> float:
        """Seconds until `need` more stay within `limit`; 0: now; infinity: never."""
        if need > limit:
            return inf
        over = self.total(now) + need - limit
        if over <= 0:
            return 0.0
        for second, amount in self._parts:
            over -= amount
            if over <= 0:
                return max(0.0, (second + SPAN_S + 1) * PART_S - now)
        return float(SPAN_S)

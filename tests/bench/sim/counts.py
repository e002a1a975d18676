"""How a provider counts what it allows in a minute."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

WINDOW_S = 60.0


class Count(Protocol):
    """One limit. `full`, when made: the share of it that is there at first."""

    limit: float

    def left(self, now: float) -> float: ...

    def wait(self, now: float, need: float) -> float:
        """Seconds until there is so much; 0: now."""

    def take(self, now: float, amount: float) -> None: ...


Counts = Callable[[float, float], Count]
"""From the limit, and the share that is there at first."""


class Bucket:
    """So much a minute, little by little, and never more than that at once."""

    def __init__(self, limit: float, full: float = 1.0) -> None:
        self.limit = limit
        self._level = limit * full
        self._at = 0.0

    def left(self, now: float) -> float:
        self._level = min(self.limit, self._level + self.limit / WINDOW_S * (now - self._at))
        self._at = now
        return self._level

    def wait(self, now: float, need: float) -> float:
        return max(0.0, (need - self.left(now)) / self.limit * WINDOW_S)

    def take(self, now: float, amount: float) -> None:
        self._level = self.left(now) - amount


class FixedWindow:
    """So much in each minute of the provider's clock."""

    def __init__(self, limit: float, full: float = 1.0) -> None:
        self.limit = limit
        self._used = limit * (1.0 - full)
        self._window = 0

    def left(self, now: float) -> float:
        window = int(now // WINDOW_S)
        if window > self._window:
            self._window, self._used = window, 0.0
        return self.limit - self._used

    def wait(self, now: float, need: float) -> float:
        return 0.0 if self.left(now) >= need else WINDOW_S - now % WINDOW_S

    def take(self, now: float, amount: float) -> None:
        self._used = self.limit - self.left(now) + amount


class SlidingWindow:
    """So much in any minute."""

    def __init__(self, limit: float, full: float = 1.0) -> None:
        self.limit = limit
        self._taken: deque[tuple[float, float]] = deque([(0.0, limit * (1.0 - full))])
        self._used = self._taken[0][1]

    def left(self, now: float) -> float:
        while self._taken and self._taken[0][0] <= now - WINDOW_S:
            self._used -= self._taken.popleft()[1]
        return self.limit - self._used

    def wait(self, now: float, need: float) -> float:
        left = self.left(now)
        for at, amount in self._taken:
            if left >= need:
                return 0.0
            left += amount
            if left >= need:
                return at + WINDOW_S - now
        return 0.0

    def take(self, now: float, amount: float) -> None:
        self._taken.append((now, amount))
        self._used += amount

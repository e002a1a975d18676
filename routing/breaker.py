"""A circuit breaker: whether a deployment may be used, as far as that is our own guess.

    closed --ejected--> open --after its rest--> half-open --answers--> closed, warming up
                          ^------------------------- fails -'

Time is an argument, and so is when an attempt began: what had begun before the ejection says
nothing about how the deployment is since.
"""

from collections import deque
from enum import Enum, auto

WARM_UP_S = 30.0  # until it has its usual share of the traffic again
COLD = 0.1  # the share at first: with none at all nothing would be learnt
_SPAN_S = 30  # of outcomes that count for the rate
_EARLY_S = 0.01  # timers may wake so much early; whoever slept for a rest has slept enough


class Phase(Enum):
    CLOSED = auto()  # it is used
    OPEN = auto()  # it is left alone
    HALF_OPEN = auto()  # one request at a time finds out whether it is well


def left(until: float, now: float) -> float:
    """Seconds of a rest that are left; 0: it is over."""
    seconds = until - now
    return seconds if seconds > _EARLY_S else 0.0


class Outcomes:
    """How many attempts of the last 30 seconds ended well, and how many did not."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: deque[list[int]] = deque()  # [second, all, failures], oldest first

    def add(self, now: float, *, failures: int) -> None:
        second = int(now)
        if not self._parts or self._parts[-1][0] < second:
            self._parts.append([second, 0, 0])
            if self._parts[0][0] <= second - _SPAN_S:
                self._parts.popleft()
        self._parts[-1][1] += 1
        self._parts[-1][2] += failures

    def total(self, now: float) -> tuple[int, int]:
        """All of them, and those that failed."""
        oldest = int(now) - _SPAN_S
        recent = [part for part in self._parts if part[0] > oldest]
        return sum(part[1] for part in recent), sum(part[2] for part in recent)

    def clear(self) -> None:
        self._parts.clear()


class Breaker:
    """Of one deployment. It is told when to open; who decides that is `cooldown.py`."""

    __slots__ = (
        "_closed_at",
        "_ejections",
        "_until",
        "in_a_row",
        "opened_at",
        "outcomes",
        "probing",
    )

    def __init__(self) -> None:
        self.outcomes = Outcomes()
        self.in_a_row = 0  # failures since the last success
        self.probing = False  # half-open, and a request is under way
        self.opened_at: float | None = None  # None: closed
        self._ejections = 0
        self._until = 0.0  # when its rest is over
        self._closed_at: float | None = None  # when it last came back

    def phase(self, now: float) -> Phase:
        if self.opened_at is None:
            return Phase.CLOSED
        return Phase.OPEN if left(self._until, now) else Phase.HALF_OPEN

    def phase_for(self, now: float, began: float) -> Phase:
        """The phase as an attempt sees it that began then: for one from before it is still open."""
        if self.opened_at is not None and began < self.opened_at:
            return Phase.OPEN
        return self.phase(now)

    def left(self, now: float) -> float:
        """Seconds of its rest that are left."""
        return left(self._until, now) if self.opened_at is not None else 0.0

    def warmth(self, now: float) -> float:
        """The share of its usual traffic that it may have."""
        if self.opened_at is not None:
            return COLD
        if self._closed_at is None:
            return 1.0
        return min(1.0, max(COLD, (now - self._closed_at) / WARM_UP_S))

    def ejections(self, now: float) -> int:
        """How often it was ejected in a row: without having been well for long in between."""
        closed_at = self._closed_at
        if self.opened_at is None and (closed_at is None or now - closed_at >= WARM_UP_S):
            return 0
        return self._ejections

    def eject(self, now: float, seconds: float) -> None:
        self._ejections = self.ejections(now) + 1
        self._open(now, seconds)

    def learn(self, now: float, seconds: float) -> None:
        """Another process has ejected it, or was asked to leave it alone."""
        if self.opened_at is None:
            self._ejections = self.ejections(now)
            self._open(now, seconds)
        elif now + seconds > self._until + _EARLY_S:
            self._until = now + seconds
            self.probing = False

    def started(self, now: float) -> None:
        if self.phase(now) is Phase.HALF_OPEN:
            self.probing = True

    def ended(self, began: float) -> None:
        """An attempt is over, whatever came of it: another may find out."""
        if self.probing and self.opened_at is not None and began >= self.opened_at:
            self.probing = False

    def failed(self, now: float) -> None:
        self.in_a_row += 1
        self.outcomes.add(now, failures=1)

    def succeeded(self, now: float) -> None:
        self.in_a_row = 0
        self.outcomes.add(now, failures=0)

    def answered(self, now: float, began: float) -> float:
        """It has begun to answer, so it is well; returns how much of its rest that ends."""
        if self.opened_at is None or began < self.opened_at:
            return 0.0
        unused = left(self._until, now)
        self.opened_at = None
        self._closed_at = now
        self._forget()
        return unused

    def _open(self, now: float, seconds: float) -> None:
        self.opened_at = now
        self._until = now + seconds
        self._forget()

    def _forget(self) -> None:
        self.probing = False
        self.in_a_row = 0
        self.outcomes.clear()

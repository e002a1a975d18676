"""What a table of plays should show, and whether it does."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from tests.bench.sim.play import Seen


class Cell(NamedTuple):
    """One row of a table: what was played, and what came of it."""

    group: str  # the limits, or the weather
    strategy: str
    load: float
    seen: Seen

    @property
    def name(self) -> str:
        return f"{self.group}, {self.strategy}, {self.load:.0%}"


class Goal(NamedTuple):
    """`worst`: the largest figure of all cells; `most`: what it may be, infinity: anything."""

    said: str
    worst: float
    most: float
    where: str

    @property
    def line(self) -> str:
        where = f" ({self.where})" if self.worst else ""
        if self.most == inf:
            return f"- no goal: {self.said}: worst {self.worst:g}{where}"
        word = "met" if self.worst <= self.most else "MISSED"
        return f"- {word}: {self.said}: at most {self.most:g}; worst {self.worst:g}{where}"


def load_goals(cells: Sequence[Cell]) -> Iterator[str]:
    """Of the table of loads."""
    below = [cell for cell in cells if cell.load < 1]
    above = [cell for cell in cells if cell.load > 1]
    aware = "an upstream's 429 within a minute, that had left after the one before was known"
    limited = [cell.seen.limited for cell in below]
    yield _worst("below 100 %, clients' 429", below, limited, 0).line
    yield _worst(f"below 100 %, {aware}", below, [c.seen.worst_aware for c in below], 1).line
    windows = [cell.seen.worst_window for cell in below]
    yield _worst("below 100 %, an upstream's 429 within a minute, all", below, windows, 1).line
    yield _worst(f"above 100 %, {aware}", above, [c.seen.worst_aware for c in above], inf).line
    shares = [round(100 * cell.seen.limited / cell.seen.calls, 1) for cell in above]
    yield _worst("above 100 %, clients' 429 in per cent", above, shares, inf).line


def fault_goals(cells: Sequence[Cell]) -> Iterator[str]:
    """Of the table of faults."""
    yield _worst("clients failed", cells, [cell.seen.failed for cell in cells], 0).line
    yield _worst("clients' 429", cells, [cell.seen.limited for cell in cells], 0).line
    waits = [round(max(cell.seen.late_waits, default=0.0), 2) for cell in cells]
    yield _worst("longest wait once it is noticed, in seconds", cells, waits, 1).line


def _worst(said: str, cells: Sequence[Cell], figures: Sequence[float], most: float) -> Goal:
    worst, cell = max(zip(figures, cells, strict=True), key=lambda pair: pair[0])
    return Goal(said, worst, most, cell.name)

"""One limit that nobody has told, as far as it can be guessed. Pure: time is an argument."""

from math import inf

from routing.windows import SPAN_S, Parts, Window

_IN_THE_WAY = 0.8  # of a limit: as much is used
_SAFETY = 0.95  # the least that a refusal takes off
_EXACT = 0.97  # of what was measured
_MISTRUST = 0.7  # of a limit that was refused before anything could be measured
_HALF = 0.5  # the most that a refusal takes off
_TWICE = 2.0  # the most that a measurement adds


class Guess:
    """`most`: so much a minute. `window`: what was let in; `level`: what a bucket would have now
    that was empty when we were refused.
    """

    __slots__ = ("level", "most", "window")

    def __init__(self, now: float, most: float, parts: Parts) -> None:
        self.most = max(1.0, most)
        self.window = Window()
        for ago, amount in reversed(parts):
            self.window.add(now - ago, amount)
        self.level = 0.0

    def play(self, now: float, seconds: float, growth: float) -> None:
        if growth and self.full(now) > _IN_THE_WAY:
            self.most *= 1.0 + growth
        self.level = min(self.most, self.level + self.most / SPAN_S * seconds)

    def full(self, now: float) -> float:
        return min(1.0, self.window.total(now) / self.most)

    def within(self, now: float, seconds: float) -> int:
        return sum(amount for ago, amount in self.window.parts(now) if ago <= seconds)

    def refill_s(self, need: float) -> float:
        """How long a bucket takes to have so much."""
        return min(need, self.most) / self.most * SPAN_S

    def wait(self, now: float, need: int, *, refills: bool = False) -> float:
        """Seconds until there is so much. `refills`: it may be a bucket, so either is believed."""
        most = int(self.most)
        need = min(need, most)
        wait = self.window.wait(now, need, most)
        if wait and refills:
            wait = min(wait, max(0.0, (need - self.level) / self.most * SPAN_S))
        return wait

    def fits(self, now: float, seconds: float, need: int, *, refills: bool = False) -> float:
        if not need:
            return inf
        fits = self.window.fits(now, seconds, int(self.most))
        if refills:
            fits = max(fits, self.level + self.most / SPAN_S * seconds)
        return max(0.0, fits) / min(need, self.most)

    def take(self, now: float, need: int) -> None:
        self.window.add(now, need)
        self.level -= need

    def take_back(self, now: float, amount: int, ago: float) -> None:
        self.window.correct(now, -amount, ago)
        self.level += amount

    def proves(self, now: float, begun_s: float, *, refills: bool) -> float:
        """What the limit is at least if the last one that was taken is let in, however that is
        counted; `begun_s`: since the clock's minute began.
        """
        proved = max(self.window.total(now) / 2, self.within(now, begun_s))
        return min(proved, self.most - self.level) if refills else proved

    def lift(self, least: float) -> None:
        if least > self.most:
            self.level += least - self.most
            self.most = least

    def less(self, measured: float | None) -> None:
        if measured is None:
            less = self.most * _MISTRUST
        else:
            less = min(max(measured * _EXACT, self.most * _HALF), self.most * _SAFETY)
        self.most = max(1.0, less)

    def more(self, measured: float | None) -> None:
        if measured is not None:
            self.most = max(self.most, min(measured * _EXACT, self.most * _TWICE))


def least_of(parts: Parts) -> float:
    """The least limit a minute of a bucket, full at first, that can have let that in."""
    served, least = 0, 0.0
    for ago, amount in parts:
        served += amount
        least = max(least, served / (1.0 + ago / SPAN_S))
    return least

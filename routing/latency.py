"""How fast a deployment has been of late: moving averages, and the last samples. Pure: the time is
an argument.

An average rises faster than it falls, as Finagle's peak-sensitive EWMA does, but only half the way
for one sample: prompts differ in size, so one slow answer says less than it does of an RPC. It is
weighted by time, so a rare caller's average is no older than a busy one's. Nobody measures who is
never chosen: an average that nothing confirms is forgotten by and by, so that whoever was slow once
is tried again.

Source: https://twitter.github.io/finagle/guide/Clients.html (Power of Two Choices, Peak EWMA;
read 2026-11).
"""

from collections import deque
from math import exp
from typing import Any

MOST_SAMPLES = 100
SAMPLES_S = 3600.0  # a sample is kept for so long
TIMED_OUT_S = 1000.0  # per token: what LiteLLM notes as well, far beyond any answer

_AVERAGE_S = 30.0  # after so long two thirds of an average are of new samples
_LEAST_WEIGHT = 0.1  # of a sample, however soon it follows
_PEAK_WEIGHT = 0.5  # at least, of one above the average
_CONFIRMED_S = 30.0  # without a sample until an average begins to be forgotten
_HALF_LIFE_S = 60.0
_LEAST_TIME_OUT_S = 30.0  # what a time-out counts for in the averages, if it took less


class Average:
    """A moving average over samples that come at any time."""

    __slots__ = ("_at", "_value")

    def __init__(self) -> None:
        self._value: float | None = None
        self._at = 0.0

    def note(self, now: float, sample: float) -> None:
        value = self.value(now)
        if value is None:
            self._value = sample
        else:
            weight = max(_LEAST_WEIGHT, 1.0 - exp((self._at - now) / _AVERAGE_S))
            if sample > value:
                weight = max(weight, _PEAK_WEIGHT)
            self._value = value + weight * (sample - value)
        self._at = now

    def value(self, now: float) -> float | None:
        """None: never measured."""
        value = self._value
        idle = now - self._at - _CONFIRMED_S
        if value is None or idle <= 0.0:
            return value
        return float(value * 0.5 ** (idle / _HALF_LIFE_S))


class Samples:
    """The last ones, the newest last."""

    __slots__ = ("_noted", "_seconds")

    def __init__(self) -> None:
        self._noted: deque[tuple[float, float]] = deque(maxlen=MOST_SAMPLES)  # when, seconds
        self._seconds: tuple[float, ...] | None = ()  # None: they have changed

    def note(self, now: float, seconds: float) -> None:
        self._noted.append((now, seconds))
        self._seconds = None

    def seconds(self, now: float) -> tuple[float, ...]:
        self._forget(now)
        if self._seconds is None:
            self._seconds = tuple(seconds for _, seconds in self._noted)
        return self._seconds

    def ages(self, now: float) -> tuple[float, ...]:
        """Seconds since each was noted."""
        self._forget(now)
        return tuple(now - at for at, _ in self._noted)

    def _forget(self, now: float) -> None:
        noted = self._noted
        while noted and noted[0][0] < now - SAMPLES_S:
            noted.popleft()
            self._seconds = None


class Timing:
    """Of one deployment. Durations in seconds."""

    __slots__ = ("first", "firsts", "latencies", "per_token")

    def __init__(self) -> None:
        self.first = Average()  # until the first token of a stream
        self.per_token = Average()  # for each further one
        self.firsts = Samples()
        self.latencies = Samples()  # of whole answers, per token

    def timed(self, now: float, first_s: float | None, took_s: float, output: int) -> None:
        """An answer of `output` tokens took so long; `first_s`: until its first, if it streamed.

        An answer without tokens, such as an embedding, counts as one token.
        """
        tokens = max(output, 1)
        self.latencies.note(now, took_s / tokens)
        if first_s is None:
            self.per_token.note(now, took_s / tokens)
            return
        self.firsts.note(now, first_s)
        self.first.note(now, first_s)
        if output > 1:
            self.per_token.note(now, max(0.0, took_s - first_s) / (output - 1))

    def timed_out(self, now: float, took_s: float) -> None:
        """It has not answered in time."""
        self.latencies.note(now, TIMED_OUT_S)
        if self.firsts.seconds(now):  # it streams
            self.firsts.note(now, TIMED_OUT_S)
        waited = max(took_s, _LEAST_TIME_OUT_S)
        self.first.note(now, max(waited, self.first.value(now) or 0.0))

    def seen(self, now: float) -> dict[str, Any]:
        """As fields of `Stats`."""
        return {
            "ttft": self.first.value(now),
            "per_token": self.per_token.value(now),
            "latencies": self.latencies.seconds(now),
            "latency_ages": self.latencies.ages(now),
            "first_tokens": self.firsts.seconds(now),
            "first_token_ages": self.firsts.ages(now),
        }

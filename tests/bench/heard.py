"""What clients heard in one measurement."""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.client import Client
from tests.bench.script import Script

LATE = 10  # an event is late that comes this many paces after its time


def seconds() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Heard:
    script: Script
    answers: int = 0
    events: int = 0
    late: int = 0
    wall_s: float = 0.0
    unfinished: int = 0  # answers that time was not enough for
    latencies: "array[float]" = field(default_factory=seconds)  # asked (or due) to the end
    firsts: "array[float]" = field(default_factory=seconds)  # asked to the first content
    lags: "array[float]" = field(default_factory=seconds)  # of each event behind its own time
    failures: Counter[str] = field(default_factory=Counter)

    def note(self, client: Client) -> None:
        """An answer is over."""
        streamed = bool(client.times)
        if client.failure:
            self.failures[client.failure] += 1
        elif streamed and len(client.times) != self.script.events:
            self.failures[f"{len(client.times)} events of {self.script.events}"] += 1
        else:
            self.answers += 1
            self.latencies.append(client.ended_at - client.due)
        self.note_events(client)

    def note_events(self, client: Client) -> None:
        if not client.times:
            return
        self.events += len(client.times)
        self.firsts.append(client.times[0] - client.due)
        if pace := self.script.pace_s:
            start = client.asked_at + self.script.first_s
            lags = [at - start - number * pace for number, at in enumerate(client.times)]
            self.lags.extend(lags)
            self.late += sum(lag > LATE * pace for lag in lags)

    @property
    def failure(self) -> str:
        """The most frequent one; "" if there was none."""
        for text, times in self.failures.most_common(1):
            return f"{text} ({times} times)"
        return "" if self.answers or self.events else "no answer"


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that so great a part of them does not exceed; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]

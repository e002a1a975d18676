"""What is told, as commands for Redis. Pure: the time is an argument."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from math import ceil

from routing.state.outbox import Corrections, Outbox
from routing.state.scripts import Command, Scripts
from routing.state.server_time import ServerTime
from routing.state.store import LEASE_S
from routing.windows import SPAN_S

_LEASES = 500  # in one command


@dataclass(frozen=True, slots=True)
class Telling:
    """`owner`: who tells it."""

    scripts: Scripts
    time: ServerTime
    owner: str

    def told(self, box: Outbox, now: float) -> Iterator[Command]:
        """Everything that is in it."""
        for key, told in box.corrections.items():
            yield self._correction(key, told, box.number, now)
        yield from self.held(box.holds)
        for key, leases in box.releases.items():
            if leases:
                yield ("ZREM", key, *leases)
        for key, rest in box.rests.items():
            left_ms = max(0, ceil((rest.until - now) * 1000))
            yield self.scripts.rest.call([key], *self.time.moment, left_ms, int(rest.anew))
        for key, (ends, value) in box.notes.items():
            left_ms = ceil((ends - now) * 1000 / self.time.pace)
            if left_ms > 0:
                yield ("SET", key, value, "PX", left_ms)

    def held(self, slots: Mapping[str, Set[str] | Mapping[str, float]]) -> Iterator[Command]:
        """Slots' keys, and the leases of this process that hold one."""
        for key, leases in slots.items():
            ours = list(leases)
            for first in range(0, len(ours), _LEASES):
                several = ours[first : first + _LEASES]
                life_ms = ceil(LEASE_S * 1000)
                yield self.scripts.hold.call([key], *self.time.moment, life_ms, *several)

    def _correction(self, key: str, told: Corrections, number: int, now: float) -> Command:
        pairs: list[float] = []
        for second, amount in told.exact.items():
            pairs += (second, amount)
        for at, amount in told.guessed.items():
            if now - at <= SPAN_S:
                pairs += (ceil((now - at) * 1000), amount)
        mark = f"{key}:{self.owner}"
        return self.scripts.correct.call(
            [key, mark], *self.time.moment, number, len(told.exact), *pairs
        )

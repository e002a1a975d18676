"""What is to be told to the other processes, put together until it is sent. Pure.

Bounded: corrections are summed for each key and moment and forgotten with the minute that they
belong to, leases end by themselves, of rests and notes only the newest word counts.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from routing.state.store import LEASE_S
from routing.windows import PART_S, SPAN_S

_MOST_NOTES = 10_000
_GRAIN_S = 0.25  # moments that are told apart where the server's second is not known


@dataclass(slots=True)
class Rest:
    """`anew`: what rested before does so no longer. `until`: 0: nor does it now."""

    until: float = 0.0
    anew: bool = False


@dataclass(slots=True)
class Corrections:
    """What to add to a window, or take away."""

    exact: dict[int, int] = field(default_factory=dict)  # second of the server -> amount
    guessed: dict[float, int] = field(default_factory=dict)  # our time -> amount


@dataclass(slots=True)
class Outbox:
    """`number`: each correction counts once, however often it is sent."""

    number: int
    corrections: dict[str, Corrections] = field(default_factory=dict)  # by key, as all of them
    holds: dict[str, dict[str, float]] = field(default_factory=dict)  # lease -> our time
    releases: dict[str, dict[str, float]] = field(default_factory=dict)
    rests: dict[str, Rest] = field(default_factory=dict)
    notes: OrderedDict[str, tuple[float, bytes]] = field(default_factory=OrderedDict)

    def __bool__(self) -> bool:
        told = self.corrections or self.holds or self.releases or self.rests or self.notes
        return bool(told)

    def correct(self, key: str, amount: int, at: float, second: int | None) -> None:
        """`at`: our time when it was taken; `second`: the server's, if it has told."""
        told = self.corrections.setdefault(key, Corrections())
        if second is not None:
            told.exact[second] = told.exact.get(second, 0) + amount
        else:
            moment = at // _GRAIN_S * _GRAIN_S
            told.guessed[moment] = told.guessed.get(moment, 0) + amount

    def hold(self, key: str, lease: str, now: float) -> None:
        self.holds.setdefault(key, {})[lease] = now
        self.releases.get(key, {}).pop(lease, None)

    def release(self, key: str, lease: str, now: float) -> None:
        self.releases.setdefault(key, {})[lease] = now
        self.holds.get(key, {}).pop(lease, None)

    def rest(self, key: str, until: float) -> None:
        """`until` in our time; 0: it is over."""
        rest = self.rests.setdefault(key, Rest())
        if until:
            rest.until = max(rest.until, until)
        else:
            self.rests[key] = Rest(anew=True)

    def put(self, key: str, value: bytes, ends: float) -> None:
        self.notes[key] = (ends, value)
        self.notes.move_to_end(key)
        if len(self.notes) > _MOST_NOTES:
            self.notes.popitem(last=False)

    def forget(self, now: float) -> None:
        """Drop what would make no difference any more, when nothing could be sent for long."""
        oldest = now - (SPAN_S + 1) * PART_S
        for told in self.corrections.values():
            told.guessed = {at: n for at, n in told.guessed.items() if at >= oldest}
        self.corrections = {k: c for k, c in self.corrections.items() if c.guessed or c.exact}
        for leases in (self.holds, self.releases):
            for key, ours in list(leases.items()):
                leases[key] = {lease: at for lease, at in ours.items() if at > now - LEASE_S}

"""How far a deployment is used: what `Limits` shows to people."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Occupancy:
    """As one call finds it. Of the last minute, but for `slots`.

    `waits`: the limits that have no room for the call (rpm, tpm, max_parallel_requests, provider,
    shared), and the seconds until they may have some; infinity: never.
    """

    requests: int
    tokens: int
    slots: int  # taken now
    need: int  # tokens that the call may cost
    left: float  # share of its provider's allowance
    waits: Mapping[str, float]

    @property
    def wait_s(self) -> float:
        return max(self.waits.values(), default=0.0)

    def later(self, seconds: float) -> "Occupancy":
        """The same, if nothing happens meanwhile."""
        waits = {limit: wait - seconds for limit, wait in self.waits.items() if wait > seconds}
        return replace(self, waits=waits) if self.waits else self

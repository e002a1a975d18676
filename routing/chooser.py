"""From an alias to one deployment with room for the call, or a word why there is none.

enabled -> checks -> rested -> room -> untried first -> lowest order -> affinity -> strategy -> take

On the in-memory path nothing here waits, unless a call has to queue.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from random import Random

from adapters.clock import Clock
from adapters.errors import Full, NoDeployment, Resting
from routing import filters
from routing.affinity import Affinity
from routing.ask import Ask
from routing.checks import Check
from routing.deployment import Deployment, Stats
from routing.health import Health
from routing.limits import Limits, Reservation
from routing.room import Crowded, WaitingRoom
from routing.strategies import Strategy

_LOOK_AGAIN_S = 1.0  # the longest between two looks, whatever was said about when there is room


@dataclass(frozen=True, slots=True)
class Chooser:
    health: Health
    limits: Limits
    checks: Sequence[Check]
    affinity: Affinity | None
    strategy: Callable[[str], Strategy]  # of an alias
    room: WaitingRoom
    clock: Clock
    rng: Random

    async def choose(
        self,
        alias: str,
        group: Sequence[Deployment],
        ask: Ask,
        tried: Mapping[str, int],
        *,
        patience: float = 0.0,
    ) -> Reservation:
        """A deployment of the group, and what the call needs of it, taken.

        `patience`: seconds that the call may stand in the queue for room.

        Raises:
            NoDeployment: all are switched off.
            Resting: all are cooling down.
            Full: all are used to their limits; after `patience`.
            GatewayError: a check leaves nobody.
        """
        fit = self.fit(alias, group, ask)
        if not self.room.ahead(alias, ask.priority):
            taken = await self._take(alias, fit, ask, tried)
            if isinstance(taken, Reservation):
                return taken
            if not patience:
                raise _full(alias, taken)
        elif not patience:
            raise _full(alias, self._room_s(fit, ask))
        return await self._queue(alias, fit, ask, tried, patience)

    def fit(self, alias: str, group: Sequence[Deployment], ask: Ask) -> Sequence[Deployment]:
        """Those that could serve the call if they had nothing else to do."""
        fit = filters.enabled(group)
        if not fit:
            raise NoDeployment(_why_off(alias, group))
        for check in self.checks:
            fit = check.keep(fit, ask)
            if not fit:
                raise check.refusal(alias, ask)
        return fit

    def released(self, alias: str) -> None:
        """A call of this alias has ended: somebody may be waiting for that."""
        self.room.changed(alias)

    async def _take(
        self, alias: str, fit: Sequence[Deployment], ask: Ask, tried: Mapping[str, int]
    ) -> Reservation | float:
        """Choose and take; else the seconds until there may be room."""
        stats = self.health.stats(fit)
        usable = filters.rested(fit, stats)
        if not usable:
            raise _resting(alias, fit, stats)
        refused: set[str] = set()
        while True:
            roomy = [d for d in usable if d.id not in refused and not self.limits.full_s(d, ask)]
            if not roomy:
                return self._room_s(usable, ask)
            candidates = filters.lowest_order(filters.untried(roomy, tried) or roomy)
            chosen = await self._one_of(alias, candidates, stats, ask)
            if reservation := await self.limits.reserve(chosen, ask):
                return reservation
            refused.add(chosen.id)

    async def _one_of(
        self,
        alias: str,
        candidates: Sequence[Deployment],
        stats: Mapping[str, Stats],
        ask: Ask,
    ) -> Deployment:
        if len(candidates) == 1:
            return candidates[0]
        if self.affinity and (bound := await self.affinity.bound(alias, candidates, ask)):
            return bound
        return self.strategy(alias)(candidates, stats, self.rng)

    async def _queue(
        self,
        alias: str,
        fit: Sequence[Deployment],
        ask: Ask,
        tried: Mapping[str, int],
        patience: float,
    ) -> Reservation:
        """Stand in line until there is room."""
        ends = self.clock.now() + patience
        try:
            async with self.room.place(alias, ask.priority) as place:
                while (left := ends - self.clock.now()) > 0:
                    wait = left
                    if self.room.is_first(alias, place):
                        taken = await self._take(alias, fit, ask, tried)
                        if isinstance(taken, Reservation):
                            return taken
                        wait = min(taken, _LOOK_AGAIN_S)
                    await self.room.turn(place, min(wait, left))
        except Crowded:
            pass
        raise _full(alias, self._room_s(fit, ask))

    def _room_s(self, fit: Sequence[Deployment], ask: Ask) -> float:
        return min((self.limits.full_s(deployment, ask) for deployment in fit), default=inf)


def _resting(alias: str, group: Sequence[Deployment], stats: Mapping[str, Stats]) -> Resting:
    soonest = min(stats[deployment.id].cooling for deployment in group)
    return Resting(
        f"Every deployment of {alias!r} is cooling down; try again in {ceil(soonest)} s.",
        retry_after=soonest,
    )


def _full(alias: str, wait: float) -> Full:
    wait = max(wait, 0.1) if wait < inf else 60.0
    return Full(
        f"Every deployment of {alias!r} is used to its limit; try again in {ceil(wait)} s.",
        retry_after=wait,
    )


def _why_off(alias: str, group: Sequence[Deployment]) -> str:
    reasons = "; ".join(dict.fromkeys(deployment.off for deployment in group))
    return f"No deployment of {alias!r} can be used: {reasons}."

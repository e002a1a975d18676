"""From an alias to one deployment with room for the call, or a word why there is none.

enabled -> checks -> rested -> room -> untried first -> not overloaded -> lowest order -> affinity
-> strategy -> take

On the in-memory path nothing here waits, unless a call has to queue.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from math import ceil, inf
from random import Random

from adapters.clock import Clock
from adapters.errors import Full, NoDeployment, Resting
from routing import filters
from routing.affinity import Affinity
from routing.ask import Ask
from routing.checks import Check
from routing.deployment import IDLE, Deployment, Stats
from routing.health import Health
from routing.limits import Limits, Reservation
from routing.overload import Overload, Shunned
from routing.room import Crowded, WaitingRoom
from routing.strategies import Strategy

_URGENT_S = 4.0  # of patience that are left
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
    known: Mapping[str, Stats]  # of every deployment, for strategies
    overload: Overload = field(default_factory=Overload)

    async def choose(
        self,
        alias: str,
        group: Sequence[Deployment],
        ask: Ask,
        tried: Mapping[str, int],
        *,
        patience: float = 0.0,
        last: bool = True,
    ) -> Reservation:
        """A deployment of the group, and what the call needs of it, taken.

        `patience`: seconds that the call may stand in the queue for room; `last`: no other alias
        could be asked.

        Raises:
            NoDeployment: all are switched off.
            Resting: all are cooling down.
            Full: all are used to their limits; after `patience`.
            GatewayError: a check leaves nobody.
        """
        fit = self.fit(alias, group, ask)
        usual = None if tried else self._usual(alias, fit)
        if usual:
            limits = self.limits
            taken = (
                await limits.reserve(usual, ask)
                if usual.limited
                else limits.reserve_unlimited(usual, ask)
            )
            if taken:
                return taken
        wanted = self.room.wanted(group[0].alias, (ask.priority, inf))
        found = await self._take(
            alias, fit, ask, tried, wanted, last=last, patience=patience, full=usual
        )
        if isinstance(found, Reservation):
            return found
        if not patience:
            raise self._full(alias, fit, ask)
        return await self._queue(alias, fit, ask, tried, patience, last=last)

    def fit(self, alias: str, group: Sequence[Deployment], ask: Ask) -> Sequence[Deployment]:
        """Those that could serve the call if they had nothing else to do."""
        fit = filters.enabled(group)
        if not fit:
            raise NoDeployment(_why_off(alias, group))
        for check in self.checks:
            left = check.keep(fit, ask)
            if not left:
                raise check.refusal(alias, fit, ask)
            fit = left
        return fit

    def released(self, deployment: Deployment) -> None:
        """A call that it had has ended: somebody may be waiting for that."""
        if self.room.lines:
            self.room.changed(deployment.alias)

    def _usual(self, alias: str, fit: Sequence[Deployment]) -> Deployment | None:
        """Who is chosen first, where all are well, nobody waits and nothing binds."""
        usual = self.health.all_well and not (self.affinity or self.room.lines)
        if not usual or self.overload.places:
            return None
        candidates = filters.lowest_order(fit)
        if len(candidates) == 1:
            return candidates[0]
        return self.strategy(alias)(candidates, self.known, self.rng)

    async def _take(
        self,
        alias: str,
        fit: Sequence[Deployment],
        ask: Ask,
        tried: Mapping[str, int],
        wanted: frozenset[str],
        *,
        last: bool,
        patience: float,
        full: Deployment | None = None,
    ) -> Reservation | float:
        """Choose and take; else the seconds until there may be room. `wanted`: by those who must
        not be overtaken; `full`: was chosen a moment ago, and had no room.
        """
        try:
            roomy = usable = self._rested(alias, fit, last=last)
        except Resting as error:
            if patience:  # a rest ends too
                return error.retry_after or 0.0
            raise
        refused: set[str] = set()
        shunned = self._shunned(tried) if self.overload.places else None
        if wanted:
            refused.update(wanted)
            roomy = [d for d in usable if d.id not in wanted]
        if full:
            refused.add(full.id)
            roomy = self._not_full(usable, refused, ask)
        while roomy:  # taken to be so, until somebody who was chosen has no room
            candidates = _candidates(roomy, tried, shunned)
            chosen = await self._one_of(alias, candidates, ask)
            if reservation := await self.limits.reserve(chosen, ask):
                return reservation
            refused.add(chosen.id)
            roomy = self._not_full(usable, refused, ask)
        urgent = 0 < patience < _URGENT_S
        limits = self.limits
        daring = [d for d in usable if d.id not in wanted and limits.dares(d, ask, urgent=urgent)]
        if daring:  # nobody has room, but some only by a guess of ours
            candidates = _candidates(daring, tried, shunned)
            chosen = await self._one_of(alias, candidates, ask)
            if reservation := await limits.reserve(chosen, ask, daring=True):
                return reservation
        return limits.room_s(usable, ask)

    def _not_full(
        self, usable: Sequence[Deployment], refused: Set[str], ask: Ask
    ) -> Sequence[Deployment]:
        return [d for d in usable if d.id not in refused and not self.limits.full_s(d, ask)]

    def _rested(self, alias: str, fit: Sequence[Deployment], *, last: bool) -> Sequence[Deployment]:
        unwell = self.health.unwell()
        if not unwell:
            return fit
        stats = {deployment.id: unwell.get(deployment.id, IDLE) for deployment in fit}
        usable = filters.rested(fit, stats, last=last)
        if not usable:
            raise _resting(alias, fit, stats)
        return fit if len(usable) == len(fit) else usable

    def _shunned(self, tried: Mapping[str, int]) -> Shunned | None:
        """Where there is too much to do: left out while somebody else is there."""
        return self.overload.shunned(self.clock.now(), tried, self.rng)

    async def _one_of(
        self,
        alias: str,
        candidates: Sequence[Deployment],
        ask: Ask,
    ) -> Deployment:
        if len(candidates) == 1:
            return candidates[0]
        if self.affinity:
            bound = await self.affinity.bound(alias, candidates, ask, self.known)
            if bound:
                return bound
        return self.strategy(alias)(candidates, self.known, self.rng)

    async def _queue(
        self,
        alias: str,
        fit: Sequence[Deployment],
        ask: Ask,
        tried: Mapping[str, int],
        patience: float,
        *,
        last: bool,
    ) -> Reservation:
        """Stand in line until there is room."""
        ends = self.clock.now() + patience
        home = fit[0].alias
        try:
            with self.room.place(home, fit, ask.priority) as place:
                while (left := ends - self.clock.now()) > 0:
                    wait = left
                    if place.first:
                        wanted = self.room.wanted(home, place.turn)
                        taken = await self._take(
                            alias, fit, ask, tried, wanted, last=last, patience=left
                        )
                        if isinstance(taken, Reservation):
                            return taken
                        wait = min(taken or _LOOK_AGAIN_S, _LOOK_AGAIN_S)
                    await self.room.turn(place, min(wait, left))
        except Crowded:
            pass
        raise self._full(alias, fit, ask)

    def _full(self, alias: str, fit: Sequence[Deployment], ask: Ask) -> Full:
        """When to come back: after those who wait now, and when nobody rests any more."""
        ahead = self.room.ahead(fit[0].alias, fit, ask.priority)
        wait = self.limits.room_s(fit, ask, ahead)
        if unwell := self.health.unwell():
            wait = max(wait, min(unwell.get(d.id, IDLE).cooling for d in fit))
        return _full(alias, wait)


def _candidates(
    roomy: Sequence[Deployment], tried: Mapping[str, int], shunned: Shunned | None
) -> Sequence[Deployment]:
    fresh = filters.untried(roomy, tried) or roomy
    return filters.lowest_order(shunned.others(fresh) if shunned else fresh)


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
    reasons = "; ".join(dict.fromkeys(d.off for d in group)) or "none is left for this call"
    return f"No deployment of {alias!r} can be used: {reasons}."

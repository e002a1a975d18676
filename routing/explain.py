"""Why a call would go where it goes: who could have it, who not, and what decided.

The same filters as in `chooser.py`, in the same order, over a picture of the state that is taken
once. Nothing is reserved and nothing changes. What is left to chance is found out by asking the
strategy many times, so that one of the operator's own is explained as well as ours.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from random import Random
from typing import Any

from adapters.errors import Full, GatewayError, NoDeployment, Resting
from routing import filters
from routing.ask import Ask
from routing.chooser import Chooser
from routing.deployment import Deployment, Stats
from routing.missing import missing
from routing.occupancy import Occupancy
from routing.overload import Shunned, place
from routing.pool import Pool
from routing.watched import name, scores, values, watched

MOST_DRAWS = 1000  # so a share is right to about 3 in 100
_ALL_DRAWS = 20_000  # looks at candidates: with many of them there are fewer draws
_LEAST_DRAWS = 20
_SEED = 0  # the same question has the same answer


@dataclass(frozen=True, slots=True)
class Out:
    """Why a deployment is no candidate. `by`: off, the name of a check, resting, probe, line, full,
    tried or order.
    """

    by: str
    why: str
    wait_s: float | None = None  # until that may be over; None: time changes nothing


@dataclass(frozen=True, slots=True)
class Candidate:
    """One deployment, and what becomes of it for this call."""

    deployment: Deployment
    stats: Stats
    room: Occupancy
    out: Out | None = None
    share: float = 0.0  # of calls like this one that it would get
    score: float | None = None  # if the strategy can say
    reads: Mapping[str, Any] = field(default_factory=dict)  # what the strategy goes by, of it


@dataclass(frozen=True, slots=True)
class Choice:
    """Among several: whose share of such calls is how large, and why."""

    shares: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    bound: str = ""  # the deployment that calls like this keep to
    read: Sequence[str] = ()  # names of what the strategy looked at
    strategy: str = ""  # empty: it was not asked
    trouble: str = ""  # what it raised instead of choosing


@dataclass(frozen=True, slots=True)
class Look:
    """An alias as one call finds it. Candidates come first, the likeliest before the others."""

    alias: str
    candidates: tuple[Candidate, ...]
    choice: Choice
    refusal: GatewayError | None = None  # why nobody is left


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of a group at one moment."""

    alias: str
    group: Sequence[Deployment]
    stats: Mapping[str, Stats]
    rooms: Mapping[str, Occupancy]
    wanted: frozenset[str]  # by calls that wait already

    def later(self, seconds: float) -> "Scene":
        """The same, if nothing happens meanwhile."""
        if not seconds:
            return self
        stats = {
            id_: replace(seen, cooling=max(0.0, seen.cooling - seconds)) if seen.cooling else seen
            for id_, seen in self.stats.items()
        }
        rooms = {id_: room.later(seconds) for id_, room in self.rooms.items()}
        return replace(self, stats=stats, rooms=rooms)


def scene(chooser: Chooser, alias: str, group: Sequence[Deployment], ask: Ask) -> Scene:
    """How things stand now."""
    rooms = {d.id: chooser.limits.occupancy(d, ask) for d in group}
    seen = chooser.health.stats(group)
    stats = {
        id_: replace(seen[id_], requests=room.requests, tokens=room.tokens, left=room.left)
        for id_, room in rooms.items()
    }
    wanted = chooser.room.wanted(group[0].alias, (ask.priority, inf))
    return Scene(alias, group, stats, rooms, wanted)


@dataclass(slots=True)
class Sieve:
    """Who is left after each filter, and why the others are not."""

    left: Sequence[Deployment]
    outs: dict[str, Out] = field(default_factory=dict)
    refusal: GatewayError | None = None

    def keep(self, kept: Iterable[Deployment], out: Out | Callable[[Deployment], Out]) -> None:
        ids = {deployment.id for deployment in kept}
        for deployment in self.left:
            if deployment.id not in ids:
                self.outs[deployment.id] = out if isinstance(out, Out) else out(deployment)
        self.left = [deployment for deployment in self.left if deployment.id in ids]


def sifted(
    chooser: Chooser, seen: Scene, ask: Ask, tried: Mapping[str, int], *, last: bool
) -> Sieve:
    """The filters of `Chooser.choose`, each telling whom it takes out; `tried`, `last` as there."""
    sieve = Sieve(seen.group)
    _fit(chooser, sieve, seen.alias, ask)
    if sieve.refusal:
        return sieve
    fit = sieve.left
    sieve.keep(filters.rested(fit, seen.stats, last=last), lambda d: _resting(seen.stats[d.id]))
    if not sieve.left:
        soonest = min(seen.stats[d.id].cooling for d in fit)
        said = f"Every deployment of {seen.alias!r} is cooling down."
        sieve.refusal = Resting(said, retry_after=soonest)
        return sieve
    usable = sieve.left
    sieve.keep(
        [d for d in usable if d.id not in seen.wanted],
        Out("line", "calls that came before wait for it"),
    )
    sieve.keep(
        [d for d in sieve.left if not seen.rooms[d.id].wait_s],
        lambda d: _full(d, seen.rooms[d.id]),
    )
    if not sieve.left:
        soonest = min(seen.rooms[d.id].wait_s for d in usable)
        said = f"Every deployment of {seen.alias!r} is used to its limit."
        sieve.refusal = Full(said, retry_after=soonest)
        return sieve
    fresh = filters.untried(sieve.left, tried)
    sieve.keep(fresh or sieve.left, Out("tried", "used for this call already"))
    lowest = filters.lowest_order(sieve.left)
    sieve.keep(lowest, lambda d: Out("order", f"{d.order}; {lowest[0].order} comes first"))
    return sieve


async def chosen(
    chooser: Chooser,
    seen: Scene,
    fit: Sequence[Deployment],
    ask: Ask,
    *,
    most: int = MOST_DRAWS,
) -> Choice:
    """Who of those that are left gets the call, by affinity or by the strategy."""
    if len(fit) < 2:
        return Choice({deployment.id: 1.0 for deployment in fit})
    if chooser.affinity:
        bound = await chooser.affinity.bound(seen.alias, fit, ask, seen.stats)
        if bound:
            return Choice({bound.id: 1.0}, bound=bound.id)
    strategy = chooser.strategy(seen.alias)
    among, rng = Pool(fit), Random(_SEED)  # noqa: S311  # no secret hangs on it
    draws = max(_LEAST_DRAWS, min(most, _ALL_DRAWS // len(fit)))
    try:
        drawn = Counter(strategy(among, seen.stats, rng).id for _ in range(draws))
        return Choice(
            {id_: times / draws for id_, times in drawn.items()},
            scores(strategy, among, seen.stats),
            read=watched(strategy, among, seen.stats),
            strategy=name(strategy),
        )
    except Exception as bug:  # somebody's own strategy; to say so is what we are here for
        return Choice(strategy=name(strategy), trouble=f"{type(bug).__name__}: {bug}")


async def look(
    chooser: Chooser, alias: str, group: Sequence[Deployment], ask: Ask, *, last: bool = True
) -> Look:
    """The alias as the call would find it now. `last`: no other alias could be asked."""
    seen = scene(chooser, alias, group, ask)
    sieve = sifted(chooser, seen, ask, {}, last=last)
    choice = Choice() if sieve.refusal else await chosen(chooser, seen, sieve.left, ask)
    spared = {} if sieve.refusal else _spared(chooser, sieve, group)
    if spared:
        choice = await _relieved(chooser, seen, ask, sieve, choice, spared=spared)
    candidates = [
        Candidate(
            deployment,
            seen.stats[deployment.id],
            seen.rooms[deployment.id],
            sieve.outs.get(deployment.id),
            choice.shares.get(deployment.id, 0.0),
            choice.scores.get(deployment.id),
            {
                **values(choice.read, deployment, seen.stats[deployment.id]),
                **({"spared": spared[deployment.id]} if deployment.id in spared else {}),
            },
        )
        for deployment in group
    ]
    stages = list(dict.fromkeys(out.by for out in sieve.outs.values()))
    candidates.sort(key=lambda c: (-stages.index(c.out.by), 1) if c.out else (-len(stages), 0))
    kept = sorted((c for c in candidates if not c.out), key=lambda c: -c.share)
    return Look(alias, (*kept, *(c for c in candidates if c.out)), choice, sieve.refusal)


def _spared(chooser: Chooser, sieve: Sieve, group: Sequence[Deployment]) -> Mapping[str, float]:
    """Of those that a call could go to, by id: the share that is kept from an overloaded place."""
    if not chooser.overload.places:
        return {}
    now = chooser.clock.now()
    shares = {d.id: chooser.overload.spared(now, d) for d in _able(sieve, group)}
    return {id_: share for id_, share in shares.items() if share}


def _able(sieve: Sieve, group: Sequence[Deployment]) -> Sequence[Deployment]:
    """Whom nothing but their order keeps from being chosen."""
    outs = sieve.outs
    return [d for d in group if d.id not in outs or outs[d.id].by == "order"]


async def _relieved(
    chooser: Chooser,
    seen: Scene,
    ask: Ask,
    sieve: Sieve,
    choice: Choice,
    *,
    spared: Mapping[str, float],
) -> Choice:
    """The choice, some of whose calls go elsewhere; of several overloaded places the worst stands
    for all.
    """
    able = _able(sieve, seen.group)
    hot = frozenset(place(deployment) for deployment in able if deployment.id in spared)
    others = Shunned(frozenset(), hot).others(able)
    instead = await chosen(chooser, seen, others, ask)
    moved = max(spared.values())
    shares = {d.id: (1.0 - moved) * choice.shares.get(d.id, 0.0) for d in sieve.left}
    for id_, share in instead.shares.items():
        sieve.outs.pop(id_, None)
        shares[id_] = shares.get(id_, 0.0) + moved * share
    return replace(choice, shares=shares)


def _fit(chooser: Chooser, sieve: Sieve, alias: str, ask: Ask) -> None:
    """What `Chooser.fit` does: config and checks, whatever the load."""
    sieve.keep(filters.enabled(sieve.left), lambda d: Out("off", d.off))
    if not sieve.left:
        sieve.refusal = NoDeployment(f"Every deployment of {alias!r} is switched off.")
        return
    for check in chooser.checks:
        before = sieve.left
        sieve.keep(check.keep(before, ask), partial(_lacking, check.name, ask))
        if not sieve.left:
            sieve.refusal = check.refusal(alias, before, ask)
            return


def _lacking(check: str, ask: Ask, deployment: Deployment) -> Out:
    return Out(check, missing(check, deployment, ask))


def _resting(seen: Stats) -> Out:
    if not seen.cooling:
        return Out("probe", "one call finds out whether it is well again")
    whose = "our guess after its failures" if seen.ejected else "asked for, or its failure says so"
    return Out("resting", f"{seen.cooling:.1f} s more: {whose}", seen.cooling)


def _full(deployment: Deployment, room: Occupancy) -> Out:
    uses = {
        "rpm": f"rpm {room.requests}/{deployment.rpm}",
        "tpm": f"tpm {room.tokens} + {room.need} of {deployment.tpm}",
        "max_parallel_requests": f"{room.slots} of {deployment.max_parallel} slots",
        "provider": f"its provider's allowance, {room.left:.0%} left",
        "shared": "the limit that processes share",
    }
    why = ", ".join(uses[limit] for limit in room.waits)
    return Out("full", why, room.wait_s)

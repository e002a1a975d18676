"""Where there is too much to do, and how many calls had better go elsewhere meanwhile. Pure: time
and chance are arguments.

Google's clients throttle themselves, with a probability that grows as more than half of what they
ask is not accepted. Here what a place is spared goes to another one, and what nobody else can have
goes there all the same: nothing is refused that might be served.

Sources (read 2026-11): https://sre.google/sre-book/handling-overload/ (client-side throttling),
https://docs.claude.com/en/api/errors (529, `overloaded_error`).
"""

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from adapters.errors import Failure, Kind
from routing import filters
from routing.deployment import Deployment
from routing.exceptions import exception_of

SPAN_S = 120.0  # what is older says nothing about now
K = 2  # requests for each that is accepted, before fewer are sent
MOST = 0.8  # of the calls are spared a place; the rest finds out whether it is well again
_BEFORE_S = 30  # how old the requests of the minute before the first refusal are taken to be
_MOST_PLACES = 200  # wildcards make one for each model asked for


Place: TypeAlias = tuple[str, str, str]
"""What is overloaded as one, whichever key it is asked with: provider; address or region, empty if
the provider has but one; model.
"""


def place(deployment: Deployment) -> Place:
    target = deployment.target
    return target.provider, target.base_url or deployment.region, target.model


def is_overload(failure: Failure) -> bool:
    """Whether the provider has said that it has too much to do: 503, 529, or in words."""
    return failure.overloaded or exception_of(failure) == "ServiceUnavailableError"


class Tally:
    """Of one place: how many requests there were of late, and how many were not accepted.

    It begins with a refusal. What one deployment has been asked before that, `before`, is taken
    for accepted, so that the first refusal among many answers weighs as little as it should.
    """

    __slots__ = ("_by", "_parts", "_refused", "_requests", "_since", "last", "refused_by")

    def __init__(self, now: float, by: str, before: int) -> None:
        self.last = now  # refusal
        self.refused_by: set[str] = set()  # ids of deployments
        self._since = now
        self._by = by
        self._parts: deque[list[int]] = deque()  # [second, requests, refusals], oldest first
        self._requests = 0
        self._refused = 0
        if before:
            self._add(now - _BEFORE_S, before, 0)

    def answered(self, now: float, id_: str, began: float) -> None:
        if not self._counted(id_, began):
            self._add(now, 1, 0)

    def refused(self, now: float, id_: str, began: float, *, counted: bool) -> None:
        """`counted`: it has been told of as answered."""
        self.last = now
        self.refused_by.add(id_)
        self._add(now, 0 if counted or self._counted(id_, began) else 1, 1)

    def spared(self, now: float) -> float:
        """The share of calls that had better go elsewhere."""
        self._forget(now)
        requests = max(self._requests, self._refused)  # a stream may break off long after it came
        accepted = requests - self._refused
        return min(MOST, max(0.0, (requests - K * accepted) / (requests + 1)))

    def _counted(self, id_: str, began: float) -> bool:
        return id_ == self._by and began <= self._since

    def _add(self, at: float, requests: int, refused: int) -> None:
        second = int(at)
        self._requests += requests
        self._refused += refused
        if self._parts and self._parts[-1][0] >= second:
            self._parts[-1][1] += requests
            self._parts[-1][2] += refused
        else:
            self._parts.append([second, requests, refused])

    def _forget(self, now: float) -> None:
        oldest, parts = int(now - SPAN_S), self._parts
        while parts and parts[0][0] <= oldest:
            _, requests, refused = parts.popleft()
            self._requests -= requests
            self._refused -= refused


@dataclass(frozen=True, slots=True)
class Shunned:
    """Places that one choice leaves out if it can."""

    refused: frozenset[Place]  # have refused this very call
    by_chance: frozenset[Place] = frozenset()

    def others(self, candidates: Sequence[Deployment]) -> Sequence[Deployment]:
        """Who else there is, of the lowest order; if nobody is, who was spared by chance only, and
        if not even those are, all. At another provider rather than at the same: its other models
        and places often have too much to do as well.
        """
        places = [place(candidate) for candidate in candidates]
        kept = _elsewhere(candidates, places, self.refused | self.by_chance)
        kept = kept or _elsewhere(candidates, places, self.refused) or candidates
        kept = filters.lowest_order(kept)
        providers = {where[0] for where in self.refused | self.by_chance.intersection(places)}
        return [k for k in kept if k.target.provider not in providers] or kept


class Overload:
    """What one process knows of it. Nothing here waits; while there was none, `places` is empty."""

    __slots__ = ("_asked_for_rest", "_refused_at", "places")

    def __init__(self) -> None:
        self.places: dict[Place, Tally] = {}  # whose last refusal is oldest comes first
        self._refused_at: dict[str, Place] = {}  # id of a deployment -> where it was refused
        self._asked_for_rest: dict[tuple[str, str], float] = {}  # provider, address -> when

    def answered(self, now: float, deployment: Deployment, began: float) -> None:
        """An attempt that began then has been answered. Only asked where `places` has some."""
        if tally := self.places.get(place(deployment)):
            tally.answered(now, deployment.id, began)

    def failed(
        self,
        now: float,
        deployment: Deployment,
        failure: Failure,
        began: float,
        *,
        before: int,
        answered: bool = False,
    ) -> None:
        """An attempt that began then has failed. `before`: requests that the deployment has had
        within the last minute, this one among them; `answered`: it broke off later.
        """
        overloaded = is_overload(failure)
        if overloaded or failure.kind is Kind.RATE_LIMIT:
            self._asked_for_rest[_address(deployment)] = now
        if not overloaded:
            return
        where = place(deployment)
        tally = self.places.pop(where, None) or Tally(now, deployment.id, before)
        tally.refused(now, deployment.id, began, counted=answered)
        self.places[where] = tally
        self._refused_at[deployment.id] = where
        if len(self.places) > _MOST_PLACES:
            self._drop(next(iter(self.places)))

    def spared(self, now: float, deployment: Deployment) -> float:
        """The share of calls that had better not go to it."""
        self._forget(now)
        tally = self.places.get(place(deployment))
        return tally.spared(now) if tally else 0.0

    def shunned(self, now: float, tried: Mapping[str, int], rng: Random) -> Shunned | None:
        """What one choice leaves out; None: nothing. One draw for each place. `tried`: deployments
        that the call has used.
        """
        self._forget(now)
        if not self.places:
            return None
        refused = frozenset(self._refused_at[id_] for id_ in tried if id_ in self._refused_at)
        by_chance = frozenset(
            where
            for where, tally in self.places.items()
            if where not in refused and rng.random() < tally.spared(now)
        )
        return Shunned(refused, by_chance) if refused or by_chance else None

    def strained(self, now: float, deployment: Deployment) -> bool:
        """Whether its provider has said lately that it has too much to do, or that we ask too much:
        no moment to send it what it need not have.
        """
        if not self._asked_for_rest:
            return False
        at = self._asked_for_rest.get(_address(deployment))
        return at is not None and now < at + SPAN_S

    def _forget(self, now: float) -> None:
        while self.places:
            where, tally = next(iter(self.places.items()))
            if now < tally.last + SPAN_S:
                return
            self._drop(where)

    def _drop(self, where: Place) -> None:
        for id_ in self.places.pop(where).refused_by:
            if self._refused_at.get(id_) == where:
                del self._refused_at[id_]


def _elsewhere(
    candidates: Sequence[Deployment], places: Sequence[Place], left_out: Set[Place]
) -> Sequence[Deployment]:
    both = zip(candidates, places, strict=True)
    return [candidate for candidate, where in both if where not in left_out]


def _address(deployment: Deployment) -> tuple[str, str]:
    return deployment.target.provider, deployment.target.base_url

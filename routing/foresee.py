"""What would be tried if everything failed: the plan, followed to its end without a single attempt.

It asks `Plan` as the router does, over a picture of the state that moves on with each pause and
with the rests that such failures bring. Pauses by chance are told at their longest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from adapters.errors import Failure, Full, GatewayError, Kind, UnknownModel
from routing import filters
from routing.ask import Ask
from routing.breaker import Phase
from routing.cooldown import Record, Rest, rest_of
from routing.deployment import Deployment, Stats
from routing.explain import MOST_DRAWS, Scene, chosen, scene, sifted
from routing.plan import Plan, Step, Try, Untried
from routing.policy import Policy, RestRules
from routing.router import Router, left_of, overridden

_DRAWS = 100  # after the first step, where a share matters less


@dataclass(frozen=True, slots=True)
class Stop:
    """One step of the way. Seconds."""

    alias: str
    error: GatewayError  # the failure that is supposed, or why nobody could be asked
    deployment: Deployment | None = None
    share: float = 0.0  # of calls that would go to this one, and not to one like it
    pause: float = 0.0  # before it, at most
    queued: float = 0.0  # for room
    override: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """All attempts fail in this way; `error` is what the client gets in the end."""

    kind: Kind
    stops: tuple[Stop, ...]
    error: GatewayError


async def foresee(router: Router, ask: Ask, policy: Policy, rules: RestRules, kind: Kind) -> Story:
    """Where the call would go. Nothing is sent, taken or noted."""
    return await _Way(router, ask, policy, rules, kind).to_its_end()


class Longest(Random):
    """Chance at its worst."""

    def uniform(self, _: float, b: float) -> float:
        return b


class _Way:
    def __init__(
        self, router: Router, ask: Ask, policy: Policy, rules: RestRules, kind: Kind
    ) -> None:
        self._router = router
        self._ask = ask
        self._policy = policy
        self._rules = rules
        self._kind = kind
        self._rng = Longest()
        self._plan = Plan(ask.call.model, policy, self._rng)
        self._tried: dict[str, int] = {}
        self._failed: Counter[str] = Counter()
        self._rests: dict[str, tuple[float, bool]] = {}  # until when, and whether that is a guess
        self._now = 0.0  # seconds since the call came
        self._stops: list[Stop] = []

    async def to_its_end(self) -> Story:
        step: Step = self._plan.start()
        while isinstance(step, Try):
            self._now += step.pause
            stop, after = await self._stop(step)
            self._stops.append(stop)
            step = self._after(stop, after)
        return Story(self._kind, tuple(self._stops), step.error)

    async def _stop(self, step: Try) -> tuple[Stop, Untried]:
        """What happens at this step, and who is left after it."""
        bare = Stop(step.alias, UnknownModel(""), pause=step.pause, override=step.override or {})
        asked = overridden(self._ask, step)
        chooser, last = self._router.chooser, self._plan.last
        try:
            group = self._router.groups.find(step.alias)
        except UnknownModel as error:
            return replace(bare, error=error), Untried.RESTING
        seen = self._scene(step.alias, group, asked)
        sieve = sifted(chooser, seen, asked, self._tried, last=last)
        queued = 0.0
        if step.patience and isinstance(sieve.refusal, Full):
            queued = min(step.patience, sieve.refusal.retry_after or 0.0)
            self._now += queued
            seen = self._scene(step.alias, group, asked)
            sieve = sifted(chooser, seen, asked, self._tried, last=last)
        if sieve.refusal:
            stop = replace(bare, error=sieve.refusal, queued=queued)
            return stop, self._untried(seen, asked)
        most = _DRAWS if self._tried else MOST_DRAWS
        choice = await chosen(chooser, seen, sieve.left, asked, most=most)
        deployment = max(sieve.left, key=lambda d: choice.shares.get(d.id, 0.0))
        failure = self._fail(deployment, group, seen.stats[deployment.id])
        stop = replace(
            bare,
            error=failure,
            deployment=deployment,
            share=choice.shares.get(deployment.id, 0.0),
            queued=queued,
        )
        return stop, self._untried(self._scene(step.alias, group, asked), asked)

    def _scene(self, alias: str, group: Sequence[Deployment], ask: Ask) -> Scene:
        """How things would stand then."""
        seen = scene(self._router.chooser, alias, group, ask).later(self._now)
        stats = dict(seen.stats)
        for id_, (until, guess) in self._rests.items():
            if id_ in stats:
                cooling = max(stats[id_].cooling, until - self._now)
                stats[id_] = replace(stats[id_], cooling=max(0.0, cooling), ejected=guess)
        return replace(seen, stats=stats)

    def _fail(self, deployment: Deployment, group: Sequence[Deployment], seen: Stats) -> Failure:
        """Suppose that it fails, and what comes of it."""
        failure = Failure(self._kind, "", provider=deployment.target.provider)
        self._tried[deployment.id] = deployment.order
        self._failed[deployment.id] += 1
        failures = seen.failures + self._failed[deployment.id]
        phase = Phase.HALF_OPEN if seen.ejected and not seen.cooling else Phase.CLOSED
        record = Record(recent=failures, same=failures, in_a_row=failures, phase=phase)
        lone = len(filters.enabled(group)) == 1
        rest: Rest = rest_of(failure, record, self._rules, deployment, lone=lone, rng=self._rng)
        if rest.seconds:
            self._rests[deployment.id] = self._now + rest.seconds, rest.ejection
        return failure

    def _untried(self, seen: Scene, ask: Ask) -> Untried:
        try:
            able = self._router.chooser.fit(seen.alias, seen.group, ask)
        except GatewayError:
            able = ()
        usable = filters.rested(able, seen.stats, last=self._plan.last)
        fresh = [d for d in filters.untried(usable, self._tried) if not seen.rooms[d.id].wait_s]
        return left_of(seen.group, usable, fresh, self._tried)

    def _after(self, stop: Stop, left: Untried) -> Step:
        failed, policy = stop.deployment, self._policy
        affordable = not (policy.retry_budget and failed) or self._router.budget.affords(
            failed, stop.error
        )
        return self._plan.after(
            stop.error,
            left,
            failed.retries if failed else None,
            time_left=policy.deadline - self._now,
            affordable=affordable,
        )

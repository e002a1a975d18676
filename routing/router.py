"""The router: the only loop in routing. It does what the plan says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from random import Random

from adapters.clock import Clock
from adapters.errors import Failure, GatewayError, Kind, NoDeployment, Resting
from adapters.provider import Adapter
from adapters.types import Call, Reply, Target
from routing import filters
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health, Watched
from routing.plan import Plan, Step, Try, Untried
from routing.policy import Policy
from routing.strategies import Strategy

_NEGLIGIBLE_S = 1.0  # by so much a time-out may pass the deadline


@dataclass(frozen=True, slots=True)
class Attempt:
    """One use of one deployment. Seconds; `failure` is None if it answered."""

    alias: str
    deployment: Deployment
    took: float
    failure: Failure | None = None
    rest: float = 0.0  # how long the deployment rests now


@dataclass(slots=True)
class Journey:
    """What happened to one call, as it happens. `told` hears of each failed attempt at once."""

    told: Callable[[Attempt], None] = lambda _: None
    attempts: list[Attempt] = field(default_factory=list)
    fallbacks: int = 0

    @property
    def answered(self) -> Attempt | None:
        """The attempt whose answer the client gets."""
        return next((a for a in reversed(self.attempts) if not a.failure), None)

    @property
    def retries(self) -> int:
        """Further attempts within the alias that answered, or that was tried last."""
        alias = self.attempts[-1].alias if self.attempts else ""
        return max(0, sum(attempt.alias == alias for attempt in self.attempts) - 1)


class Router:
    """Answers calls with the deployments of one configuration."""

    def __init__(
        self,
        *,
        groups: Groups,
        adapters: Mapping[str, Adapter],
        strategy: Strategy,
        health: Health,
        clock: Clock,
        rng: Random,
    ) -> None:
        self._groups = groups
        self._adapters = adapters
        self._strategy = strategy
        self._health = health
        self._clock = clock
        self._rng = rng

    async def send(self, call: Call, policy: Policy, journey: Journey) -> Reply:
        """Answer `call`, trying deployments and fallbacks as `policy` allows.

        Returns once the first event of the answer is in hand: from then on the answer is
        committed and nothing is retried.

        Raises:
            UnknownModel: nothing is configured under the name asked for.
            Failure: what became of the alias asked for, when nothing is left to try.
            Resting, NoDeployment: no deployment of any permitted alias may be used now.
            BadRequest: the request cannot be said in the provider's dialect.
        """
        ends = self._clock.now() + policy.deadline
        plan = Plan(call.model, policy, self._rng)
        tried: dict[str, int] = {}  # deployment -> its order
        step: Step = plan.start()
        while isinstance(step, Try):
            group: Sequence[Deployment] = ()
            deployment: Deployment | None = None
            try:
                group = self._groups.find(step.alias)
                deployment = await self._choose(group, step, tried)
                tried[deployment.id] = deployment.order
                left = ends - self._clock.now()
                lone = len(filters.enabled(group)) == 1
                said = replace(call, body={**call.body, **step.override}) if step.override else call
                target = _within(deployment.target, left)
                note = _Note(journey, step.alias, deployment, self._clock, lone=lone, left=left)
                return await self._attempt(said, target, note)
            except GatewayError as error:
                own = deployment.retries if deployment else None
                untried = self._untried(group, tried)
                step = plan.after(error, untried, own, time_left=ends - self._clock.now())
                journey.fallbacks = plan.fallbacks
        raise step.error

    async def _choose(
        self, group: Sequence[Deployment], step: Try, tried: Mapping[str, int]
    ) -> Deployment:
        """A deployment not tried yet if there is one; else one again, after the pause."""
        if step.pause:
            await self._clock.sleep(step.pause)
        able = filters.enabled(group)
        if not able:
            raise NoDeployment(_why_off(step.alias, group))
        stats = self._health.stats(able)
        usable = filters.rested(able, stats)
        if not usable:
            soonest = min(stats[deployment.id].cooling for deployment in able)
            raise Resting(
                f"Every deployment of {step.alias!r} is cooling down; "
                f"try again in {ceil(soonest)} s.",
                retry_after=soonest,
            )
        candidates = filters.lowest_order(filters.untried(usable, tried) or usable)
        if len(candidates) == 1:
            return candidates[0]
        return self._strategy(candidates, stats, self._rng)

    async def _attempt(self, call: Call, target: Target, note: "_Note") -> Reply:
        health, deployment = self._health, note.deployment
        health.started(deployment)
        try:
            reply = await self._adapters[target.provider].send(call, target)
        except BaseException as error:
            health.ended(deployment)
            if isinstance(error, Failure):
                counts = not note.cut_short(error, stream=call.stream)
                rest = health.failed(deployment, error, lone=note.lone) if counts else 0.0
                note.failed(error, rest)
            raise
        note.answered()
        if isinstance(reply.body, bytes):
            health.ended(deployment)
            health.succeeded(deployment)
            return reply
        return replace(reply, body=Watched(reply.body, health, deployment, lone=note.lone))

    def _untried(self, group: Sequence[Deployment], tried: Mapping[str, int]) -> Untried:
        able = filters.enabled(group)
        usable = filters.rested(able, self._health.stats(able))
        fresh = filters.untried(usable, tried)
        if not fresh:
            return Untried.NONE if usable else Untried.RESTING
        reached = max((tried[d.id] for d in group if d.id in tried), default=0)
        sibling = any(deployment.order <= reached for deployment in fresh)
        return Untried.SIBLING if sibling else Untried.NEXT_ORDER


class _Note:
    """Writes one attempt into the journey."""

    def __init__(
        self,
        journey: Journey,
        alias: str,
        deployment: Deployment,
        clock: Clock,
        *,
        lone: bool,
        left: float,
    ) -> None:
        self.deployment = deployment
        self.lone = lone  # nobody else could serve the alias
        self._left = left  # seconds until the call's deadline
        self._journey = journey
        self._alias = alias
        self._clock = clock
        self._started = clock.now()

    def answered(self) -> None:
        self._journey.attempts.append(Attempt(self._alias, self.deployment, self._took()))

    def failed(self, failure: Failure, rest: float) -> None:
        attempt = Attempt(self._alias, self.deployment, self._took(), failure, rest)
        self._journey.attempts.append(attempt)
        self._journey.told(attempt)

    def cut_short(self, failure: Failure, *, stream: bool) -> bool:
        """Whether the call's deadline ended the attempt, long before the deployment's time-out.

        That says nothing about the deployment. If it counted, one impatient client could put it
        to rest for everybody.
        """
        limits = self.deployment.target.timeouts
        own = limits.first if stream else limits.total
        waited_out = self._took() >= self._left - 0.01
        return failure.kind is Kind.TIMEOUT and waited_out and self._left < 0.99 * own

    def _took(self) -> float:
        return self._clock.now() - self._started


def _within(target: Target, left: float) -> Target:
    """The same target, whose time-outs end no later than the call's own deadline."""
    limits = target.timeouts
    if left >= max(limits.first, limits.total) - _NEGLIGIBLE_S:
        return target
    left = max(left, 0.001)
    return replace(
        target,
        timeouts=replace(limits, first=min(limits.first, left), total=min(limits.total, left)),
    )


def _why_off(alias: str, group: Sequence[Deployment]) -> str:
    reasons = "; ".join(dict.fromkeys(deployment.off for deployment in group))
    return f"No deployment of {alias!r} can be used: {reasons}."

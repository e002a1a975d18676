"""The router: the only loop in routing. It does what the plan says."""

from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from adapters.clock import Clock
from adapters.errors import GatewayError
from adapters.types import Reply
from routing import filters
from routing.ask import Ask
from routing.attempts import Attempts
from routing.chooser import Chooser
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.hedge import Heat, Hedging
from routing.journey import Journey
from routing.limits import Reservation
from routing.plan import Plan, Step, Try, Untried
from routing.policy import Policy
from routing.resume import Continuation, Course
from routing.retry_budget import RetryBudget


@dataclass(frozen=True, slots=True)
class Router:
    """Answers calls with the deployments of one configuration."""

    groups: Groups
    chooser: Chooser
    attempts: Attempts
    health: Health
    clock: Clock
    rng: Random
    budget: RetryBudget
    hedging: Hedging

    def send(self, ask: Ask, policy: Policy, journey: Journey) -> Coroutine[Any, Any, Reply]:
        """Answer a call, trying deployments and fallbacks as `policy` allows.

        Returns once the first event of the answer is in hand: from then on the answer is
        committed and nothing is retried.

        Raises:
            UnknownModel: nothing is configured under the name asked for.
            Failure: what became of the alias asked for, when nothing is left to try.
            Resting, Full, NoDeployment: no deployment of any permitted alias may be used now.
            BadRequest: the request cannot be said in the provider's dialect.
        """
        if policy.resume:
            return self._answer_resumably(ask, policy, journey)
        return self._answer(ask, policy, journey)

    async def _answer_resumably(self, ask: Ask, policy: Policy, journey: Journey) -> Reply:
        reply = await self._answer(ask, policy, journey)
        return Course(ask, policy, journey, self._answer, self.clock).resumable(reply)

    async def _answer(
        self, ask: Ask, policy: Policy, journey: Journey, rest: Continuation | None = None
    ) -> Reply:
        """The same, once. `rest`: of an answer that broke off; who has failed then is left out."""
        clock = self.clock
        ends = clock.now() + policy.deadline
        plan: Plan | None = None  # made when it is needed, which mostly it is not
        tried: dict[str, int] = {}  # deployment -> its order
        step: Step = Try(ask.call.model)
        while isinstance(step, Try):
            alias = step.alias
            group: Sequence[Deployment] = ()
            deployment: Deployment | None = None
            asked = overridden(ask, step)
            try:
                if step.pause:
                    await clock.sleep(step.pause)
                group = self.groups.find(alias)
                if rest:
                    group = rest.others(group)
                patience = max(0.0, min(step.patience, ends - clock.now())) if step.patience else 0
                able = willing(group, step, journey)
                if policy.fallbacks and plan is None:
                    plan = Plan(alias, policy, self.rng)
                choice = self.chooser.choose(
                    alias, able, asked, tried, patience=patience, last=plan is None or plan.last
                )
                taken = await (self._timed(choice, journey) if patience else choice)
                deployment = taken.deployment
                journey.estimate = taken.tokens
                if deployment.id not in tried:
                    self.budget.called(deployment)
                tried[deployment.id] = deployment.order
                lone = len(filters.enabled(group)) == 1
                left = ends - clock.now()
                if rest:
                    asked, taken = rest.asked(asked, taken)
                if policy.hedge:
                    heat = Heat(alias, group, asked, taken, tried, lone=lone, left=left)
                    return await self.hedging.make(heat, journey, policy.hedge)
                return await self.attempts.make(alias, asked, taken, journey, lone=lone, left=left)
            except GatewayError as error:
                error.let_go()  # the plan and the journey keep it
                plan = plan or Plan(alias, policy, self.rng)
                able = willing(group, step, journey)
                untried = self._untried(alias, group, able, asked, tried, last=plan.last)
                left, metered = ends - clock.now(), policy.retry_budget
                step = self._after(plan, error, deployment, untried, left=left, metered=metered)
                journey.fallbacks = plan.fallbacks
        raise step.error

    async def _timed(self, choice: Awaitable[Reservation], journey: Journey) -> Reservation:
        """The choice, whose time in the queue is noted."""
        since = self.clock.now()
        try:
            return await choice
        finally:
            journey.queued += self.clock.now() - since

    def _after(
        self,
        plan: Plan,
        error: GatewayError,
        failed: Deployment | None,
        untried: Untried,
        *,
        left: float,
        metered: bool,
    ) -> Step:
        """What the plan says. A second use of a deployment is paid for as it is decided, before
        any pause, or all that pause would spend the same.
        """
        own = failed.retries if failed else None
        affordable = not (metered and failed) or self.budget.affords(failed, error)
        step = plan.after(error, untried, own, time_left=left, affordable=affordable)
        if metered and failed and isinstance(step, Try) and step.again:
            self.budget.spend(failed, error)
        return step

    def _untried(
        self,
        alias: str,
        group: Sequence[Deployment],
        among: Sequence[Deployment],
        ask: Ask,
        tried: Mapping[str, int],
        *,
        last: bool,
    ) -> Untried:
        """Of those `among` the group that are fit for the call; who is full now is no better than
        who was tried.
        """
        try:
            able = self.chooser.fit(alias, among, ask)
        except GatewayError:
            able = ()
        usable = filters.rested(able, self.health.stats(able), last=last)
        fresh = [
            deployment
            for deployment in filters.untried(usable, tried)
            if not self.chooser.limits.full_s(deployment, ask)
        ]
        return left_of(group, usable, fresh, tried)


def left_of(
    group: Sequence[Deployment],
    usable: Sequence[Deployment],
    fresh: Sequence[Deployment],
    tried: Mapping[str, int],
) -> Untried:
    """What a group still has. `fresh`: those of the usable that have room and were not tried."""
    if not usable:
        return Untried.RESTING
    if not fresh:
        return Untried.FULL if tried.keys().isdisjoint(d.id for d in usable) else Untried.NONE
    # Not all up to the highest: where there was too much to do, a higher one has come before it.
    reached = {tried[d.id] for d in group if d.id in tried} or {0}
    sibling = any(deployment.order in reached for deployment in fresh)
    return Untried.SIBLING if sibling else Untried.NEXT_ORDER


def willing(group: Sequence[Deployment], step: Try, journey: Journey) -> Sequence[Deployment]:
    """All but those that have said that the request is not worth repeating there
    (`x-should-retry`). With fields that a step makes different it is another request.
    """
    if not journey.attempts:
        return group
    done = {
        attempt.deployment.id
        for attempt in journey.attempts
        if attempt.failure and attempt.failure.again is False
        if attempt.alias == step.alias or not step.override
    }
    return [deployment for deployment in group if deployment.id not in done] if done else group


def overridden(ask: Ask, step: Try) -> Ask:
    """The call with the fields that are different at this step."""
    if not step.override:
        return ask
    return replace(ask, call=ask.call.saying({**ask.call.body, **step.override}))

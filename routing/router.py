"""The router: the only loop in routing. It does what the plan says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

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
from routing.journey import Journey
from routing.plan import Plan, Step, Try, Untried
from routing.policy import Policy


@dataclass(frozen=True, slots=True)
class Router:
    """Answers calls with the deployments of one configuration."""

    groups: Groups
    chooser: Chooser
    attempts: Attempts
    health: Health
    clock: Clock
    rng: Random

    async def send(self, ask: Ask, policy: Policy, journey: Journey) -> Reply:
        """Answer a call, trying deployments and fallbacks as `policy` allows.

        Returns once the first event of the answer is in hand: from then on the answer is
        committed and nothing is retried.

        Raises:
            UnknownModel: nothing is configured under the name asked for.
            Failure: what became of the alias asked for, when nothing is left to try.
            Resting, Full, NoDeployment: no deployment of any permitted alias may be used now.
            BadRequest: the request cannot be said in the provider's dialect.
        """
        ends = self.clock.now() + policy.deadline
        plan = Plan(ask.call.model, policy, self.rng)
        tried: dict[str, int] = {}  # deployment -> its order
        step: Step = plan.start()
        while isinstance(step, Try):
            group: Sequence[Deployment] = ()
            deployment: Deployment | None = None
            try:
                if step.pause:
                    await self.clock.sleep(step.pause)
                group = self.groups.find(step.alias)
                asked = _overridden(ask, step)
                patience = min(step.patience, ends - self.clock.now())
                taken = await self.chooser.choose(
                    step.alias, group, asked, tried, patience=patience
                )
                deployment = taken.deployment
                tried[deployment.id] = deployment.order
                lone = len(filters.enabled(group)) == 1
                left = ends - self.clock.now()
                return await self.attempts.make(
                    step.alias, asked, taken, journey, lone=lone, left=left
                )
            except GatewayError as error:
                own = deployment.retries if deployment else None
                untried = self._untried(group, tried)
                step = plan.after(error, untried, own, time_left=ends - self.clock.now())
                journey.fallbacks = plan.fallbacks
        raise step.error

    def _untried(self, group: Sequence[Deployment], tried: Mapping[str, int]) -> Untried:
        able = filters.enabled(group)
        usable = filters.rested(able, self.health.stats(able))
        fresh = filters.untried(usable, tried)
        if not fresh:
            return Untried.NONE if usable else Untried.RESTING
        reached = max((tried[d.id] for d in group if d.id in tried), default=0)
        sibling = any(deployment.order <= reached for deployment in fresh)
        return Untried.SIBLING if sibling else Untried.NEXT_ORDER


def _overridden(ask: Ask, step: Try) -> Ask:
    if not step.override:
        return ask
    return replace(ask, call=replace(ask.call, body={**ask.call.body, **step.override}))

"""Who has money left: budgets of deployments and of providers.

Spending is counted when an answer has ended, by what the provider reports, so calls under way at
that moment may pass a limit. Each process counts for itself, from its start on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import TypeAlias

from adapters.clock import Clock
from adapters.errors import OverBudget
from adapters.tokens import CHARACTERS_PER_TOKEN
from adapters.types import Usage
from routing.ask import Ask
from routing.checks import Check
from routing.deployment import Budget, Deployment

Cost: TypeAlias = Callable[[Deployment, Usage], int]
"""What tokens of a deployment cost, in nano-dollars; 0 where no price is known."""

_NEVER_S = 365 * 86_400.0  # told where nothing will come back by itself


@dataclass(slots=True)
class _Purse:
    """What was spent of one budget. A period begins with the first spending in it."""

    budget: Budget
    spent: int = 0
    ends: float = 0.0

    def add(self, now: float, amount: int) -> None:
        if now >= self.ends:
            self.spent, self.ends = 0, now + self.budget.period_s
        self.spent += amount

    def wait(self, now: float) -> float:
        """Seconds until there is money again; 0: now."""
        if not self.budget.limit:
            return inf
        used_up = now < self.ends and self.spent >= self.budget.limit
        return self.ends - now if used_up else 0.0


@dataclass(frozen=True, slots=True)
class Budgets:
    """`providers`: budgets by name; deployments bring their own."""

    providers: Mapping[str, Budget]
    cost: Cost
    clock: Clock
    _purses: dict[str, _Purse] = field(default_factory=dict)

    @property
    def check(self) -> Check:
        return Check("budgets", self._solvent, self._refusal)

    def spent(self, deployment: Deployment, usage: Usage, ask: Ask) -> None:
        """An answer has ended. Where nobody said what it used, the prompt is estimated."""
        purses = self._of(deployment)
        if not purses:
            return
        if not (usage.input or usage.output):
            usage = Usage(ask.prompt_tokens(CHARACTERS_PER_TOKEN))
        amount, now = self.cost(deployment, usage), self.clock.now()
        for purse in purses:
            purse.add(now, amount)

    def wait(self, deployment: Deployment) -> float:
        """Seconds until its own budget and its provider's have money; 0: now."""
        now = self.clock.now()
        return max((purse.wait(now) for purse in self._of(deployment)), default=0.0)

    def _solvent(self, fit: Sequence[Deployment], _: Ask) -> Sequence[Deployment]:
        left = [deployment for deployment in fit if not self.wait(deployment)]
        return fit if len(left) == len(fit) else left

    def _refusal(self, alias: str, fit: Sequence[Deployment], _: Ask) -> OverBudget:
        wait = min(self.wait(deployment) for deployment in fit)
        again = f"; there is money again in {ceil(wait)} s" if wait < inf else ""
        said = f"Every deployment of {alias!r}, or its provider, has used up its budget{again}."
        return OverBudget(said, retry_after=min(wait, _NEVER_S))

    def _of(self, deployment: Deployment) -> Sequence[_Purse]:
        found = []
        if own := deployment.budget:
            found.append(self._purse(f"deployment {deployment.id}", own))
        if shared := self.providers.get(deployment.target.provider):
            found.append(self._purse(f"provider {deployment.target.provider}", shared))
        return found

    def _purse(self, name: str, budget: Budget) -> _Purse:
        purse = self._purses.get(name)
        if purse is None:
            purse = self._purses[name] = _Purse(budget)
        return purse

"""Who has money left: budgets of deployments and of providers.

Spending is counted when an answer has ended, by what the provider reports. Where processes share a
store they share budgets: each counts its own spending at once and hears of that of the others
within about a second (`HEARD_S`), so no decision waits for it. What is spent of a period is kept
until it ends, whoever is started anew.

So a limit is passed by what those calls cost that had not ended when it was reached, or began
within the second that others need to hear of it. While the store is gone each process may spend its
share of what was left.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil, inf
from typing import TypeAlias

from adapters.errors import OverBudget
from adapters.tokens import CHARACTERS_PER_TOKEN
from adapters.types import Usage
from routing.ask import Ask
from routing.checks import Check
from routing.deployment import Budget, Deployment
from routing.state.store import Store, StoreGone

Cost: TypeAlias = Callable[[Deployment, Usage], int]
"""What tokens of a deployment cost, in nano-dollars; 0 where no price is known."""

_Kept: TypeAlias = tuple[str, Budget]  # under this key in the store
_NEVER_S = 365 * 86_400.0  # told where nothing will come back by itself


@dataclass(frozen=True, slots=True)
class Budgets:
    """`providers`: budgets by name; deployments bring their own."""

    providers: Mapping[str, Budget]
    cost: Cost
    store: Store
    _known: dict[str, tuple[_Kept, ...]] = field(default_factory=dict)  # by deployment's id

    async def learn(self, deployments: Iterable[Deployment]) -> None:
        """What has been spent before this process began, if that can be said at once."""
        for deployment in deployments:
            self.wait(deployment)
        with suppress(StoreGone):
            await self.store.flush()

    @property
    def check(self) -> Check:
        return Check("budgets", self._solvent, self._refusal)

    def spent(self, deployment: Deployment, usage: Usage, ask: Ask) -> None:
        """An answer has ended. Where nobody said what it used, the prompt is estimated."""
        kept = self._of(deployment)
        if not kept:
            return
        if not (usage.input or usage.output):
            usage = Usage(ask.prompt_tokens(CHARACTERS_PER_TOKEN))
        amount = self.cost(deployment, usage)
        if amount:
            for key, budget in kept:
                self.store.spend(key, amount, budget.period_s)

    def wait(self, deployment: Deployment) -> float:
        """Seconds until its own budget and its provider's have money; 0: now."""
        longest = 0.0
        for key, budget in self._of(deployment):
            if not budget.limit:
                return inf
            spent = self.store.spent(key)
            if spent.amount >= budget.limit:
                longest = max(longest, spent.left_s)
        return longest

    def _solvent(self, fit: Sequence[Deployment], _: Ask) -> Sequence[Deployment]:
        left = [deployment for deployment in fit if not self.wait(deployment)]
        return fit if len(left) == len(fit) else left

    def _refusal(self, alias: str, fit: Sequence[Deployment], _: Ask) -> OverBudget:
        wait = min(self.wait(deployment) for deployment in fit)
        again = f"; there is money again in {ceil(wait)} s" if wait < inf else ""
        said = f"Every deployment of {alias!r}, or its provider, has used up its budget{again}."
        return OverBudget(said, retry_after=min(wait, _NEVER_S))

    def _of(self, deployment: Deployment) -> tuple[_Kept, ...]:
        kept = self._known.get(deployment.id)
        if kept is None:
            kept = self._known[deployment.id] = tuple(self._find(deployment))
        return kept

    def _find(self, deployment: Deployment) -> Iterator[_Kept]:
        if own := deployment.budget:
            yield _key("deployment", deployment.id, own), own
        provider = deployment.target.provider
        if shared := self.providers.get(provider):
            yield _key("provider", provider, shared), shared


def _key(kind: str, name: str, budget: Budget) -> str:
    """A budget of another period is another one: what was spent before is not carried over."""
    return f"{kind}:{name}:{budget.period_s:.0f}"

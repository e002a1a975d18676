"""How many second uses of a deployment are too many, so that an outage does not multiply load.

For each account at a provider: a fifth of a second use for each call of the last ten seconds, and
ten more, so that few calls may always try again. Only using the same deployment again costs; the
first attempt at a sibling is never refused.

Sources (read 2026-11): https://twitter.github.io/finagle/guide/Clients.html#retries,
https://linkerd.io/2-edge/features/retries-and-timeouts/
"""

from collections import deque
from collections.abc import Hashable

from adapters.clock import Clock
from adapters.errors import Failure, GatewayError, Kind
from routing.deployment import Deployment

SPAN_S = 10
EARNED_PER_CALL = 1  # in fifths of a retry, so that sums are exact
ALWAYS_PER_S = 5
COST = 5
COST_IF_BILLED = 10  # the provider has read the body, and may have worked on it

_WORKED_ON = frozenset({Kind.TIMEOUT, Kind.BROKEN})


class Balance:
    """Of one account: what the last ten seconds have earned and spent."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: deque[list[int]] = deque()  # [second, earned - spent], oldest first

    def add(self, now: float, amount: int) -> None:
        second, parts = int(now), self._parts
        if parts and parts[-1][0] >= second:
            parts[-1][1] += amount
        else:
            self._expire(second)
            parts.append([second, amount])

    def left(self, now: float) -> int:
        self._expire(int(now))
        return ALWAYS_PER_S * SPAN_S + sum(part[1] for part in self._parts)

    def _expire(self, second: int) -> None:
        while self._parts and self._parts[0][0] <= second - SPAN_S:
            self._parts.popleft()


class RetryBudget:
    """All accounts of one process. Nothing here waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._balances: dict[Hashable, Balance] = {}
        self._known: dict[str, Balance] = {}  # by deployment, or each call would look at its key

    def called(self, deployment: Deployment) -> None:
        """A call uses the deployment for the first time."""
        balance = self._known.get(deployment.id)
        if balance is None:
            balance = self._known[deployment.id] = self._balance(deployment)
        balance.add(self._clock.now(), EARNED_PER_CALL)

    def affords(self, deployment: Deployment, error: GatewayError) -> bool:
        """Whether the deployment may be used again after that."""
        return self._balance(deployment).left(self._clock.now()) >= cost(error)

    def spend(self, deployment: Deployment, error: GatewayError) -> None:
        """It will be used again."""
        self._balance(deployment).add(self._clock.now(), -cost(error))

    def _balance(self, deployment: Deployment) -> Balance:
        account = _account(deployment)
        balance = self._balances.get(account)
        if balance is None:
            balance = self._balances[account] = Balance()
        return balance


def cost(error: GatewayError) -> int:
    """What another use costs after that one, in fifths of a retry."""
    if not isinstance(error, Failure):
        return COST
    answered = error.kind is Kind.TRANSIENT and (error.upstream_status or 0) >= 500
    return COST_IF_BILLED if answered or error.kind in _WORKED_ON else COST


def _account(deployment: Deployment) -> Hashable:
    """The provider and the credential: who sees the load, and who pays."""
    target = deployment.target
    return target.provider, target.base_url, frozenset(target.secrets.items())

"""The object graph of routing, put together."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from adapters.clock import Clock
from adapters.provider import Adapter
from routing.affinity import Affinity
from routing.attempts import Attempts
from routing.budgets import Budgets
from routing.checks import Check
from routing.chooser import Chooser
from routing.groups import Groups
from routing.health import Health
from routing.hedge import Hedging
from routing.known import known
from routing.limits import Limits
from routing.retry_budget import RetryBudget
from routing.room import WaitingRoom
from routing.router import Router
from routing.state.memory import MemoryStore
from routing.state.store import Store
from routing.strategies import Strategy


def wired(
    groups: Groups,
    adapters: Mapping[str, Adapter],
    strategy: Callable[[str], Strategy],
    health: Health,
    *,
    clock: Clock,
    rng: Random,
    store: Store | None = None,
    owner: str = "",
    checks: Sequence[Check] = (),
    affinity: Affinity | None = None,
    budgets: Budgets | None = None,
) -> Router:
    """A router over these deployments. `strategy`: of an alias; `owner`: this process's name among
    those that share the store.
    """
    limits = Limits(store or MemoryStore(clock), clock, owner)
    room = WaitingRoom(clock)
    stats = known(groups.deployments, health, limits, clock)
    if budgets:
        checks = (*checks, budgets.check)
    chooser = Chooser(health, limits, checks, affinity, strategy, room, clock, rng, stats)
    attempts = Attempts(adapters, health, limits, chooser, clock, budgets)
    hedging = Hedging(attempts, clock)
    return Router(groups, chooser, attempts, health, clock, rng, RetryBudget(clock), hedging)

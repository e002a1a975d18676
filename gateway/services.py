"""The object graph: everything a request needs, built once at start and passed by hand."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random

from adapters.clock import Clock
from adapters.fetch import Fetch, inlined, refused
from adapters.http import Http
from adapters.provider import Adapter
from adapters.send import Inline, RowAdapter
from gateway.access.keys import Keys
from gateway.book import Book
from gateway.config.settings import Settings
from gateway.facts import Facts
from gateway.ledger.models import Models
from gateway.life import Life
from gateway.log import Log
from gateway.metrics.counting import Metrics, State
from gateway.sharing import Sharing, sharing
from gateway.whence import Whence
from gateway.workers.colleagues import Colleagues
from routing.affinity import Bindings
from routing.budgets import Budgets
from routing.checks import chosen
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.router import Router
from routing.shares import WHOLE, Share
from routing.state.store import Store
from routing.strategies import Strategy
from routing.wiring import wired


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    keys: Keys
    router: Router
    health: Health
    models: Models  # limits and prices
    metrics: Metrics
    book: Book
    life: Life
    clock: Clock
    whence: Whence
    colleagues: Colleagues | None = None  # other workers behind the same address


@asynccontextmanager
async def opened(
    settings: Settings,
    strategy: Callable[[str], Strategy],
    log: Log,
    models: Models,
    *,
    clock: Clock,
    rng: Random,
    share: Share = WHOLE,
) -> AsyncIterator[Services]:
    """Build the graph, and take it down again. What it opens, it closes. `strategy`: of a model;
    `share`: this process's, of limits that it cannot share through a Redis.
    """
    async with (
        sharing(settings.redis, log, clock) as shared,
        _built(settings, strategy, log, models, shared, share=share, clock=clock, rng=rng) as made,
    ):
        yield made


@asynccontextmanager
async def _built(
    settings: Settings,
    strategy: Callable[[str], Strategy],
    log: Log,
    models: Models,
    shared: Sharing,
    *,
    share: Share,
    clock: Clock,
    rng: Random,
) -> AsyncIterator[Services]:
    health, life = Health(settings.rest, clock, rng, told=shared.told), Life()
    facts = Facts(settings, models)
    deployments = tuple(share.deployment(facts.stated(d)) for d in settings.deployments)
    aliases = {name: alias.name for name, alias in settings.aliases.items()}
    grouped = (
        share.deployment(facts.stated(model.deployment)) for model in settings.strategies.groups
    )
    groups = Groups((*deployments, *grouped), aliases, facts.stated)
    store = shared.store
    metrics = _metrics(groups, deployments, health, life=life, log=log, shared=shared)
    budgets = await _budgets(settings, facts, groups.deployments, store, share)
    listening = shared.listening([d.id for d in deployments], health.learn)
    async with Http() as http, Fetch() as fetch, listening:
        inline = partial(inlined, fetch=fetch) if settings.fetch_images else refused
        yield Services(
            settings=settings,
            keys=Keys(settings.master_key, settings.key_header),
            router=wired(
                groups,
                _adapters(settings, http, clock, inline),
                _of_names(groups, strategy),
                health,
                clock=clock,
                rng=rng,
                store=store,
                owner=shared.owner,
                checks=chosen(settings.checks, deployments),
                affinity=Bindings(settings.affinity, store) if settings.affinity.any else None,
                budgets=budgets,
            ),
            health=health,
            models=models,
            metrics=metrics,
            book=Book(log, metrics),
            life=life,
            clock=clock,
            whence=Whence(),
        )


async def _budgets(
    settings: Settings,
    facts: Facts,
    deployments: Sequence[Deployment],
    store: Store,
    share: Share,
) -> Budgets | None:
    """With what has been spent of them before, where that is known."""
    if not (settings.budgets or any(d.budget for d in deployments)):
        return None
    providers = {name: share.budget(budget) for name, budget in settings.budgets.items()}
    budgets = Budgets(providers, facts.cost, store)
    await budgets.learn(deployments)
    return budgets


def _metrics(
    groups: Groups,
    deployments: Sequence[Deployment],
    health: Health,
    *,
    life: Life,
    log: Log,
    shared: Sharing,
) -> Metrics:
    return Metrics(
        known=groups.names.__contains__,
        states=lambda: _states(deployments, health),
        in_flight=lambda: len(life),
        log_dropped=lambda: log.dropped,
        shared=shared.guarded,
    )


def _of_names(groups: Groups, strategy: Callable[[str], Strategy]) -> Callable[[str], Strategy]:
    """The strategy of whatever may be asked for: another name of a model, a part of a wildcard."""
    of = {name: strategy(groups.find(name)[0].alias) for name in groups.names}
    return lambda name: of.get(name) or strategy(groups.find(name)[0].alias)


def _adapters(
    settings: Settings, http: Http, clock: Clock, inline: Inline
) -> Mapping[str, Adapter]:
    return {
        name: RowAdapter(provider, http, clock, inline)
        for name, provider in settings.providers.items()
    }


def _states(
    deployments: Sequence[Deployment], health: Health
) -> Iterable[tuple[Deployment, State]]:
    """Each deployment with its state: off or resting is an outage, recent failures part of one."""
    stats = health.stats(deployments)
    for deployment in deployments:
        seen = stats[deployment.id]
        if deployment.off or seen.cooling:
            yield deployment, State.COMPLETE_OUTAGE
        elif seen.failures:
            yield deployment, State.PARTIAL_OUTAGE
        else:
            yield deployment, State.HEALTHY

"""The object graph: everything a request needs, built once at start and passed by hand."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
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
from gateway.ledger.models import Models
from gateway.life import Life
from gateway.log import Log
from gateway.metrics import Metrics, State
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.router import Router
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


@asynccontextmanager
async def opened(
    settings: Settings, strategy: Strategy, log: Log, models: Models, *, clock: Clock, rng: Random
) -> AsyncIterator[Services]:
    """Build the graph, and take it down again. What it opens, it closes."""
    health, life = Health(settings.rest, clock), Life()
    deployments = settings.deployments
    aliases = {name: alias.name for name, alias in settings.aliases.items()}
    groups = Groups(deployments, aliases)
    metrics = Metrics(
        known=groups.names.__contains__,
        states=lambda: _states(deployments, health),
        in_flight=lambda: len(life),
        log_dropped=lambda: log.dropped,
    )
    async with Http() as http, Fetch() as fetch:
        inline = partial(inlined, fetch=fetch) if settings.fetch_images else refused
        yield Services(
            settings=settings,
            keys=Keys(settings.master_key, settings.key_header),
            router=wired(
                groups,
                _adapters(settings, http, clock, inline),
                lambda _: strategy,
                health,
                clock=clock,
                rng=rng,
            ),
            health=health,
            models=models,
            metrics=metrics,
            book=Book(log, metrics),
            life=life,
            clock=clock,
        )


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

"""`/health*`, `/metrics` and `/`: is it alive, is it ready, what does it know of its deployments.

None of them calls a model: `/health` tells what the traffic has shown.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypedDict

import orjson

from adapters.types import Json
from gateway.api.door import Shown
from gateway.exchange import Exchange
from gateway.services import Services
from gateway.version import VERSION
from routing.deployment import Deployment


class _Seen(TypedDict):
    """What one worker knows of a deployment now."""

    in_flight: int
    failures: int
    rests_s: float


class HealthPages:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def root(self, _: Exchange) -> Shown:
        return Shown({"name": "sluicegate", "version": VERSION, "models": "/v1/models"})

    async def alive(self, _: Exchange) -> Shown:
        return Shown("I'm alive!")

    async def ready(self, _: Exchange) -> Shown:
        if self._services.life.draining:
            return Shown({"status": "shutting_down"}, status=503)
        return Shown({"status": "healthy", "db": "Not connected"})

    async def health(self, _: Exchange) -> Shown:
        services = self._services
        seen = [_seen(services)]
        if services.colleagues:
            seen += [orjson.loads(told) for told in await services.colleagues.health()]
        well: list[Json] = []
        ill: list[Json] = []
        for deployment in services.settings.deployments:
            one = _of_all([each[deployment.id] for each in seen if deployment.id in each])
            poorly = deployment.off or one["rests_s"] or one["failures"]
            (ill if poorly else well).append(_endpoint(deployment, one))
        counts = {"healthy_count": len(well), "unhealthy_count": len(ill)}
        if services.colleagues:
            counts["workers"] = len(seen)
        return Shown({"healthy_endpoints": well, "unhealthy_endpoints": ill, **counts})

    async def metrics(self, exchange: Exchange) -> Shown:
        services = self._services
        accept = exchange.headers.get(b"accept", b"").decode("latin-1")
        several = await services.colleagues.figures() if services.colleagues else ()
        body, kind = await asyncio.to_thread(services.metrics.render, accept, several)
        return Shown(body, content_type=kind)


def report(services: Services) -> bytes:
    """What this worker has seen of its deployments, for another one that is asked for `/health`."""
    return orjson.dumps(_seen(services))


def _seen(services: Services) -> Mapping[str, _Seen]:
    """By deployment's id."""
    stats = services.health.stats(services.settings.deployments)
    return {
        id_: {"in_flight": seen.in_flight, "failures": seen.failures, "rests_s": seen.cooling}
        for id_, seen in stats.items()
    }


def _of_all(several: Sequence[_Seen]) -> _Seen:
    """What workers have seen of one deployment. It rests as long as it does anywhere."""
    return {
        "in_flight": sum(seen["in_flight"] for seen in several),
        "failures": sum(seen["failures"] for seen in several),
        "rests_s": max(seen["rests_s"] for seen in several),
    }


def _endpoint(deployment: Deployment, seen: _Seen) -> Json:
    target = deployment.target
    told: Json = {
        "model": f"{target.provider}/{target.model}",
        "model_name": deployment.alias,
        "model_id": deployment.id,
        "in_flight": seen["in_flight"],
    }
    if deployment.off:
        told["error"] = deployment.off
    if seen["failures"]:
        told["recent_failures"] = seen["failures"]
    if seen["rests_s"]:
        told["rests_s"] = round(seen["rests_s"], 1)
    return told

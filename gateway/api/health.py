"""`/health*`, `/metrics` and `/`: is it alive, is it ready, what does it know of its deployments.

None of them calls a model: `/health` tells what the traffic has shown.
"""

import asyncio

from adapters.types import Json
from gateway.api.door import Shown
from gateway.exchange import Exchange
from gateway.services import Services
from gateway.version import VERSION
from routing.deployment import Deployment, Stats


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
        deployments = self._services.settings.deployments
        stats = self._services.health.stats(deployments)
        well: list[Json] = []
        ill: list[Json] = []
        for deployment in deployments:
            seen = stats[deployment.id]
            poorly = deployment.off or seen.cooling or seen.failures
            (ill if poorly else well).append(_endpoint(deployment, seen))
        return Shown(
            {
                "healthy_endpoints": well,
                "unhealthy_endpoints": ill,
                "healthy_count": len(well),
                "unhealthy_count": len(ill),
            }
        )

    async def metrics(self, exchange: Exchange) -> Shown:
        accept = exchange.headers.get("accept")
        body, kind = await asyncio.to_thread(self._services.metrics.render, accept)
        return Shown(body, content_type=kind)


def _endpoint(deployment: Deployment, seen: Stats) -> Json:
    target = deployment.target
    told: Json = {
        "model": f"{target.provider}/{target.model}",
        "model_name": deployment.alias,
        "model_id": deployment.id,
        "in_flight": seen.in_flight,
    }
    if deployment.off:
        told["error"] = deployment.off
    if seen.failures:
        told["recent_failures"] = seen.failures
    if seen.cooling:
        told["rests_s"] = round(seen.cooling, 1)
    return told

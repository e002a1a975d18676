"""The gateway with a Redis beside it: gone, and there."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import orjson

from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.types import Target
from gateway.api.health import HealthPages
from gateway.config.settings import ModelInfo, Settings
from gateway.ledger.models import Models
from gateway.log import Log
from gateway.services import Services, opened
from routing.deployment import Deployment
from routing.state.address import RedisAddress
from routing.strategies.shuffle import simple_shuffle
from tests.routing.state.servers import free_port, server

DEPLOYMENTS = [Deployment(id_, "a", Target("mock", "m")) for id_ in ("d", "e")]
MODELS = tuple(ModelInfo(deployment, {}, {}) for deployment in DEPLOYMENTS)


@asynccontextmanager
async def gateway(
    redis: RedisAddress | None, written: io.BytesIO | None = None
) -> AsyncIterator[Services]:
    clock = SystemClock()
    log = Log(written or io.BytesIO(), json=True, clock=clock)
    settings = Settings(models=MODELS, redis=redis)
    try:
        async with opened(
            settings, lambda _: simple_shuffle, log, Models.load(), clock=clock, rng=Random(1)
        ) as services:
            yield services
    finally:
        log.close(5)


def metric(services: Services, name: str) -> str | None:
    text = services.metrics.render()[0].decode()
    return next((line for line in text.splitlines() if line.startswith(f"{name} ")), None)


async def test_a_redis_that_is_gone_keeps_no_gateway_from_serving() -> None:
    written = io.BytesIO()
    async with gateway(RedisAddress("127.0.0.1", free_port(), password="pw"), written) as services:
        ready = await HealthPages(services).ready(None)  # type: ignore[arg-type]  # not looked at
        up = metric(services, "sluicegate_shared_state_up")

    events = [orjson.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert ready.status == 200
    assert up == "sluicegate_shared_state_up 0.0"
    assert events.count("shared_state.gone") == 1


async def test_a_rest_is_known_to_every_gateway_within_two_seconds(tmp_path: Path) -> None:
    with server(tmp_path) as redis:
        async with gateway(redis.address) as here, gateway(redis.address) as there:
            asked = Failure(Kind.RATE_LIMIT, "slow down", provider="mock", retry_after=30.0)
            here.health.failed(DEPLOYMENTS[0], asked, lone=False)

            for _ in range(100):
                cooling = there.health.stats(DEPLOYMENTS)["d"].cooling
                if cooling:
                    break
                await asyncio.sleep(0.05)

            assert 20.0 < cooling <= 30.0
            assert there.health.stats(DEPLOYMENTS)["e"].cooling == 0
            assert metric(there, "sluicegate_shared_state_up") == "sluicegate_shared_state_up 1.0"
            assert metric(there, "sluicegate_local_decisions_total") is not None


async def test_without_a_redis_nothing_is_said_of_shared_state() -> None:
    async with gateway(None) as services:
        assert metric(services, "sluicegate_shared_state_up") is None

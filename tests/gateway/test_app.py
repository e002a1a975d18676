"""What nobody foresaw is told in the one shape that errors have, and stands in the log."""

import asyncio
import io
from random import Random
from typing import Any, cast

import orjson

from adapters.types import Target
from gateway.app import build
from gateway.config.settings import ModelInfo, Settings
from gateway.ledger.models import Models
from gateway.log import Log
from gateway.services import opened
from routing.deployment import Deployment
from routing.strategies.shuffle import simple_shuffle
from tests.fakes import FakeClock

SETTINGS = Settings(models=(ModelInfo(Deployment("d", "a", Target("mock", "m")), {}, {}),))


class Broken:
    """A catalogue of models that gets a bug."""

    well = True

    def find(self, *_: str) -> None:
        if not self.well:
            raise RuntimeError("a bug in the catalogue")


async def test_a_bug_in_a_page_is_an_error_like_any_other() -> None:
    written = io.BytesIO()
    clock = FakeClock()
    log = Log(written, json=True, clock=clock)
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    broken = Broken()
    models = cast("Models", broken)
    async with opened(
        SETTINGS, lambda _: simple_shuffle, log, models, clock=clock, rng=Random(1)
    ) as services:
        broken.well = False
        await build(services)(_get("/v1/models"), receive, send)
    log.close(5)

    head, body = sent
    told = orjson.loads(body["body"])["error"]
    assert head["status"] == 500
    assert told["code"] == "internal_error"
    assert "catalogue" not in told["message"]
    (line,) = [line for line in written.getvalue().splitlines() if b"internal.error" in line]
    assert orjson.loads(line)["error"] == "RuntimeError: a bug in the catalogue"
    assert orjson.loads(line)["request_id"] in told["message"]


def _get(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "http_version": "1.1",
    }

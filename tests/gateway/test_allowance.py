"""Limits that config declares are told to clients, in the names that they pace themselves by."""

import asyncio
import io
from datetime import date
from random import Random
from typing import Any

import orjson
import pytest

from adapters.providers.mock import PROVIDER
from adapters.types import Target, Usage
from gateway.allowance import with_allowance
from gateway.app import build
from gateway.config.settings import ModelInfo, Settings
from gateway.ledger.models import Models
from gateway.log import Log
from gateway.services import opened
from routing.ask import Ask
from routing.deployment import Deployment
from routing.limits import Limits
from routing.state.memory import MemoryStore
from routing.strategies.shuffle import simple_shuffle
from tests.fakes import FakeClock
from tests.routing.worlds import call

PROVIDERS = [
    (b"x-ratelimit-limit-requests", b"9000"),
    (b"x-ratelimit-remaining-tokens", b"77"),
    (b"x-litellm-model-id", b"d"),
]


def _deployment(**limits: int | None) -> Deployment:
    return Deployment("d", "a", Target("mock", "m"), **limits)  # type: ignore[arg-type]  # few names


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (
            {"rpm": 3},
            {b"limit-requests": b"3", b"remaining-requests": b"1", b"remaining-tokens": b"77"},
        ),
        (
            {"tpm": 10_000},
            {
                b"limit-requests": b"9000",
                b"limit-tokens": b"10000",
                b"remaining-tokens": b"9980",
            },
        ),
        (
            {"rpm": 2, "tpm": 20},
            {
                b"limit-requests": b"2",
                b"remaining-requests": b"0",
                b"limit-tokens": b"20",
                b"remaining-tokens": b"0",
            },
        ),
        ({"max_parallel": 9}, {b"limit-requests": b"9000", b"remaining-tokens": b"77"}),
    ],
)
async def test_ours_stand_in_place_of_the_providers(
    limits: dict[str, int], told: dict[bytes, bytes]
) -> None:
    deployment, clock = _deployment(**limits), FakeClock()
    kept = Limits(MemoryStore(clock), clock, "me")
    for _ in range(2):
        taken = await kept.reserve(deployment, Ask(call(max_tokens=1)))
        assert taken
        kept.ended(taken, Usage(7, 3))

    headers = list(with_allowance(PROVIDERS, deployment, kept))

    assert len(headers) == len(dict(headers))
    named = {name.removeprefix(b"x-ratelimit-"): value for name, value in headers}
    assert named == {**told, b"x-litellm-model-id": b"d"}


async def test_nothing_is_ever_told_to_be_less_than_nothing() -> None:
    deployment, clock = _deployment(tpm=30), FakeClock()
    kept = Limits(MemoryStore(clock), clock, "me")
    taken = await kept.reserve(deployment, Ask(call(max_tokens=1)))
    assert taken
    kept.ended(taken, Usage(1000, 1000))

    headers = dict(with_allowance([], deployment, kept))

    assert headers[b"x-ratelimit-remaining-tokens"] == b"0"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({}, {}),
        ({"max_parallel": 3}, {}),
        (
            {"rpm": 5},
            {b"x-ratelimit-limit-requests": b"5", b"x-ratelimit-remaining-requests": b"4"},
        ),
    ],
)
async def test_whoever_has_answered_is_told_of(
    limits: dict[str, int], told: dict[bytes, bytes], stream: bool
) -> None:
    head = await _answered(_deployment(**limits), stream=stream)

    headers = dict(head["headers"])
    assert head["status"] == 200
    assert {n: v for n, v in headers.items() if n.startswith(b"x-ratelimit-")} == told


async def _answered(deployment: Deployment, *, stream: bool) -> dict[str, Any]:
    """The head of an answer."""
    settings = Settings(models=(ModelInfo(deployment, {}, {}),), providers={"mock": PROVIDER})
    clock = FakeClock()
    log = Log(io.BytesIO(), json=True, clock=clock)
    sent: list[dict[str, Any]] = []
    words = [{"role": "user", "content": "Hello"}]
    body = orjson.dumps({"model": "a", "messages": words, "stream": stream})
    asked = [{"type": "http.request", "body": body, "more_body": False}]

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async with opened(
        settings,
        lambda _: simple_shuffle,
        log,
        Models([], date(2026, 11, 1)),
        clock=clock,
        rng=Random(1),
    ) as services:
        await build(services)(_POST, receive, send)
    log.close(5)
    return sent[0]


_POST = {
    "type": "http",
    "method": "POST",
    "path": "/v1/chat/completions",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    "http_version": "1.1",
}

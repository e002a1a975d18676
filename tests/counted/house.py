"""The whole gateway with its two ends in a test's hands: no server before it, and behind it either
a network that is made up or the real client. What it writes down is kept.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any

from adapters.clock import Clock
from adapters.provider import Answer, Provider, Transport, Upstream
from adapters.providers import anthropic, gemini, openai
from adapters.types import Target, Timeouts
from gateway.app import App, build
from gateway.config.settings import ModelInfo, Settings
from gateway.ledger.models import Models
from gateway.log import Level, Log
from gateway.services import opened
from routing.deployment import Deployment
from routing.policy import Fallback, Policy, RestRules
from routing.strategies.shuffle import simple_shuffle
from tests.fakes import FakeAnswer, FakeClock

KEY = "sk-the-key-of-the-house"
STEP_S = 0.1  # of made-up time from one request to the next: what counts by the minute forgets

_PROVIDERS = (openai.PROVIDER, anthropic.PROVIDER, gemini.PROVIDER)
_PLACES = (  # alias, provider, and what stands behind its address
    ("gpt", "openai", "/v1"),
    ("claude", "anthropic", ""),
    ("gemini", "gemini", ""),
    ("pair", "openai", "/one/v1"),
    ("pair", "openai", "/two/v1"),
    ("sick", "openai", "/sick/v1"),
)

Answering = Callable[[Upstream], FakeAnswer]


class Notebook(Log):
    """A log that is read as it is written."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), json=True, clock=FakeClock())
        self.close(5.0)
        self.taken: list[tuple[str, Mapping[str, object]]] = []

    def take(self, event: str, facts: Mapping[str, object], level: Level = Level.INFO) -> None:
        self.taken.append((event, facts))


class _Nowhere:
    def write(self, _: Any) -> None: ...


class MadeUp:
    """A network in which every answer is there at once."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    async def post(self, request: Upstream, _timeouts: Timeouts, _credential: str) -> FakeAnswer:
        return self._answering(request)


@dataclass(slots=True)
class Meter:
    """Counts reads of providers, the ones that find that there is no more among them."""

    reads: int = 0

    def over(self, network: Transport) -> "_Metered":
        return _Metered(network, self)


@dataclass(frozen=True, slots=True)
class _Metered:
    network: Transport
    meter: Meter

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        return _MeteredAnswer(await self.network.post(request, timeouts, credential), self.meter)


class _MeteredAnswer:
    def __init__(self, answer: Answer, meter: Meter) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.document = answer.document
        self.watch = answer.watch
        self.close = answer.close
        self._answer = answer
        self._meter = meter

    async def read(self) -> bytes:
        self._meter.reads += 1
        return await self._answer.read()


@dataclass(slots=True)
class Client:
    """Asks one thing, and takes what comes. `patience`: it leaves after so many pieces of it."""

    path: str
    body: bytes
    patience: int = 0  # 0: it stays to the end
    sent: list[dict[str, Any]] = field(default_factory=list)
    _asked: bool = False
    _leaving: "asyncio.Future[None] | None" = None

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        self._leaving = asyncio.get_running_loop().create_future()
        await self._leaving
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if self._leaving and self.patience and len(self.pieces) == self.patience:
            self._leaving.set_result(None)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def pieces(self) -> list[bytes]:
        return [message["body"] for message in self.sent[1:]]

    @property
    def text(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "method": "POST",
            "path": self.path,
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"localhost"),
                (b"authorization", f"Bearer {KEY}".encode()),
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(self.body)),
            ],
            "http_version": "1.1",
        }


@dataclass(frozen=True, slots=True)
class House:
    app: App
    log: Notebook
    clock: FakeClock
    meter: Meter

    async def serve(self, client: Client) -> Client:
        await self.app(client.scope, client.receive, client.send)
        self.clock.t += STEP_S
        return client

    def serve_at_once(self, client: Client) -> Client:
        """The same, by one step of the coroutine: it may not wait for anything.

        Raises:
            AssertionError: it does.
        """
        serving: Any = self.app(client.scope, client.receive, client.send)
        try:
            awaited = serving.send(None)
        except StopIteration:
            return client
        serving.close()
        raise AssertionError(f"it waits for {awaited!r}")


@asynccontextmanager
async def house(
    answering: Answering | None = None,
    *,
    base_url: str = "http://provider.test",
    policy: Policy | None = None,
) -> AsyncIterator[House]:
    """A gateway where `gpt`, `claude` and `gemini` are answered in the dialects of OpenAI,
    Anthropic and Google, `pair` by one of two, and `sick` by `gpt` if by nobody else.
    `answering`: how; None: the real client asks whoever is at `base_url`.
    """
    log, clock, meter = Notebook(), FakeClock(), Meter()
    made_up = MadeUp(answering) if answering else None

    def metered(network: Transport, _: Clock) -> Transport:
        return meter.over(made_up or network)

    policy = policy or Policy(retries=0)
    settings = Settings(
        models=tuple(
            ModelInfo(_deployment(number, *place, base_url), {}, {})
            for number, place in enumerate(_PLACES)
        ),
        providers={row.name: _with(row, metered) for row in _PROVIDERS},
        policy=replace(policy, fallbacks={"sick": (Fallback("gpt"),)}),
        rest=RestRules(enabled=False),
        master_key=KEY,
    )
    models = Models((), date(2026, 11, 1))
    async with opened(
        settings, lambda _: simple_shuffle, log, models, clock=clock, rng=Random(1)
    ) as services:
        yield House(build(services), log, clock, meter)


def _with(row: Provider, network: Callable[[Transport, Clock], Transport]) -> Provider:
    return replace(row, transport=network)


def _deployment(number: int, alias: str, provider: str, path: str, base_url: str) -> Deployment:
    target = Target(provider, "m-1", base_url + path, secrets={"api_key": "sk-a-provider's"})
    return Deployment(f"{alias}-{number}", alias, target)

"""The bench: one kind of work after another, straight to the measured provider and through the
gateway in turns, because what a machine can do changes while it is measured.
"""

import secrets
from dataclasses import dataclass, field

import orjson

from adapters.types import Dialect
from gateway.bench.children import Gateway, gateway, source
from gateway.bench.errors import Refused
from gateway.bench.load import Ask, Tally, asked
from gateway.bench.talk import Order, Used
from gateway.bench.words import LONE, path
from gateway.config.settings import Settings

_ROUNDS = 3
_AROUND_S = 2.0  # to start and to stop
_WARM_S = 0.05  # of the time
_PROMPT = 800  # characters


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked for, by how many, and shares of the time: straight and through."""

    stream: bool
    clients: int
    direct: float
    through: float
    lone: bool = False  # the first event of a stream comes alone


@dataclass(slots=True)
class Measured:
    """One kind of work. CPU is the gateway's, in seconds."""

    work: Work
    direct: Tally = field(default_factory=Tally)
    through: Tally = field(default_factory=Tally)
    cpu_s: float = 0.0


@dataclass(slots=True)
class Figures:
    chat: Measured  # one client
    first: Measured  # one client, streams
    load: Measured
    burst: Measured  # streams
    idle: Used | None = None
    after: Used | None = None

    @property
    def all(self) -> tuple[Measured, ...]:
        return self.chat, self.first, self.load, self.burst

    @property
    def failed(self) -> int:
        return sum(part.direct.failed + part.through.failed for part in self.all)

    @property
    def error(self) -> str:
        """The first."""
        told = (tally.error for part in self.all for tally in (part.direct, part.through))
        return next(filter(None, told), "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says. `seconds`: in all, roughly."""

    config: str  # a file
    alias: str  # empty: the first that can be used
    seconds: float
    clients: int
    server: str
    with_state: bool


def figures(wanted: Wanted, alias: str, settings: Settings) -> Figures:
    """Start everything, measure, end everything. What fails is in the figures.

    Raises:
        CannotMeasure: something did not start, or not even one request was answered.
    """
    found = Figures(
        Measured(Work(stream=False, clients=1, direct=0.08, through=0.18)),
        Measured(Work(stream=True, clients=1, direct=0.08, through=0.18, lone=True)),
        Measured(Work(stream=False, clients=wanted.clients, direct=0.06, through=0.18)),
        Measured(Work(stream=True, clients=wanted.clients, direct=0.06, through=0.18)),
    )
    key = f"sk-bench-{secrets.token_hex(16)}"
    with source() as port:
        order = Order(
            wanted.config, f"http://127.0.0.1:{port}", key, wanted.server, wanted.with_state
        )
        with gateway(order) as measured:
            asks = _Asks(alias, port, measured.port, key, settings)
            _warm(asks, found, 0.0)
            found.idle = measured.used()
            spare_s = max(wanted.seconds - _AROUND_S, wanted.seconds / 2)
            _warm(asks, found, spare_s * _WARM_S / len(found.all))
            for part in found.all:
                _measure(part, asks, measured, spare_s)
            found.after = measured.used()
    return found


@dataclass(frozen=True, slots=True)
class _Asks:
    """How each kind of work is asked for, straight and through."""

    alias: str
    source: int
    gateway: int
    key: str
    settings: Settings

    def direct(self, work: Work) -> Ask:
        where = path(Dialect.OPENAI_CHAT, stream=work.stream)
        return Ask(self.source, self._raw(where, work), work.stream)

    def through(self, work: Work) -> Ask:
        return Ask(self.gateway, self._raw("/v1/chat/completions", work), work.stream)

    def _raw(self, where: str, work: Work) -> bytes:
        prompt = f"{LONE.decode() if work.lone else ''} {'y' * _PROMPT}"
        asked = {"model": self.alias, "messages": [{"role": "user", "content": prompt}]}
        body = orjson.dumps({**asked, "stream": True} if work.stream else asked)
        lines = [
            f"POST {where} HTTP/1.1",
            "host: 127.0.0.1",
            "content-type: application/json",
            f"content-length: {len(body)}",
        ]
        if self.settings.master_key:
            header = self.settings.key_header or "authorization"
            lines.append(f"{header}: Bearer {self.key}")
        return "\r\n".join([*lines, "", ""]).encode() + body


def _warm(asks: _Asks, found: Figures, seconds: float) -> None:
    """Whatever is done for the first time is done now; and if nothing works, it ends here."""
    for part in found.all:
        for ask in (asks.direct(part.work), asks.through(part.work)):
            tally = asked(ask, 1, seconds)
            if tally.failed:
                raise Refused(f"a request for {asks.alias!r} failed: {tally.error}")


def _measure(part: Measured, asks: _Asks, measured: Gateway, spare_s: float) -> None:
    work = part.work
    for _ in range(_ROUNDS):
        part.direct.add(asked(asks.direct(work), work.clients, spare_s * work.direct / _ROUNDS))
        before = measured.used().cpu_s
        part.through.add(asked(asks.through(work), work.clients, spare_s * work.through / _ROUNDS))
        part.cpu_s += measured.used().cpu_s - before
        if part.direct.failed or part.through.failed:
            return

"""Deployments in a line, and a router over providers that play a script."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from adapters.errors import Failure, GatewayError, Kind
from adapters.types import Body, Call, Dialect, Reply, Target, Timeouts
from routing.ask import Ask
from routing.deployment import Deployment, Stats
from routing.groups import Groups
from routing.health import Health
from routing.journey import Journey
from routing.policy import Fallback, Policy, RestRules
from routing.wiring import wired
from tests.fakes import FakeAdapter, FakeBody, FakeClock

ANSWER = b'{"id": "answer"}'
DEAF = 10_000.0  # seconds that nobody waits: the attempt ends with its time-out

Script = Sequence[bytes | FakeBody | BaseException]


def deployment(id: str, alias: str = "big", **facts: Any) -> Deployment:
    """A deployment whose model is called like itself, so that attempts can be told apart."""
    timeouts = Timeouts(first=facts.pop("first", 60.0), total=facts.pop("total", 600.0))
    return Deployment(id=id, alias=alias, target=Target("fake", id, timeouts=timeouts), **facts)


def call(alias: str = "big", *, stream: bool = False, **body: Any) -> Call:
    return Call(Dialect.OPENAI_CHAT, alias, {"model": alias, **body}, stream=stream)


def failure(kind: Kind, text: str = "", *, retry_after: float | None = None) -> Failure:
    return Failure(kind, text or kind.value, provider="fake", retry_after=retry_after)


def chain(*aliases: str) -> tuple[Fallback, ...]:
    return tuple(Fallback(alias) for alias in aliases)


def first_of(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
) -> Deployment:
    """A strategy without chance."""
    return candidates[0]


A, B, C = deployment("a"), deployment("b"), deployment("c")
SMALL = deployment("s", "small")
TINY = deployment("t", "tiny")

DOWN = failure(Kind.TRANSIENT, "a is down")
WRONG_KEY = failure(Kind.CREDENTIAL)

NO_RETRIES = Policy(retries=0)
TO_SMALL = Policy(retries=0, fallbacks={"big": chain("small")})
STRICT = RestRules(allowed_fails=0, cooldown=5.0)


class Troupe:
    """One provider that serves many models: each plays its own script, or answers at once.

    A model named in `takes` needs that many seconds, unless the attempt's time-out is shorter.
    """

    name = "fake"

    def __init__(
        self, scripts: Mapping[str, Script], takes: Mapping[str, float], clock: FakeClock
    ) -> None:
        self._players = {model: FakeAdapter(model, *steps) for model, steps in scripts.items()}
        self._takes = takes
        self._clock = clock
        self.calls: list[Call] = []
        self.targets: list[Target] = []
        self.streams: list[Body] = []  # that somebody has to close

    async def send(self, call: Call, target: Target) -> Reply:
        self.calls.append(call)
        self.targets.append(target)
        needed = self._takes.get(target.model, 0.0)
        allowed = target.timeouts.first if call.stream else target.timeouts.total
        self._clock.t += min(needed, allowed)
        if needed > allowed:
            raise failure(Kind.TIMEOUT)
        player = self._players.setdefault(target.model, FakeAdapter(target.model, ANSWER))
        reply = await player.send(call, target)
        if not isinstance(reply.body, bytes):
            self.streams.append(reply.body)
        return reply


class World:
    """A router and everything around it. `tried` names the models of all attempts, in order."""

    def __init__(
        self,
        *deployments: Deployment,
        scripts: Mapping[str, Script] | None = None,
        takes: Mapping[str, float] | None = None,
        aliases: Mapping[str, str] | None = None,
        rules: RestRules | None = None,
        clock: FakeClock | None = None,
        **around: Any,
    ) -> None:
        self.clock = clock or FakeClock()
        self.deployments = deployments
        self.health = Health(rules or RestRules(), self.clock, Random(1))
        self.provider = Troupe(scripts or {}, takes or {}, self.clock)
        self.journey = Journey()
        self.router = wired(
            Groups(deployments, aliases or {}),
            {"fake": self.provider},
            lambda alias: first_of,
            self.health,
            clock=self.clock,
            rng=Random(1),
            **around,
        )

    @property
    def tried(self) -> Sequence[str]:
        return [target.model for target in self.provider.targets]

    @property
    def in_flight(self) -> int:
        stats = self.health.stats(self.deployments)
        return sum(seen.in_flight for seen in stats.values())

    @property
    def slept(self) -> Sequence[float]:
        return self.clock.slept

    async def send(self, asked: Call | None = None, policy: Policy | None = None) -> Reply:
        return await self.router.send(Ask(asked or call()), policy or Policy(), self.journey)

    async def refusal(
        self, asked: Call | None = None, policy: Policy | None = None
    ) -> GatewayError:
        """The error that a call ends with."""
        try:
            await self.send(asked, policy)
        except GatewayError as error:
            return error
        raise AssertionError("the call was answered")

    def stats(self, id: str) -> Stats:
        return self.health.stats([d for d in self.deployments if d.id == id])[id]

    def fail(self, id: str) -> None:
        """Have one fail, on somebody else's behalf."""
        [failed] = [d for d in self.deployments if d.id == id]
        self.health.failed(failed, failure(Kind.TRANSIENT), lone=False)

    def rest(self, *ids: str, seconds: float) -> None:
        """Have the provider ask that these be left alone."""
        for asked in self.deployments:
            if asked.id in ids:
                error = failure(Kind.RATE_LIMIT, retry_after=seconds)
                self.health.failed(asked, error, lone=False)


async def read(reply: Reply) -> bytes:
    """All of a stream; closed afterwards, as its holder must."""
    assert not isinstance(reply.body, bytes)
    try:
        return b"".join([chunk async for chunk in reply.body])
    finally:
        await reply.body.aclose()

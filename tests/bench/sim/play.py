"""One play: clients come at random, the real router sends them on, and what became is counted."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from adapters.errors import Failure, GatewayError, Kind
from adapters.types import Call, Dialect, Target
from routing.ask import Ask
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.journey import Journey
from routing.policy import Policy, RestRules
from routing.router import Router
from routing.strategies import Strategy
from routing.wiring import wired
from tests.bench.sim import loop
from tests.bench.sim.counts import Bucket, Counts
from tests.bench.sim.upstream import (
    CHARACTERS_PER_TOKEN,
    Provider,
    Says,
    Upstream,
    Weather,
    fair,
)

RPM = (300, 300, 150)  # of three deployments; requests bind the first two, tokens the third
_PROMPT, _OUTPUT = 300, 150  # tokens, on average
_TPM = tuple(int(n * (_PROMPT + _OUTPUT) * (0.95 if n == min(RPM) else 1.3)) for n in RPM)

BAD_S = 30.0  # when bad weather begins
LATE_S = 40.0  # when it should have been noticed


@dataclass(frozen=True, slots=True)
class Scene:
    """What is played."""

    strategy: Strategy
    load: float  # share of what all limits together allow
    says: Says = Says.HEADERS
    declared: bool = False  # the limits stand in the configuration
    full: float = 1.0  # the share of the limits that is there at first
    weather: Weather = fair  # of the first deployment
    seconds: float = 240.0
    seed: int = 1
    counts: Counts = Bucket


@dataclass(slots=True)
class Seen:
    """What came of it. Seconds."""

    calls: int = 0
    limited: int = 0  # clients that got 429
    needless: int = 0  # of these, while there was room for more than all who waited
    failed: int = 0  # clients that got another error
    waits: list[float] = field(default_factory=list)  # from arrival until the attempt that answered
    late_waits: list[float] = field(default_factory=list)  # of those who came after `LATE_S`
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)

    @property
    def worst_window(self) -> int:
        """Refusals of one upstream within one minute, at most."""
        return max((n for u in self.upstreams.values() for n in u.refusals.values()), default=0)

    @property
    def worst_aware(self) -> int:
        """The same without those that had left before the one before was known."""
        return max(
            (n - u.unaware[w] for u in self.upstreams.values() for w, n in u.refusals.items()),
            default=0,
        )

    @property
    def refusals(self) -> int:
        return sum(u.refusals.total() for u in self.upstreams.values())

    def wait(self, share: float) -> float:
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def play(scene: Scene) -> Seen:
    return loop.run(_play(scene))


async def _play(scene: Scene) -> Seen:
    rng = Random(scene.seed)  # of the clients alone: they come alike, whatever the others do
    names = "abc"
    provider = Provider({name: _upstream(scene, i) for i, name in enumerate(names)})
    seen = Seen(upstreams=provider.upstreams)
    router = _router(scene, names, provider, Random(~scene.seed))
    capacity = sum(min(r, t / (_PROMPT + _OUTPUT)) for r, t in zip(RPM, _TPM, strict=True))
    rate = scene.load * capacity / 60.0
    clock, clients = provider.clock, set[asyncio.Task[None]]()
    while clock.now() < scene.seconds:
        await clock.sleep(rng.expovariate(rate))
        call = _call(seen.calls, rng)
        seen.calls += 1
        client = asyncio.create_task(_client(router, provider, call, seen))
        clients.add(client)
        client.add_done_callback(clients.discard)
    await asyncio.gather(*clients)
    return seen


def _upstream(scene: Scene, i: int) -> Upstream:
    weather = scene.weather if i == 0 else fair
    chance = Random(100 * scene.seed + i)
    return Upstream(RPM[i], _TPM[i], scene.says, chance, weather, scene.full, counts=scene.counts)


def _router(scene: Scene, names: Sequence[str], provider: Provider, rng: Random) -> Router:
    deployments = [
        Deployment(
            id=name,
            alias="big",
            target=Target("sim", name),
            rpm=RPM[i] if scene.declared else None,
            tpm=_TPM[i] if scene.declared else None,
        )
        for i, name in enumerate(names)
    ]
    return wired(
        Groups(deployments, {}),
        {"sim": provider},
        lambda _: scene.strategy,
        Health(RestRules(), provider.clock, rng),
        clock=provider.clock,
        rng=rng,
    )


def _call(number: int, rng: Random) -> Call:
    prompt = max(1, int(_PROMPT * rng.lognormvariate(-0.18, 0.6)))
    output = max(1, int(_OUTPUT * rng.lognormvariate(-0.18, 0.6)))
    text = "x" * int(prompt * CHARACTERS_PER_TOKEN)
    body = {
        "model": "big",
        "messages": [{"role": "user", "content": text}],
        "prompt_tokens": prompt,
        "output_tokens": output,
    }
    return Call(Dialect.OPENAI_CHAT, "big", body, stream=True, id=str(number))


async def _client(router: Router, provider: Provider, call: Call, seen: Seen) -> None:
    came = provider.clock.now()
    try:
        reply = await router.send(Ask(call), Policy(), Journey())
    except GatewayError as error:
        if error.status == 429 and not (isinstance(error, Failure) and error.kind is Kind.QUOTA):
            seen.limited += 1
            now = provider.clock.now()
            tokens = call.body["prompt_tokens"] + call.body["output_tokens"]
            room = sum(u.room(now, tokens) for u in provider.upstreams.values())
            seen.needless += room > router.chooser.room.waiting("big")
        else:
            seen.failed += 1
        return
    waited = provider.sent[call.id] - came
    seen.waits.append(waited)
    if came > LATE_S:
        seen.late_waits.append(waited)
    assert not isinstance(reply.body, bytes)
    try:
        async for _ in reply.body:
            pass
    finally:
        await reply.body.aclose()

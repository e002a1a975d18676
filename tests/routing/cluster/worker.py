"""One process of a cluster: a router over a Redis, and a provider that writes down what it is sent.

`python -m tests.routing.cluster.worker PORT NAME RECORD REQUESTS PACE PATIENCE`. Each line of the
record is one thing that happened, by the clock that all processes of a machine have in common:

    sent NUMBER DEPLOYMENT ASKED SENT TOKENS   asked for, and at the provider
    done NUMBER TIME                           the answer is complete
"""

import asyncio
import os
import sys
from contextvars import ContextVar
from pathlib import Path
from random import Random

from adapters.errors import GatewayError
from adapters.types import Call, Dialect, Receipt, Reply, Target, Usage
from routing.ask import Ask
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.journey import Journey
from routing.policy import Policy, RestRules
from routing.state.address import RedisAddress
from routing.state.guarded import Guarded
from routing.state.redis_store import RedisStore
from routing.state.server_time import ServerTime
from routing.strategies.shuffle import simple_shuffle
from routing.wiring import wired
from tests.routing.state.servers import Faster

PROMPT = "x" * 64  # and 16 for the message: 20 tokens, as they are estimated too
TOKENS = 40
DEPLOYMENTS = [
    # So many at once that it is `rpm` which counts, however long a busy machine takes for each.
    Deployment("rpm", "big", Target("fake", "rpm"), rpm=900, max_parallel=200),
    Deployment("tpm", "big", Target("fake", "tpm"), tpm=900 * TOKENS),
    Deployment("slots", "big", Target("fake", "slots"), max_parallel=30),
]
BURSTS = (1, 5, 1, 60, 10, 1, 200, 2)  # requests at the same time
AT_ONCE = Policy(retries=0, patience=0.0)

_asked: ContextVar[float] = ContextVar("asked")


class Provider:
    name = "fake"

    def __init__(self, record: Path, clock: Faster, rng: Random) -> None:
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._clock = clock
        self._rng = rng
        self._number = 0

    async def send(self, call: Call, target: Target) -> Reply:
        self._number += 1
        number, now = self._number, self._clock.now()
        self._write(f"sent {number} {target.model} {_asked.get():.6f} {now:.6f} {TOKENS}")
        await self._clock.sleep(self._rng.uniform(0.1, 4.0))
        self._write(f"done {number} {self._clock.now():.6f}")
        return Reply(b"{}", Receipt(Usage(20, 20)))

    def _write(self, line: str) -> None:
        os.write(self._record, line.encode() + b"\n")  # not lost with the process


async def run(
    port: int, name: str, record: Path, requests: int, *, pace: float, patience_s: float
) -> None:
    clock, rng = Faster(pace), Random(name)
    address = RedisAddress("127.0.0.1", port)
    store = RedisStore(address, clock, name, patience_s=patience_s, time=ServerTime(pace))
    store.start()
    guarded = Guarded(store, clock, sharers=lambda: store.processes)
    await guarded.start()
    router = wired(
        Groups(DEPLOYMENTS, {}),
        {"fake": Provider(record, clock, rng)},
        lambda _: simple_shuffle,
        Health(RestRules(), clock, rng),
        clock=clock,
        rng=rng,
        store=guarded,
        owner=name,
    )
    body = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 20}
    outcomes = {"answered": 0, "full": 0}

    async def one() -> None:
        _asked.set(clock.now())
        try:
            await router.send(Ask(Call(Dialect.OPENAI_CHAT, "big", body)), AT_ONCE, Journey())
            outcomes["answered"] += 1
        except GatewayError:
            outcomes["full"] += 1

    under_way: set[asyncio.Task[None]] = set()
    sent = 0
    while sent < requests:
        burst = min(BURSTS[rng.randrange(len(BURSTS))], requests - sent)
        sent += burst
        for _ in range(burst):
            under_way.add(asyncio.create_task(one()))
        await clock.sleep(rng.uniform(0.0, 1.2))
        under_way = {task for task in under_way if not task.done()}
    await asyncio.gather(*under_way)
    await guarded.flush()
    print(outcomes["answered"], outcomes["full"], guarded.alone, store.processes)
    await guarded.close()


if __name__ == "__main__":
    port, name, record, requests, pace, patience = sys.argv[1:]
    asyncio.run(
        run(
            int(port),
            name,
            Path(record),
            int(requests),
            pace=float(pace),
            patience_s=float(patience),
        )
    )

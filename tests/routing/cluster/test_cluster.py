"""Four processes and one Redis: limits hold over all of them, and the dead keep nothing.

Time passes faster here, for Redis too. The provider's own record is what counts: a request was
decided between being asked for and being sent, so a limit is broken for certain where more requests
lie within a minute with both ends than the limit allows.
"""

import asyncio
import os
import signal
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import pytest

from routing.state.redis_store import RedisStore
from routing.state.server_time import ServerTime
from routing.state.store import LEASE_S, Claim
from tests.routing.cluster.worker import DEPLOYMENTS
from tests.routing.state.servers import Faster, Server, server

PACE = 20.0
PROCESSES = 4
REQUESTS = 20_000
MINUTE = 60.0
ROOT = Path(__file__).parents[3]


@dataclass
class Sent:
    deployment: str
    asked: float
    sent: float
    tokens: int
    done: float = 0.0  # 0: never


@dataclass
class Worker:
    process: asyncio.subprocess.Process
    record: Path
    killed_at: float = 0.0

    def kill(self) -> None:
        self.killed_at = time.monotonic() * PACE
        self.process.kill()

    async def said(self) -> Sequence[int]:
        """Answered, refused, decided alone, processes it knew of."""
        out, _ = await self.process.communicate()
        return [int(word) for word in out.split()]

    def requests(self) -> Sequence[Sent]:
        found: dict[str, Sent] = {}
        for line in self.record.read_text().splitlines():
            match line.split():
                case ["sent", number, deployment, asked, sent, tokens]:
                    found[number] = Sent(deployment, float(asked), float(sent), int(tokens))
                case ["done", number, at]:
                    found[number].done = float(at)
        return list(found.values())


@dataclass
class Cluster:
    redis: Server
    workers: list[Worker] = field(default_factory=list)

    def requests(self, deployment: str) -> Sequence[Sent]:
        every = [sent for worker in self.workers for sent in worker.requests()]
        return [sent for sent in every if sent.deployment == deployment]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path) as started:
        yield started


@asynccontextmanager
async def cluster(
    redis: Server, folder: Path, requests: int, *, patience_s: float
) -> AsyncIterator[Cluster]:
    made = Cluster(redis)
    for number in range(PROCESSES):
        record = folder / f"record{number}"
        record.touch()
        words = [redis.port, f"p{number}-", record, requests // PROCESSES, PACE, patience_s]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.routing.cluster.worker", *map(str, words)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        made.workers.append(Worker(process, record))
    try:
        yield made
    finally:
        for worker in made.workers:
            if worker.process.returncode is None:
                worker.process.kill()
                await worker.process.wait()


def most_in_a_minute(requests: Sequence[Sent], amounts: Mapping[int, int]) -> tuple[int, int]:
    """What was decided within the fullest minute: for certain, and at most."""
    by_asked = sorted(requests, key=lambda sent: sent.asked)
    by_sent = sorted(requests, key=lambda sent: sent.sent)
    asked, sent = [each.asked for each in by_asked], [each.sent for each in by_sent]
    before = [0, *accumulate(amounts[id(each)] for each in by_asked)]
    until = [0, *accumulate(amounts[id(each)] for each in by_sent)]
    certain = max(
        until[bisect_right(sent, start + MINUTE)] - before[bisect_left(asked, start)]
        for start in asked
    )
    at_most = max(
        before[bisect_right(asked, end)] - until[bisect_left(sent, end - MINUTE)] for end in sent
    )
    return certain, at_most


def most_at_once(requests: Sequence[Sent], *, ends: float) -> int:
    """`ends`: when those were cut off that never ended."""
    steps = [(each.sent, 1) for each in requests]
    steps += [(each.done or ends, -1) for each in requests]
    return max(accumulate(step for _, step in sorted(steps)))


def most_used(made: Cluster) -> dict[str, tuple[int, int]]:
    rpm, tpm = made.requests("rpm"), made.requests("tpm")
    return {
        "rpm": most_in_a_minute(rpm, {id(each): 1 for each in rpm}),
        "tpm": most_in_a_minute(tpm, {id(each): each.tokens for each in tpm}),
    }


LIMITS = {"rpm": DEPLOYMENTS[0].rpm or 0, "tpm": DEPLOYMENTS[1].tpm or 0}
PARALLEL = {each.id: each.max_parallel for each in DEPLOYMENTS if each.max_parallel}


async def test_no_limit_is_broken_and_a_killed_process_leaves_nothing_behind(
    redis: Server, tmp_path: Path
) -> None:
    # The machine may be busy enough for Redis to be slow: that is not what this is about.
    async with cluster(redis, tmp_path, REQUESTS, patience_s=5.0) as made:
        victim = made.workers[-1]
        await until(lambda: len(victim.requests()) >= 300)
        victim.kill()
        counts = [await worker.said() for worker in made.workers[:-1]]
    unfinished = [sent for sent in victim.requests() if not sent.done]
    await asyncio.sleep(max(0.0, (victim.killed_at + LEASE_S) / PACE + 0.1 - time.monotonic()))

    assert unfinished, "it was killed while it had something to do"
    assert sum(answered + refused for answered, refused, *_ in counts) == 3 * REQUESTS // 4
    assert [alone for _, _, alone, _ in counts] == [0, 0, 0]
    for name, (certain, at_most) in most_used(made).items():
        assert certain <= LIMITS[name]
        assert at_most >= 0.9 * LIMITS[name], f"{name} was never put to the test"
    for deployment, parallel in PARALLEL.items():
        requests = made.requests(deployment)
        assert most_at_once(requests, ends=victim.killed_at) <= parallel
        assert await free_slots(redis, deployment, parallel) == parallel


async def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it has not begun")


async def free_slots(redis: Server, deployment: str, parallel: int) -> int:
    """How many a newcomer gets."""
    store = RedisStore(redis.address, Faster(PACE), "new-", patience_s=2.0, time=ServerTime(PACE))
    slots = Claim(f"slots:{deployment}", 1, parallel)
    grants = [await store.take(f"new-{n}", [], slots) for n in range(parallel + 1)]
    await store.close()
    return sum(grant.granted for grant in grants)


async def test_while_redis_hangs_each_process_keeps_to_its_share(
    redis: Server, tmp_path: Path
) -> None:
    async with cluster(redis, tmp_path, REQUESTS // 2, patience_s=0.05) as made:
        # Not `rpm`: on a busy machine it may have lost slots for a while, and never get so far.
        await until(lambda: len(made.requests("tpm")) >= 600)
        os.kill(redis.pid, signal.SIGSTOP)
        await asyncio.sleep(1.0)
        os.kill(redis.pid, signal.SIGCONT)
        counts = [await worker.said() for worker in made.workers]

    shares = (PROCESSES - 1) / PROCESSES
    assert any(alone for _, _, alone, _ in counts)
    assert sum(answered + refused for answered, refused, *_ in counts) == REQUESTS // 2
    for name, (certain, _) in most_used(made).items():
        assert certain <= LIMITS[name] * (1 + shares)
    for deployment, parallel in PARALLEL.items():
        assert most_at_once(made.requests(deployment), ends=0.0) <= parallel * (1 + shares)

"""A shared store that is slow or gone is nobody's trouble."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import pytest

from routing.state.guarded import Guarded
from routing.state.redis_store import RedisStore
from routing.state.server_time import ServerTime
from routing.state.store import Claim, Grant
from tests.routing.state.servers import Faster, Line, Server, free_port, line, server

PACE = 10.0
PATIENCE_S = 0.15  # more than usual: a busy machine may be slow by itself
SOON_S = 1.0
SLOT = Claim("slots:x", 1, 30)


@dataclass
class Guard:
    """One process, and what was said of its store."""

    store: RedisStore
    guarded: Guarded
    heard: list[bool] = field(default_factory=list)
    longest_s: float = 0.0

    async def take(self, lease: str, amount: int = 1, limit: int = 100) -> Grant:
        began = time.monotonic()
        grant = await self.guarded.take(lease, [Claim("rpm:x", amount, limit)], SLOT)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        return grant


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture
async def way(redis: Server) -> AsyncIterator[Line]:
    redis.said("FLUSHALL")
    async with line(redis.port) as made:
        yield made


@pytest.fixture
async def guard(way: Line) -> AsyncIterator[Guard]:
    made = _guard(way, "a")
    await made.guarded.start()
    yield made
    way.deaf = way.deaf_back = False
    await made.guarded.close()


def _guard(way: Line, owner: str, sharers: int = 1) -> Guard:
    clock = Faster(PACE)
    store = RedisStore(way.address, clock, owner, patience_s=PATIENCE_S, time=ServerTime(PACE))
    store.start()
    heard: list[bool] = []
    guarded = Guarded(store, clock, sharers=lambda: sharers, told=lambda up, why: heard.append(up))
    return Guard(store, guarded, heard)


async def until(true: Callable[[], bool], step: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await step()
            await asyncio.sleep(0.01)


async def back(guard: Guard) -> None:
    """Until answers come from the shared store again."""
    alone = -1

    async def ask() -> None:
        nonlocal alone
        alone = guard.guarded.alone
        await guard.guarded.take("nothing", [], None)

    await until(lambda: guard.guarded.alone == alone, ask)


async def shared_count(redis: Server) -> int:
    return int(redis.said("HGET", "sluicegate:rpm:{x}", "sum").split(b"\r\n")[1])


async def _deaf(way: Line, redis: Server) -> None:
    way.deaf = True


async def _slow(way: Line, redis: Server) -> None:
    way.delay_s = 0.5


async def _reset(way: Line, redis: Server) -> None:
    way.to = free_port()
    await way.cut()


async def _read_only(way: Line, redis: Server) -> None:
    redis.said("CONFIG", "SET", "min-replicas-to-write", "1")


async def _wrong_type(way: Line, redis: Server) -> None:
    redis.said("SET", "sluicegate:processes", "not a sorted set")
    redis.said("SET", "sluicegate:slots:{x}", "not a sorted set")


ILLNESSES = {
    "takes everything and never answers": _deaf,
    "takes half a second": _slow,
    "hangs up": _reset,
    "takes no writes": _read_only,
    "holds something else under our keys": _wrong_type,
}


@pytest.mark.parametrize("fall_ill", ILLNESSES.values(), ids=ILLNESSES)
async def test_nobody_waits_while_it_is_ill_and_it_comes_back(
    fall_ill: Callable[[Line, Server], Awaitable[None]], way: Line, redis: Server, guard: Guard
) -> None:
    port = way.to
    await guard.take("before")
    await fall_ill(way, redis)
    numbers = iter(range(10_000))
    await until(lambda: guard.heard == [False], lambda: guard.take(f"ill{next(numbers)}"))
    decided = guard.guarded.alone
    await asyncio.gather(*(guard.take(f"more{n}") for n in range(20)))
    at_once = guard.guarded.alone - decided

    way.deaf, way.delay_s, way.to = False, 0.0, port
    redis.said("CONFIG", "SET", "min-replicas-to-write", "0")
    redis.said("DEL", "sluicegate:processes", "sluicegate:slots:{x}")
    await back(guard)
    decided = guard.guarded.alone
    await guard.take("after")

    assert at_once == 20
    assert guard.longest_s < SOON_S
    assert guard.heard == [False, True]
    assert guard.guarded.alone == decided


async def test_nobody_waits_twice_for_the_same_trouble(way: Line, guard: Guard) -> None:
    way.deaf = True
    began = time.monotonic()

    for number in range(20):
        await guard.take(f"l{number}")
        await guard.guarded.get("note")

    assert time.monotonic() - began < SOON_S


async def test_nobody_waits_for_a_new_connection(way: Line, guard: Guard) -> None:
    way.deaf = True
    guard.guarded.put("note", b"", 5.0)  # what is told finds out first
    await asyncio.sleep(3 * PATIENCE_S)

    await guard.take("l1")

    assert guard.longest_s < 4 * PATIENCE_S  # a connection may take a second
    assert guard.guarded.alone == 1


async def test_it_starts_without_a_store(way: Line) -> None:
    way.deaf = True
    guard = _guard(way, "a")

    await guard.guarded.start()

    assert (await guard.take("l1")).granted
    assert (guard.guarded.up, guard.heard, guard.guarded.alone) == (False, [False], 1)
    way.deaf = False
    await back(guard)
    assert guard.heard == [False, True]
    await guard.guarded.close()


async def test_one_hiccup_is_no_news(way: Line, guard: Guard) -> None:
    way.delay_s = 0.3
    await guard.take("l1")
    way.delay_s = 0.0

    await back(guard)

    assert guard.heard == []
    assert guard.guarded.alone >= 1


async def test_what_was_taken_alone_is_counted_once_afterwards(
    way: Line, redis: Server, guard: Guard
) -> None:
    await guard.take("before", 5)
    way.deaf_back = True  # the worst of all: what is sent arrives, and nobody says so
    await guard.take("lost", 7)
    for number in range(4):
        await guard.take(f"alone{number}", 3)
    guard.guarded.settle("alone0", [Claim("rpm:x", -2, 0)], "slots:x", ago=0.0)
    await until(lambda: guard.heard == [False], lambda: asyncio.sleep(0.01))
    way.deaf_back = False

    await back(guard)

    lost_twice = 7  # by the store, which did not say so, and by ourselves
    assert await shared_count(redis) == 5 + 7 + 4 * 3 - 2 + lost_twice


async def test_slots_taken_alone_are_held_for_all_to_see(way: Line, guard: Guard) -> None:
    way.deaf = True
    for number in range(30):
        await guard.take(f"l{number}")
    way.deaf = False
    await back(guard)
    other = _guard(way, "b")
    await other.guarded.start()

    refused = await other.take("m1")
    guard.guarded.settle("l0", [], "slots:x", ago=0.0)
    await guard.guarded.flush()

    assert not refused.granted
    assert (await other.take("m1")).granted
    await other.guarded.close()


async def test_alone_a_process_has_its_share(way: Line) -> None:
    guard = _guard(way, "a", sharers=4)
    way.deaf = True
    await guard.guarded.start()

    rpm = [await guard.guarded.take(f"l{n}", [Claim("rpm:x", 1, 10)], None) for n in range(4)]
    slots = [await guard.guarded.take(f"s{n}", [], Claim("slots:x", 1, 2)) for n in range(2)]

    assert [grant.granted for grant in rpm] == [True, True, False, False]
    assert [grant.granted for grant in slots] == [True, False]
    way.deaf = False
    await guard.guarded.close()


async def test_what_it_has_used_before_is_part_of_its_share(way: Line) -> None:
    guard = _guard(way, "a", sharers=2)
    await guard.guarded.start()
    await guard.take("before", 4, limit=10)
    way.deaf = True

    grants = [await guard.take(f"l{n}", 1, limit=10) for n in range(2)]

    assert [grant.granted for grant in grants] == [True, False]
    way.deaf = False
    await guard.guarded.close()


async def test_a_call_larger_than_the_share_may_go_alone(way: Line) -> None:
    guard = _guard(way, "a", sharers=4)
    way.deaf = True
    await guard.guarded.start()

    first = await guard.take("l1", 80, limit=100)
    second = await guard.take("l2", 1, limit=100)

    assert (first.granted, second.granted) == (True, False)
    assert second.wait_s > 50
    way.deaf = False
    await guard.guarded.close()


async def test_what_is_spent_alone_counts_for_the_others_until_it_is_told(
    way: Line, redis: Server
) -> None:
    guard = _guard(way, "a", sharers=4)
    await guard.guarded.start()
    guard.guarded.spend("p", 50, 10_000.0)
    await guard.guarded.flush()
    way.deaf_back = True  # what is sent arrives, and nobody says so
    await guard.take("l1")
    guard.guarded.spend("p", 10, 10_000.0)
    await until(lambda: guard.heard == [False], lambda: asyncio.sleep(0.01))
    guard.guarded.spend("p", 1, 10_000.0)
    alone = guard.guarded.spent("p").amount
    way.deaf_back = False

    await back(guard)

    assert alone == 50 + 4 * 11
    assert guard.guarded.spent("p").amount == 61
    assert int(redis.said("GET", "sluicegate:{spent}:p").split()[1]) == 61
    await guard.guarded.close()

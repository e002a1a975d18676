"""What every store promises."""

from collections.abc import AsyncIterator, Iterator
from math import inf
from typing import Protocol

import pytest

from adapters.clock import SystemClock
from routing.state.guarded import Guarded
from routing.state.memory import MemoryStore
from routing.state.redis_store import RedisStore
from routing.state.server_time import ServerTime
from routing.state.store import NOTHING, SLOT_WAIT_S, Claim, Spent, Store
from tests.fakes import FakeClock
from tests.routing.state.servers import Server, server


class World(Protocol):
    """A store, and its time."""

    clock: FakeClock | SystemClock
    store: Store

    async def wait(self, seconds: float) -> None: ...


class Alone:
    """A store in memory, and its clock."""

    def __init__(self) -> None:
        self.clock: FakeClock | SystemClock = FakeClock()
        self.store: Store = MemoryStore(self.clock)

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


class Ahead(SystemClock):
    """As everywhere, but later."""

    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


class Shared:
    """A store in Redis. Its scripts take the server's time for later than it is, and what lives
    for a while loses as much of its life.
    """

    def __init__(self, redis: Server) -> None:
        self._redis = redis
        self._time = ServerTime()
        self.clock = Ahead()
        self.redis_store = RedisStore(
            redis.address, self.clock, "me", patience_s=2.0, time=self._time
        )
        self.store: Store = self.redis_store

    async def wait(self, seconds: float) -> None:
        self._time.ahead_s += seconds
        self.clock.ahead_s += seconds
        self._redis.said("EVAL", _LATER, "0", str(int(seconds * 1000)))


_LATER = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  local life = redis.call('PTTL', key)
  if life >= 0 then redis.call('PEXPIRE', key, life - ARGV[1]) end
end
"""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture(params=["memory", "redis", "guarded memory", "guarded redis"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    made: World = Alone()
    if "redis" in request.param:
        redis: Server = request.getfixturevalue("redis")
        redis.said("FLUSHALL")
        made = Shared(redis)
        made.redis_store.start()
    if "guarded" in request.param:
        guarded = Guarded(made.store, made.clock, sharers=lambda: 1)
        await guarded.start()
        made.store = guarded
    yield made
    await made.store.close()


def of(key: str, amount: int, limit: int = 10) -> Claim:
    return Claim(key, amount, limit)


async def test_what_fits_is_taken(world: World) -> None:
    first = await world.store.take("l1", [of("a", 4), of("b", 1)], None)
    second = await world.store.take("l2", [of("a", 6), of("b", 1)], None)

    assert (first.granted, first.used) == (True, (4, 1))
    assert (second.granted, second.used) == (True, (10, 2))


async def test_nothing_is_taken_if_one_claim_does_not_fit(world: World) -> None:
    await world.store.take("l1", [of("a", 4), of("b", 1, limit=1)], None)

    refused = await world.store.take("l2", [of("a", 4), of("b", 1, limit=1)], None)

    assert not refused.granted
    assert 59.0 <= refused.wait_s <= 61.0
    assert refused.used == (4, 1)


async def test_after_the_wait_there_is_room(world: World) -> None:
    await world.store.take("l1", [of("a", 10)], None)
    refused = await world.store.take("l2", [of("a", 1)], None)

    await world.wait(refused.wait_s)

    assert (await world.store.take("l2", [of("a", 1)], None)).granted


async def test_what_was_estimated_too_high_is_given_back(world: World) -> None:
    await world.store.take("l1", [of("a", 10)], None)

    world.store.settle("l1", [of("a", -7)], "", ago=0.0)
    await world.store.flush()

    assert (await world.store.take("l2", [of("a", 7)], None)).granted
    assert not (await world.store.take("l3", [of("a", 1)], None)).granted


async def test_what_was_estimated_too_low_is_taken_as_well(world: World) -> None:
    await world.store.take("l1", [of("a", 4)], None)

    world.store.settle("l1", [of("a", 5)], "", ago=0.0)
    await world.store.flush()

    assert (await world.store.take("l2", [of("a", 1)], None)).used == (10,)
    assert not (await world.store.take("l3", [of("a", 1)], None)).granted


async def test_a_correction_leaves_together_with_what_it_corrects(world: World) -> None:
    await world.store.take("l1", [of("a", 10)], None)
    await world.wait(30.0)
    world.store.settle("l1", [of("a", -4)], "", ago=30.0)
    await world.store.flush()
    half = await world.store.take("l2", [of("a", 4)], None)

    await world.wait(31.5)

    assert half.used == (10,)
    assert (await world.store.take("l3", [of("a", 6)], None)).used == (10,)


async def test_nothing_is_taken_back_that_was_not_taken(world: World) -> None:
    await world.store.take("l1", [of("a", 2)], None)

    world.store.settle("l1", [of("a", -9)], "", ago=0.0)
    await world.store.flush()

    assert (await world.store.take("l2", [of("a", 10)], None)).used == (10,)


async def test_the_window_slides(world: World) -> None:
    await world.store.take("l1", [of("a", 3)], None)
    await world.wait(40.0)
    await world.store.take("l2", [of("a", 5)], None)
    await world.wait(22.0)

    first_gone = await world.store.take("l3", [of("a", 1)], None)
    await world.wait(500.0)

    assert first_gone.used == (6,)
    assert (await world.store.take("l4", [of("a", 1)], None)).used == (1,)


async def test_what_can_never_fit_is_never_waited_for(world: World) -> None:
    refused = await world.store.take("l1", [of("a", 11)], None)

    assert (refused.granted, refused.wait_s) == (False, inf)


async def test_what_was_taken_without_asking_counts(world: World) -> None:
    world.store.took("l1", [of("a", 9)], of("s", 1, limit=1))
    await world.store.flush()

    refused = await world.store.take("l2", [of("a", 1)], of("s", 1, limit=1))
    world.store.settle("l1", [of("a", -9)], "s", ago=0.0)
    await world.store.flush()

    assert (refused.granted, refused.used) == (False, (9,))
    assert (await world.store.take("l2", [of("a", 10)], of("s", 1, limit=1))).granted


async def test_slots_are_held_until_they_are_given_back(world: World) -> None:
    slots = of("s", 1, limit=2)
    granted = [(await world.store.take(f"l{i}", [], slots)).granted for i in range(3)]
    refused = await world.store.take("l3", [], slots)

    world.store.settle("l0", [], "s", ago=0.0)
    await world.store.flush()

    assert granted == [True, True, False]
    assert refused.wait_s == SLOT_WAIT_S
    assert (await world.store.take("l3", [], slots)).granted


async def test_a_slot_given_back_twice_is_one_slot(world: World) -> None:
    slots = of("s", 1, limit=1)
    await world.store.take("l0", [], slots)
    world.store.settle("l0", [], "s", ago=0.0)
    world.store.settle("l0", [], "s", ago=0.0)
    await world.store.flush()

    granted = [(await world.store.take(f"l{i}", [], slots)).granted for i in (1, 2)]

    assert granted == [True, False]


async def test_where_slots_are_full_no_tokens_are_taken(world: World) -> None:
    slots = of("s", 1, limit=1)
    await world.store.take("l0", [of("a", 1)], slots)

    refused = await world.store.take("l1", [of("a", 1)], slots)

    assert refused.used == (1,)


async def test_a_rest_ends_by_itself(world: World) -> None:
    world.store.rest("a", 5.0)
    await world.store.flush()

    [left, none] = await world.store.rests(["a", "b"])
    await world.wait(5.1)

    assert 4.0 <= left <= 5.0
    assert none == 0.0
    assert list(await world.store.rests(["a"])) == [0.0]


async def test_a_rest_is_never_shortened_but_may_be_ended(world: World) -> None:
    world.store.rest("a", 5.0)
    world.store.rest("a", 1.0)
    await world.store.flush()
    [left] = await world.store.rests(["a"])

    world.store.rest("a", 0.0)
    await world.store.flush()

    assert left > 4.0
    assert list(await world.store.rests(["a"])) == [0.0]


async def test_a_note_is_kept_for_its_time(world: World) -> None:
    world.store.put("n", b"one", 5.0)
    world.store.put("n", b"\x00two", 5.0)
    await world.store.flush()

    found = await world.store.get("n")
    await world.wait(5.1)

    assert found == b"\x00two"
    assert await world.store.get("n") is None
    assert await world.store.get("never") is None


async def test_several_notes_are_read_at_once(world: World) -> None:
    world.store.put("n", b"one", 5.0)
    world.store.put("m", b"two", 50.0)
    await world.store.flush()

    found = await world.store.gets(["m", "never", "n"])
    await world.wait(5.1)

    assert list(found) == [b"two", None, b"one"]
    assert list(await world.store.gets(["n", "m"])) == [None, b"two"]
    assert list(await world.store.gets([])) == []


async def test_what_was_spent_counts_at_once_and_once(world: World) -> None:
    world.store.spend("p", 40, 100.0)
    world.store.spend("p", 2, 100.0)
    at_once = world.store.spent("p")
    await world.store.flush()
    world.store.spend("p", 3, 100.0)
    await world.store.flush()

    assert at_once.amount == 42
    assert world.store.spent("p").amount == 45
    assert world.store.spent("p").untold == 0


async def test_nothing_was_spent_of_what_nobody_knows(world: World) -> None:
    world.store.spend("p", 40, 100.0)

    assert world.store.spent("q") == NOTHING


async def test_money_is_counted_exactly(world: World) -> None:
    much = 2**53 + 1  # 9 million dollars
    world.store.spend("p", much, 100.0)
    await world.store.flush()

    assert world.store.spent("p").amount == much


async def test_a_period_begins_with_the_first_spending_in_it(world: World) -> None:
    world.store.spend("p", 40, 100.0)
    await world.store.flush()
    await world.wait(60.0)
    world.store.spend("p", 2, 100.0)
    await world.store.flush()
    before = world.store.spent("p")

    await world.wait(41.0)
    between = world.store.spent("p")
    await world.wait(30.0)
    world.store.spend("p", 5, 100.0)
    await world.store.flush()

    assert (before.amount, between) == (42, NOTHING)
    assert 38.0 <= before.left_s <= 40.0
    assert world.store.spent("p").amount == 5
    assert 98.0 <= world.store.spent("p").left_s <= 100.0


async def test_a_period_without_an_end_does_not_end(world: World) -> None:
    world.store.spend("p", 40, inf)
    await world.store.flush()
    await world.wait(1_000_000.0)
    await world.store.flush()

    assert world.store.spent("p") == Spent(40, inf)

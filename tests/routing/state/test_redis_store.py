"""What only a store of several processes has to show."""

import re
from asyncio import gather
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from adapters.clock import SystemClock
from routing.state.outbox import Outbox
from routing.state.redis_store import RedisStore
from routing.state.server_time import ServerTime
from routing.state.store import LEASE_S, NOTHING, Claim, StoreGone
from tests.routing.state.servers import Server, eventually, line, server

Make = Callable[..., RedisStore]

ONE_SLOT = Claim("slots:x", 1, 1)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture
async def make(redis: Server) -> AsyncIterator[Make]:
    """Makes stores over an empty server; closes them."""
    redis.said("FLUSHALL")
    async with AsyncExitStack() as stack:

        def one(owner: str, time: ServerTime | None = None, **address: object) -> RedisStore:
            there = replace(redis.address, **address)  # type: ignore[arg-type]  # any field
            made = RedisStore(there, SystemClock(), owner, patience_s=1.0, time=time)
            stack.push_async_callback(made.close)
            return made

        yield one


def rpm(limit: int = 10, amount: int = 1) -> Claim:
    return Claim("rpm:x", amount, limit)


async def test_a_decision_is_one_command_and_one_round_trip(make: Make, redis: Server) -> None:
    async with line(redis.port) as watched:
        store = make("a", port=watched.port)
        await store.take("l", [rpm()], None)
        watched.asked = 0
        redis.said("CONFIG", "RESETSTAT")

        for number in range(50):
            claims = [rpm(1000), Claim("tpm:x", 7, 1000)]
            await store.take(f"l{number}", claims, Claim("slots:x", 1, 99))

    [calls] = re.findall(rb"cmdstat_evalsha:calls=(\d+)", redis.said("INFO", "commandstats"))
    assert (int(calls), watched.asked) == (50, 50)


async def test_decisions_at_the_same_time_are_one_round_trip(make: Make, redis: Server) -> None:
    async with line(redis.port) as watched:
        store = make("a", port=watched.port)
        await store.take("l", [rpm()], None)
        watched.asked = 0

        grants = await gather(*(store.take(f"l{n}", [rpm(limit=9)], None) for n in range(20)))

    assert [grant.granted for grant in grants] == [True] * 8 + [False] * 12
    assert watched.asked == 1


async def test_two_processes_share_one_limit(make: Make) -> None:
    here, there = make("a"), make("b")
    granted = [
        (await store.take(f"{number}{store}", [rpm()], None)).granted
        for number in range(10)
        for store in (here, there)
    ]

    assert granted.count(True) == 10
    assert granted[:10] == [True] * 10


async def test_a_server_that_has_forgotten_the_scripts_is_told_again(
    make: Make, redis: Server
) -> None:
    store = make("a")
    await store.take("l1", [rpm()], None)
    redis.said("SCRIPT", "FLUSH")

    assert (await store.take("l2", [rpm()], None)).used == (2,)


async def test_the_slot_of_a_process_that_died_is_free_after_its_lease(make: Make) -> None:
    time = ServerTime()
    dead, alive = make("a", time), make("b", time)
    await dead.take("l1", [], ONE_SLOT)
    refused = await alive.take("l2", [], ONE_SLOT)

    time.ahead_s += LEASE_S + 1

    assert not refused.granted
    assert (await alive.take("l2", [], ONE_SLOT)).granted


async def test_the_slot_of_a_process_that_lives_is_renewed(make: Make) -> None:
    time = ServerTime()
    here, there = make("a", time), make("b", time)
    await here.take("l1", [], ONE_SLOT)
    time.ahead_s += LEASE_S - 1
    await here.flush()
    time.ahead_s += LEASE_S - 1

    assert not (await there.take("l2", [], ONE_SLOT)).granted


async def test_what_was_sent_twice_counts_once(make: Make, redis: Server) -> None:
    async with line(redis.port) as held_up:
        store = make("a", port=held_up.port)
        await store.take("l1", [rpm()], None)
        held_up.deaf_back = True
        store.took("l2", [rpm(amount=3)], None)
        with pytest.raises(StoreGone):
            await store.flush()
        held_up.deaf_back = False

        await store.flush()

    assert (await make("b").take("l3", [rpm()], None)).used == (5,)


async def test_processes_know_how_many_they_are(make: Make) -> None:
    time = ServerTime()
    stores = [make(name, time) for name in "abc"]
    for store in (*stores, stores[0]):
        await store.flush()

    assert stores[0].processes == 3


async def test_one_that_has_left_is_not_counted(make: Make) -> None:
    staying, leaving = make("a"), make("b")
    await leaving.flush()
    await leaving.close()

    await staying.flush()

    assert staying.processes == 1


async def test_a_slot_is_given_back_by_a_process_that_closes(make: Make) -> None:
    closing = make("a")
    await closing.take("l1", [], ONE_SLOT)
    await closing.close()

    assert (await make("b").take("l2", [], ONE_SLOT)).granted


async def test_keys_of_one_deployment_lie_together(make: Make, redis: Server) -> None:
    store = make("me", namespace="blue")
    await store.take("l1", [rpm()], ONE_SLOT)
    store.settle("l1", [rpm(amount=-1)], "", ago=0.0)
    store.rest("x", 5.0)
    store.spend("provider:x:60", 1, 60.0)
    await store.flush()

    keys = set(re.findall(rb"sluicegate:\S+", redis.said("KEYS", "*")))
    assert keys == {
        b"sluicegate:blue:rpm:{x}",
        b"sluicegate:blue:rpm:{x}:me",
        b"sluicegate:blue:slots:{x}",
        b"sluicegate:blue:{rests}:x",
        b"sluicegate:blue:{spent}:provider:x:60",
        b"sluicegate:blue:{spent}:told:me",
        b"sluicegate:blue:processes",
    }


async def test_namespaces_do_not_meet(make: Make) -> None:
    blue, green = make("a", namespace="blue"), make("b", namespace="green")
    await blue.take("l1", [], ONE_SLOT)

    assert (await green.take("l2", [], ONE_SLOT)).granted


async def test_every_key_dies_by_itself(make: Make, redis: Server) -> None:
    store = make("a")
    await store.take("l1", [rpm()], ONE_SLOT)
    store.settle("l1", [rpm(amount=-1)], "", ago=0.0)
    store.rest("x", 5.0)
    store.put("n", b"1", 5.0)
    store.spend("p", 1, 5.0)
    await store.flush()

    lives = redis.said(
        "EVAL",
        "local l = {} for i, k in ipairs(redis.call('KEYS', '*')) do "
        "l[i] = redis.call('PTTL', k) end return l",
        "0",
    )
    assert [int(life) > 0 for life in re.findall(rb":(-?\d+)", lives)] == [True] * 8


async def test_several_notes_are_one_round_trip(make: Make, redis: Server) -> None:
    async with line(redis.port) as watched:
        store = make("a", port=watched.port)
        await store.get("n")
        watched.asked = 0

        await store.gets(["n", "m", "l"])

    assert watched.asked == 1


async def test_what_one_process_spends_the_others_hear_by_themselves(make: Make) -> None:
    here, there = make("a"), make("b")
    for store in (here, there):
        store.start()
        store.spent("p")
    here.spend("p", 7, 60.0)

    await eventually(lambda: there.spent("p").amount > 0)

    assert there.spent("p").amount == 7
    assert (here.spent("p").amount, here.spent("p").untold) == (7, 0)


async def test_what_several_spend_adds_up_in_one_period(make: Make) -> None:
    here, there = make("a"), make("b")
    here.spend("p", 7, 60.0)
    await here.flush()
    there.spend("p", 4, 60.0)
    there.spend("q", 1, 60.0)
    await there.flush()
    await here.flush()

    assert here.spent("p").amount == there.spent("p").amount == 11
    assert here.spent("p").left_s == pytest.approx(there.spent("p").left_s, abs=1.0)
    assert there.spent("q").amount == 1


async def test_a_process_that_is_started_anew_knows_what_was_spent(make: Make) -> None:
    before = make("a")
    before.spend("p", 7, 60.0)
    await before.close()
    anew = make("b")
    first = anew.spent("p")

    await anew.flush()

    assert first == NOTHING
    assert anew.spent("p").amount == 7


async def test_money_that_was_told_twice_was_spent_once(make: Make, redis: Server) -> None:
    async with line(redis.port) as held_up:
        store = make("a", port=held_up.port)
        store.spend("p", 1, 60.0)
        await store.flush()
        held_up.deaf_back = True
        store.spend("p", 2, 60.0)
        with pytest.raises(StoreGone):
            await store.flush()
        store.spend("p", 4, 60.0)
        while_away = store.spent("p")
        held_up.deaf_back = False

        await store.flush()

    assert (while_away.amount, while_away.untold) == (7, 6)
    assert (store.spent("p").amount, store.spent("p").untold) == (7, 0)
    assert int(redis.said("GET", "sluicegate:{spent}:p").split()[1]) == 7


async def test_a_server_that_has_forgotten_what_was_spent_is_reminded(
    make: Make, redis: Server
) -> None:
    here, there = make("a"), make("b")
    here.spend("p", 7, 60.0)
    await here.flush()
    there.spent("p")
    await there.flush()
    redis.said("FLUSHALL")
    there.spend("p", 4, 60.0)

    for store in (there, here, there):
        await store.flush()

    assert here.spent("p").amount == there.spent("p").amount == 11
    assert there.spent("p").left_s <= 60.0


async def test_what_is_known_of_another_period_reminds_nobody(make: Make, redis: Server) -> None:
    here = make("a")
    here.spend("p", 7, 60.0)
    await here.flush()
    redis.said("SET", "sluicegate:{spent}:p", "1", "PX", "90000")

    await here.flush()

    assert here.spent("p").amount == 1


async def test_nobody_there_is_said_at_once(make: Make) -> None:
    with pytest.raises(StoreGone):
        await make("a", port=1).take("l1", [rpm()], None)


def test_what_nobody_hears_for_long_is_forgotten() -> None:
    box = Outbox(1)
    for second in range(1000):
        now = float(second)
        box.correct("rpm:x", 1, now, None)
        box.hold("slots:x", f"h{second}", now)
        box.release("slots:x", f"r{second}", now)
        box.forget(now)
    for number in range(20_000):
        box.put(f"n{number}", b"", 0.0)

    assert len(box.corrections["rpm:x"].guessed) <= 62
    assert len(box.holds["slots:x"]) <= LEASE_S
    assert len(box.releases["slots:x"]) <= LEASE_S
    assert len(box.notes) == 10_000

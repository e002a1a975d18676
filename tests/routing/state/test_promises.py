"""What every store promises."""

import pytest

from routing.state.memory import MemoryStore
from routing.state.store import SLOT_WAIT_S, Claim, Store
from tests.fakes import FakeClock


class Alone:
    """A store in memory, and its clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store: Store = MemoryStore(self.clock)

    async def wait(self, seconds: float) -> None:
        self.clock.t += seconds


@pytest.fixture
def world() -> Alone:
    return Alone()


def of(key: str, amount: int, limit: int = 10) -> Claim:
    return Claim(key, amount, limit)


async def test_what_fits_is_taken(world: Alone) -> None:
    first = await world.store.take("l1", [of("a", 4), of("b", 1)], None)
    second = await world.store.take("l2", [of("a", 6), of("b", 1)], None)

    assert (first.granted, first.used) == (True, (4, 1))
    assert (second.granted, second.used) == (True, (10, 2))


async def test_nothing_is_taken_if_one_claim_does_not_fit(world: Alone) -> None:
    await world.store.take("l1", [of("a", 4), of("b", 1, limit=1)], None)

    refused = await world.store.take("l2", [of("a", 4), of("b", 1, limit=1)], None)

    assert not refused.granted
    assert 59.0 <= refused.wait_s <= 61.0
    assert refused.used == (4, 1)


async def test_after_the_wait_there_is_room(world: Alone) -> None:
    await world.store.take("l1", [of("a", 10)], None)
    refused = await world.store.take("l2", [of("a", 1)], None)

    await world.wait(refused.wait_s)

    assert (await world.store.take("l2", [of("a", 1)], None)).granted


async def test_what_was_estimated_too_high_is_given_back(world: Alone) -> None:
    await world.store.take("l1", [of("a", 10)], None)

    world.store.settle("l1", [of("a", -7)], "", ago=0.0)
    await world.store.flush()

    assert (await world.store.take("l2", [of("a", 7)], None)).granted
    assert not (await world.store.take("l3", [of("a", 1)], None)).granted


async def test_slots_are_held_until_they_are_given_back(world: Alone) -> None:
    slots = of("s", 1, limit=2)
    granted = [(await world.store.take(f"l{i}", [], slots)).granted for i in range(3)]
    refused = await world.store.take("l3", [], slots)

    world.store.settle("l0", [], "s", ago=0.0)
    await world.store.flush()

    assert granted == [True, True, False]
    assert refused.wait_s == SLOT_WAIT_S
    assert (await world.store.take("l3", [], slots)).granted


async def test_a_slot_given_back_twice_is_one_slot(world: Alone) -> None:
    slots = of("s", 1, limit=1)
    await world.store.take("l0", [], slots)
    world.store.settle("l0", [], "s", ago=0.0)
    world.store.settle("l0", [], "s", ago=0.0)
    await world.store.flush()

    granted = [(await world.store.take(f"l{i}", [], slots)).granted for i in (1, 2)]

    assert granted == [True, False]


async def test_where_slots_are_full_no_tokens_are_taken(world: Alone) -> None:
    slots = of("s", 1, limit=1)
    await world.store.take("l0", [of("a", 1)], slots)

    refused = await world.store.take("l1", [of("a", 1)], slots)

    assert refused.used == (1,)


async def test_a_rest_ends_by_itself(world: Alone) -> None:
    world.store.rest("a", 5.0)
    await world.store.flush()

    [left, none] = await world.store.rests(["a", "b"])
    await world.wait(5.1)

    assert 4.0 <= left <= 5.0
    assert none == 0.0
    assert list(await world.store.rests(["a"])) == [0.0]


async def test_a_rest_is_never_shortened_but_may_be_ended(world: Alone) -> None:
    world.store.rest("a", 5.0)
    world.store.rest("a", 1.0)
    await world.store.flush()
    [left] = await world.store.rests(["a"])

    world.store.rest("a", 0.0)
    await world.store.flush()

    assert left > 4.0
    assert list(await world.store.rests(["a"])) == [0.0]


async def test_a_note_is_kept_for_its_time(world: Alone) -> None:
    world.store.put("n", b"one", 5.0)
    world.store.put("n", b"\x00two", 5.0)
    await world.store.flush()

    found = await world.store.get("n")
    await world.wait(5.1)

    assert found == b"\x00two"
    assert await world.store.get("n") is None
    assert await world.store.get("never") is None

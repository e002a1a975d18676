"""What one process has felt, the others need not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from routing.state.memory import MemoryStore
from routing.state.rests import SharedRests
from routing.state.store import StoreGone
from tests.fakes import FakeClock


class Turns(FakeClock):
    """Time passes one sleep at a time, and others have their turn."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(0)


class Process:
    def __init__(self, store: MemoryStore, clock: Turns) -> None:
        self.rests = SharedRests(store, clock)
        self.heard: list[tuple[str, float]] = []

    @asynccontextmanager
    async def listening(self, *ids: str) -> AsyncIterator[None]:
        task = asyncio.create_task(
            self.rests.listen(ids, lambda id_, seconds: self.heard.append((id_, seconds)))
        )
        yield
        task.cancel()


async def turns(number: int) -> None:
    for _ in range(2 * number):
        await asyncio.sleep(0)


async def test_a_rest_is_heard_of_elsewhere_and_not_where_it_began() -> None:
    clock = Turns()
    store = MemoryStore(clock)
    here, there = Process(store, clock), Process(store, clock)
    here.rests.told("a", 30.0)

    async with here.listening("a", "b"), there.listening("a", "b"):
        await turns(3)

    assert here.heard == []
    assert {id_ for id_, _ in there.heard} == {"a"}
    assert all(0 < seconds < 30 for _, seconds in there.heard)


async def test_a_longer_rest_from_elsewhere_is_heard_of_all_the_same() -> None:
    clock = Turns()
    store = MemoryStore(clock)
    here, there = Process(store, clock), Process(store, clock)
    here.rests.told("a", 5.0)
    there.rests.told("a", 60.0)

    async with here.listening("a"):
        await turns(2)

    assert here.heard


async def test_what_is_over_here_is_not_learnt_again_from_an_old_word() -> None:
    clock = Turns()
    store = MemoryStore(clock)
    here = Process(store, clock)
    here.rests.told("a", 30.0)
    here.rests.told("a", 0.0)

    async with here.listening("a"):
        await turns(2)

    assert here.heard == []
    assert list(await store.rests(["a"])) == [0.0]


async def test_a_store_that_is_gone_is_asked_again() -> None:
    class Gone(MemoryStore):
        asked = 0

        async def rests(self, keys: object) -> list[float]:
            self.asked += 1
            raise StoreGone

    clock = Turns()
    store = Gone(clock)

    async with Process(store, clock).listening("a"):
        await turns(4)

    assert store.asked >= 2

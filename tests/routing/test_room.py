"""Where calls wait: in order, by classes, without polling, and out of it without a trace."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from adapters.errors import Full
from routing.ask import Ask
from routing.deployment import Deployment
from routing.room import Crowded, WaitingRoom
from tests.bench.sim.loop import SimClock, run
from tests.fakes import FakeClock
from tests.routing.worlds import World, call, deployment

A, B = deployment("a", max_parallel=1), deployment("b", max_parallel=1)


class CountingClock(SimClock):
    """Counts how often somebody begins to wait."""

    def __init__(self) -> None:
        self.sleeps = 0

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        await super().sleep(seconds)


class Queue:
    """A world whose deployments are taken; calls wait in it."""

    def __init__(self, *deployments: Deployment) -> None:
        self.clock = CountingClock()
        self.world = World(*deployments, clock=self.clock)  # type: ignore[arg-type]  # it is a clock
        self.chooser = self.world.router.chooser
        self.served: list[str] = []

    async def held(self, one: Deployment) -> Any:
        taken = await self.chooser.limits.reserve(one, Ask(call()))
        assert taken
        return taken

    def give_back(self, taken: Any) -> None:
        self.chooser.limits.ended(taken, None)
        self.chooser.released(taken.deployment)

    async def wait(
        self, name: str, priority: int = 0, *, patience: float = 1e6, fit: Any = None
    ) -> None:
        group = fit or self.world.deployments
        ask = Ask(call(), priority=priority)
        taken = await self.chooser.choose("big", group, ask, {}, patience=patience)
        self.served.append(name)
        self.give_back(taken)

    async def joined(self, *waits: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
        """They stand in line, in this order."""
        tasks = []
        for one in waits:
            tasks.append(asyncio.create_task(one))
            await asyncio.sleep(0)
        return tasks


def test_nobody_overtakes_within_a_class() -> None:
    async def play() -> list[str]:
        queue = Queue(A)
        taken = await queue.held(A)
        tasks = await queue.joined(*(queue.wait(f"{n}", n % 3) for n in range(300)))
        queue.give_back(taken)
        await asyncio.gather(*tasks)
        return queue.served

    assert run(play()) == [f"{n}" for n in sorted(range(300), key=lambda n: (n % 3, n))]


def test_who_leaves_frees_the_place_and_the_next_is_served() -> None:
    async def play() -> tuple[list[str], int]:
        queue = Queue(A)
        taken = await queue.held(A)
        first, second, third = await queue.joined(*(queue.wait(name) for name in "xyz"))
        for left in (first, second):
            left.cancel()
            with suppress(asyncio.CancelledError):
                await left
        queue.give_back(taken)
        await third
        return queue.served, queue.chooser.room.waiting("big")

    assert run(play()) == (["z"], 0)


def test_time_is_up_exactly_when_it_is() -> None:
    async def play() -> tuple[float, float]:
        queue = Queue(A)
        await queue.held(A)
        patient = (await queue.joined(queue.wait("patient")))[0]
        began = queue.clock.now()
        with pytest.raises(Full):
            await queue.wait("hasty", patience=3.21)
        ended = queue.clock.now()
        patient.cancel()
        return ended - began, queue.chooser.room.waiting("big")

    waited, _ = run(play())

    assert waited == pytest.approx(3.21)


def test_ten_thousand_who_wait_do_not_poll() -> None:
    async def play() -> tuple[int, int]:
        queue = Queue(A)
        taken = await queue.held(A)
        tasks = await queue.joined(*(queue.wait(f"{n}") for n in range(10_000)))
        await asyncio.sleep(9.5)
        sleeps = queue.clock.sleeps
        with pytest.raises(Full):  # one more is too many
            await queue.wait("late")
        queue.give_back(taken)
        await asyncio.gather(*tasks)
        return sleeps, len(queue.served)

    sleeps, served = run(play())

    assert served == 10_000
    assert sleeps <= 10_000 + 50  # one each, and the first looks again now and then


def test_a_call_that_few_can_serve_holds_up_nobody_else_and_is_not_starved() -> None:
    async def play() -> list[str]:
        queue = Queue(A, B)
        a, b = await queue.held(A), await queue.held(B)
        narrow = (await queue.joined(queue.wait("narrow", fit=[A])))[0]
        wide = (await queue.joined(queue.wait("wide")))[0]
        queue.give_back(b)  # which the first in line cannot use
        await wide
        wider = (await queue.joined(queue.wait("wider", patience=0.5)))[0]
        queue.give_back(a)
        await asyncio.gather(narrow, wider)
        return queue.served

    assert run(play())[0] == "wide"


def test_what_many_wait_for_is_not_promised_sooner_than_it_can_be() -> None:
    async def play() -> float:
        queue = Queue(deployment("a", rpm=2))
        for _ in range(2):
            await queue.held(queue.world.deployments[0])
        tasks = await queue.joined(*(queue.wait(f"{n}") for n in range(4)))
        with pytest.raises(Full) as refused:
            await queue.wait("late", patience=0.0)
        for task in tasks:
            task.cancel()
        assert refused.value.retry_after
        return refused.value.retry_after

    assert run(play()) > 120.0  # two windows are promised to others


@contextmanager
def places(room: WaitingRoom, *priorities: int) -> Iterator[list[Any]]:
    standing = [room.place("big", [A], priority) for priority in priorities]
    yield [one.__enter__() for one in standing]


def test_places_that_were_left_are_not_kept() -> None:
    room = WaitingRoom(FakeClock())
    with places(room, 0) as (head,):
        for _ in range(100_000):
            with room.place("big", [A], 9):
                pass

        assert len(head.line.places) < 20
        assert room.waiting("big") == 1


def test_an_alias_is_forgotten_when_nobody_waits() -> None:
    room = WaitingRoom(FakeClock())
    with room.place("big", [A], 0):
        assert room.wanted("big", (0, 1e9)) == {"a"}
        assert room.wanted("big", (-1, 1e9)) == frozenset()  # more urgent

    assert room.wanted("big", (0, 1e9)) == frozenset()
    assert not room.lines


def test_too_many_are_refused() -> None:
    room = WaitingRoom(FakeClock())
    with places(room, *([0] * 10_000)), pytest.raises(Crowded), room.place("big", [A], 0):
        pass

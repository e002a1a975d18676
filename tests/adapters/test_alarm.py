"""The timer for silence, on a loop whose time jumps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from adapters.alarm import Alarm
from tests.adapters.loops import Loop

Story = Callable[[Callable[[], Alarm]], Awaitable[None]]
QUIET_S = 10.0


def _rings(story: Story) -> list[float]:
    """When the alarm rings in 1000 s that begin with `story`."""
    rung: list[float] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        await story(lambda: Alarm(QUIET_S, lambda: rung.append(round(loop.time(), 2))))
        await asyncio.sleep(1000 - loop.time())

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(live())
    return rung


async def _untouched(alarm: Callable[[], Alarm]) -> None:
    alarm()


async def _touched(alarm: Callable[[], Alarm]) -> None:
    watch = alarm()
    for _ in range(7):
        await asyncio.sleep(4)
        watch.touch()


async def _touched_at_the_last_moment(alarm: Callable[[], Alarm]) -> None:
    watch = alarm()
    await asyncio.sleep(9.99)
    watch.touch()


async def _cancelled(alarm: Callable[[], Alarm]) -> None:
    watch = alarm()
    await asyncio.sleep(4)
    watch.cancel()


async def _cancelled_later(alarm: Callable[[], Alarm]) -> None:
    watch = alarm()
    for _ in range(5):
        await asyncio.sleep(7)
        watch.touch()
    watch.cancel()


async def _held(alarm: Callable[[], Alarm]) -> None:
    alarm().hold()


async def _held_and_touched(alarm: Callable[[], Alarm]) -> None:
    watch = alarm()
    watch.hold()
    await asyncio.sleep(333)
    watch.touch()


async def _held_and_touched_and_held(alarm: Callable[[], Alarm]) -> None:
    watch = alarm()
    for _ in range(20):
        await asyncio.sleep(9)
        watch.hold()
        await asyncio.sleep(15)
        watch.touch()


STORIES: Mapping[str, tuple[Story, list[float]]] = {
    "silence from the start": (_untouched, [10.0]),
    "silence after a while": (_touched, [38.0]),
    "silence after a touch at the last moment": (_touched_at_the_last_moment, [19.99]),
    "cancelled": (_cancelled, []),
    "cancelled after it had looked several times": (_cancelled_later, []),
    "held for ever": (_held, []),
    "held, and let go again": (_held_and_touched, [343.0]),
    "held again and again": (_held_and_touched_and_held, [490.0]),
}


@pytest.mark.parametrize("case", STORIES)
def test_an_alarm_rings_once_after_its_time_of_silence(case: str) -> None:
    story, expected = STORIES[case]

    assert _rings(story) == pytest.approx(expected, abs=0.02)


def test_touching_sets_no_timer() -> None:
    async def live() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        alarm = Alarm(QUIET_S, lambda: None)
        before = loop.timers
        for _ in range(10_000):
            alarm.touch()
            alarm.hold()
        alarm.cancel()
        return loop.timers - before

    with asyncio.Runner(loop_factory=Loop) as runner:
        timers = runner.run(live())

    assert timers == 0

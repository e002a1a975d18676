"""Time limits behave as `asyncio.timeout` does; `timed` sets a timer only where it must wait."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from adapters.deadline import Limit, timed, within, within_limit
from tests.adapters.loops import Loop

SOON_S = 0.005
LONG_S = 30.0


async def for_ever() -> None:
    await asyncio.Event().wait()


async def nothing() -> str:
    return "done"


async def a_moment() -> str:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return "done"


async def with_block(work: Any, seconds: float) -> Any:
    with within(seconds):
        return await work


async def with_timed(work: Any, seconds: float) -> Any:
    return await timed(work, seconds)


async def in_line(work: Any, seconds: float) -> Any:
    with within_limit(Limit(seconds)):
        return await work


EACH = pytest.mark.parametrize("limited", [with_block, with_timed, in_line])


@EACH
async def test_work_that_lasts_too_long_is_ended(limited: Callable[..., Any]) -> None:
    with pytest.raises(TimeoutError):
        await limited(for_ever(), SOON_S)

    assert not current().cancelling()
    await asyncio.sleep(0)  # nothing is left that would cancel us later


@EACH
@pytest.mark.parametrize("work", [nothing, a_moment])
async def test_work_that_ends_in_time_gives_what_it_gives(
    limited: Callable[..., Any], work: Callable[[], Any]
) -> None:
    assert await limited(work(), LONG_S) == "done"


@EACH
async def test_what_the_work_raises_goes_through(limited: Callable[..., Any]) -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await limited(broken(), LONG_S)


@EACH
async def test_a_cancellation_by_somebody_else_stays_one(limited: Callable[..., Any]) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await for_ever()

    task = asyncio.create_task(limited(work(), LONG_S))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


@EACH
async def test_work_may_clean_up_when_its_time_is_over(limited: Callable[..., Any]) -> None:
    cleaned = []

    async def work() -> None:
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    with pytest.raises(TimeoutError):
        await limited(work(), SOON_S)

    assert cleaned


@EACH
async def test_limits_may_stand_in_each_other(limited: Callable[..., Any]) -> None:
    with pytest.raises(TimeoutError):
        await limited(limited(for_ever(), LONG_S), SOON_S)
    with pytest.raises(TimeoutError):
        await limited(limited(for_ever(), SOON_S), LONG_S)

    assert not current().cancelling()


async def test_work_that_need_not_wait_sets_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()

    def no_timer(*_: object, **__: object) -> None:
        raise AssertionError("a timer was set")

    monkeypatch.setattr(loop, "call_later", no_timer)

    assert await timed(nothing(), LONG_S) == "done"


def test_without_a_task_there_is_nothing_to_end() -> None:
    with pytest.raises(RuntimeError), within(LONG_S):
        pass


def test_each_block_in_a_line_has_its_own_time() -> None:
    limit, ended = Limit(10.0), []

    async def one(begins: float, lasts: float) -> None:
        await asyncio.sleep(begins)
        try:
            with within_limit(limit):
                await asyncio.sleep(lasts)
        except TimeoutError:
            ended.append((begins, asyncio.get_running_loop().time()))

    async def all_of_them() -> None:
        await asyncio.gather(one(0, 99), one(1, 99), one(2, 5), one(4, 99), one(50, 99))

    run(Loop(), all_of_them())

    assert ended == [(0, 10), (1, 11), (4, 14), (50, 60)]


def test_a_line_has_one_timer_however_many_blocks_there_are() -> None:
    loop, limit = Loop(), Limit(10.0)

    async def many() -> None:
        for _ in range(1000):
            with within_limit(limit):
                pass
        await asyncio.sleep(20)
        with within_limit(limit):
            pass

    run(loop, many())

    assert loop.timers == 3  # the sleep's, and one for each time that there was none


def test_a_line_may_be_used_on_another_event_loop() -> None:
    limit = Limit(10.0)

    async def too_long() -> None:
        with within_limit(limit):
            await for_ever()

    for _ in range(2):
        with pytest.raises(TimeoutError):
            run(Loop(), too_long())


def run(loop: Loop, work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work)


def current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task
    return task

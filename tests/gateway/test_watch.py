"""A coroutine stepped by hand behaves as a task would, as far as it is used."""

import asyncio

import pytest

from gateway.watch import Watch


class Story:
    """What a watched coroutine does, and what is heard of it."""

    def __init__(self) -> None:
        self.ended = 0
        self.cleaned = False
        self.events: asyncio.Queue[str] = asyncio.Queue()
        self.seen: list[str] = []

    def end(self) -> None:
        self.ended += 1

    async def until_gone(self) -> None:
        try:
            while (event := await self.events.get()) != "gone":
                self.seen.append(event)
                await asyncio.sleep(0)
        finally:
            self.cleaned = True


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_it_runs_until_it_ends_and_that_is_heard_once() -> None:
    story = Story()
    watch = Watch(story.until_gone(), story.end)
    for event in ("more", "even more", "gone"):
        story.events.put_nowait(event)
        await turns()

    assert story.seen == ["more", "even more"]
    assert (story.ended, story.cleaned) == (1, True)
    watch.close()


async def test_what_need_not_wait_has_ended_at_once() -> None:
    story = Story()
    story.events.put_nowait("gone")

    Watch(story.until_gone(), story.end)

    assert story.ended == 1


async def test_an_error_is_an_end() -> None:
    story = Story()

    async def broken() -> None:
        await asyncio.sleep(0)
        raise ConnectionError

    Watch(broken(), story.end)
    await turns()

    assert story.ended == 1


@pytest.mark.parametrize("waits", ["for an event", "for its turn"])
async def test_once_closed_it_cleans_up_and_nothing_is_heard(waits: str) -> None:
    story = Story()
    watch = Watch(story.until_gone(), story.end)
    if waits == "for its turn":
        story.events.put_nowait("more")
        await asyncio.sleep(0)

    watch.close()
    story.events.put_nowait("gone")
    await turns()

    assert (story.ended, story.cleaned) == (0, True)


async def test_it_hears_of_what_it_waits_for_being_cancelled() -> None:
    story = Story()
    awaited = asyncio.get_running_loop().create_future()

    async def waits() -> None:
        await awaited

    Watch(waits(), story.end)
    awaited.cancel()

    with pytest.raises(asyncio.CancelledError):
        await awaited

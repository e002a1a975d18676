"""The limits of a stream, on a loop whose time jumps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import inf

import pytest

from adapters.silence import Silence
from adapters.types import Timeouts
from tests.adapters.loops import Loop

LIMITS = Timeouts(idle=10.0, barren=40.0, stream=500.0)

Story = Callable[[Silence], Awaitable[None]]
NO_BYTE, NO_DATA, NO_END = "no byte for 10 s", "no data event for 40 s", "no end within 500 s"


def _heard(story: Story) -> list[tuple[float, str]]:
    """What is missed when in 1000 s that begin with `story`."""
    missed: list[tuple[float, str]] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        silence = Silence(LIMITS, lambda what: missed.append((round(loop.time(), 1), what)))
        await story(silence)
        await asyncio.sleep(1000 - loop.time())

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(live())
    return missed


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _read_at_once(silence: Silence) -> None:
    silence.waiting_since = _now()


async def _bytes(silence: Silence, every_s: float, count: int, *, data: bool) -> None:
    for _ in range(count):
        silence.waiting_since = _now()
        await asyncio.sleep(every_s)
        silence.waiting_since = inf
        if data:
            silence.data_at = _now()


async def _speaks_then_stops(silence: Silence) -> None:
    await _bytes(silence, 7, 9, data=True)
    silence.waiting_since = _now()


async def _only_comments(silence: Silence) -> None:
    await _bytes(silence, 9, 5, data=False)


async def _never_ends(silence: Silence) -> None:
    await _bytes(silence, 9, 60, data=True)


async def _client_is_slow(silence: Silence) -> None:
    for _ in range(4):
        silence.waiting_since = _now()
        await asyncio.sleep(1)
        silence.waiting_since, silence.data_at = inf, _now()
        await asyncio.sleep(30)
    silence.cancel()


async def _reads_again_late(silence: Silence) -> None:
    silence.data_at = _now()
    await asyncio.sleep(25)
    silence.waiting_since = _now()


STORIES: Mapping[str, tuple[Story, list[tuple[float, str]]]] = {
    "nothing comes": (_read_at_once, [(10.0, NO_BYTE)]),
    "it stops in the middle": (_speaks_then_stops, [(73.0, NO_BYTE)]),
    "comments are not data": (_only_comments, [(40.0, NO_DATA)]),
    "it never ends": (_never_ends, [(500.0, NO_END)]),
    "while the client is slow nobody listens": (_client_is_slow, []),
    "silence counts from the read on": (_reads_again_late, [(35.0, NO_BYTE)]),
}


@pytest.mark.parametrize("case", STORIES)
def test_what_is_missed_is_told_once_and_when_it_is_due(case: str) -> None:
    story, expected = STORIES[case]

    assert _heard(story) == expected


def test_a_stream_that_speaks_sets_the_timer_hardly_ever() -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Loop)

        async def live() -> int:
            silence = Silence(LIMITS, lambda _: None)
            before = loop.timers
            for _ in range(10_000):
                silence.waiting_since = silence.data_at = _now()
            silence.cancel()
            return loop.timers - before

        assert runner.run(live()) == 0

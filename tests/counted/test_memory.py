"""What is left of requests that are over: nothing."""

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from gateway.stream import BrokenOff
from tests.adapters.samples import ERROR
from tests.counted.elsewhere import elsewhere
from tests.counted.house import Answering, Client, House, house
from tests.counted.talk import (
    FROM_ANTHROPIC,
    FROM_GEMINI,
    PASSING,
    TO_ANTHROPIC,
    documents,
    reads,
    sick,
    stalls,
)
from tests.upstream import document, events

WARM_UP = 1_000
MOST = 200  # pieces of memory, however many requests there were: counting them needs some seventy
MANY = 3_000  # one piece left by each would be 3 000
LONGER = {"document": 10_000, "broken stream": 10_000}  # the latter warms up longer
OURS = ("adapters.", "routing.", "gateway.", "aiohttp.")
TIMERS = 300  # more than there are ever cancelled ones that asyncio has not thrown away

Asks = Callable[[], Client]

STORIES: dict[str, tuple[Answering, Asks]] = {
    "document": (documents(PASSING), PASSING.asks),
    "stream": (reads(*PASSING.events(2)), lambda: PASSING.asks(stream=True)),
    "translated stream": (reads(*FROM_GEMINI.events(2)), lambda: FROM_GEMINI.asks(stream=True)),
    "fallback": (sick(documents(PASSING)), lambda: PASSING.asks(alias="sick")),
    "client that leaves": (
        stalls(*PASSING.opening, PASSING.text),
        lambda: PASSING.asks(stream=True, patience=1),
    ),
    "broken stream": (
        reads(*PASSING.opening, PASSING.text, ERROR),
        lambda: PASSING.asks(stream=True),
    ),
}
MORE_STORIES: dict[str, tuple[Answering, Asks]] = {
    "translated document": (documents(FROM_ANTHROPIC), FROM_ANTHROPIC.asks),
    "other translated stream": (
        reads(*FROM_ANTHROPIC.events(2)),
        lambda: FROM_ANTHROPIC.asks(stream=True),
    ),
    "fallback, stream": (
        sick(reads(*PASSING.events(2))),
        lambda: PASSING.asks(stream=True, alias="sick"),
    ),
    "client that leaves a translated stream": (
        stalls(*TO_ANTHROPIC.opening, TO_ANTHROPIC.text),
        lambda: TO_ANTHROPIC.asks(stream=True, patience=1),
    ),
    "nobody there": (documents(PASSING), lambda: PASSING.asks(alias="nobody")),
    "no JSON": (documents(PASSING), lambda: Client(PASSING.path, b"{")),
}
ALL = STORIES | MORE_STORIES


@pytest.mark.parametrize(
    ("story", "fact"),
    [
        ("fallback", ("fallbacks", 1)),
        ("client that leaves", ("client_left", True)),
        ("client that leaves a translated stream", ("client_left", True)),
        ("broken stream", ("error", "rate_limit")),
        ("nobody there", ("error", "model_not_found")),
        ("no JSON", ("status", 400)),
    ],
)
async def test_the_stories_go_as_they_are_called(story: str, fact: tuple[str, object]) -> None:
    answering, asks = ALL[story]
    async with house(answering) as gateway:
        with suppress(BrokenOff):
            await gateway.serve(asks())

    assert fact in gateway.log.taken[-1][1].items()


@pytest.mark.parametrize("story", STORIES)
async def test_thousands_of_requests_leave_nothing_behind(story: str) -> None:
    answering, asks = STORIES[story]
    many = LONGER.get(story, MANY)
    async with house(answering) as gateway:
        await _ask(gateway, asks, WARM_UP)
        before, what = await _memory()
        await _ask(gateway, asks, many)
        after, left = await _memory()

    assert after - before < MOST, (left - what).most_common(5)


@pytest.mark.parametrize("stream", [False, True], ids=["document", "stream"])
async def test_nor_do_those_over_a_socket(stream: bool) -> None:
    script = events([b"".join(PASSING.events(2))]) if stream else document(PASSING.document)
    with elsewhere(script) as provider:
        async with house(base_url=provider.url) as gateway:
            await _ask(gateway, lambda: PASSING.asks(stream=stream), 500)
            provider.requests.clear()
            before, what = await _memory()
            await _ask(gateway, lambda: PASSING.asks(stream=stream), 2_000)
            provider.requests.clear()
            after, left = await _memory()

    assert provider.connections == 1
    assert after - before < 1_000, (left - what).most_common(5)  # two threads are not as exact


@pytest.mark.parametrize(("answering", "asks"), ALL.values(), ids=ALL)
async def test_a_request_is_gone_when_it_is_over_without_the_garbage_collector(
    answering: Answering, asks: Asks
) -> None:
    async with house(answering) as gateway:
        await _ask(gateway, asks, 10)
        with _nobody_collecting():
            await _ask(gateway, asks, 100)
            found = _found()

    assert found == Counter()


@pytest.mark.parametrize("stream", [False, True], ids=["document", "stream"])
async def test_so_is_one_over_a_socket(stream: bool) -> None:
    script = events(PASSING.events(9)) if stream else document(PASSING.document)
    with elsewhere(script) as provider:
        async with house(base_url=provider.url) as gateway:
            await _ask(gateway, lambda: PASSING.asks(stream=stream), 10)
            with _nobody_collecting():
                await _ask(gateway, lambda: PASSING.asks(stream=stream), 20)
                found = _found()

    assert not [kind for kind in found if kind.__module__.startswith(OURS)]


async def _ask(gateway: House, asks: Asks, times: int) -> None:
    for _ in range(times):
        with suppress(BrokenOff):
            await gateway.serve(asks())
        gateway.log.taken.clear()
        await asyncio.sleep(0)


async def _memory() -> tuple[int, Counter[type]]:
    """How many pieces of memory are in use, and for what, as far as that is known."""
    loop = asyncio.get_running_loop()
    for _ in range(TIMERS):
        loop.call_later(60, _nothing).cancel()
    await asyncio.sleep(0)  # asyncio throws cancelled timers away when they are many
    gc.collect()
    in_use = sys.getallocatedblocks()
    return in_use, Counter(map(type, gc.get_objects()))


def _nothing() -> None: ...


@contextmanager
def _nobody_collecting() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _found() -> Counter[type]:
    """What only the garbage collector can free."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return Counter(map(type, gc.garbage))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()

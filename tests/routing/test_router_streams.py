"""Streams after their commit point."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import (
    Failure,
    Kind,
)
from adapters.types import Body
from routing.deployment import IDLE
from tests.fakes import FakeBody
from tests.routing.worlds import ANSWER, DOWN, STRICT, A, B, World, call, failure, read


async def test_a_stream_is_in_flight_until_it_is_closed() -> None:
    body = FakeBody(b"a", b"b")
    world = World(A, scripts={"a": [body]})

    reply = await world.send()
    assert world.stats("a").in_flight == 1
    assert await read(reply) == b"ab"

    assert world.in_flight == 0
    assert body.closed == 1


async def test_a_stream_that_breaks_after_its_beginning_is_a_failure_and_not_retried() -> None:
    body = FakeBody(b"a", error=failure(Kind.BROKEN))
    world = World(A, B, scripts={"a": [body]}, rules=STRICT)

    reply = await world.send()
    with pytest.raises(Failure, match="broken"):
        await read(reply)

    assert world.tried == ["a"]
    assert (world.stats("a").failures, world.stats("a").cooling) == (1, 5.0)
    assert world.in_flight == 0
    assert body.closed == 1


async def test_a_stream_of_an_only_deployment_may_break_and_it_is_asked_again() -> None:
    world = World(A, scripts={"a": [FakeBody(b"a", error=DOWN), ANSWER]}, rules=STRICT)

    with pytest.raises(Failure, match="down"):
        await read(await world.send())
    assert (await world.send()).body == ANSWER
    assert world.slept == []


async def test_a_stream_that_nobody_reads_is_released() -> None:
    body = FakeBody(b"a")
    world = World(A, scripts={"a": [body]})

    reply = await world.send()
    assert not isinstance(reply.body, bytes)
    await reply.body.aclose()
    await reply.body.aclose()

    assert world.stats("a") == IDLE
    assert body.closed == 1


async def test_a_stream_that_ends_well_is_a_success_but_not_before() -> None:
    world = World(A, B, scripts={"a": [FakeBody(b"a")]})
    world.fail("a")

    reply = await world.send()
    assert world.stats("a").failures == 1
    await read(reply)

    assert world.stats("a").failures == 0


async def test_a_stream_has_ended_well_with_its_last_event_though_nobody_reads_on() -> None:
    world = World(A, B, scripts={"a": [FakeBody(b"a", b"the last event", b"")]})
    world.fail("a")

    reply = await world.send(call(stream=True))
    assert not isinstance(reply.body, bytes)
    await anext(reply.body)
    assert world.stats("a").failures == 1
    reply.receipt.complete = True
    await anext(reply.body)
    await anext(reply.body)
    await reply.body.aclose()

    timing = world.health.timing("a")
    assert timing
    assert len(timing.firsts.seconds(world.clock.now())) == 1
    assert world.stats("a").failures == 0


async def test_a_stream_closed_unread_is_neither_success_nor_failure() -> None:
    world = World(A, B, scripts={"a": [FakeBody(b"a")]})
    world.fail("a")

    reply = await world.send()
    assert not isinstance(reply.body, bytes)
    await reply.body.aclose()

    assert (world.stats("a").failures, world.in_flight) == (1, 0)


async def test_a_stream_closed_twice_is_released_once() -> None:
    world = World(A, scripts={"a": [FakeBody(b"a"), FakeBody(b"somebody else's")]})

    reply = await world.send()
    await world.send()
    assert not isinstance(reply.body, bytes)
    await reply.body.aclose()
    await reply.body.aclose()

    assert world.in_flight == 1


async def test_a_body_that_cannot_be_closed_is_released_all_the_same() -> None:
    class Stuck(FakeBody):
        async def aclose(self) -> None:
            raise OSError("stuck")

    world = World(A, scripts={"a": [Stuck(b"a")]})

    reply = await world.send()
    assert not isinstance(reply.body, bytes)
    with pytest.raises(OSError, match="stuck"):
        await reply.body.aclose()

    assert world.in_flight == 0


@given(some.lists(some.sampled_from(["open", "read", "close", "fail", "wait"])))
async def test_no_figure_is_ever_negative(events: list[str]) -> None:
    world = World(A, B, scripts={"a": [FakeBody(b"a")]})
    streams: list[Body] = []
    for event in events:
        match event:
            case "open":
                reply = await world.send()
                if not isinstance(reply.body, bytes):
                    streams.append(reply.body)
            case "read" if streams:
                await anext(streams[-1], None)
            case "close" if streams:
                await streams[len(streams) // 2].aclose()
            case "fail":
                world.fail("a")
            case "wait":
                world.clock.t += 7.7

        seen = world.stats("a")
        assert min(seen.in_flight, seen.failures, seen.cooling) >= 0
        assert seen.in_flight <= len(streams)

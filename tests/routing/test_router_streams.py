"""Streams after their commit point."""

import pytest

from adapters.errors import (
    Failure,
    Kind,
)
from routing.deployment import IDLE
from tests.fakes import FakeBody
from tests.routing.worlds import DOWN, STRICT, A, B, World, failure, read


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


async def test_a_stream_of_an_only_deployment_may_break_without_rest() -> None:
    world = World(A, scripts={"a": [FakeBody(b"a", error=DOWN)]}, rules=STRICT)

    with pytest.raises(Failure, match="down"):
        await read(await world.send())
    assert (world.stats("a").failures, world.stats("a").cooling) == (1, 0.0)


async def test_a_stream_that_nobody_reads_is_released() -> None:
    body = FakeBody(b"a")
    world = World(A, scripts={"a": [body]})

    reply = await world.send()
    assert not isinstance(reply.body, bytes)
    await reply.body.aclose()
    await reply.body.aclose()

    assert world.stats("a") == IDLE
    assert body.closed == 1

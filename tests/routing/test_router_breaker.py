"""The router beside deployments that are ill: who is left alone, who finds out, who is believed."""

import asyncio
from dataclasses import replace

import pytest

from adapters.errors import Failure, Kind, Resting
from routing.ask import Ask
from routing.checks import Check
from routing.policy import Policy, RestRules
from routing.router import Journey
from tests.fakes import FakeBody
from tests.routing.worlds import (
    ANSWER,
    DEAF,
    DOWN,
    SMALL,
    TO_SMALL,
    WRONG_KEY,
    A,
    B,
    C,
    Script,
    World,
    call,
    deployment,
    failure,
    read,
)

OURS = RestRules()


def sick(*ids: str, script: Script = (DOWN,)) -> World:
    """Three, of which some have been ejected."""
    world = World(A, B, C, scripts={id: list(script) for id in ids}, rules=OURS)
    for id in ids:
        for _ in range(5):
            world.fail(id)
    return world


async def test_one_of_three_dead_costs_five_attempts_and_no_call() -> None:
    world = World(A, B, C, scripts={"a": [DOWN]}, rules=OURS)
    for _ in range(200):
        await world.send()

    assert world.tried.count("a") == 5
    assert world.slept == []


async def test_one_of_three_that_comes_and_goes_loses_no_call() -> None:
    world = World(A, B, C, scripts={"a": [*[DOWN] * 7, *[ANSWER] * 3, *[DOWN] * 9, ANSWER]})
    for _ in range(400):
        world.clock.t += 0.5
        await world.send()

    assert world.slept == []
    assert world.tried.count("a") < 400


async def test_one_of_three_deaf_is_left_alone_for_longer_each_time() -> None:
    world = World(A, B, C, takes={"a": DEAF}, rules=OURS)
    waits = []
    for _ in range(600):
        began = world.clock.now()
        await world.send(call(stream=True))
        waits.append(world.clock.now() - began)
        world.clock.t += 1.0

    assert sum(wait > 0 for wait in waits[:10]) >= 5  # until it was detected
    assert sum(wait > 0 for wait in waits[-300:]) <= 4  # probes


async def test_one_in_ten_requests_failing_ejects_nobody() -> None:
    world = World(A, B, scripts={"a": [DOWN if i % 10 == 0 else ANSWER for i in range(200)]})
    for _ in range(180):
        await world.send()

    assert "a" in world.tried[-2:]
    assert not world.stats("a").ejected


async def test_only_one_request_at_a_time_finds_out() -> None:
    world = sick("a")
    world.clock.t += 5.0
    world.health.started(A)  # somebody else's, not answered yet

    await world.send()
    assert world.tried == ["b"]


async def test_a_probe_whose_client_leaves_does_not_bar_the_way() -> None:
    world = sick("a", script=[asyncio.CancelledError(), ANSWER])
    world.clock.t += 5.0

    with pytest.raises(asyncio.CancelledError):
        await world.send()
    assert (await world.send()).body == ANSWER
    assert world.tried == ["a", "a"]


async def test_a_probe_that_the_provider_answers_with_a_mistake_of_the_caller_bars_nobody() -> None:
    world = sick("a", script=[failure(Kind.CALLER), ANSWER])
    world.clock.t += 5.0

    await world.refusal()
    await world.send()
    assert world.tried == ["a", "a"]
    assert not world.stats("a").ejected


async def test_the_failure_of_a_probe_is_not_the_client_s() -> None:
    world = sick("a")
    world.clock.t += 5.0

    assert (await world.send()).body == ANSWER
    assert world.tried == ["a", "b"]
    assert 5.0 <= world.journey.attempts[0].rest <= 10.0


async def test_when_most_are_ejected_nobody_is_left_alone() -> None:
    world = sick("a", "b")

    await world.send()
    assert world.tried == ["a", "b", "c"]


async def test_when_all_are_ejected_calls_are_tried_all_the_same() -> None:
    world = sick("a", "b", "c", script=[ANSWER])

    assert (await world.send()).body == ANSWER
    assert not world.stats("a").ejected  # it has answered


async def test_when_all_are_ejected_the_fallback_is_first() -> None:
    world = World(A, B, SMALL, rules=OURS)
    for id in ("a", "b"):
        for _ in range(5):
            world.fail(id)

    await world.send(policy=TO_SMALL)
    assert world.tried == ["s"]


async def test_a_wrong_key_and_an_ejection_refuse_nobody() -> None:
    world = World(A, B, scripts={"a": [WRONG_KEY]}, rules=OURS)
    await world.send()
    for _ in range(5):
        world.fail("b")

    assert (await world.send()).body == ANSWER
    assert world.tried == ["a", "b", "b"]


async def test_what_all_providers_ask_is_kept() -> None:
    world = World(A, B, rules=OURS)
    world.rest("a", "b", seconds=30.0)

    assert isinstance(await world.refusal(), Resting)


async def test_many_failing_at_once_eject_once() -> None:
    world = World(A, B, rules=OURS)
    for _ in range(50):
        world.fail("a")
    cooling = world.stats("a").cooling

    assert 2.5 <= cooling <= 5.0


async def test_a_sibling_that_is_full_is_no_reason_to_use_the_same_one_without_a_pause() -> None:
    script = [ANSWER, DOWN, ANSWER]
    world = World(deployment("b", rpm=1), A, scripts={"a": script}, rules=OURS)
    await world.send()
    await world.send()  # b is full now, and known to be

    assert (await world.send(policy=Policy(retries=1))).body == ANSWER
    assert world.tried == ["b", "a", "a", "a"]
    assert len(world.slept) == 1


async def test_a_sibling_that_is_unfit_is_none_to_try() -> None:
    world = World(A, B, scripts={"a": [DOWN, ANSWER]}, rules=OURS)
    only_a = Check("a", lambda group, _: [d for d in group if d.id == "a"], lambda *_: DOWN)
    chooser = replace(world.router.chooser, checks=[only_a])
    router = replace(world.router, chooser=chooser)

    await router.send(Ask(call()), Policy(), world.journey)
    assert world.tried == ["a", "a"]
    assert len(world.slept) == 1


async def test_a_stream_that_breaks_again_and_again_is_ejected_in_the_end() -> None:
    broken = failure(Kind.BROKEN)
    world = World(A, B, scripts={"a": [FakeBody(b"x", error=broken) for _ in range(9)]})
    for _ in range(8):
        world.journey = Journey()
        reply = await world.send(call(stream=True))
        if isinstance(reply.body, bytes):
            continue
        with pytest.raises(Failure):
            await read(reply)

    assert world.tried.count("a") == 5

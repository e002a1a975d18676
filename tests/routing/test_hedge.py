"""A second attempt beside a slow one: one answer, and nothing that is left behind."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Failure, GatewayError, Kind
from adapters.types import Call, Receipt, Reply, Target, Usage
from routing.ask import Ask
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.hedge import LEAST_SAMPLES, Share, may_be_doubled, slow_after
from routing.journey import Attempt, Journey
from routing.latency import TIMED_OUT_S
from routing.overload import SPAN_S
from routing.policy import HedgeRules, Policy, RestRules
from routing.wiring import wired
from tests.fakes import FakeBody, FakeClock
from tests.routing.worlds import call, deployment, failure, first_of

A, B, C = (deployment(name, max_parallel=1) for name in "abc")
HEDGED = Policy(retries=0, hedge=HedgeRules(max_share=1.0), backoff=0.0)
USUAL_S = 1.0  # until a stream begins


class HandClock(FakeClock):
    """Time that a test moves by hand, and those who sleep wake up by it."""

    def __init__(self) -> None:
        super().__init__()
        self._sleeping: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        awake = asyncio.Event()
        self._sleeping.append((self.t + seconds, awake))
        await awake.wait()

    async def pass_(self, seconds: float) -> None:
        await calm()
        self.t += seconds
        for at, awake in self._sleeping:
            if at <= self.t:
                awake.set()
        await calm()


class Stage:
    """A provider whose models answer when a test says so."""

    name = "fake"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.called_off: list[str] = []
        self.bodies: list[FakeBody] = []
        self._cues: dict[str, asyncio.Future[Reply]] = {}

    async def send(self, _: Call, target: Target) -> Reply:
        self.asked.append(target.model)
        cue = self._cues[target.model] = asyncio.get_running_loop().create_future()
        try:
            reply: Reply = await cue
        except asyncio.CancelledError:
            self.called_off.append(target.model)
            await asyncio.sleep(0)  # to let go of a connection may take a turn of the loop
            raise
        return reply

    def answers(self, model: str) -> None:
        body = FakeBody(model.encode())
        self.bodies.append(body)
        self._cue(model).set_result(Reply(body, Receipt(usage=Usage(1, 1))))

    def fails(self, model: str, error: Exception) -> None:
        self._cue(model).set_exception(error)

    def waits_for(self, model: str) -> bool:
        return model in self._cues and not self._cues[model].done()

    def _cue(self, model: str) -> asyncio.Future[Reply]:
        assert self.waits_for(model), f"{model} was not asked, or is done"
        return self._cues[model]


class World:
    """A router over a stage. A call is made in the background, `outcome` is what became of it."""

    def __init__(self, *deployments: Deployment, samples: int = LEAST_SAMPLES) -> None:
        self.clock = HandClock()
        self.stage = Stage()
        self.deployments = deployments
        self.health = Health(RestRules(), self.clock, Random(1))
        self.router = wired(
            Groups(deployments, {}),
            {"fake": self.stage},
            lambda _: first_of,
            self.health,
            clock=self.clock,
            rng=Random(1),
        )
        for known in deployments:
            for _ in range(samples):
                self.health.timed(known, USUAL_S, 2.0, 10)

    def ask(
        self, policy: Policy = HEDGED, asked: Call | None = None
    ) -> tuple[asyncio.Task[Reply], Journey]:
        journey = Journey()
        ask = Ask(asked or call(stream=True))
        return asyncio.create_task(self.router.send(ask, policy, journey)), journey

    @property
    def in_flight(self) -> int:
        stats = self.health.stats(self.deployments)
        return sum(seen.in_flight for seen in stats.values())

    async def has_all_slots(self) -> bool:
        """Whether each deployment could take the one call that it may have at a time."""
        taken = [
            await self.router.attempts.limits.reserve(each, Ask(call()))
            for each in self.deployments
        ]
        return all(taken)


async def calm() -> None:
    """Until nothing happens any more but what waits for time or a cue."""
    for _ in range(30):
        await asyncio.sleep(0)


async def read(reply: Reply) -> bytes:
    assert not isinstance(reply.body, bytes)
    try:
        return b"".join([chunk async for chunk in reply.body])
    finally:
        await reply.body.aclose()


async def test_who_begins_in_time_is_alone() -> None:
    world = World(A, B)

    task, journey = world.ask()
    await world.clock.pass_(0.9)
    world.stage.answers("a")
    assert await read(await task) == b"a"

    assert world.stage.asked == ["a"]
    assert not journey.hedged
    assert world.in_flight == 0


async def test_a_slow_one_gets_company_and_the_faster_one_has_the_call() -> None:
    world = World(A, B)

    task, journey = world.ask()
    await world.clock.pass_(1.0)
    assert world.stage.asked == ["a", "b"]
    world.stage.answers("b")
    assert await read(await task) == b"b"

    assert world.stage.called_off == ["a"]
    assert journey.attempts == [
        Attempt("big", A, 1.0, lost=True),
        Attempt("big", B, 0.0, hedge=True),
    ]
    assert journey.answered == journey.attempts[-1]
    assert (journey.hedged, journey.retries) == (True, 0)
    assert world.in_flight == 0
    assert world.health.stats([A])["a"].failures == 0
    assert await world.has_all_slots()


async def test_the_slow_one_may_still_be_first() -> None:
    world = World(A, B)

    task, journey = world.ask()
    await world.clock.pass_(1.0)
    await world.clock.pass_(0.5)
    world.stage.answers("a")
    assert await read(await task) == b"a"

    assert world.stage.called_off == ["b"]
    assert [attempt.hedge for attempt in journey.attempts] == [True, False]
    assert journey.answered == Attempt("big", A, 1.5)
    assert await world.has_all_slots()


async def test_of_two_at_once_the_first_has_the_call_and_the_other_is_closed() -> None:
    world = World(A, B)

    task, journey = world.ask()
    await world.clock.pass_(1.0)
    world.stage.answers("b")
    world.stage.answers("a")
    assert await read(await task) == b"a"

    assert [body.closed for body in world.stage.bodies] == [1, 1]
    assert [attempt.lost for attempt in journey.attempts] == [True, False]
    assert world.in_flight == 0
    assert await world.has_all_slots()


@pytest.mark.parametrize(("fails", "answers"), [("a", "b"), ("b", "a")])
async def test_while_one_fails_the_other_may_answer(fails: str, answers: str) -> None:
    world = World(A, B)

    task, journey = world.ask()
    await world.clock.pass_(1.0)
    world.stage.fails(fails, failure(Kind.TRANSIENT))
    await calm()
    assert not task.done()
    world.stage.answers(answers)
    assert await read(await task) == answers.encode()

    assert world.health.stats(world.deployments)[fails].failures == 1
    assert journey.retries == 0
    assert await world.has_all_slots()


async def test_when_both_fail_the_plan_goes_on_with_a_third() -> None:
    world = World(A, B, C)

    task, journey = world.ask(Policy(retries=1, hedge=HedgeRules(max_share=1.0)))
    await world.clock.pass_(1.0)
    world.stage.fails("b", failure(Kind.TRANSIENT))
    world.stage.fails("a", failure(Kind.TRANSIENT))
    await calm()
    world.stage.answers("c")
    assert await read(await task) == b"c"

    assert world.stage.asked == ["a", "b", "c"]
    assert journey.retries == 1


async def test_when_all_have_failed_the_error_is_the_first_one_s() -> None:
    world = World(A, B)

    task, _ = world.ask()
    await world.clock.pass_(1.0)
    world.stage.fails("b", failure(Kind.TRANSIENT, "b is down"))
    world.stage.fails("a", failure(Kind.TRANSIENT, "a is down"))
    with pytest.raises(Failure, match="a is down"):
        await task

    assert world.in_flight == 0


@pytest.mark.parametrize("waited", [None, 0.0, 0.5, 1.0])
async def test_a_client_that_leaves_leaves_nothing_behind(waited: float | None) -> None:
    world = World(A, B)

    task, journey = world.ask()
    if waited is not None:
        await world.clock.pass_(waited)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert world.stage.called_off == world.stage.asked
    assert journey.answered is None
    assert world.in_flight == 0
    assert await world.has_all_slots()


@pytest.mark.parametrize("turns", range(8))
async def test_a_client_that_leaves_while_the_slow_one_is_called_off_leaves_nothing_behind(
    turns: int,
) -> None:
    world = World(A, B)

    task, _ = world.ask()
    await world.clock.pass_(1.0)
    world.stage.answers("b")
    for _turn in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, Reply):
        await read(outcome)
    await calm()

    assert [body.closed for body in world.stage.bodies] == [1]
    assert world.in_flight == 0
    assert await world.has_all_slots()


async def test_there_is_one_hedge_in_a_request() -> None:
    world = World(A, B, C, deployment("d"))

    task, journey = world.ask(Policy(retries=3, hedge=HedgeRules(max_share=1.0)))
    await world.clock.pass_(1.0)
    for model in "ab":
        world.stage.fails(model, failure(Kind.TRANSIENT))
    await world.clock.pass_(100.0)
    assert world.stage.asked == ["a", "b", "c"]
    world.stage.answers("c")
    await read(await task)

    assert sum(attempt.hedge for attempt in journey.attempts) == 1


NOBODY: dict[str, tuple[Policy, Call]] = {
    "nobody has opted in": (Policy(retries=0), call(stream=True)),
    "a document": (HEDGED, call()),
    "what is stored": (HEDGED, call(stream=True, store=True)),
    "the deadline comes first": (
        Policy(retries=0, hedge=HedgeRules(max_share=1.0), deadline=0.5),
        call(stream=True),
    ),
    "no share is earned yet": (
        Policy(retries=0, hedge=HedgeRules(max_share=0.02)),
        call(stream=True),
    ),
}


@pytest.mark.parametrize("case", NOBODY)
async def test_when_nobody_is_asked_beside(case: str) -> None:
    policy, asked = NOBODY[case]
    world = World(A, B)

    task, _journey = world.ask(policy, asked)
    await world.clock.pass_(50.0)
    assert world.stage.asked == ["a"]
    world.stage.answers("a")
    await read(await task)


async def test_where_too_little_is_known_nobody_is_asked_beside() -> None:
    world = World(A, B, samples=LEAST_SAMPLES - 1)

    task, _ = world.ask()
    await world.clock.pass_(50.0)
    assert world.stage.asked == ["a"]
    world.stage.answers("a")
    await read(await task)


@pytest.mark.parametrize("other", [None, deployment("b", off="no key")])
async def test_where_nobody_else_is_nobody_is_asked_beside(other: Deployment | None) -> None:
    world = World(A, *((other,) if other else ()))

    task, _ = world.ask()
    await world.clock.pass_(50.0)
    assert world.stage.asked == ["a"]
    world.stage.answers("a")
    await read(await task)


async def test_nobody_at_rest_or_without_room_is_asked_beside() -> None:
    world = World(A, B, C)
    world.health.failed(B, failure(Kind.RATE_LIMIT, retry_after=500.0), lone=False)
    await world.router.attempts.limits.reserve(C, Ask(call()))

    task, journey = world.ask()
    await world.clock.pass_(50.0)
    assert world.stage.asked == ["a"]
    world.stage.answers("a")
    await read(await task)

    assert not journey.hedged


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (failure(Kind.RATE_LIMIT), ["a"]),
        (Failure(Kind.TRANSIENT, "overloaded", upstream_status=529), ["a"]),
        (Failure(Kind.TRANSIENT, "a bug of theirs", upstream_status=500), ["a", "b"]),
    ],
)
async def test_no_provider_with_too_much_to_do_is_asked_beside(
    error: Failure, asked: Sequence[str]
) -> None:
    world = World(A, B, deployment("theirs", "another alias"))
    task, _ = world.ask(asked=call("another alias", stream=True))
    await calm()
    world.stage.fails("theirs", error)
    with pytest.raises(Failure):
        await task
    await world.clock.pass_(70.0)  # nobody rests any longer
    world.stage.asked.clear()

    task, _ = world.ask()
    await world.clock.pass_(1.0)
    assert world.stage.asked == asked
    task.cancel()
    await asyncio.wait([task])
    await world.clock.pass_(SPAN_S)
    world.stage.asked.clear()

    task, _ = world.ask()
    await world.clock.pass_(1.0)
    assert world.stage.asked[:2] == ["a", "b"]
    task.cancel()
    await asyncio.wait([task])


MOVES = some.sampled_from(["a answers", "b answers", "a fails", "b fails", "wait", "leave"])


@given(some.lists(MOVES, max_size=5))
async def test_whatever_comes_first_there_is_one_outcome_and_nothing_is_lost(
    moves: list[str],
) -> None:
    world = World(A, B)
    task, journey = world.ask()
    for move in [*moves, "leave"]:
        match move.split():
            case ["wait"]:
                await world.clock.pass_(1.0)
            case ["leave"]:
                task.cancel()
            case [model, "answers"] if world.stage.waits_for(model):
                world.stage.answers(model)
            case [model, "fails"] if world.stage.waits_for(model):
                world.stage.fails(model, failure(Kind.TRANSIENT))
        if move == "wait":
            await calm()
    outcome: Any = (await asyncio.gather(task, return_exceptions=True))[0]
    if isinstance(outcome, Reply):
        assert journey.answered
        assert await read(outcome) == journey.answered.deployment.id.encode()
        assert [a for a in journey.attempts if not a.failure and not a.lost] == [journey.answered]
    else:
        assert isinstance(outcome, GatewayError | asyncio.CancelledError)

    assert world.in_flight == 0
    assert {body.closed for body in world.stage.bodies} <= {1}
    assert sum(attempt.hedge for attempt in journey.attempts) <= 1
    assert await world.has_all_slots()


# --- pure parts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "percentile", "expected"),
    [
        ([], 95, None),
        ([1.0] * (LEAST_SAMPLES - 1), 95, None),
        ([1.0] * LEAST_SAMPLES, 95, 1.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
        ([float(n) for n in range(100, 0, -1)], 50, 50.0),
        ([float(n) for n in range(1, 101)], 100, 100.0),
        ([float(n) for n in range(1, 101)], 0.1, 1.0),
        ([1.0] * LEAST_SAMPLES + [TIMED_OUT_S] * 50, 95, 1.0),
        ([TIMED_OUT_S] * 50, 95, None),
    ],
)
def test_when_a_stream_is_slow(
    samples: list[float], percentile: float, expected: float | None
) -> None:
    assert slow_after(samples, percentile) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (call(stream=True), True),
        (call(), False),
        (call(stream=True, store=True), False),
        (call(stream=True, store=False), True),
        (call(stream=True, background=True), False),
        (call(stream=True, tools=[{"type": "function"}, {"name": "f"}]), True),
        (call(stream=True, tools=[{"type": "web_search_20250305"}]), False),
        (call(stream=True, tools="odd"), True),
    ],
)
def test_what_may_be_asked_twice(asked: Call, expected: bool) -> None:
    assert may_be_doubled(Ask(asked)) is expected


@given(some.lists(some.booleans(), max_size=500), some.floats(0.0, 1.0))
def test_there_are_never_more_hedges_than_their_share(wanted: list[bool], part: float) -> None:
    share, hedges = Share(), 0
    for number, wants in enumerate(wanted, 1):
        share.earn(part)
        hedges += wants and share.spend()

        assert hedges <= number * part + 1e-9

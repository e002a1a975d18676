"""A second attempt beside a slow first one: who says something first has the call.

Only where the operator has opted in, only for streams, once in a request, and for a small share of
an alias's requests. How long the first is waited for is measured: the time within which nearly all
of its last streams have begun.

Sources (read 2026-11): https://research.google/pubs/the-tail-at-scale/ (hedged requests),
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_routing (hedging).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil

from adapters.clock import Clock
from adapters.errors import GatewayError
from adapters.types import Reply
from routing.ask import Ask
from routing.attempts import Attempts
from routing.deployment import Deployment
from routing.journey import Attempt, Journey
from routing.latency import TIMED_OUT_S
from routing.limits import Reservation
from routing.policy import HedgeRules

LEAST_SAMPLES = 20  # fewer say nothing of one stream in twenty
_MOST_SAVED = 10.0  # hedges that a quiet time may save up


def slow_after(samples: Sequence[float], percentile: float) -> float | None:
    """Seconds after which a stream is slower than its like; None: too little is known.

    Time-outs do not count: they say nothing about how long an answer takes.
    """
    answered = sorted(seconds for seconds in samples if seconds < TIMED_OUT_S)
    if len(answered) < LEAST_SAMPLES:
        return None
    return answered[max(0, ceil(len(answered) * percentile / 100) - 1)]


def may_be_doubled(ask: Ask) -> bool:
    """Whether it does no harm that two providers work on the same request.

    What is stored or goes on in the background would be there twice; tools that run at the
    provider would act twice.
    """
    body = ask.call.body
    if not ask.call.stream or body.get("store") or body.get("background"):
        return False
    tools = body.get("tools")
    return not any(
        isinstance(tool, dict) and tool.get("type") not in {None, "function", "custom"}
        for tool in (tools if isinstance(tools, list) else ())
    )


class Share:
    """How many hedges one alias may have: each request earns a part of one."""

    __slots__ = ("_saved",)

    def __init__(self) -> None:
        self._saved = 0.0

    @property
    def enough(self) -> bool:
        return self._saved >= 1.0

    def earn(self, part: float) -> None:
        self._saved = min(self._saved + part, _MOST_SAVED)

    def spend(self) -> bool:
        """Whether there was one to be had."""
        if self.enough:
            self._saved -= 1.0
            return True
        return False


@dataclass(slots=True)
class _Runner:
    """One of two attempts. What happened to it is told when the race is over."""

    taken: Reservation
    journey: Journey
    started: float
    task: asyncio.Task[Reply] = field(init=False)
    running: bool = False

    def start(self, attempt: Callable[[], Awaitable[Reply]]) -> None:
        self.task = asyncio.create_task(self._run(attempt))

    async def _run(self, attempt: Callable[[], Awaitable[Reply]]) -> Reply:
        self.running = True
        return await attempt()

    @property
    def answered(self) -> bool:
        return self.task.done() and not self.task.cancelled() and not self.task.exception()


@dataclass(frozen=True, slots=True)
class Heat:
    """One attempt that is to be made, and among whom a second could be."""

    alias: str
    group: Sequence[Deployment]
    ask: Ask
    taken: Reservation
    tried: dict[str, int]  # deployment -> its order; a second one is added
    lone: bool
    left: float  # seconds until the call's deadline


class Hedging:
    """Makes attempts, some of them twice: where nobody has opted in, it is not asked."""

    def __init__(self, attempts: Attempts, clock: Clock) -> None:
        self._attempts = attempts
        self._chooser = attempts.chooser
        self._clock = clock
        self._shares: dict[str, Share] = {}

    async def make(self, heat: Heat, journey: Journey, rules: HedgeRules) -> Reply:
        """Answer the call with what was taken, or with what a second attempt brings first.

        Raises:
            Failure: it failed, and so did the second if there was one; that is noted already.
        """
        after = self._after(heat, journey, rules)
        if after is None:
            return await self._attempt(heat, heat.taken, journey)
        return await self._race(heat, journey, after)

    async def _attempt(self, heat: Heat, taken: Reservation, journey: Journey) -> Reply:
        return await self._attempts.make(
            heat.alias, heat.ask, taken, journey, lone=heat.lone, left=heat.left
        )

    def _after(self, heat: Heat, journey: Journey, rules: HedgeRules) -> float | None:
        """Seconds until a second attempt may be made; None: there will be none."""
        if not heat.ask.call.stream:
            return None
        share = self._share(heat)
        if len(heat.tried) == 1:  # once for each request
            share.earn(rules.max_share)
        if not share.enough or journey.hedged or not may_be_doubled(heat.ask):
            return None
        if not self._others(heat):
            return None
        samples = self._chooser.known[heat.taken.deployment.id].first_tokens
        after = slow_after(samples, rules.percentile)
        return after if after is not None and after < heat.left else None

    def _share(self, heat: Heat) -> Share:
        # The configured name, for clients choose what a wildcard stands for.
        return self._shares.setdefault(heat.taken.deployment.alias, Share())

    def _others(self, heat: Heat) -> Sequence[Deployment]:
        now, overload = self._clock.now(), self._chooser.overload
        return [
            deployment
            for deployment in heat.group
            if deployment.id not in heat.tried and not overload.strained(now, deployment)
        ]

    async def _race(self, heat: Heat, journey: Journey, after: float) -> Reply:
        runners = [self._started(heat, heat.taken, journey)]
        winner = None
        try:
            slow = not await self._ends_within(runners[0].task, after)
            if slow and (taken := await self._second(heat)):
                runners.append(self._started(heat, taken, journey))
            winner = await _first_answer(runners)
            return winner.task.result()
        finally:
            await self._settle(heat, runners, winner, journey)

    def _started(self, heat: Heat, taken: Reservation, journey: Journey) -> _Runner:
        runner = _Runner(taken, Journey(told=journey.told), self._clock.now())
        runner.start(partial(self._attempt, heat, taken, runner.journey))
        return runner

    async def _ends_within(self, task: asyncio.Task[Reply], seconds: float) -> bool:
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return task.done()

    async def _second(self, heat: Heat) -> Reservation | None:
        """Somebody else, with room taken for the call; nobody is waited for."""
        share, others = self._share(heat), self._others(heat)
        if not others or not share.spend():
            return None
        try:
            taken = await self._chooser.choose(heat.alias, others, heat.ask, {}, last=False)
        except GatewayError:
            share.earn(1.0)
            return None
        heat.tried[taken.deployment.id] = taken.deployment.order
        return taken

    async def _settle(
        self, heat: Heat, runners: Sequence[_Runner], winner: _Runner | None, journey: Journey
    ) -> None:
        """Whoever has not won is called off, and gives back what it has taken."""
        losers = [runner for runner in runners if runner is not winner]
        if losers:
            try:  # to the end, even if the client leaves meanwhile
                await asyncio.shield(asyncio.ensure_future(self._call_off(losers)))
            except asyncio.CancelledError:
                if winner:
                    await self._call_off([winner])
                raise
        for runner in (*losers, *((winner,) if winner else ())):
            hedge = runner is not runners[0]
            journey.attempts += self._story(heat.alias, runner, hedge=hedge, won=runner is winner)
        if winner:
            journey.answered = journey.attempts[-1]

    async def _call_off(self, losers: Sequence[_Runner]) -> None:
        for runner in losers:
            runner.task.cancel()
        await asyncio.wait([runner.task for runner in losers])
        for runner in losers:
            if runner.answered and not isinstance(body := runner.task.result().body, bytes):
                await body.aclose()
            if not runner.running:  # called off before its first step
                self._attempts.limits.ended(runner.taken, None)
                self._chooser.released(runner.taken.deployment)

    def _story(self, alias: str, runner: _Runner, *, hedge: bool, won: bool) -> Iterator[Attempt]:
        if not runner.journey.attempts:
            took = self._clock.now() - runner.started
            yield Attempt(alias, runner.taken.deployment, took, hedge=hedge, lost=True)
        for attempt in runner.journey.attempts:
            yield replace(attempt, hedge=hedge, lost=not (won or attempt.failure))


async def _first_answer(runners: Sequence[_Runner]) -> _Runner:
    """The first that has answered; of two at once the first one made.

    Raises:
        Failure: nobody has; what became of the first one made.
    """
    pending = {runner.task for runner in runners}
    while pending:
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for runner in runners:
            if runner.answered:
                return runner
    runners[0].task.result()  # raises
    raise AssertionError("an attempt has neither answered nor failed")

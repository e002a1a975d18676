"""One attempt at one deployment, and everything that must be noted about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Adapter
from adapters.quota import told
from adapters.types import Body, Reply, Target, Usage
from routing.ask import Ask
from routing.budgets import Budgets
from routing.chooser import Chooser
from routing.health import Health
from routing.journey import Attempt, Journey
from routing.limits import Limits, Reservation

_NEGLIGIBLE_S = 1.0  # by so much a time-out may pass the deadline
_COSTS_NOTHING = frozenset({Kind.RATE_LIMIT, Kind.CALLER, Kind.CREDENTIAL, Kind.QUOTA})


@dataclass(frozen=True, slots=True)
class Attempts:
    """Makes attempts: sends, watches, settles."""

    adapters: Mapping[str, Adapter]
    health: Health
    limits: Limits
    chooser: Chooser
    clock: Clock
    budgets: Budgets | None = None

    async def make(
        self,
        alias: str,
        ask: Ask,
        taken: Reservation,
        journey: Journey,
        *,
        lone: bool,
        left: float,
    ) -> Reply:
        """Answer the call with what was taken. `lone`: nobody else could serve the alias; `left`:
        seconds until the call's deadline.

        Raises:
            Failure: it failed; that is noted already.
        """
        watch = _Watch(self, alias, ask, taken, lone=lone, left=left, started=self.clock.now())
        deployment = taken.deployment
        self.health.started(deployment)
        target = _within(deployment.target, left)
        try:
            reply = await self.adapters[target.provider].send(ask.call, target)
            watch.answered(reply)
        except BaseException as error:
            failure = error if isinstance(error, Failure) else None
            rest = watch.failed(failure)
            if failure:
                journey.note(Attempt(alias, deployment, watch.took, failure, rest))
            raise
        journey.note(Attempt(alias, deployment, watch.first))
        if isinstance(reply.body, bytes):
            watch.done(reply.receipt.usage)
            return reply
        self.health.answered(deployment, watch.started)
        return Reply(Watched(reply, reply.body, watch), reply.receipt, reply.headers)


@dataclass(slots=True)
class _Watch:
    """The end of an attempt, whichever it is, is noted once."""

    of: Attempts
    alias: str
    ask: Ask
    taken: Reservation
    lone: bool
    left: float
    started: float
    first: float = 0.0  # seconds until the answer began
    open: bool = field(default=True)
    replied: bool = False

    @property
    def took(self) -> float:
        return self.of.clock.now() - self.started

    def answered(self, reply: Reply) -> None:
        """An answer has begun."""
        of, deployment = self.of, self.taken.deployment
        now = of.clock.now()
        self.first = now - self.started
        self.replied = True
        if self.taken.quota.listens(now):
            of.limits.told(self.taken, told(reply.headers, now_wall=of.clock.wall()))
        if (overload := of.chooser.overload).places:
            overload.answered(now, deployment, self.started)
        affinity = of.chooser.affinity
        if affinity and not self.lone:
            affinity.bind(self.alias, deployment, self.ask)

    def done(self, usage: Usage) -> None:
        """It was all there when it began: what `Health` is told of a stream bit by bit."""
        self.open = False
        first = self.first if self.ask.call.stream else None
        deployment = self.taken.deployment
        self.of.health.done(deployment, self.started, first, self.first, usage.output)
        self._settle(usage)

    def succeeded(self, usage: Usage) -> None:
        """The answer came to its end."""
        deployment, health = self.taken.deployment, self.of.health
        health.succeeded(deployment, self.started)
        first = self.first if self.ask.call.stream else None
        health.timed(deployment, first, self.took, usage.output)

    def failed(self, failure: Failure | None) -> float:
        """Note a failure, or that the client has left; returns how long the deployment rests."""
        rest = 0.0
        if failure:
            self._heed(failure)
        if failure and not self._cut_short(failure):
            rest = self.of.health.failed(
                self.taken.deployment, failure, lone=self.lone, began=self.started
            )
        if failure and failure.kind is Kind.RATE_LIMIT and rest:
            self.of.limits.refused(self.taken, failure.retry_after)
        free = failure is not None and failure.kind in _COSTS_NOTHING
        self.ended(None if free else Usage(self.taken.need.prompt))
        return rest

    def broken(self, failure: Failure) -> None:
        """The stream broke off after its commit point."""
        self._heed(failure, answered=True)
        self.of.health.failed(self.taken.deployment, failure, lone=self.lone, began=self.started)

    def ended(self, usage: Usage | None) -> None:
        if self.open:
            self.open = False
            self.of.health.ended(self.taken.deployment, self.started)
            self._settle(usage)

    def _settle(self, usage: Usage | None) -> None:
        """Give back what was taken."""
        of, deployment = self.of, self.taken.deployment
        of.limits.ended(self.taken, usage)
        if of.budgets and usage and self.replied:
            of.budgets.spent(deployment, usage, self.ask)
        of.chooser.released(deployment)

    def _heed(self, failure: Failure, *, answered: bool = False) -> None:
        """A provider may have said that it has too much to do."""
        of, deployment = self.of, self.taken.deployment
        requests, _ = of.limits.used(deployment)
        of.chooser.overload.failed(
            of.clock.now(), deployment, failure, self.started, before=requests, answered=answered
        )

    def _cut_short(self, failure: Failure) -> bool:
        """Whether the call's deadline ended the attempt, long before the deployment's time-out.

        That says nothing about the deployment. If it counted, one impatient client could put it
        to rest for everybody.
        """
        limits = self.taken.deployment.target.timeouts
        own = limits.first if self.ask.call.stream else limits.total
        waited_out = self.took >= self.left - 0.01
        return failure.kind is Kind.TIMEOUT and waited_out and self.left < 0.99 * own


class Watched:
    """A stream whose end, good or bad, is noted."""

    def __init__(self, reply: Reply, body: Body, watch: _Watch) -> None:
        self._receipt = reply.receipt
        self._body = body
        self._watch = watch
        self._ended_well = False

    def __aiter__(self) -> "Watched":
        return self

    async def __anext__(self) -> bytes:
        try:
            data = await self._body.__anext__()
        except StopAsyncIteration:
            self._succeed()
            raise
        except Failure as failure:
            self._watch.broken(failure)
            raise
        if self._receipt.complete:  # who has the last event need not read on
            self._succeed()
        return data

    def _succeed(self) -> None:
        if not self._ended_well:
            self._ended_well = True
            self._watch.succeeded(self._receipt.usage)

    async def aclose(self) -> None:
        if self._watch.open:
            self._watch.ended(self._receipt.usage)
            await self._body.aclose()


def _within(target: Target, left: float) -> Target:
    """The same target, whose time-outs end no later than the call's own deadline."""
    limits = target.timeouts
    if left >= max(limits.first, limits.total) - _NEGLIGIBLE_S:
        return target
    left = max(left, 0.001)
    return replace(
        target,
        timeouts=replace(limits, first=min(limits.first, left), total=min(limits.total, left)),
    )

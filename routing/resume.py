"""A stream that goes on at another deployment when it breaks off. Only where the operator opted in.

What the client reads stays one stream: it is watched as it passes, and if it breaks where that does
no harm, somebody else is asked for the rest. Once in a request; what cannot be joined without doubt
ends with the error that the client would have got anyway.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from adapters.clock import Clock
from adapters.errors import ODD, Failure, GatewayError
from adapters.merge import merged
from adapters.resume.asking import Question, question, unfit
from adapters.resume.skip import Diverged
from adapters.resume.told import Join, Told, told
from adapters.tokens import CHARACTERS_PER_TOKEN
from adapters.types import Body, Receipt, Reply, Target, Usage
from routing.ask import Ask
from routing.deployment import Deployment
from routing.journey import Attempt, Journey, Resumption
from routing.limits import Reservation
from routing.policy import Policy
from routing.rules import RULES

Answer: TypeAlias = Callable[
    [Ask, Policy, Journey, "Continuation | None"], Coroutine[Any, Any, Reply]
]
"""Who finds a deployment for the rest: the router's loop."""


@dataclass(slots=True)
class Continuation:
    """The rest of an answer that broke off: what to ask whom for it."""

    text: str
    tried: frozenset[str]  # ids of deployments that have failed for this call
    left: float  # seconds that the whole stream may still last
    question: Question | None = field(default=None, init=False)  # the last that was asked

    def others(self, group: Sequence[Deployment]) -> Sequence[Deployment]:
        return [deployment for deployment in group if deployment.id not in self.tried]

    def asked(self, ask: Ask, taken: Reservation) -> tuple[Ask, Reservation]:
        """The call for the rest, and the deployment that was taken with the time that is left."""
        deployment = taken.deployment
        self.question = question(ask.call.body, ask.call.dialect, deployment.target, self.text)
        target = _within(deployment.target, self.left)
        ask = replace(ask, call=ask.call.saying(self.question.body))
        return ask, replace(taken, deployment=replace(deployment, target=target))


@dataclass(frozen=True, slots=True)
class Course:
    """A call that is being answered, and how it can be answered further."""

    ask: Ask
    policy: Policy
    journey: Journey
    answer: Answer
    clock: Clock

    def resumable(self, reply: Reply) -> Reply:
        """The reply, watched so that it can go on elsewhere; the same one if it never could."""
        call, made = self.ask.call, self.journey.answered
        if isinstance(reply.body, bytes) or made is None:
            return reply
        reader = None if unfit(merged(call.body, made.deployment.target)) else told(call.dialect)
        if reader is None:
            return reply
        receipt = Receipt(model=reply.receipt.model)
        body = Resumable(_Part(reply.body, reply.receipt), reader, receipt, _Pursuit(self, made))
        return replace(reply, body=body, receipt=receipt)


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the two streams that a whole is made of."""

    body: Body
    receipt: Receipt


class _Pursuit:
    """Finds somebody for the rest."""

    def __init__(self, course: Course, made: Attempt) -> None:
        self._course = course
        self._made = made
        self._began = course.clock.now() - made.took

    async def rest(self, failure: Failure, text: str) -> tuple[_Part, Question, Deployment]:
        """The stream that has the rest, what it was asked, and of whom.

        Raises:
            GatewayError: nobody is there for it.
        """
        course, broken = self._course, self._made.deployment
        left = broken.target.timeouts.stream - (course.clock.now() - self._began)
        if left <= 0:
            raise failure
        tried = frozenset(attempt.deployment.id for attempt in course.journey.attempts)
        rest, own = Continuation(text, tried, left), Journey(told=course.journey.told)
        policy = replace(course.policy, deadline=min(course.policy.deadline, left), hedge=None)
        reply = await course.answer(course.ask, policy, own, rest)
        if isinstance(reply.body, bytes) or own.answered is None or rest.question is None:
            raise failure
        alias, by = own.answered.alias, own.answered.deployment
        prefilled = rest.question.prefilled
        resumption = Resumption(alias, broken, by, failure, len(text), prefilled)
        course.journey.resumption = resumption
        course.journey.resumed(resumption)
        return _Part(reply.body, reply.receipt), rest.question, by

    def gave_up(self, why: str) -> None:
        self._course.journey.not_resumed = why

    def estimate(self, text: str, usage: Usage) -> Usage:
        """What the broken part has used. What its provider had no time to tell is estimated."""
        read = usage.input or self._course.ask.prompt_tokens(CHARACTERS_PER_TOKEN)
        said = max(usage.output, int(len(text) / CHARACTERS_PER_TOKEN))
        return replace(usage, input=read, output=said)


class Resumable:
    """A stream of at most two parts. `receipt` is that of the whole."""

    def __init__(self, part: _Part, reader: Told, receipt: Receipt, pursuit: _Pursuit) -> None:
        self._part = part
        self._told = reader
        self._whole = receipt
        self._pursuit = pursuit
        self._before = Usage()  # of the first part, once there is a second
        self._rest: _Rest | None = None
        self._note()

    def __aiter__(self) -> "Resumable":
        return self

    async def __anext__(self) -> bytes:
        if self._rest is None:
            try:
                data = await self._part.body.__anext__()
            except Failure as failure:
                self._rest = await self._go_on(failure)
            else:
                self._told.see(data)
                self._note()
                return data
        try:
            data = await self._rest.next()
        except (Diverged, *ODD) as error:
            self._pursuit.gave_up(f"the continuation does not fit: {error}")
            raise self._rest.failure from error
        self._note()
        return data

    async def aclose(self) -> None:
        await self._part.body.aclose()

    async def _go_on(self, failure: Failure) -> "_Rest":
        """Have somebody go on, or raise the failure."""
        failure.let_go()  # what follows keeps it
        why_not = "" if RULES[failure.kind].sibling else "nobody else would do better"
        if why_not := why_not or self._told.why_not:
            self._pursuit.gave_up(why_not)
            raise failure
        text = self._told.text
        await self._part.body.aclose()
        try:
            part, asked, by = await self._pursuit.rest(failure, text)
        except GatewayError as error:
            self._pursuit.gave_up("nobody was there to go on")
            raise failure from (None if error is failure else error)
        self._before = self._pursuit.estimate(text, self._part.receipt.usage)
        self._part = part
        join = self._told.join(asked.expected, self._before)
        return _Rest(part.body, join, failure, b": resumed on %b\n\n" % _one_line(by.id))

    def _note(self) -> None:
        part, before = self._part.receipt, self._before
        self._whole.usage = Usage(
            input=before.input + part.usage.input,
            output=before.output + part.usage.output,
            cache_read=before.cache_read + part.usage.cache_read,
            cache_write=before.cache_write + part.usage.cache_write,
            reasoning=before.reasoning + part.usage.reasoning,
        )
        self._whole.finish, self._whole.complete = part.finish, part.complete


@dataclass(slots=True)
class _Rest:
    """The second part, as it adds to the first."""

    body: Body
    join: Join
    failure: Failure  # of the first
    comment: bytes  # says that this is another; goes before the first new word

    async def next(self) -> bytes:
        said = b""
        while not said:
            said = self.join.feed(await self.body.__anext__())
        comment, self.comment = self.comment, b""
        return comment + said


def _within(target: Target, left: float) -> Target:
    """The same target, whose streams end no later than the whole may last."""
    limits = target.timeouts
    return replace(target, timeouts=replace(limits, stream=min(limits.stream, left)))


def _one_line(text: str) -> bytes:
    return "".join(c if c.isprintable() else "?" for c in text).encode(errors="replace")

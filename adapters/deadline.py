"""Time limits, for less than `asyncio.timeout` costs: every request has some of them."""

import asyncio
from collections.abc import Awaitable, Generator
from types import TracebackType, coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class within:  # noqa: N801  # it reads as a word: `with within(5.0):`
    """Raises `TimeoutError` in the present task once the block has lasted for so many seconds.

    The rules are those of `asyncio.timeout`: what is raised is only ours if it was we who cancelled
    and nobody else did.
    """

    __slots__ = ("_before", "_handle", "_rang", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._rang = False
        self._task = self._set()
        self._before = self._task.cancelling()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unset()
        if self._rang and self._task.uncancel() <= self._before and isinstance(error, _CANCELLED):
            raise TimeoutError from error

    def ring(self) -> None:
        """Its time is over."""
        self._rang = True
        self._task.cancel()

    def _set(self) -> asyncio.Task[Any]:
        loop = asyncio.get_running_loop()
        task = _present(loop)
        self._handle = loop.call_later(self._seconds, self.ring)
        return task

    def _unset(self) -> None:
        self._handle.cancel()


class Limit:
    """Blocks that may last equally long, in the order in which they began: that is the order in
    which their time is over, so one timer does for all of them. When it goes off most have ended;
    to set and cancel one for each would cost several times as much.
    """

    __slots__ = ("_blocks", "_loop", "_timed", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._blocks: dict[within, float] = {}  # when their time is over
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timed = False  # there is a timer in that loop

    def enter(self, block: within) -> asyncio.Task[Any]:
        """Returns the present task."""
        loop = self._loop
        # Asked for the task of a loop that it knows, asyncio need not find out which one runs.
        task = asyncio.current_task(loop) if loop else None
        if loop is None or task is None:
            loop = self._loop = asyncio.get_running_loop()
            task = _present(loop)
            self._timed = False
            self._blocks.clear()  # of a loop that is over
        self._blocks[block] = loop.time() + self.seconds
        if not self._timed:
            self._timed = True
            loop.call_later(self.seconds, self._look, loop)
        return task

    def leave(self, block: within) -> None:
        self._blocks.pop(block, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while first := next(iter(self._blocks), None):
            left = self._blocks[first] - now
            if left > _NEAR_S:
                loop.call_later(left, self._look, loop)
                return
            self.leave(first)
            first.ring()
        self._timed = False


class within_limit(within):  # noqa: N801  # as `within`
    """The same, with one timer for all that have this limit."""

    __slots__ = ("_limit",)

    def __init__(self, limit: Limit) -> None:
        self._limit = limit

    def _set(self) -> asyncio.Task[Any]:
        return self._limit.enter(self)

    def _unset(self) -> None:
        self._limit.leave(self)


def _present(loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] | None = asyncio.current_task(loop)
    if task is None:
        raise RuntimeError("there is no task to end")
    return task


_NEAR_S = 0.001  # uvloop's timers are exact to a millisecond
_CANCELLED = asyncio.CancelledError


@coroutine
def timed(work: Awaitable[T], seconds: float) -> Generator[Any, Any, T]:
    """What `work` gives; `TimeoutError` if it has to wait for longer than that.

    A timer is set only if it has to wait at all, which most reads of a request and most writes of
    an answer do not.
    """
    steps: Any = work.__await__()
    try:
        awaited = steps.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    result = yield from going_on(steps, awaited, seconds)
    return result


@coroutine
def going_on(steps: Any, awaited: Any, seconds: float) -> Generator[Any, Any, Any]:
    """The same for work that somebody has begun by hand, `steps.send(None)`, and that now waits for
    what this gave: `awaited`.
    """
    try:
        with within(seconds):
            while True:
                try:
                    value = yield awaited
                except BaseException as error:
                    awaited = steps.throw(error)
                else:
                    awaited = steps.send(value)
    except StopIteration as done:
        return done.value

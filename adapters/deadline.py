"""Time limits, for less than `asyncio.timeout` costs: every request has three of them."""

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
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no task to end")
        self._task = task
        self._before = task.cancelling()
        self._rang = False
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.cancel()
        if self._rang and self._task.uncancel() <= self._before and isinstance(error, _CANCELLED):
            raise TimeoutError from error

    def _ring(self) -> None:
        self._rang = True
        self._task.cancel()


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

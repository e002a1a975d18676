"""A coroutine that is stepped by hand, because a task of its own for each request costs more.

The watch over a client waits from the first to the last byte of nearly every reply, for something
that hardly ever comes. As a task it would be made, scheduled, cancelled and woken once more to be
told so; here it is one callback on the future that it waits for, and closing it is closing a
generator. What runs so must not ask for its task: there is none.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Watch:
    """Runs `work` beside the present task until it ends or is closed; `ended` hears of an end, good
    or bad.
    """

    __slots__ = ("_awaited", "_ended", "_work")

    def __init__(self, work: Coroutine[Any, Any, None], ended: Callable[[], None]) -> None:
        self._work = work
        self._ended = ended
        self._awaited: asyncio.Future[Any] | None = None
        self._step()

    def close(self) -> None:
        """Stop, at once; nothing more is heard of it."""
        if self._awaited:
            self._awaited.remove_done_callback(self._step)
            self._awaited = None
        self._work.close()

    def _step(self, _: object = None) -> None:
        """Go on until it waits for something again. What it waited for tells itself how it went."""
        self._awaited = None
        try:
            awaited = self._work.send(None)
        except Exception:  # StopIteration, or what it waits for cannot be waited for any more
            self._ended()
            return
        if awaited is None:  # it only lets others go first
            awaited = _turn()
        else:
            awaited._asyncio_future_blocking = False  # how asyncio is told that somebody waits
        self._awaited = awaited
        awaited.add_done_callback(self._step)


def _turn() -> "asyncio.Future[None]":
    loop = asyncio.get_running_loop()
    turn = loop.create_future()
    loop.call_soon(_come, turn)
    return turn


def _come(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)

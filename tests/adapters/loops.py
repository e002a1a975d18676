"""An event loop whose time jumps, for timers that are set for minutes."""

import asyncio
import selectors
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple

_Given = TypeVarTuple("_Given")


class _Selector(selectors.SelectSelector):
    """Never waits: it tells how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time is moved by its timers, to the next one at once."""

    def __init__(self) -> None:
        self._seen = _Selector()
        self.timers = 0
        super().__init__(self._seen)

    def time(self) -> float:
        return self._seen.now

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Given], object],
        *args: *_Given,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)

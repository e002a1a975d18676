"""The limits of a stream, all on one timer, which a stream that speaks never has to set again.

Streams speak every few milliseconds and are watched for minutes of silence. So whoever reads only
notes the time, and the timer looks at the notes when it goes off.
"""

import asyncio
from collections.abc import Callable
from math import inf

from adapters.types import Timeouts

_NEAR_S = 0.001  # uvloop's timers are exact to a millisecond


class Silence:
    """Calls `ring`, once, with what is missing. It runs on the event loop's own clock, because it
    ends waits of that loop.

    `waiting_since`: when the present read began; infinity: nobody reads, so the silence is not the
    provider's. `data_at`: when the last data event came.
    """

    __slots__ = ("_began", "_handle", "_limits", "_loop", "_ring", "data_at", "waiting_since")

    def __init__(self, limits: Timeouts, ring: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._ring = ring
        self._began = self.data_at = self._loop.time()
        self.waiting_since = inf
        self._handle = self._loop.call_later(self._soonest() - self._began, self._look)

    def cancel(self) -> None:
        self._handle.cancel()

    def _look(self) -> None:
        now, limits = self._loop.time(), self._limits
        if now > self.waiting_since + limits.idle - _NEAR_S:
            self._ring(f"no byte for {limits.idle:g} s")
        elif now > self.data_at + limits.barren - _NEAR_S:
            self._ring(f"no data event for {limits.barren:g} s")
        elif now > self._began + limits.stream - _NEAR_S:
            self._ring(f"no end within {limits.stream:g} s")
        else:
            self._handle = self._loop.call_later(self._soonest() - now, self._look)

    def _soonest(self) -> float:
        """When any of them may be passed."""
        limits = self._limits
        waiting_since = min(self.waiting_since, self._loop.time())
        return min(
            waiting_since + limits.idle, self.data_at + limits.barren, self._began + limits.stream
        )

"""A timer for silence that costs nothing while there is none.

Streams are watched for minutes of silence but speak every few milliseconds. Setting a timer for
each event would cost more than passing the event on; so a touch only notes the time, and the
timer looks at the note when it goes off.
"""

import asyncio
import math
from collections.abc import Callable


class Alarm:
    """Calls `ring` once `quiet_s` seconds have passed without a `touch`. Rings at most once.

    It runs on the event loop's own clock, because it ends waits of that loop.
    """

    __slots__ = ("_handle", "_last", "_loop", "_quiet_s", "_ring")

    def __init__(self, quiet_s: float, ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._quiet_s = quiet_s
        self._ring = ring
        self._last = self._loop.time()
        self._handle = self._loop.call_later(quiet_s, self._look)

    def touch(self) -> None:
        self._last = self._loop.time()

    def hold(self) -> None:
        """Do not ring before the next touch: the silence is somebody else's."""
        self._last = math.inf

    def cancel(self) -> None:
        self._handle.cancel()

    def _look(self) -> None:
        left = min(self._quiet_s, self._last + self._quiet_s - self._loop.time())
        if left > 0.001:  # uvloop's timers are exact to a millisecond
            self._handle = self._loop.call_later(left, self._look)
        else:
            self._ring()

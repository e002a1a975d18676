"""A time-out that does not take our own slowness for somebody else's.

Where the event loop has been busy for longer than the time-out, an answer may lie in the socket,
unread. So when time is up the loop gets a few turns to bring it in before anybody gives up; if
there is nothing, these turns take no time.
"""

import asyncio
from types import TracebackType

_TURNS = 6  # from the socket to whoever waits: read, parse, hand over, wake up, and one to spare


class Patience:
    """`async with Patience(0.05):`, which raises `TimeoutError`."""

    __slots__ = ("_handle", "_limit", "_loop", "_seconds", "_turns")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turns = _TURNS

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        await self._limit.__aenter__()
        self._handle: asyncio.Handle = self._loop.call_later(self._seconds, self._late)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.cancel()
        await self._limit.__aexit__(kind, error, trace)  # which turns it into a TimeoutError

    def _late(self) -> None:
        if self._turns:
            self._turns -= 1
            self._handle = self._loop.call_soon(self._late)
        else:
            self._limit.reschedule(self._loop.time())

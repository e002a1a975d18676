"""Connections that speak plain HTTP/1.1, which is what nearly all clients do.

Hypercorn takes every request through h11, which is written in Python and knows all of HTTP/1.1, and
through a stream reader, a task group, a queue and six coroutines. Here what is plain is read by one
regular expression and goes straight to the app: a chat request through the gateway fell from 407 to
270 µs of CPU, a lone event of a stream from 80 to 55 (2026-11-21).

Whatever is not plain, or whose head is not all there yet, is left to Hypercorn with the whole
connection, from that request's first byte on: its rules decide, and nothing is read in two ways.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, cast

from adapters.alarm import Alarm
from gateway.http1.head import plain
from gateway.http1.turn import Address, App, Turn

LINGER_S = 2.0  # how long whoever was answered too early for them may go on sending


class Unusual(Protocol):
    """A connection that Hypercorn serves."""

    task: "asyncio.Task[None]"

    def leave_if_idle(self) -> None: ...


HandOver: TypeAlias = Callable[[asyncio.Transport, bytes], Unusual]


@dataclass(slots=True)
class Serving:
    """What all connections of one server share."""

    app: App
    hand_over: HandOver  # with what has come and has not been answered
    idle_s: float  # how long nothing may be asked
    requests: int  # on one connection
    open: "set[Plain]" = field(default_factory=set)
    closing: bool = False  # no request is taken after the present one


class Plain(asyncio.Protocol):
    """One connection. It has `ended` when it is closed and all work for it is done."""

    transport: asyncio.Transport
    client: Address
    server: Address
    _idle: Alarm

    def __init__(self, serving: Serving) -> None:
        self.room = asyncio.Event()  # for more to be written
        self.room.set()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._serving = serving
        self._taken = 0  # requests
        self._turn: Turn | None = None
        self._ahead = b""  # what was sent before the present request was answered
        self._paused = False  # nothing is read
        self._tasks: set[asyncio.Task[None]] = set()
        self._unusual: Unusual | None = None
        self._gone = False  # the client: nothing more is asked
        self._lost = False  # the connection
        self._lingering = False

    # What the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.client = _address(transport.get_extra_info("peername"))
        self.server = _address(transport.get_extra_info("sockname"))
        self._serving.open.add(self)
        self._idle = Alarm(self._serving.idle_s, self._close)
        if self._serving.closing:
            self._close()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self._turn is None:
            self._begin(data)
            return
        self._ahead += self._turn.hear(data)
        if self._ahead or self._turn.full:
            self._paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self._gone = True
        if self._turn is None or self._lingering:
            return False
        self._turn.leave()
        return True  # whoever is being answered may still be

    def connection_lost(self, _: Exception | None) -> None:
        self._gone = self._lost = True
        self._idle.cancel()
        del self._idle  # each knows the other: they would wait for the garbage collector
        self.room.set()
        if self._turn:
            self._turn.leave()
            self._turn = None
        self._end()

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    # What a turn says

    def hear_on(self) -> None:
        if self._paused and not self._ahead:
            self._paused = False
            self.transport.resume_reading()

    def over(self, *, kept: bool) -> None:
        if self._lost or self._turn is None:
            return
        if not kept or self._turn.awaited or self._gone or self._serving.closing:
            self._close()
            return
        self._turn = None
        self._idle.touch()
        data, self._ahead = self._ahead, b""
        self.hear_on()
        if data:
            self._begin(data)

    # What the server says

    def leave_if_idle(self) -> None:
        """Close, unless something is being answered."""
        if self._unusual:
            self._unusual.leave_if_idle()
        elif self._turn is None and not self._lost:
            self._close()

    def cut(self) -> None:
        """End what is being done."""
        for task in self._tasks:
            task.cancel()

    def _begin(self, data: bytes) -> None:
        asked = plain(data)
        if asked is None:
            self._leave_to_hypercorn(data)
            return
        self._idle.hold()
        self._taken += 1
        kept = asked.kept and self._taken < self._serving.requests
        turn = self._turn = Turn(self, asked, kept=kept)
        self._keep(self._loop.create_task(turn.run(self._serving.app)))
        if rest := data[asked.size :]:
            self.data_received(rest)

    def _leave_to_hypercorn(self, data: bytes) -> None:
        self._idle.cancel()
        self._lost = True  # for us
        self._unusual = self._serving.hand_over(self.transport, data)
        self._keep(self._unusual.task)

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._end()

    def _end(self) -> None:
        if self._lost and not self._tasks:
            self._serving.open.discard(self)
            self.ended.set_result(None)

    def _close(self) -> None:
        self._idle.cancel()
        if self._turn and self._turn.awaited and not self._gone:
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Answered before the request has come to its end: whoever still sends would lose the
        answer if we closed now, because what nobody reads makes a connection be reset.
        """
        self._lingering = True
        self.transport.write_eof()
        self.hear_on()
        self._loop.call_later(LINGER_S, self.transport.close)


def _address(name: Any) -> Address:
    """Host and port; of IPv6 there are more."""
    return (name[0], name[1]) if isinstance(name, tuple) else None

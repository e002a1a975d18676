"""How several workers share one listening socket, so that each has as many connections as others.

Connections live long, so whoever accepts one has its requests for as long as nginx keeps it. Two
usual ways share them badly:

- `SO_REUSEPORT`, a socket for each worker: the kernel draws lots. Ten connections fall 8 to 2 as
  often as not, what waits for a worker that hangs or has died waits for its successor while the
  others have nothing to do, and a second gateway on the same port would not be refused.
- One socket, and everybody accepts what there is: an event loop takes all that wait when it is
  woken, and at quiet times it is always the same one that is woken first. The others idle.

So: one socket; a worker takes one connection each time it is woken; and whoever has more of them
than another worker, or as many but has had more, leaves the next one to that other for a moment.
How many each has stands in memory that they share, where each writes its own numbers only. A worker
that has died is not waited for; one that hangs holds a connection up by that moment.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from mmap import mmap
from typing import Protocol, TypeAlias

_AFTER_YOU_S = 0.005  # for whoever has fewer; an idle worker takes a tenth of that
_FULL_S = 0.5  # out of descriptors or memory: some may come free
_ABSENT = -1

Factory: TypeAlias = Callable[[], asyncio.BaseProtocol]


class Seats:
    """What each worker has accepted, in memory that forked processes share: the connections that
    are open, and all there have been.
    """

    def __init__(self, workers: int) -> None:
        self._open = memoryview(mmap(-1, workers * 8)).cast("q")
        self._all = memoryview(mmap(-1, workers * 8)).cast("q")
        for number in range(workers):
            self.leave(number)

    def load(self, number: int) -> tuple[int, int]:
        """The fewest open ones have the least load; of equals, whoever has had the fewest."""
        return self._open[number], self._all[number]

    def others(self, number: int) -> Sequence[tuple[int, int]]:
        """The loads of those that are there."""
        there = (n for n, ones in enumerate(self._open) if n != number and ones != _ABSENT)
        return [self.load(n) for n in there]

    def take(self, number: int) -> None:
        """A worker is there from now on. It has nothing to make up for."""
        self._all[number] = max((seen for _, seen in self.others(number)), default=0)
        self._open[number] = 0

    def leave(self, number: int) -> None:
        """Note that a worker is not there."""
        self._open[number] = _ABSENT

    def count(self, number: int, by: int) -> None:
        """One more, or one less. Those that end after the worker has left do not count."""
        if self._open[number] != _ABSENT:
            self._open[number] += by
            self._all[number] += max(by, 0)


@dataclass(frozen=True, slots=True)
class Seat:
    """One worker's own."""

    seats: Seats
    number: int

    @property
    def ahead(self) -> bool:
        """Whether the next connection is another worker's."""
        mine = self.seats.load(self.number)
        return any(other < mine for other in self.seats.others(self.number))

    def take(self) -> None:
        self.seats.take(self.number)

    def came(self) -> None:
        self.seats.count(self.number, 1)

    def went(self) -> None:
        self.seats.count(self.number, -1)

    def leave(self) -> None:
        self.seats.leave(self.number)


class Accepting(Protocol):
    """What both servers ask of whoever accepts for them."""

    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...


async def accepting(
    listening: socket.socket, factory: Factory, backlog: int, seat: Seat | None
) -> Accepting:
    """Accept until closed. Alone, that is the event loop's business.

    With a seat, whoever makes the protocols says `seat.went()` when a connection is over.
    """
    if seat is None:
        loop = asyncio.get_running_loop()
        return await loop.create_server(factory, sock=listening, backlog=backlog)
    return Acceptor(listening, factory, seat)


class Acceptor:
    """Accepts one connection at a time."""

    def __init__(self, listening: socket.socket, factory: Factory, seat: Seat) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._factory = factory
        self._seat = seat
        self._later: asyncio.TimerHandle | None = None
        self._welcomed: set[asyncio.Task[None]] = set()
        seat.take()
        self._loop.add_reader(listening.fileno(), self._woken)

    def close(self) -> None:
        """Accept no more. The socket is closed here; others who have it may go on."""
        if self._later:
            self._later.cancel()
        if self._listening.fileno() >= 0:
            self._loop.remove_reader(self._listening.fileno())
            self._listening.close()
        self._seat.leave()

    async def wait_closed(self) -> None:
        """It is closed at once."""

    def _woken(self) -> None:
        if self._seat.ahead:
            self._pause(_AFTER_YOU_S)
        else:
            self._take()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening.fileno())
        self._later = self._loop.call_later(seconds, self._again)

    def _again(self) -> None:
        self._later = None
        self._loop.add_reader(self._listening.fileno(), self._woken)
        self._take()

    def _take(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return  # another worker was faster, or the client has gone
        except OSError:
            self._pause(_FULL_S)
            return
        connection.setblocking(False)
        self._seat.came()
        task = self._loop.create_task(self._welcome(connection))
        self._welcomed.add(task)
        task.add_done_callback(self._welcomed.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._factory, connection)
        except OSError:  # gone already
            connection.close()
            self._seat.went()

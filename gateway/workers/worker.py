"""One of several workers: what it is told by its parent, and what it tells others of itself.

The parent speaks through a pipe. Each byte is a signal that it was sent itself, so a worker never
takes one for two: Ctrl-C reaches every process at the terminal, and systemd tells every process of
a unit to stop, while the parent passes the same on. The pipe's end means that the parent has died:
then the worker ends too, once what it is serving is served; it does not go on accepting, because
whoever takes the parent's place needs the address.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.log import Level, Log
from gateway.workers.accepting import Seat

READY = b"r"
CAUGHT = frozenset({signal.SIGTERM, signal.SIGINT})
ORPHANED = signal.SIGHUP


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's place among the others. `control`: its end of the parent's pipe."""

    number: int  # from 0
    control: socket.socket
    seat: Seat
    folder: Path  # where workers find each other

    @property
    def name(self) -> str:
        """Of this process; nobody else of this gateway ever has the same."""
        return named(self.number, os.getpid())

    def ready(self) -> None:
        """Tell the parent that requests can be served."""
        with suppress(OSError):  # it has died; that is noticed where its orders are read
            self.control.send(READY)

    @contextmanager
    def orders(self, log: Log) -> "Iterator[asyncio.Queue[int]]":
        """The signals that count, for as long as the block lasts."""
        loop = asyncio.get_running_loop()
        heard = _Orders(self.control, log)
        self.control.setblocking(False)
        loop.add_reader(self.control.fileno(), heard.from_parent)
        loop.add_signal_handler(signal.SIGTERM, heard.directly)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CAUGHT)  # nothing was missed since the fork
        try:
            yield heard.told
        finally:
            loop.remove_reader(self.control.fileno())


def named(number: int, pid: int) -> str:
    return f"{number}-{pid}"


@dataclass(slots=True)
class _Orders:
    """`told`: the first reason to go, whoever gives it, and the parent's second."""

    control: socket.socket
    log: Log
    told: "asyncio.Queue[int]" = field(default_factory=asyncio.Queue)
    _said: int = 0  # how many were put into `told`
    _heard: int = 0  # how many the parent has passed on

    def directly(self) -> None:
        """Somebody has sent SIGTERM to this very process."""
        if not self._said:
            self._say(signal.SIGTERM)

    def from_parent(self) -> None:
        try:
            numbers = self.control.recv(16)
        except BlockingIOError:
            return
        except OSError:
            numbers = b""
        for number in numbers:
            self._heard += 1
            if self._heard > self._said:
                self._say(number)
        if not numbers:
            self._orphaned()

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self.control.fileno())
        self.log("worker.orphaned", Level.ERROR, text="The parent process has died.")
        if not self._said:
            self._say(ORPHANED)

    def _say(self, number: int) -> None:
        self._said += 1
        self.told.put_nowait(number)

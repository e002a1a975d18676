"""The parent of several workers: it starts them, and starts them again, and ends when they have.

It serves nothing itself. It has no event loop and no thread, so it can fork at any time; what it
has loaded until then (modules, configuration) is in memory once for all, and a worker that has died
is back without reading anything again.

    start all --each says ready--> serving --a signal--> going --the last has ended--> exit
        |                            | ^
        one ends before              one ends: again after 1 s, 2 s ... 30 s
        it was ready: failed

Exit code: 0 if all that were told to go ended well, else 1.
"""

import gc
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.log import Level
from gateway.say import Say
from gateway.workers.accepting import Seat, Seats
from gateway.workers.worker import CAUGHT, READY, named

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0  # also how long a worker must have lived to be thought well again


@dataclass(frozen=True, slots=True)
class Crew:
    """What there is to do, and who wants to know.

    `work(number, control, seat)`: a worker's whole life, in a process of its own; returns its exit
    code. `lasts_s(signal)`: how long a drain may take. `ready()`: everybody serves for the first
    time. `died(name)`: a worker is gone, in whatever way.
    `say` has written its line when it returns, and leaves no thread behind: we fork.
    """

    size: int
    listening: socket.socket
    work: Callable[[int, socket.socket, Seat], int]
    lasts_s: Callable[[int], float]
    ready: Callable[[], None]
    died: Callable[[str], None]
    say: Say
    overtime_s: float = 10.0  # beyond what a drain may take; then a worker is killed


def supervise(crew: Crew) -> int:
    """Run them until told to stop; returns the exit code."""
    with _signals() as woken:
        return _Supervision(crew, woken).run()


@dataclass(slots=True)
class Pauses:
    """Before a worker is started again: doubled as long as it does not live."""

    _next_s: float = _FIRST_PAUSE_S

    def after(self, lived_s: float) -> float:
        if lived_s >= _LONGEST_PAUSE_S:
            self._next_s = _FIRST_PAUSE_S
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, _LONGEST_PAUSE_S)
        return pause_s


@dataclass(slots=True)
class _Worker:
    number: int
    pid: int
    control: socket.socket  # our end
    born: float
    watched: bool = True  # until it says that it is ready, or ends
    ready: bool = False


@dataclass(slots=True)
class _Supervision:
    crew: Crew
    woken: socket.socket  # a byte for each signal
    seats: Seats = field(init=False)
    alive: dict[int, _Worker] = field(default_factory=dict)  # by pid
    due: dict[int, float] = field(default_factory=dict)  # number -> when to start it again
    pauses: dict[int, Pauses] = field(default_factory=dict)
    started: bool = False  # all have been ready once
    told: int = 0  # signals to go
    kill_at: float = 0.0
    code: int = 0

    def __post_init__(self) -> None:
        self.seats = Seats(self.crew.size)

    def run(self) -> int:
        gc.collect()
        gc.freeze()  # or each worker's collector would write into, and so copy, every page
        for number in range(self.crew.size):
            self._start(number)
        while self.alive or self.due:
            self._wait()
            self._reap()
            self._restart()
            self._kill()
        return self.code

    # --- what happens -------------------------------------------------------------------------

    def _wait(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.woken, selectors.EVENT_READ)
            for worker in self.alive.values():
                if worker.watched:
                    selector.register(worker.control, selectors.EVENT_READ, worker)
            for key, _ in selector.select(self._until_next()):
                if key.data is None:
                    self._hear()
                else:
                    self._heard(key.data)

    def _until_next(self) -> float | None:
        moments = [*self.due.values(), *([self.kill_at] if self.kill_at else [])]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            for number in self.woken.recv(4096):
                if number in CAUGHT:
                    self._stop(number)

    def _heard(self, worker: _Worker) -> None:
        """Either it is ready, or it has ended, which its exit code will tell."""
        worker.watched = False
        with suppress(OSError):
            worker.ready = worker.control.recv(1) == READY
        if not worker.ready:
            return
        self.crew.say("worker.started", worker=worker.number, worker_pid=worker.pid)
        ready = sum(each.ready for each in self.alive.values())
        if not self.started and ready == self.crew.size:
            self.started = True
            self.crew.ready()

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if worker := self.alive.pop(found[0], None):  # else an orphan: we may be process 1
                    self._ended(worker, os.waitstatus_to_exitcode(found[1]))

    def _ended(self, worker: _Worker, code: int) -> None:
        worker.control.close()
        self.seats.leave(worker.number)
        self.crew.died(named(worker.number, worker.pid))
        lived_s = time.monotonic() - worker.born
        facts = {
            "worker": worker.number,
            "worker_pid": worker.pid,
            **_outcome(code),
            "lived_s": round(lived_s, 3),
        }
        if self.told:
            self.code = self.code or int(code != 0)
            self.crew.say("worker.ended", Level.WARNING if code else Level.INFO, **facts)
        elif not self.started:
            self.crew.say("worker.ended", Level.ERROR, **facts)
            self.crew.say(
                "server.failed", Level.ERROR, text="A worker ended before it could serve."
            )
            self.code = 1
            self._stop(signal.SIGINT)
        else:
            pause_s = self.pauses.setdefault(worker.number, Pauses()).after(lived_s)
            self.due[worker.number] = time.monotonic() + pause_s
            self.crew.say("worker.ended", Level.ERROR, **facts, again_in_s=pause_s)

    # --- what is done -------------------------------------------------------------------------

    def _restart(self) -> None:
        now = time.monotonic()
        for number in [number for number, moment in self.due.items() if moment <= now]:
            del self.due[number]
            try:
                self._start(number)
            except OSError as error:  # no more processes, no more memory
                self.due[number] = now + _LONGEST_PAUSE_S
                self.crew.say("worker.failed", Level.ERROR, worker=number, text=str(error))

    def _stop(self, number: int) -> None:
        """Pass a signal on. The second one cuts."""
        self.told += 1
        self.due.clear()
        self.crew.listening.close()  # or connections would wait where nobody accepts them
        lasts_s = self.crew.lasts_s(number) if self.told == 1 else 0.0
        until = time.monotonic() + lasts_s + self.crew.overtime_s
        self.kill_at = min(self.kill_at or until, until)
        for worker in self.alive.values():
            with suppress(OSError):  # it is gone
                worker.control.send(bytes([number]))

    def _kill(self) -> None:
        """Those that did not end in time."""
        if not self.kill_at or time.monotonic() < self.kill_at:
            return
        self.kill_at = time.monotonic() + self.crew.overtime_s
        for worker in self.alive.values():
            self.crew.say("worker.killed", Level.ERROR, worker=worker.number, worker_pid=worker.pid)
            os.kill(worker.pid, signal.SIGKILL)

    def _start(self, number: int) -> None:
        """Fork. Signals are kept back until both sides are ready to hear them."""
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            pid = os.fork()
            if pid == 0:
                self._be(number, ours, theirs)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
        self.alive[pid] = _Worker(number, pid, ours, time.monotonic())

    def _be(self, number: int, ours: socket.socket, control: socket.socket) -> NoReturn:
        """The new process. None of the parent's frames is returned to, nor are its ends of pipes
        kept: a worker that held one would keep another from hearing that the parent has died.
        """
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            for end in (ours, self.woken, *(worker.control for worker in self.alive.values())):
                end.close()
            code = self.crew.work(number, control, Seat(self.seats, number))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def _outcome(code: int) -> Mapping[str, object]:
    """How a process has ended, from its code as `subprocess` tells it."""
    if code >= 0:
        return {"exit_code": code}
    return {"signal": next((known.name for known in signal.Signals if known == -code), -code)}


_HELD_BACK = CAUGHT | {signal.SIGCHLD}


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that gets a byte for each signal, its number."""
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        before = {number: signal.signal(number, _noted) for number in _HELD_BACK}
        was = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(was)
            for number, handler in before.items():
                signal.signal(number, handler)


def _noted(_number: int, _frame: object) -> None:
    """The byte is written whatever is done here."""

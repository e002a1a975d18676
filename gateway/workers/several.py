"""From a configuration to several serving processes behind one socket.

What can be done once is done by the parent, before it forks: the configuration is read and judged,
the socket opened, everything imported. Each worker then has a log, a loop and an object graph of
its own. Lines of all of them go to the same standard error and say by `pid` whose they are.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import SystemRandom
from shutil import rmtree
from socket import socket
from tempfile import mkdtemp

from adapters.clock import SystemClock
from gateway.api.health import report
from gateway.app import build
from gateway.launch import LOG_FLUSH_S, Launch, announce, listening, opened_log, run_loop, warn
from gateway.log import Level, Log
from gateway.metrics.figures import written
from gateway.server import load, serve
from gateway.services import Services, opened
from gateway.workers.accepting import Seat
from gateway.workers.colleagues import FIGURES, HEALTH, Answers, Colleagues, socket_of
from gateway.workers.kept import Kept
from gateway.workers.parent import Crew, supervise
from gateway.workers.whole_lines import WholeLines
from gateway.workers.worker import Place
from routing.shares import WHOLE, Share

_LONGEST_FOLDER = 80  # bytes; the address of a Unix socket has 104 at most
_ALONE = (
    "Workers share nothing without a Redis: each has 1/{} of declared limits and budgets, and "
    "rests and affinity are known to one worker only. Name a Redis (router_settings.redis_url) and "
    "they share all of it."
)


def run_several(launch: Launch, workers: int) -> None:
    """Serve until told to stop.

    Raises:
        SystemExit: the exit code; the log says why it is not 0.
    """
    say = partial(_say, launch)
    with _one_log(launch) as log:
        warn(launch.loaded, log)
        if launch.loaded.settings.redis is None:
            log("workers.alone", Level.WARNING, text=_ALONE.format(workers))
        _load(launch, log)
        sock = listening(launch, log)
    with _meeting_place() as folder:
        crew = Crew(
            size=workers,
            listening=sock,
            work=_Work(launch, workers, sock, folder, os.getpid()),
            lasts_s=launch.how.lasts_s,
            ready=lambda: announce(launch, sock, say, workers=workers),
            died=partial(_bury, folder),
            say=say,
        )
        code = supervise(crew)
    say("server.stopped")
    sys.exit(code)


@dataclass(frozen=True, slots=True)
class _Work:
    """A worker's life, from its birth to its exit code."""

    launch: Launch
    workers: int
    listening: socket
    folder: Path
    parent: int  # pid

    def __call__(self, number: int, control: socket, seat: Seat) -> int:
        place = Place(number, control, seat, self.folder)
        log = _opened_log(self.launch)
        try:
            run_loop(self._serve(place, log))
        except Exception as error:  # nothing has foreseen it
            told = f"{type(error).__name__}: {error}"
            where = traceback.format_exc()
            log("worker.failed", Level.ERROR, worker=number, error=told, traceback=where)
            return 1
        finally:
            log.close(LOG_FLUSH_S)
            self._tidy()
        return 0

    async def _serve(self, place: Place, log: Log) -> None:
        launch, settings = self.launch, self.launch.loaded.settings
        share = WHOLE if settings.redis else Share(place.number, self.workers)
        async with opened(
            settings,
            launch.strategy,
            log,
            launch.models,
            clock=SystemClock(),
            rng=SystemRandom(),
            share=share,
        ) as services:
            colleagues = _colleagues(place, services)
            async with colleagues.answering():
                app = build(replace(services, colleagues=colleagues))
                place.ready()
                await serve(app, services.life, self.listening, launch.how, log, place)

    def _tidy(self) -> None:
        """The parent does so, unless it has died: then the last worker does."""
        if os.getppid() != self.parent and not [*self.folder.glob("*.sock")]:
            rmtree(self.folder, ignore_errors=True)


def _colleagues(place: Place, services: Services) -> Colleagues:
    answers: Answers = {
        FIGURES: lambda: written(services.metrics.figures()),
        HEALTH: partial(report, services),
    }
    return Colleagues(place.folder, place.name, answers)


def _bury(folder: Path, name: str) -> None:
    socket_of(folder, name).unlink(missing_ok=True)
    Kept(folder).bury(name)


def _load(launch: Launch, log: Log) -> None:
    try:
        load(launch.how.server)
    except ImportError as error:
        text = f"--server {launch.how.server} needs the extra of that name: {error}"
        log("server.failed", Level.ERROR, text=text)
        raise SystemExit(1) from error


@contextmanager
def _meeting_place() -> Iterator[Path]:
    """A folder where workers find each other, for this user only."""
    folder = mkdtemp(prefix="sluicegate-")
    if len(os.fsencode(folder)) > _LONGEST_FOLDER:
        Path(folder).rmdir()
        folder = mkdtemp(prefix="sluicegate-", dir="/tmp")  # made anew, and ours
    try:
        yield Path(folder)
    finally:
        rmtree(folder, ignore_errors=True)


# --- the log ------------------------------------------------------------------------------------


def _opened_log(launch: Launch) -> Log:
    buffer = sys.stderr.buffer
    raw = getattr(buffer, "raw", buffer)  # it is not buffered where PYTHONUNBUFFERED is set
    return opened_log(launch, WholeLines(raw), {"pid": os.getpid()})


@contextmanager
def _one_log(launch: Launch) -> Iterator[Log]:
    log = _opened_log(launch)
    try:
        yield log
    finally:
        log.close(LOG_FLUSH_S)


def _say(launch: Launch, event: str, /, level: Level = Level.INFO, **facts: object) -> None:
    """One line of the parent's. Its log has a thread, and none may be left when it forks, so each
    line has a log of its own: there are few.
    """
    with _one_log(launch) as log:
        log(event, level, **facts)

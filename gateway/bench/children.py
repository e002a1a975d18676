"""The two processes that a bench starts, and ends whatever happens."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Timer
from typing import IO, cast

import orjson

from gateway.bench.errors import CannotMeasure
from gateway.bench.talk import Order, Used

_START_S = 30.0
_STOP_S = 5.0


@contextmanager
def source() -> Iterator[int]:
    """The measured provider; yields its port."""
    with _child("gateway.bench.source", {}) as child:
        yield int(child.hear())


@contextmanager
def gateway(order: Order) -> "Iterator[Gateway]":
    """The measured gateway, as soon as it listens."""
    with _child("gateway.bench.served", os.environ) as child:
        child.say(orjson.dumps(order).decode())
        yield Gateway(int(child.hear().rpartition(":")[2]), child)


@dataclass(frozen=True, slots=True)
class Gateway:
    port: int
    child: "Child"

    def used(self) -> Used:
        self.child.say("")
        while not (line := self.child.hear()).startswith("{"):
            pass  # the rest of the banner
        return Used(**orjson.loads(line))


@dataclass(frozen=True, slots=True)
class Child:
    """A process that is spoken to line by line."""

    process: "Popen[str]"
    stdin: IO[str]
    stdout: IO[str]
    stderr: IO[str]

    def say(self, line: str) -> None:
        try:
            self.stdin.write(f"{line}\n")
            self.stdin.flush()
        except OSError:
            raise self._gone() from None

    def hear(self) -> str:
        """Its next line. Who says nothing for too long is ended."""
        timer = Timer(_START_S, self.process.kill)
        timer.start()
        try:
            line = self.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise self._gone()
        return line.strip()

    def end(self) -> None:
        """It ends by itself when nobody speaks to it any more."""
        with suppress(OSError):
            self.stdin.close()
        try:
            self.process.wait(_STOP_S)
        except TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stdout.close()
        self.stderr.close()

    def _gone(self) -> CannotMeasure:
        self.process.kill()
        said = self.stderr.read().strip().splitlines()
        why = said[-1] if said else f"exit code {self.process.wait()}"
        return CannotMeasure(f"a process of the bench has ended: {why}")


@contextmanager
def _child(module: str, environ: Mapping[str, str]) -> Iterator[Child]:
    """It finds modules where this process does, writes no files and hears no Ctrl-C: we do."""
    folders = [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100  # "" is one, too
    process = Popen(  # noqa: S603  # ourselves
        [sys.executable, "-B", "-P", "-c", f"from {module} import main; main()"],
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        env={**environ, "PYTHONPATH": os.pathsep.join(folders)},
        start_new_session=True,
    )
    pipes = (cast("IO[str]", pipe) for pipe in (process.stdin, process.stdout, process.stderr))
    child = Child(process, *pipes)
    try:
        yield child
    finally:
        child.end()

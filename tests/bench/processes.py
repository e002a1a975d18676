"""Starting contenders and the upstream, and ending them whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from tests.bench.contenders import Contender, Launch, Place
from tests.bench.host import BESIDE, UNDER_TEST, on_cores

_END_S = 5.0  # for a process to go by itself


class NotStarted(Exception):
    """A contender is not installed, has ended, or does not answer."""


@dataclass(frozen=True, slots=True)
class Running:
    contender: Contender
    pid: int
    port: int
    ready_s: float  # from the start of the process to the first answer
    said: Path | None = None  # its log

    def forget(self) -> None:
        """Shorten its log, which is written in full and read by nobody."""
        if self.said:
            os.truncate(self.said, 0)


@contextmanager
def upstream(cores: set[int] = BESIDE) -> Iterator[tuple[int, int]]:
    """The scripted provider: its process and its port."""
    port = _free_port()
    with _process([sys.executable, "-m", "tests.bench.source", str(port)], {}, cores) as process:
        _until_ready(process, f"http://127.0.0.1:{port}/health", 10.0)
        yield process.pid, port


@contextmanager
def running(
    contender: Contender, upstream_port: int, cores: set[int] = UNDER_TEST
) -> Iterator[Running]:
    """A contender that answers. Raises `NotStarted`."""
    if why := contender.missing():
        raise NotStarted(why)
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        port = _free_port()
        place = Place(port, f"http://127.0.0.1:{upstream_port}", Path(folder))
        launch: Launch = contender.launch(place)
        said = Path(folder) / "said.txt"
        started = time.perf_counter()
        with _process(launch.command, launch.env, cores, said) as process:
            if launch.port_file:
                port = _told_port(process, launch.port_file, contender.patience_s, said)
            url = f"http://127.0.0.1:{port}{contender.ready}"
            _until_ready(process, url, contender.patience_s, said)
            yield Running(contender, process.pid, port, time.perf_counter() - started, said)


@contextmanager
def _process(
    command: Sequence[str], env: Mapping[str, str], cores: set[int], said: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """What it writes to standard error goes to a file, which costs what a log costs."""
    with (said or Path(os.devnull)).open("ab") as errors, on_cores(cores):
        process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is ours; its children are ended with it
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left of it, and of its children
        process.wait()


def _until_ready(
    process: subprocess.Popen[bytes], url: str, patience_s: float, said: Path | None = None
) -> None:
    ends = time.perf_counter() + patience_s
    while time.perf_counter() < ends:
        if process.poll() is not None:
            raise NotStarted(f"ended with {process.returncode}: {_last_line(said)}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except HTTPError as answer:
            if answer.code < 500:  # it serves, though not this path
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.005)
    raise NotStarted(f"no answer within {patience_s:g} s: {_last_line(said)}")


def _told_port(process: subprocess.Popen[bytes], file: Path, patience_s: float, said: Path) -> int:
    ends = time.perf_counter() + patience_s
    while time.perf_counter() < ends and process.poll() is None:
        with suppress(FileNotFoundError, ValueError):
            return int(file.read_text())
        time.sleep(0.005)
    raise NotStarted(f"did not say its port: {_last_line(said)}")


def _last_line(said: Path | None) -> str:
    lines = said.read_text(errors="replace").split("\n") if said else []
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port

"""A Redis of a test's own, and things that stand in for a sick one."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from routing.state.address import RedisAddress

PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")


class Faster(SystemClock):
    """So many of its seconds pass in one."""

    def __init__(self, pace: float) -> None:
        self.pace = pace

    def now(self) -> float:
        return time.monotonic() * self.pace

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.pace)


@dataclass
class Server:
    """A server that can be killed, frozen and started again."""

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> RedisAddress:
        return RedisAddress("127.0.0.1", self.port)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        if not PROGRAM:
            pytest.skip("there is no redis-server or valkey-server here")
        self.port = self.port or free_port()
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--dir", str(self.folder), "--daemonize", "no", "--loglevel", "warning"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise AssertionError("redis-server does not start")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def said(self, *command: str) -> bytes:
        """One command, by a connection of its own."""
        words = [word.encode() for word in command]
        asked = b"".join([b"$%d\r\n%s\r\n" % (len(word), word) for word in words])
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
            wire.sendall(b"*%d\r\n" % len(words) + asked)
            return wire.recv(1_000_000)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    started = Server(folder)
    started.start()
    try:
        yield started
    finally:
        started.stop()


@dataclass
class Line:
    """A way to a server that can be held up: bytes wait `delay_s`, or vanish: all, or answers.

    `asked`: how many times something was sent to the server.
    """

    to: int
    port: int = 0
    delay_s: float = 0.0
    deaf: bool = False
    deaf_back: bool = False
    asked: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def address(self) -> RedisAddress:
        return RedisAddress("127.0.0.1", self.port)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            away, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.close()
            return
        self._open |= {writer, back}
        await asyncio.gather(
            self._pump(reader, back, lambda: self.deaf, towards=True),
            self._pump(away, writer, lambda: self.deaf or self.deaf_back, towards=False),
        )

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        deaf: Callable[[], bool],
        *,
        towards: bool,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                self.asked += towards
                await asyncio.sleep(self.delay_s)
                if not deaf():
                    writer.write(data)
                    await writer.drain()
        writer.close()

    async def cut(self) -> None:
        """Hang up, on both sides."""
        while self._open:
            writer = self._open.pop()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def line(to: int) -> AsyncIterator[Line]:
    made = Line(to)
    listening = await asyncio.start_server(made.pass_on, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        await made.cut()
        await asyncio.sleep(0.01)  # for the ends of lines to be noticed


async def eventually(true: Callable[[], bool]) -> None:
    """Wait for what somebody else brings about."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not happen")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

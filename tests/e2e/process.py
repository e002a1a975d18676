"""A real gateway: `python -m gateway` as a process of its own, on a port of its own."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

from adapters.types import Json

MASTER_KEY = "sk-master-of-the-tests-0123456789"
_START_S = 20.0
_PATIENCE_S = 10.0
_ROOT = Path(__file__).parents[2]


class Gateway:
    """Started by `start`, and always to be ended by `stop`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, banner: str) -> None:
        self.process = process
        self.banner = banner
        self.port = int(banner.rpartition(":")[2]) if banner else 0
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log

    @classmethod
    async def start(
        cls, folder: Path, config: Json, *flags: str, env: Mapping[str, str] | None = None
    ) -> "Gateway":
        """Start one, and wait until it listens, or has ended: `port` is 0 then."""
        return await cls.start_anywhere(folder, config, "--host", "127.0.0.1", *flags, env=env)

    @classmethod
    async def start_anywhere(
        cls, folder: Path, config: Json, *flags: str, env: Mapping[str, str] | None = None
    ) -> "Gateway":
        """The same, on the address that it chooses by itself."""
        file = folder / "config.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        file.chmod(0o600)
        return await cls.run(folder, "--config", str(file), "--port", "0", *flags, env=env)

    @classmethod
    async def run(
        cls, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
    ) -> "Gateway":
        """Start one with these arguments and nothing else."""
        log = folder / "gateway.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", *arguments),
                cwd=_ROOT,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(env or {})},
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
            )
        assert process.stdout
        async with asyncio.timeout(_START_S):
            banner = await process.stdout.readline()
        return cls(process, log, banner.decode().strip())

    @property
    def log(self) -> str:
        """All that it has written to standard error."""
        return self._log.read_text()

    def lines(self, event: str = "", **facts: Any) -> list[Json]:
        """The log lines of an event that hold these facts."""
        # The last line may be half written.
        whole = [orjson.loads(line) for line in self.log.split("\n")[:-1] if line.startswith("{")]
        return [
            line for line in whole if event in {"", line["event"]} and facts.items() <= line.items()
        ]

    async def line(self, event: str, count: int = 1, **facts: Any) -> Json:
        """The log line that holds these facts, as soon as it is there; of several the last."""
        try:
            await until(lambda: len(self.lines(event, **facts)) >= count)
        except TimeoutError:
            raise AssertionError(f"no line {event} with {facts} in:\n{self.log}") from None
        return self.lines(event, **facts)[-1]

    @property
    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208  # only counted

    @property
    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, within_s: float = _PATIENCE_S) -> int:
        """The exit code."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def stop_now(self) -> None:
        """End it as Ctrl-C does: it does not wait for balancers."""
        await self.stop(signal.SIGINT)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, one way or the other."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        try:
            await self.ended()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        # Its pipe is ours to close, or the loop complains of it.
        self.process._transport.close()  # type: ignore[attr-defined]


async def until(condition: Callable[[], bool], within_s: float = _PATIENCE_S) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # another process will not set our events
            await asyncio.sleep(0.01)

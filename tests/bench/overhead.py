"""What the gateway costs beside the least it could cost. Prints a Markdown table.

    python -m tests.bench.overhead [--rounds N]

Sluicegate with everything on that it has (master key, log, metrics, usage tap) and a bare relay
on the same server take turns with the same work, each on a core of its own, upstream and load on
another. The figure is CPU time of the process per request or event, and the ratio of the two:
absolute figures drift, ratios in one run hold. Loopback only, a few thousand requests.
"""

import argparse
import asyncio
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.source import EVENTS

_KEY = "sk-bench-0123456789abcdef"
_CONFIG = """
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/gpt-4o, api_base: "{upstream}", api_key: k}}
general_settings: {{master_key: {key}}}
"""
_PROMPT = '"messages":[{"role":"user","content":"' + "y" * 800 + '"}]'


@dataclass(frozen=True, slots=True)
class Work:
    """What clients ask for, how often, how many of them at once."""

    body: str
    requests: int
    clients: int
    parts: int  # what the figure is divided by: 1 for requests, else events


WORKS = {
    "chat, 1 KB (per request)": Work(f'{{"model":"gpt-4o",{_PROMPT}}}', 2000, 16, 1),
    "stream in a burst (per event)": Work(
        f'{{"model":"gpt-4o","stream":true,{_PROMPT}}}', 300, 8, EVENTS
    ),
    "20 streams at 50 events/s (per event)": Work(
        f'{{"model":"gpt-4o","stream":true,"user":"paced",{_PROMPT}}}', 40, 20, EVENTS
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds\n")
    print("| CPU µs | server | relay | Sluicegate | ratio |")
    print("| --- | --- | --: | --: | --: |")
    with ExitStack() as stack:
        upstream_port = _free_port()
        stack.enter_context(_process(["tests.bench.source", str(upstream_port)], core=1))
        upstream = f"http://127.0.0.1:{upstream_port}"
        config = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "config.yaml"
        config.write_text(_CONFIG.format(upstream=upstream, key=_KEY))
        for server in ("hypercorn", "uvicorn"):
            floor_port, gateway_port = _free_port(), _free_port()
            here = ["--host", "127.0.0.1", "--port"]
            floor = stack.enter_context(
                _process(["tests.bench.floor", server, str(floor_port), upstream], core=0)
            )
            gateway = stack.enter_context(
                _process(
                    [
                        "gateway",
                        "--config",
                        str(config),
                        "--server",
                        server,
                        *here,
                        str(gateway_port),
                    ],
                    core=0,
                )
            )
            _wait_for(f"http://127.0.0.1:{gateway_port}/health/readiness")
            _compare(server, {floor.pid: floor_port, gateway.pid: gateway_port}, rounds)


def _compare(server: str, contestants: dict[int, int], rounds: int) -> None:
    _pin(os.getpid(), 1)
    for name, work in WORKS.items():
        costs: dict[int, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for pid, port in contestants.items():
                uvloop.run(_ask(port, work, work.requests // 5))  # warm
                before = _cpu_s(pid)
                uvloop.run(_ask(port, work, work.requests))
                spent = _cpu_s(pid) - before
                costs[pid].append(spent / work.requests / work.parts * 1e6)
        floor, gateway = (statistics.median(costs[pid]) for pid in contestants)
        print(f"| {name} | {server} | {floor:.1f} | {gateway:.1f} | {gateway / floor:.2f} |")


async def _ask(port: int, work: Work, requests: int) -> None:
    body = work.body.encode()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer %b\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    ) % (_KEY.encode(), len(body), body)
    left = [requests]
    await asyncio.gather(*(_client(port, request, left) for _ in range(work.clients)))


async def _client(port: int, request: bytes, left: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    while left[0] > 0:
        left[0] -= 1
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(f"answered {head!r}")
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if length:
            await reader.readexactly(int(length))
        else:
            await reader.readuntil(b"\r\n0\r\n\r\n")
    writer.close()


@contextmanager
def _process(module: list[str], *, core: int) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, "-m", *module], stdout=quiet, stderr=quiet)
    _pin(process.pid, core)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _pin(pid: int, core: int) -> None:
    if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {core})


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def _wait_for(url: str) -> None:
    for _ in range(500):
        with suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    main()

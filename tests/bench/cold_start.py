"""How long until the first answer, and how much memory it takes. Prints a Markdown table.

    python -m tests.bench.cold_start [--runs N] [--config FILE]

Starts the real command, asks for `/health/readiness` until it answers 200, then for one chat
completion, waits two seconds and reads the process's memory. Loopback only; a few requests a run.
Memory is PSS (shared pages shared out) where the kernel tells it, else RSS.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

_CONFIG = Path(__file__).parents[2] / "deploy" / "demo.yaml"
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Figures:
    ready_s: float  # start of the process to the first 200
    idle_mb: float  # two seconds after the first chat completion


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--config", type=Path, default=_CONFIG)
    options = parser.parse_args()
    runs = [measure(options.config) for _ in range(options.runs)]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {len(runs)} runs\n")
    print("| figure | median | worst |")
    print("| --- | --: | --: |")
    row("cold start to the first 200, s", [run.ready_s for run in runs], ".2f")
    row("idle memory, MB", [run.idle_mb for run in runs], ".0f")


def row(name: str, values: list[float], form: str) -> None:
    print(f"| {name} | {statistics.median(values):{form}} | {max(values):{form}} |")


def measure(config: Path) -> Figures:
    """One start, from nothing to idle."""
    started = time.perf_counter()
    gateway = subprocess.Popen(
        [sys.executable, "-m", "gateway", "--config", str(config), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert gateway.stdout
        url = gateway.stdout.readline().split()[-1]
        wait_for(f"{url}/health/readiness", started)
        ready_s = time.perf_counter() - started
        chat(url)
        time.sleep(2)
        return Figures(ready_s, memory_mb(gateway.pid))
    finally:
        gateway.send_signal(signal.SIGINT)
        gateway.wait(10)


def wait_for(url: str, started: float) -> None:
    while time.perf_counter() - started < _PATIENCE_S:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.005)
    raise SystemExit(f"{url} did not answer within {_PATIENCE_S:g} s")


def chat(url: str) -> None:
    with urllib.request.urlopen(f"{url}/v1/models", timeout=5) as answer:
        model = json.load(answer)["data"][0]["id"]
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello!"}]})
    request = urllib.request.Request(
        f"{url}/v1/chat/completions", body.encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()


def memory_mb(pid: int) -> float:
    for name, word in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(word):
                return int(line.split()[1]) / 1024
    raise SystemExit("this system does not tell a process's memory")


if __name__ == "__main__":
    main()

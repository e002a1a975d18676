"""From nothing to the first answer, and memory when nothing happens."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator

import uvloop

from tests.bench import load
from tests.bench.host import memory_mb
from tests.bench.report import Table
from tests.bench.stage import Bench, each
from tests.bench.workloads import ALONE

_RUNS = 3
_IDLE_S = 2.0  # after the first answer


def tables(bench: Bench) -> Iterator[Table]:
    ready: dict[str, list[float]] = defaultdict(list)
    idle: dict[str, list[float]] = defaultdict(list)
    for _ in range(1 if bench.quick else _RUNS):
        for here, runner in each(bench):
            name, request = runner.contender.name, here.request(runner, ALONE)
            uvloop.run(
                load.one_after_another(runner.port, request, ALONE.script, clients=1, answers=1)
            )
            time.sleep(_IDLE_S)
            ready[name].append(runner.ready_s)
            idle[name].append(memory_mb(runner.pid))
    table = Table(
        "Cold start, and memory when idle",
        ["contender", "to the first answer, s", "at worst, s", "idle MB"],
        note=f"Memory {_IDLE_S:g} s after one chat completion. Medians of all starts.",
    )
    for name, times in ready.items():
        median, memory = statistics.median(times), statistics.median(idle[name])
        table.rows.append([name, median, max(times), memory])
    yield table

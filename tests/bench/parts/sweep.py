"""How many requests a second a contender bears before they wait."""

import time
from collections.abc import Iterator, Mapping

import uvloop

from tests.bench import load
from tests.bench.heard import quantile
from tests.bench.processes import Running
from tests.bench.report import Cell, Table
from tests.bench.stage import Bench, Stage, stage
from tests.bench.workloads import CHAT_1K

_BOUNDS_MS = (10, 50, 100)
_STEPS = (0.2, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1)  # of what it can do
_CLIENTS = 64
_BUSY = 0.6  # of a core: a load generator that works so hard measures itself


def tables(bench: Bench) -> Iterator[Table]:
    table = Table(
        "Requests/s at which p99 stays below a bound",
        ["contender", *(f"{bound} ms" for bound in _BOUNDS_MS), "closed loop"],
        note=(
            "Open loop, chat 1 KB, from a fifth of what 64 clients in a closed loop get to more "
            "than that; latency from the time a request was due. -: at none of them."
        ),
    )
    with stage(bench) as here:
        for runner in here.runners:
            table.rows.append(_row(bench, here, runner))
    yield table


def _row(bench: Bench, here: Stage, runner: Running) -> list[Cell]:
    request = here.request(runner, CHAT_1K)
    closed = uvloop.run(
        load.one_after_another(
            runner.port, request, CHAT_1K.script, clients=_CLIENTS, seconds=bench.window_s
        )
    )
    most = closed.answers / closed.wall_s
    reached = _climb(bench, runner, request, most) if most else {}
    runner.forget()
    return [runner.contender.name, *(reached.get(bound) for bound in _BOUNDS_MS), round(most)]


def _climb(bench: Bench, runner: Running, request: bytes, most: float) -> Mapping[int, int]:
    """The highest rate below each bound; a bound that was passed once is passed."""
    reached: dict[int, int] = {}
    bounds = set(_BOUNDS_MS)
    for step in _STEPS[::2] if bench.quick else _STEPS:
        rate, busy = most * step, time.process_time()
        heard = uvloop.run(
            load.at_rate(
                runner.port, request, CHAT_1K.script, rate=rate, seconds=2 * bench.window_s
            )
        )
        if time.process_time() - busy > _BUSY * heard.wall_s:
            name = runner.contender.name
            bench.note(f"{name}: the sweep ends at {rate:.0f}/s, where the load has a core full")
            break
        p99_ms = quantile(heard.latencies, 0.99) * 1e3
        well = not (heard.failure or heard.unfinished)
        bounds = {bound for bound in bounds if well and p99_ms <= bound}
        reached.update(dict.fromkeys(bounds, round(rate)))
        if not bounds:
            break
    return reached

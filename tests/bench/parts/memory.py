"""Memory for a stream that is open and says nothing, and after large bodies."""

import asyncio
import time
from collections.abc import Iterator

import uvloop

from tests.bench import load
from tests.bench.heard import Heard
from tests.bench.host import allow_descriptors, memory_mb
from tests.bench.processes import Running
from tests.bench.report import Cell, Table
from tests.bench.stage import Bench, Stage, each
from tests.bench.workloads import ALONE, CHAT_120K, LEFT_OPEN, Workload

_STREAMS = (1_000, 5_000, 10_000)
_OTHERS = 200  # descriptors that are not streams
_BODIES = 400
_LOOK_S = 0.05  # how often, for the peak
_REST_S = 5.0


def tables(bench: Bench) -> Iterator[Table]:
    idle = Table(
        "Memory of streams left open",
        ["contender", "streams", "KiB each", "MB in all"],
        note="Each has had one event. Memory of the process and its children, less that before.",
    )
    burst = Table(
        f"Memory after {_BODIES} requests of 120 KB",
        ["contender", "before MB", "peak MB", f"{_REST_S:g} s after MB"],
    )
    for here, runner in each(bench):
        burst.rows.append(_burst(bench, here, runner))
    for here, runner in each(bench):
        idle.rows += _left_open(bench, here, runner)
    yield idle
    yield burst


def _left_open(bench: Bench, here: Stage, runner: Running) -> list[list[Cell]]:
    name, rows = runner.contender.name, list[list[Cell]]()
    _ask_once(here, runner)
    before = memory_mb(runner.pid)

    def look(streams: int) -> None:
        total = memory_mb(runner.pid)
        if streams:
            rows.append([name, streams, (total - before) * 1024 / streams, total])

    request = here.request(runner, LEFT_OPEN)
    uvloop.run(load.left_open(runner.port, request, _counts(bench), look))
    return rows


def _counts(bench: Bench) -> list[int]:
    """A stream needs two descriptors of a gateway; as many as fit, where not all do."""
    allowed = allow_descriptors()
    fit = (allowed - _OTHERS) // 2
    wanted = _STREAMS[:1] if bench.quick else _STREAMS
    if fit < wanted[-1]:
        bench.note(f"{wanted[-1]} open streams do not fit: {allowed} descriptors are allowed")
    return sorted({min(count, fit) for count in wanted})


def _burst(bench: Bench, here: Stage, runner: Running) -> list[Cell]:
    _ask_once(here, runner)
    before = memory_mb(runner.pid)
    heard, peak = uvloop.run(_watched(here, runner, CHAT_120K))
    if heard.failure:
        bench.note(f"{runner.contender.name}, {CHAT_120K.name}: {heard.failure}")
    time.sleep(_REST_S)
    return [runner.contender.name, before, peak, memory_mb(runner.pid)]


async def _watched(here: Stage, runner: Running, workload: Workload) -> tuple[Heard, float]:
    peak = 0.0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, memory_mb(runner.pid))
            await asyncio.sleep(_LOOK_S)

    watching = asyncio.create_task(watch())
    request = here.request(runner, workload)
    heard = await load.one_after_another(
        runner.port, request, workload.script, clients=workload.clients, answers=_BODIES
    )
    watching.cancel()
    return heard, peak


def _ask_once(here: Stage, runner: Running) -> None:
    """What is loaded with the first request is not the stream's."""
    request = here.request(runner, ALONE)
    uvloop.run(load.one_after_another(runner.port, request, ALONE.script, clients=1, answers=1))

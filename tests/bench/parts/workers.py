"""Two processes on two cores beside one."""

import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product

import uvloop

from tests.bench import load
from tests.bench.host import CORES, Meter, on_cores
from tests.bench.lineup import SERVERS, sluicegate
from tests.bench.processes import NotStarted, Running, running, upstream
from tests.bench.report import Table
from tests.bench.stage import Bench
from tests.bench.workloads import CHAT_1K, TRANSLATED_BURSTS, Workload

_CLIENTS = 64
_NOTE = """\
64 clients. Gateway, upstream and load may all use both cores, so two workers share them with the
other two, while one worker leaves them a core of their own. Hence two ratios: of what was answered
in a second, which is at most 2 less what upstream and load need; and of what was answered for each
second of the gateway's CPU, times the workers: what two cores of its own would give."""


@dataclass(frozen=True, slots=True)
class _Sample:
    rate: float
    cores: float  # that the gateway had
    cost_us: float


def tables(bench: Bench) -> Iterator[Table]:
    if len(CORES) < 2:
        bench.note("two workers: left out, there is only one core")
        return
    table = Table(
        "Two workers on two cores",
        [
            *("workload", "server", "workers", "answers/s", "cores used", "CPU µs"),
            *("to one", "to one, own cores"),
        ],
        note=_NOTE,
    )
    for workload, server in product((CHAT_1K, TRANSLATED_BURSTS), SERVERS):
        try:
            samples = _compare(bench, server, workload)
        except NotStarted as failure:
            bench.note(f"two workers, {server}, {workload.name}: left out, {failure}")
            continue
        one = _median(samples[1])
        for workers, some in samples.items():
            own = _median(some)
            times = own.rate / one.rate, workers * one.cost_us / own.cost_us
            figures = [own.rate, own.cores, own.cost_us, *times]
            table.rows.append([workload.name, server, workers, *figures])
    if table.rows:
        yield table


def _compare(bench: Bench, server: str, workload: Workload) -> dict[int, list[_Sample]]:
    """They take turns; each round measures one, then two."""
    cores, samples = set(CORES[:2]), defaultdict[int, list[_Sample]](list)
    with ExitStack() as stack:
        stack.enter_context(on_cores(cores))
        _, port = stack.enter_context(upstream(cores))
        runners = {
            workers: stack.enter_context(running(sluicegate(server, workers=workers), port, cores))
            for workers in (1, 2)
        }
        for _ in range(bench.rounds):
            for workers, runner in runners.items():
                url = f"http://127.0.0.1:{port}"
                samples[workers].append(_sample(bench, runner, workload, url))
    return samples


def _sample(bench: Bench, runner: Running, workload: Workload, upstream_url: str) -> _Sample:
    ask = runner.contender.routes[workload.route]
    request = workload.request(ask, upstream_url)
    meter, warm = None, 0.5 * bench.window_s
    for seconds in (warm, 3 * bench.window_s):
        meter = Meter(runner.pid)
        heard = uvloop.run(
            load.one_after_another(
                runner.port, request, workload.script, clients=_CLIENTS, seconds=seconds
            )
        )
        spent = meter.spent_s()
    runner.forget()
    if not heard.answers:
        raise NotStarted(heard.failure)
    return _Sample(heard.answers / heard.wall_s, spent / heard.wall_s, spent / heard.answers * 1e6)


def _median(samples: list[_Sample]) -> _Sample:
    return _Sample(
        statistics.median(sample.rate for sample in samples),
        statistics.median(sample.cores for sample in samples),
        statistics.median(sample.cost_us for sample in samples),
    )

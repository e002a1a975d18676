"""What a contender adds to the time of one request, and to that of the first token."""

from array import array
from collections.abc import Callable, Iterator, Sequence

import uvloop

from tests.bench import load
from tests.bench.heard import Heard, quantile, seconds
from tests.bench.processes import Running
from tests.bench.report import Table
from tests.bench.stage import Bench, Stage, stage
from tests.bench.workloads import ALONE, FIRST_TOKEN, Workload

_BLOCK = 100  # requests, then it is the next one's turn
_RATE = 50.0
_PATIENCE_S = 20.0  # for a block


def tables(bench: Bench) -> Iterator[Table]:
    with stage(bench) as here:
        everybody = [here.direct, *here.runners]
        for title, workload, times in (
            ("Latency of a chat completion", ALONE, _whole),
            ("Time to first token", FIRST_TOKEN, _first),
        ):
            yield _added(bench, here, everybody, workload=workload, title=title, times=times)
        yield _at_fifty(bench, here, everybody)


def _whole(heard: Heard) -> "array[float]":
    return heard.latencies


def _first(heard: Heard) -> "array[float]":
    return heard.firsts


def _added(
    bench: Bench,
    here: Stage,
    everybody: Sequence[Running],
    *,
    workload: Workload,
    title: str,
    times: Callable[[Heard], "array[float]"],
) -> Table:
    blocks = 3 if bench.quick else 10
    found = {runner.contender.name: seconds() for runner in everybody}
    for block in range(-1, blocks):  # the first warms up
        for runner in everybody:
            heard = _block(here, runner, workload)
            if block >= 0:
                found[runner.contender.name].extend(times(heard))
            if heard.failure:
                bench.note(f"{runner.contender.name}, {workload.name}: {heard.failure}")
    table = Table(
        f"{title}, one client",
        ["contender", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms", "requests"],
        note="Added: less the same quantile of the upstream asked directly.",
    )
    direct = found[here.direct.contender.name]
    for name, values in found.items():
        own, base = (_quantiles_ms(some) for some in (values, direct))
        added = [mine - its for mine, its in zip(own, base, strict=True)]
        table.rows.append([name, *own, *added, len(values)])
    return table


def _block(here: Stage, runner: Running, workload: Workload) -> Heard:
    return uvloop.run(
        load.one_after_another(
            runner.port,
            here.request(runner, workload),
            workload.script,
            clients=1,
            seconds=_PATIENCE_S,
            answers=_BLOCK,
        )
    )


def _at_fifty(bench: Bench, here: Stage, everybody: Sequence[Running]) -> Table:
    for_s = 2.0 if bench.quick else 6.0
    table = Table(
        f"Latency at {_RATE:g} requests/s",
        ["contender", "p50 ms", "p99 ms", "requests"],
        note="Counted from the time at which a request was due.",
    )
    for runner in everybody:
        request = here.request(runner, ALONE)
        heard = uvloop.run(
            load.at_rate(runner.port, request, ALONE.script, rate=_RATE, seconds=for_s)
        )
        quantiles = _quantiles_ms(heard.latencies)
        table.rows.append([runner.contender.name, *quantiles, heard.answers])
    return table


def _quantiles_ms(values: "array[float]") -> tuple[float, float]:
    return quantile(values, 0.5) * 1e3, quantile(values, 0.99) * 1e3

"""CPU time for each request and event, and events that come too late."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.cost import Cost, costs, measure
from tests.bench.heard import LATE, quantile
from tests.bench.lineup import HYPERCORN_RELAY, UVICORN_RELAY
from tests.bench.report import Cell, Table
from tests.bench.stage import Bench, Stage, stage
from tests.bench.workloads import AT_PACE, DOCUMENTS, IN_BURSTS, Workload

_RELAYS = {"÷ Hypercorn relay": HYPERCORN_RELAY, "÷ Uvicorn relay": UVICORN_RELAY}


def tables(bench: Bench) -> Iterator[Table]:
    with stage(bench) as here:
        found = costs(
            here.runners,
            bench.workloads,
            upstream=here.upstream,
            rounds=bench.rounds,
            window_s=bench.window_s,
        )
        rig = _rig(bench, here)
    results = _Results(bench, [runner.contender.name for runner in here.runners], found)
    yield from _costs(results, "CPU for a request", DOCUMENTS)
    yield from _costs(results, "CPU for an event, 100 of them in a burst", IN_BURSTS)
    yield from _paced(results)
    if rig.rows:
        yield rig


@dataclass(frozen=True, slots=True)
class _Results:
    bench: Bench
    names: Sequence[str]  # of contenders, in order
    found: Mapping[tuple[str, str], Cost]

    def rows(
        self, workloads: Sequence[Workload]
    ) -> Iterator[tuple[Workload, str, Cost, list[Cell]]]:
        """Those that were wanted and came to something, with the ratios to both relays."""
        for workload in workloads:
            for name in self.names:
                cost = self.found.get((workload.name, name))
                if cost and cost.failure:
                    self.bench.note(f"{name}, {workload.name}: {cost.failure}")
                if cost and cost.us > 0:
                    yield workload, name, cost, self._ratios(cost, workload)

    def _ratios(self, cost: Cost, workload: Workload) -> list[Cell]:
        relays = (self.found.get((workload.name, relay)) for relay in _RELAYS.values())
        return [cost.us / relay.us if relay and relay.us > 0 else None for relay in relays]


def _costs(results: _Results, title: str, workloads: Sequence[Workload]) -> Iterator[Table]:
    part = workloads[0].part
    columns = ["workload", "contender", f"CPU µs/{part}", *_RELAYS, f"{part}s/s/core"]
    table = Table(title, columns)
    for workload, name, cost, ratios in results.rows(workloads):
        table.rows.append([workload.name, name, cost.us, *ratios, round(1e6 / cost.us)])
    if table.rows:
        yield table


def _paced(results: _Results) -> Iterator[Table]:
    ends = ["late", "lag p99 ms", "unfinished"]
    table = Table(
        "CPU for an event, streams of 50 events/s",
        ["streams", "contender", "CPU µs/event", *_RELAYS, *ends],
        note=(
            f"Late: more than {LATE} times 20 ms behind its own time since the request was sent. "
            "Lag: behind that time at all, in the worst round. Late and unfinished: in all rounds."
        ),
    )
    for workload, name, cost, ratios in results.rows(AT_PACE):
        late = cost.late, cost.lag_p99_ms, cost.unfinished
        table.rows.append([workload.name, name, cost.us, *ratios, *late])
    if table.rows:
        yield table


def _rig(bench: Bench, here: Stage) -> Table:
    """What upstream and load cost themselves, with nobody between."""
    table = Table(
        "The rig itself, asked directly",
        ["workload", "upstream, CPU µs", "load, CPU µs", "per second", "late", "lag p99 ms"],
        note=(
            "For each request or event; the cheapest contender should cost clearly more. What is "
            "late here is nobody's fault but the rig's, or of who else uses its core."
        ),
    )
    for workload in bench.workloads:
        ask = here.asked(here.direct, workload)
        sample = measure(here.direct, workload, ask, here.upstream, bench.window_s)
        late = sample.heard.late, quantile(sample.heard.lags, 0.99) * 1e3
        own = sample.cost_us, sample.load_us, round(sample.rate)
        table.rows.append([workload.name, *own, *late])
    return table

"""CPU time of a contender for each request or event, contenders taking turns."""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop

from tests.bench import load
from tests.bench.contenders import Ask
from tests.bench.heard import Heard, quantile
from tests.bench.host import Meter
from tests.bench.processes import Running
from tests.bench.workloads import Workload

_WARM = 0.25  # of a window
_RAMP_S = 0.4, 0.004  # in which paced streams begin: at least, and for each of them


@dataclass(slots=True)
class Sample:
    """One window."""

    cost_us: float  # for each request, or each event of a stream
    rate: float  # of them a second
    load_us: float  # what the load generator spent on each
    heard: Heard


@dataclass(slots=True)
class Cost:
    """All windows of one contender and one workload."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def us(self) -> float:
        return statistics.median(sample.cost_us for sample in self.samples)

    @property
    def load_us(self) -> float:
        return statistics.median(sample.load_us for sample in self.samples)

    @property
    def rate(self) -> float:
        return statistics.median(sample.rate for sample in self.samples)

    @property
    def late(self) -> int:
        return sum(sample.heard.late for sample in self.samples)

    @property
    def unfinished(self) -> int:
        return sum(sample.heard.unfinished for sample in self.samples)

    @property
    def lag_p99_ms(self) -> float:
        """The worst round's: to be late once is to be late."""
        return max(quantile(sample.heard.lags, 0.99) for sample in self.samples) * 1e3

    @property
    def failure(self) -> str:
        return next((s.heard.failure for s in self.samples if s.heard.failure), "")


def costs(
    runners: Sequence[Running],
    workloads: Sequence[Workload],
    *,
    upstream: str,
    rounds: int,
    window_s: float,
) -> dict[tuple[str, str], Cost]:
    """Cost by names of workload and contender; nothing for routes that one does not serve."""
    found: dict[tuple[str, str], Cost] = defaultdict(Cost)
    for _ in range(rounds):
        for workload in workloads:
            for runner in runners:
                if ask := runner.contender.routes.get(workload.route):
                    sample = measure(runner, workload, ask, upstream, window_s)
                    found[workload.name, runner.contender.name].samples.append(sample)
                    runner.forget()
    return found


def measure(
    runner: Running, workload: Workload, ask: Ask, upstream: str, window_s: float
) -> Sample:
    request = workload.request(ask, upstream)
    if not workload.paced:
        _ask(runner.port, request, workload, window_s * _WARM)
    meter, before = Meter(runner.pid), time.process_time()
    heard = _ask(runner.port, request, workload, window_s)
    beside, spent = time.process_time() - before, meter.spent_s()
    parts = heard.events if workload.stream else heard.answers
    if not parts:
        return Sample(float("nan"), 0.0, float("nan"), heard)
    return Sample(spent / parts * 1e6, parts / heard.wall_s, beside / parts * 1e6, heard)


def _ask(port: int, request: bytes, workload: Workload, window_s: float) -> Heard:
    script = workload.script
    clients = workload.clients
    if workload.paced:
        ramp_s = max(_RAMP_S[0], clients * _RAMP_S[1])
        return uvloop.run(load.side_by_side(port, request, script, streams=clients, ramp_s=ramp_s))
    return uvloop.run(
        load.one_after_another(port, request, script, clients=clients, seconds=window_s)
    )

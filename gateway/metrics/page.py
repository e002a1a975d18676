"""The page that Prometheus reads, from what one or several processes have counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.metrics.figures import Figures
from gateway.metrics.rows import BUCKETS, Histogram, Labels, Requests, Row
from gateway.metrics.tables import (
    ATTEMPT_COUNTERS,
    COOLDOWN_COUNTERS,
    FALLBACK_COUNTERS,
    HISTOGRAMS,
    LEFT_COUNTERS,
    REQUEST_COUNTERS,
    SPOT,
    Counter,
    Times,
)

_BOUNDS = (*(str(bound) for bound in BUCKETS), "+Inf")
_STARTED = "process_start_time_seconds"  # of several the first; all else is added up


class Page(Collector):
    """All families of these processes. `shared`: whether they share limits and rests."""

    def __init__(self, several: Sequence[Figures], *, shared: bool) -> None:
        self._several = several
        self._shared = shared

    def render(self, accept: str | None) -> tuple[bytes, str]:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        PlatformCollector(registry=registry)
        try:
            encode, content_type = choose_encoder(accept or "")
        except (TypeError, ValueError):  # a version that is no version
            encode, content_type = choose_encoder("")
        return encode(registry), content_type

    def collect(self) -> Iterator[Metric]:
        several = self._several
        requests = _all(several, lambda figures: figures.requests)
        yield from (_counted(counter, requests) for counter in REQUEST_COUNTERS)
        yield from (_timed(histogram, requests) for histogram in HISTOGRAMS)
        for rows, counters in (
            (_all(several, lambda figures: figures.attempts), ATTEMPT_COUNTERS),
            (_all(several, lambda figures: figures.fallbacks), FALLBACK_COUNTERS),
            (_all(several, lambda figures: figures.cooldowns), COOLDOWN_COUNTERS),
            (_all(several, lambda figures: figures.left), LEFT_COUNTERS),
        ):
            yield from (_counted(counter, rows) for counter in counters)
        yield _state_gauge(several)
        yield from self._plain()
        yield from _of_processes([figures.process for figures in several])

    def _plain(self) -> Iterator[Metric]:
        several = self._several
        yield GaugeMetricFamily(
            "sluicegate_workers",
            "Worker processes that have told what they count; those that were too slow are missing"
            " from gauges, and in counters with what they told last.",
            sum(figures.workers for figures in several),
        )
        yield GaugeMetricFamily(
            "litellm_in_flight_requests",
            "Requests being served.",
            sum(figures.in_flight for figures in several),
        )
        yield CounterMetricFamily(
            "sluicegate_log_dropped",
            "Log records that were lost.",
            sum(figures.log_dropped for figures in several),
        )
        if self._shared:
            yield GaugeMetricFamily(
                "sluicegate_shared_state_up",
                "1 while limits and rests are shared with other processes, 0 while one is alone.",
                int(all(figures.shared_up for figures in several)),
            )
            yield CounterMetricFamily(
                "sluicegate_local_decisions",
                "Limits decided without the others, because the shared state was slow or gone.",
                sum(figures.alone for figures in several),
            )
        yield CounterMetricFamily(
            "sluicegate_metrics_folded",
            "Events counted under the label value `other`, because there were too many values.",
            sum(figures.folded for figures in several),
        )


def process() -> Mapping[str, float]:
    """CPU time, memory and descriptors of this process, where the system tells."""
    families = ProcessCollector(registry=None).collect()
    return {sample.name: sample.value for family in families for sample in family.samples}


def _all(
    several: Iterable[Figures], rows: Callable[[Figures], Sequence[tuple[Labels, Row]]]
) -> list[tuple[Labels, Row]]:
    return [row for figures in several for row in rows(figures)]


def _counted(counter: Counter[Row], rows: Sequence[tuple[Labels, Row]]) -> Metric:
    totals: dict[tuple[str, ...], float] = {}
    for labels, row in rows:
        if value := counter.value(labels, row):
            key = tuple([labels[name] for name in counter.labels])
            totals[key] = totals.get(key, 0) + value
    family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
    for key, total in totals.items():
        family.add_metric(key, total)
    return family


def _timed(times: Times, rows: Sequence[tuple[Labels, Requests]]) -> Metric:
    totals: dict[tuple[str, ...], Histogram] = {}
    for labels, row in rows:
        if any((one := times.value(row)).counts):
            key = tuple([labels[name] for name in times.labels])
            totals.setdefault(key, Histogram()).add(one)
    family = HistogramMetricFamily(times.name, times.help, labels=times.labels)
    for key, total in totals.items():
        counts = zip(_BOUNDS, accumulate(total.counts), strict=True)
        family.add_metric(key, list(counts), total.sum)
    return family


def _state_gauge(several: Iterable[Figures]) -> Metric:
    """Of several opinions on a deployment the worst: whoever asks the others is refused there."""
    worst: dict[tuple[str, ...], int] = {}
    for figures in several:
        for place, state in figures.states:
            worst[tuple(place)] = max(worst.get(tuple(place), 0), state)
    family = GaugeMetricFamily(
        "litellm_deployment_state",
        "0 healthy, 1 partial outage, 2 complete outage.",
        labels=SPOT,
    )
    for place, state in worst.items():
        family.add_metric(place, state)
    return family


def _of_processes(several: Sequence[Mapping[str, float]]) -> Iterator[Metric]:
    for family in ProcessCollector(registry=None).collect():
        family.samples = [
            sample._replace(value=_total(sample.name, several)) for sample in family.samples
        ]
        yield family


def _total(name: str, several: Sequence[Mapping[str, float]]) -> float:
    values = [process[name] for process in several if name in process]
    return min(values, default=0.0) if name == _STARTED else sum(values)

"""Prometheus metrics under LiteLLM's names, so that its dashboards and alerts go on working.

Names and labels: https://docs.litellm.ai/docs/proxy/prometheus (read 2026-11). LiteLLM's labels for
teams, users and hashed keys are left out: to Prometheus a label with an empty value and no label
are the same (https://prometheus.io/docs/concepts/data_model/), so `sum by (team)` works either way.

A request costs one look-up and a few additions: we count into a row per combination of labels,
and only a scrape sums the rows up for each metric.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.types import Usage
from gateway.metric_rows import BUCKETS, Count, Histogram, Labels, Requests, Row, Rows, label
from gateway.metric_tables import (
    ATTEMPT,
    ATTEMPT_COUNTERS,
    COOLDOWN,
    COOLDOWN_COUNTERS,
    FALLBACK,
    FALLBACK_COUNTERS,
    HISTOGRAMS,
    LEFT_COUNTERS,
    REQUEST,
    REQUEST_COUNTERS,
    SPOT,
    Counter,
    Times,
)
from routing.deployment import Deployment

_UNKNOWN = "unknown"
_LIMIT = 2_000  # combinations of labels: a scrape of so many takes 1.5 s and 25 MB


class State(IntEnum):
    """What `litellm_deployment_state` says of a deployment."""

    HEALTHY = 0
    PARTIAL_OUTAGE = 1
    COMPLETE_OUTAGE = 2


class SharedState(Protocol):
    @property
    def up(self) -> bool: ...

    @property
    def alone(self) -> int: ...


class Metrics(Collector):
    """Counts what the gateway tells it, and shows it to Prometheus.

    `known(model)`: whether the configuration names this model itself. A name that a client made
    up, or that only a wildcard matches, becomes a label only once it has been served; until then
    it is "unknown". `states`, `in_flight`, `log_dropped` and `shared` are asked at each
    scrape.
    """

    def __init__(
        self,
        *,
        known: Callable[[str], bool],
        states: Callable[[], Iterable[tuple[Deployment, State]]] = lambda: (),
        in_flight: Callable[[], int] = lambda: 0,
        log_dropped: Callable[[], int] = lambda: 0,
        shared: SharedState | None = None,
        limit: int = _LIMIT,
    ) -> None:
        self._known = known
        self._states = states
        self._log_dropped = log_dropped
        self._shared = shared
        self._in_flight = in_flight
        self._requests = Rows(REQUEST, Requests, limit)
        self._attempts = Rows(ATTEMPT, Count, limit)
        self._fallbacks = Rows(FALLBACK, Count, limit)
        self._cooldowns = Rows(COOLDOWN, Count, limit)
        self._left = Rows(("route",), Count, limit)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def request_finished(
        self,
        *,
        route: str,
        requested_model: str,
        deployment: str,
        provider: str,
        model: str,
        status: int,
        took_s: float,
        error_class: str = "",
        exception_status: int | None = None,
        key_alias: str = "",
        first_token_s: float | None = None,
        upstream_s: float | None = None,
        own_s: float | None = None,
        usage: Usage | None = None,
        stream: bool = False,
    ) -> None:
        """A client has had its answer, or an error if there is an `error_class`.

        `route` is the pattern, not the path. Durations of failures are not recorded: a refusal
        in a millisecond would make a sick gateway look fast.
        """
        if error_class and not self._countable(requested_model):
            requested_model = model = _UNKNOWN
        place = (deployment, provider, model)
        outcome = (status, error_class, exception_status)
        row = self._requests[(route, requested_model, *place, *outcome, key_alias, stream)]
        row.count += 1
        if usage is not None:
            row.add(usage)
        if error_class:
            return
        row.took.observe(took_s)
        if first_token_s is not None:
            row.first_token.observe(first_token_s)
        if upstream_s is not None:
            row.upstream.observe(upstream_s)
        if own_s is not None:
            row.own.observe(own_s)

    def attempt_succeeded(self, *, deployment: str, provider: str, model: str, alias: str) -> None:
        self._attempts[alias, deployment, provider, model, "", ""].count += 1

    def attempt_failed(
        self,
        *,
        deployment: str,
        provider: str,
        model: str,
        alias: str,
        kind: str,
        status: int | None = None,
    ) -> None:
        """`status`: what the provider said; None if it said nothing."""
        if not self._countable(alias):
            alias = model = _UNKNOWN
        self._attempts[alias, deployment, provider, model, kind, status].count += 1

    def fallback(
        self, *, alias: str, to: str, ok: bool, kind: str = "", status: int | None = None
    ) -> None:
        """Another alias was asked instead; `kind` and `status` are of what made it necessary."""
        alias = alias if self._countable(alias) else _UNKNOWN
        to = to if ok or self._countable(to) else _UNKNOWN  # clients may name fallbacks too
        self._fallbacks[alias, to, kind, status, ok].count += 1

    def cooled_down(
        self, *, deployment: str, provider: str, model: str, status: int | None = None
    ) -> None:
        self._cooldowns[deployment, provider, model, status].count += 1

    def client_left(self, *, route: str) -> None:
        """A client went before its answer was complete."""
        self._left[route,].count += 1

    def render(self, accept: str | None = None) -> tuple[bytes, str]:
        """The exposition and its content type, as the scraper's `Accept` wants it.

        Takes 0.7 ms per combination of labels: call it in another thread, which is safe.
        """
        try:
            encode, content_type = choose_encoder(accept or "")
        except (TypeError, ValueError):  # a version that is no version
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type

    def collect(self) -> Iterator[Metric]:
        """All families: this is how `render` is fed."""
        requests = self._requests.rows()
        yield from (_counted(counter, requests) for counter in REQUEST_COUNTERS)
        yield from (_timed(histogram, requests) for histogram in HISTOGRAMS)
        for rows, counters in (
            (self._attempts.rows(), ATTEMPT_COUNTERS),
            (self._fallbacks.rows(), FALLBACK_COUNTERS),
            (self._cooldowns.rows(), COOLDOWN_COUNTERS),
            (self._left.rows(), LEFT_COUNTERS),
        ):
            yield from (_counted(counter, rows) for counter in counters)
        yield _state_gauge(self._states())
        yield GaugeMetricFamily(
            "litellm_in_flight_requests", "Requests being served.", self._in_flight()
        )
        yield CounterMetricFamily(
            "sluicegate_log_dropped", "Log records that were lost.", self._log_dropped()
        )
        if self._shared is not None:
            yield from _of_shared(self._shared)
        yield CounterMetricFamily(
            "sluicegate_metrics_folded",
            "Events counted under the label value `other`, because there were too many values.",
            sum(rows.folded for rows in (self._requests, self._attempts, self._fallbacks)),
        )

    def _countable(self, model: str) -> bool:
        return "*" not in model and self._known(model)


def _of_shared(state: SharedState) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "sluicegate_shared_state_up",
        "1 while limits and rests are shared with other processes, 0 while this one is alone.",
        int(state.up),
    )
    yield CounterMetricFamily(
        "sluicegate_local_decisions",
        "Limits decided without the others, because the shared state was slow or gone.",
        state.alone,
    )


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


_BOUNDS = (*(str(bound) for bound in BUCKETS), "+Inf")


def _state_gauge(states: Iterable[tuple[Deployment, State]]) -> Metric:
    family = GaugeMetricFamily(
        "litellm_deployment_state",
        "0 healthy, 1 partial outage, 2 complete outage.",
        labels=SPOT,
    )
    for deployment, state in states:
        place = (deployment.target.model, deployment.id, deployment.target.provider)
        family.add_metric([label(name) for name in place], state)
    return family

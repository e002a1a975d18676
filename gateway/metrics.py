"""Prometheus metrics under LiteLLM's names, so that its dashboards and alerts go on working.

Names and labels: https://docs.litellm.ai/docs/proxy/prometheus (read 2026-11). LiteLLM's labels for
teams, users and hashed keys are left out: to Prometheus a label with an empty value and no label
are the same (https://prometheus.io/docs/concepts/data_model/), so `sum by (team)` works either way.

A request costs one look-up and a few additions: we count into a row per combination of labels,
and only a scrape sums the rows up for each metric.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate
from operator import attrgetter
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.types import Usage
from routing.deployment import Deployment

BUCKETS = (  # seconds; the upper bounds LiteLLM uses
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    *(60.0, 120.0, 300.0, 420.0, 600.0),
)
_LIMIT = 2_000  # combinations of labels: a scrape of so many takes 1.5 s and 25 MB
_LONGEST = 200  # characters of a label value


class State(IntEnum):
    """What `litellm_deployment_state` says of a deployment."""

    HEALTHY = 0
    PARTIAL_OUTAGE = 1
    COMPLETE_OUTAGE = 2


class Metrics(Collector):
    """Counts what the gateway tells it, and shows it to Prometheus.

    `known(model)`: whether the configuration names this model itself. A name that a client made
    up, or that only a wildcard matches, becomes a label only once it has been served; until then
    it is "unknown". `states` and `log_dropped` are asked at each scrape.
    """

    def __init__(
        self,
        *,
        known: Callable[[str], bool],
        states: Callable[[], Iterable[tuple[Deployment, State]]] = lambda: (),
        log_dropped: Callable[[], int] = lambda: 0,
        limit: int = _LIMIT,
    ) -> None:
        self._known = known
        self._states = states
        self._log_dropped = log_dropped
        self._in_flight = 0
        self._requests = _Rows(_REQUEST, _Requests, limit)
        self._attempts = _Rows(_ATTEMPT, _Count, limit)
        self._fallbacks = _Rows(_FALLBACK, _Count, limit)
        self._cooldowns = _Rows(_COOLDOWN, _Count, limit)
        self._left = _Rows(("route",), _Count, limit)
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

    def in_flight(self, delta: int) -> None:
        self._in_flight += delta

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
        yield from (_counted(counter, requests) for counter in _REQUEST_COUNTERS)
        yield from (_timed(histogram, requests) for histogram in _HISTOGRAMS)
        for rows, counters in (
            (self._attempts.rows(), _ATTEMPT_COUNTERS),
            (self._fallbacks.rows(), _FALLBACK_COUNTERS),
            (self._cooldowns.rows(), _COOLDOWN_COUNTERS),
            (self._left.rows(), _LEFT_COUNTERS),
        ):
            yield from (_counted(counter, rows) for counter in counters)
        yield _state_gauge(self._states())
        yield GaugeMetricFamily(
            "litellm_in_flight_requests", "Requests being served.", self._in_flight
        )
        yield CounterMetricFamily(
            "sluicegate_log_dropped", "Log records that were lost.", self._log_dropped()
        )
        yield CounterMetricFamily(
            "sluicegate_metrics_folded",
            "Events counted under the label value `other`, because there were too many values.",
            sum(rows.folded for rows in (self._requests, self._attempts, self._fallbacks)),
        )

    def _countable(self, model: str) -> bool:
        return "*" not in model and self._known(model)


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds

    def add(self, other: "_Histogram") -> None:
        self.counts = [
            ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)
        ]
        self.sum += other.sum


@dataclass(slots=True)
class _Count:
    count: int = 0


@dataclass(slots=True)
class _Requests(_Count):
    """What is known of all requests that share their labels."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    took: _Histogram = field(default_factory=_Histogram)
    first_token: _Histogram = field(default_factory=_Histogram)
    upstream: _Histogram = field(default_factory=_Histogram)
    own: _Histogram = field(default_factory=_Histogram)

    def add(self, usage: Usage) -> None:
        self.input += usage.input
        self.output += usage.output
        self.cache_read += usage.cache_read
        self.cache_write += usage.cache_write
        self.reasoning += usage.reasoning


Row = TypeVar("Row")
_Labels: TypeAlias = Mapping[str, str]


class _Rows(Generic[Row]):
    """A row for each combination of label values. Beyond the limit the values that may be many
    are all "other".
    """

    def __init__(self, names: Sequence[str], fresh: Callable[[], Row], limit: int) -> None:
        self.folded = 0
        self._names = names
        self._fresh = fresh
        self._limit = limit
        self._rows: dict[tuple[object, ...], tuple[_Labels, Row]] = {}

    def __getitem__(self, values: tuple[object, ...]) -> Row:
        found = self._rows.get(values)
        return self._new(values) if found is None else found[1]

    def rows(self) -> Sequence[tuple[_Labels, Row]]:
        return list(self._rows.values())  # a copy: a scrape may run in a thread of its own

    def _new(self, values: tuple[object, ...]) -> Row:
        if len(self._rows) >= self._limit:
            self.folded += 1
            named = zip(self._names, values, strict=True)
            values = tuple(value if name in _FEW else _OTHER for name, value in named)
            if values in self._rows:
                return self._rows[values][1]
        labels = {n: _text(value) for n, value in zip(self._names, values, strict=True)}
        labels |= {also: labels[name] for also, name in _ALSO.items() if name in labels}
        row = self._fresh()
        self._rows[values] = labels, row
        return row


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text.encode(errors="replace").decode()[:_LONGEST]  # a lone surrogate ends a scrape


_UNKNOWN = "unknown"
_OTHER = "other"
_FEW = {"route", "status_code", "exception_class", "exception_status", "stream", "ok"}
_ALSO = {"litellm_model_name": "model", "model_group": "requested_model"}
_PLACE = ("model_id", "api_provider", "model")
_REQUEST = (
    *("route", "requested_model", *_PLACE, "status_code", "exception_class", "exception_status"),
    *("api_key_alias", "stream"),
)
_ATTEMPT = ("requested_model", *_PLACE, "exception_class", "exception_status")
_FALLBACK = ("requested_model", "fallback_model", "exception_class", "exception_status", "ok")
_COOLDOWN = (*_PLACE, "exception_status")


class _Counter(NamedTuple, Generic[Row]):
    name: str  # without `_total`
    help: str
    labels: Sequence[str]
    value: Callable[[_Labels, Row], float]  # 0: the row has no part in it


class _Times(NamedTuple):
    name: str
    help: str
    labels: Sequence[str]
    value: Callable[[_Requests], _Histogram]


def _all(_: _Labels, row: _Count) -> int:
    return row.count


def _good(labels: _Labels, row: _Count) -> int:
    return 0 if labels["exception_class"] else row.count


def _bad(labels: _Labels, row: _Count) -> int:
    return row.count if labels["exception_class"] else 0


def _tokens(name: str, help: str, value: Callable[[_Requests], int]) -> _Counter[_Requests]:
    return _Counter(name, help, _CALL, lambda _, row: value(row))


_ASKED = ("api_key_alias", "requested_model", "model_id", "api_provider", "route")
_SERVED = ("api_key_alias", "model", "model_id", "api_provider")
_CALL = ("api_key_alias", "requested_model", "model", "model_id")
_SPOT = ("litellm_model_name", "model_id", "api_provider")
_TRIED = ("requested_model", *_SPOT)
_ERROR = ("exception_status", "exception_class")
_SWAP = ("requested_model", "fallback_model", *_ERROR)
_OVERHEAD = ("api_key_alias", "model_group", *_SPOT)
_REQUEST_COUNTERS: tuple[_Counter[_Requests], ...] = (
    _Counter(
        "litellm_proxy_total_requests_metric",
        "Requests answered, well or badly.",
        (*_ASKED, "status_code", "stream"),
        _all,
    ),
    _Counter(
        "litellm_proxy_failed_requests_metric",
        "Requests answered with an error, or broken off.",
        (*_ASKED, *_ERROR),
        _bad,
    ),
    _Counter("litellm_requests_metric", "Requests that a model served.", _SERVED, _good),
    _tokens(
        "litellm_total_tokens_metric", "Tokens in and out.", lambda row: row.input + row.output
    ),
    _tokens(
        "litellm_input_tokens_metric",
        "Tokens of prompts, cached ones included.",
        attrgetter("input"),
    ),
    _tokens(
        "litellm_output_tokens_metric",
        "Tokens of replies, reasoning included.",
        attrgetter("output"),
    ),
    _tokens(
        "sluicegate_cache_read_tokens",
        "Tokens providers had in their cache.",
        attrgetter("cache_read"),
    ),
    _tokens(
        "sluicegate_cache_write_tokens", "Tokens put into their cache.", attrgetter("cache_write")
    ),
    _tokens("sluicegate_reasoning_tokens", "Tokens of reasoning.", attrgetter("reasoning")),
)
_HISTOGRAMS = (
    _Times(
        "litellm_request_total_latency_metric",
        "Seconds from the request to the end of its reply.",
        _CALL,
        attrgetter("took"),
    ),
    _Times(
        "litellm_llm_api_latency_metric",
        "Seconds from asking the provider to the end of its reply.",
        _CALL,
        attrgetter("upstream"),
    ),
    _Times(
        "litellm_llm_api_time_to_first_token_metric",
        "Seconds from asking the provider to the first content of a stream.",
        _CALL,
        attrgetter("first_token"),
    ),
    _Times(
        "litellm_overhead_latency_metric",
        "Seconds that the gateway itself took.",
        _OVERHEAD,
        attrgetter("own"),
    ),
)
_ATTEMPT_COUNTERS: tuple[_Counter[_Count], ...] = (
    _Counter("litellm_deployment_total_requests", "Attempts.", _TRIED, _all),
    _Counter("litellm_deployment_success_responses", "Attempts that succeeded.", _TRIED, _good),
    _Counter(
        "litellm_deployment_failure_responses", "Attempts that failed.", (*_TRIED, *_ERROR), _bad
    ),
)
_FALLBACK_COUNTERS: tuple[_Counter[_Count], ...] = (
    _Counter(
        "litellm_deployment_successful_fallbacks",
        "Requests that another model served instead.",
        _SWAP,
        lambda labels, row: row.count if labels["ok"] == "True" else 0,
    ),
    _Counter(
        "litellm_deployment_failed_fallbacks",
        "Requests that another model could not serve either.",
        _SWAP,
        lambda labels, row: row.count if labels["ok"] == "False" else 0,
    ),
)
_COOLDOWN_COUNTERS: tuple[_Counter[_Count], ...] = (
    _Counter(
        "litellm_deployment_cooled_down",
        "Times a deployment was sent to rest.",
        (*_SPOT, "exception_status"),
        _all,
    ),
)
_LEFT_COUNTERS: tuple[_Counter[_Count], ...] = (
    _Counter("sluicegate_clients_left", "Clients that went too early.", ("route",), _all),
)


def _counted(counter: _Counter[Row], rows: Sequence[tuple[_Labels, Row]]) -> Metric:
    totals: dict[tuple[str, ...], float] = {}
    for labels, row in rows:
        if value := counter.value(labels, row):
            key = tuple([labels[name] for name in counter.labels])
            totals[key] = totals.get(key, 0) + value
    family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
    for key, total in totals.items():
        family.add_metric(key, total)
    return family


def _timed(times: _Times, rows: Sequence[tuple[_Labels, _Requests]]) -> Metric:
    totals: dict[tuple[str, ...], _Histogram] = {}
    for labels, row in rows:
        if any((one := times.value(row)).counts):
            key = tuple([labels[name] for name in times.labels])
            totals.setdefault(key, _Histogram()).add(one)
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
        labels=_SPOT,
    )
    for deployment, state in states:
        place = (deployment.target.model, deployment.id, deployment.target.provider)
        family.add_metric([_text(name) for name in place], state)
    return family

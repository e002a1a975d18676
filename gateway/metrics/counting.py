"""Prometheus metrics under LiteLLM's names, so that its dashboards and alerts go on working.

Names and labels: https://docs.litellm.ai/docs/proxy/prometheus (read 2026-11). LiteLLM's labels for
teams, users and hashed keys are left out: to Prometheus a label with an empty value and no label
are the same (https://prometheus.io/docs/concepts/data_model/), so `sum by (team)` works either way.

A request costs one look-up and a few additions: we count into a row per combination of labels,
and only a scrape sums the rows up for each metric.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Protocol

from adapters.types import Usage
from gateway.metrics.figures import Figures
from gateway.metrics.page import Page, process
from gateway.metrics.rows import Count, Requests, Rows, label
from gateway.metrics.tables import ATTEMPT, COOLDOWN, FALLBACK, REQUEST
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


class Metrics:
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

    def render(
        self, accept: str | None = None, several: Sequence[Figures] = ()
    ) -> tuple[bytes, str]:
        """The exposition and its content type, as the scraper's `Accept` wants it: of this process,
        or of `several` with this one among them.

        Takes 0.7 ms per combination of labels: call it in another thread, which is safe.
        """
        page = Page(several or [self.figures()], shared=self._shared is not None)
        return page.render(accept)

    def figures(self) -> Figures:
        """What this process has counted, and how things stand with it now. It shows rows that go on
        counting; safe in another thread.
        """
        return Figures(
            requests=self._requests.rows(),
            attempts=self._attempts.rows(),
            fallbacks=self._fallbacks.rows(),
            cooldowns=self._cooldowns.rows(),
            left=self._left.rows(),
            folded=sum(rows.folded for rows in (self._requests, self._attempts, self._fallbacks)),
            log_dropped=self._log_dropped(),
            alone=self._shared.alone if self._shared else 0,
            process=process(),
            in_flight=self._in_flight(),
            shared_up=self._shared.up if self._shared else True,
            states=[(_spot(deployment), state) for deployment, state in self._states()],
        )

    def _countable(self, model: str) -> bool:
        return "*" not in model and self._known(model)


def _spot(deployment: Deployment) -> Sequence[str]:
    target = deployment.target
    return [label(name) for name in (target.model, deployment.id, target.provider)]

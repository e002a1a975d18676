"""Which metrics there are, under which names and labels, and what of a row each of them tells.

LiteLLM's names and labels: https://docs.litellm.ai/docs/proxy/prometheus (read 2026-11).
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Generic, NamedTuple

from gateway.metrics.rows import Count, Histogram, Labels, Requests, Row

_PLACE = ("model_id", "api_provider", "model")
REQUEST = (
    *("route", "requested_model", *_PLACE, "status_code", "exception_class", "exception_status"),
    *("api_key_alias", "stream"),
)
ATTEMPT = ("requested_model", *_PLACE, "exception_class", "exception_status")
FALLBACK = ("requested_model", "fallback_model", "exception_class", "exception_status", "ok")
COOLDOWN = (*_PLACE, "exception_status")


class Counter(NamedTuple, Generic[Row]):
    name: str  # without `_total`
    help: str
    labels: Sequence[str]
    value: Callable[[Labels, Row], float]  # 0: the row has no part in it


class Times(NamedTuple):
    name: str
    help: str
    labels: Sequence[str]
    value: Callable[[Requests], Histogram]


def _all(_: Labels, row: Count) -> int:
    return row.count


def _good(labels: Labels, row: Count) -> int:
    return 0 if labels["exception_class"] else row.count


def _bad(labels: Labels, row: Count) -> int:
    return row.count if labels["exception_class"] else 0


def _tokens(name: str, help: str, value: Callable[[Requests], int]) -> Counter[Requests]:
    return Counter(name, help, _CALL, lambda _, row: value(row))


_ASKED = ("api_key_alias", "requested_model", "model_id", "api_provider", "route")
_SERVED = ("api_key_alias", "model", "model_id", "api_provider")
_CALL = ("api_key_alias", "requested_model", "model", "model_id")
SPOT = ("litellm_model_name", "model_id", "api_provider")
_TRIED = ("requested_model", *SPOT)
_ERROR = ("exception_status", "exception_class")
_SWAP = ("requested_model", "fallback_model", *_ERROR)
_OVERHEAD = ("api_key_alias", "model_group", *SPOT)
REQUEST_COUNTERS: tuple[Counter[Requests], ...] = (
    Counter(
        "litellm_proxy_total_requests_metric",
        "Requests answered, well or badly.",
        (*_ASKED, "status_code", "stream"),
        _all,
    ),
    Counter(
        "litellm_proxy_failed_requests_metric",
        "Requests answered with an error, or broken off.",
        (*_ASKED, *_ERROR),
        _bad,
    ),
    Counter("litellm_requests_metric", "Requests that a model served.", _SERVED, _good),
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
HISTOGRAMS = (
    Times(
        "litellm_request_total_latency_metric",
        "Seconds from the request to the end of its reply.",
        _CALL,
        attrgetter("took"),
    ),
    Times(
        "litellm_llm_api_latency_metric",
        "Seconds from asking the provider to the end of its reply.",
        _CALL,
        attrgetter("upstream"),
    ),
    Times(
        "litellm_llm_api_time_to_first_token_metric",
        "Seconds from asking the provider to the first content of a stream.",
        _CALL,
        attrgetter("first_token"),
    ),
    Times(
        "litellm_overhead_latency_metric",
        "Seconds that the gateway itself took.",
        _OVERHEAD,
        attrgetter("own"),
    ),
)
ATTEMPT_COUNTERS: tuple[Counter[Count], ...] = (
    Counter("litellm_deployment_total_requests", "Attempts.", _TRIED, _all),
    Counter("litellm_deployment_success_responses", "Attempts that succeeded.", _TRIED, _good),
    Counter(
        "litellm_deployment_failure_responses", "Attempts that failed.", (*_TRIED, *_ERROR), _bad
    ),
)
FALLBACK_COUNTERS: tuple[Counter[Count], ...] = (
    Counter(
        "litellm_deployment_successful_fallbacks",
        "Requests that another model served instead.",
        _SWAP,
        lambda labels, row: row.count if labels["ok"] == "True" else 0,
    ),
    Counter(
        "litellm_deployment_failed_fallbacks",
        "Requests that another model could not serve either.",
        _SWAP,
        lambda labels, row: row.count if labels["ok"] == "False" else 0,
    ),
)
COOLDOWN_COUNTERS: tuple[Counter[Count], ...] = (
    Counter(
        "litellm_deployment_cooled_down",
        "Times a deployment was sent to rest.",
        (*SPOT, "exception_status"),
        _all,
    ),
)
LEFT_COUNTERS: tuple[Counter[Count], ...] = (
    Counter("sluicegate_clients_left", "Clients that went too early.", ("route",), _all),
)

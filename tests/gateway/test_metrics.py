"""Metrics: names and labels, what is counted, and how many labels there can be."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from prometheus_client import parser

from adapters.types import Target, Usage
from gateway.metrics.counting import Metrics, State
from gateway.metrics.rows import BUCKETS
from routing.deployment import Deployment

SERVED: dict[str, Any] = {
    "route": "/v1/chat/completions",
    "requested_model": "gpt-4o",
    "deployment": "gpt-4o/azure-eu",
    "provider": "azure",
    "model": "gpt-4o-2024-11-20",
    "status": 200,
    "took_s": 3.0,
    "first_token_s": 0.4,
    "upstream_s": 2.9,
    "own_s": 0.004,
    "key_alias": "ops",
    "usage": Usage(input=100, output=20, cache_read=60, cache_write=10, reasoning=5),
    "stream": True,
}
FAILED: dict[str, Any] = {
    **SERVED,
    "status": 502,
    "error_class": "transient",
    "exception_status": 503,
    "usage": None,
}
PLACE: dict[str, Any] = {
    "deployment": "gpt-4o/azure-eu",
    "provider": "azure",
    "model": "gpt-4o-2024-11-20",
}
SPOT = {
    "litellm_model_name": "gpt-4o-2024-11-20",
    "model_id": "gpt-4o/azure-eu",
    "api_provider": "azure",
}
ASKED = {
    "api_key_alias": "ops",
    "requested_model": "gpt-4o",
    "model_id": "gpt-4o/azure-eu",
    "api_provider": "azure",
    "route": "/v1/chat/completions",
}
CALL = {
    "api_key_alias": "ops",
    "requested_model": "gpt-4o",
    "model": "gpt-4o-2024-11-20",
    "model_id": "gpt-4o/azure-eu",
}
ERROR = {"exception_status": "503", "exception_class": "transient"}
SWAP = {"requested_model": "gpt-4o", "fallback_model": "claude", **ERROR}

Sample = tuple[str, Mapping[str, str], float]


def metrics(**settings: Any) -> Metrics:
    return Metrics(**{"known": {"gpt-4o", "claude"}.__contains__, **settings})


def scrape(subject: Metrics) -> list[Sample]:
    text, _ = subject.render(None)
    families = parser.text_string_to_metric_families(text.decode())
    return [(s.name, s.labels, s.value) for family in families for s in family.samples]


def named(samples: Iterable[Sample], name: str) -> list[tuple[Mapping[str, str], float]]:
    return [(labels, value) for found, labels, value in samples if found == name]


def busy() -> Metrics:
    """Metrics that have seen one of everything, and a second request."""
    subject = metrics(
        states=lambda: [
            (
                Deployment("gpt-4o/azure-eu", "gpt-4o", Target("azure", "gpt-4o-2024-11-20")),
                State(2),
            )
        ],
        in_flight=lambda: 2,
        log_dropped=lambda: 7,
    )
    subject.request_finished(**SERVED)
    subject.request_finished(**FAILED)
    subject.attempt_succeeded(alias="gpt-4o", **PLACE)
    subject.attempt_failed(alias="gpt-4o", kind="transient", status=503, **PLACE)
    subject.fallback(alias="gpt-4o", to="claude", ok=True, kind="transient", status=503)
    subject.fallback(alias="gpt-4o", to="claude", ok=False, kind="transient", status=503)
    subject.cooled_down(status=503, **PLACE)
    subject.client_left(route="/v1/chat/completions")
    return subject


SERIES: dict[str, list[tuple[dict[str, str], float]]] = {
    "litellm_proxy_total_requests_metric_total": [
        ({**ASKED, "status_code": "200", "stream": "True"}, 1),
        ({**ASKED, "status_code": "502", "stream": "True"}, 1),
    ],
    "litellm_proxy_failed_requests_metric_total": [({**ASKED, **ERROR}, 1)],
    "litellm_requests_metric_total": [
        (
            {
                "api_key_alias": "ops",
                "model": "gpt-4o-2024-11-20",
                "model_id": "gpt-4o/azure-eu",
                "api_provider": "azure",
            },
            1,
        )
    ],
    "litellm_total_tokens_metric_total": [(CALL, 120)],
    "litellm_input_tokens_metric_total": [(CALL, 100)],
    "litellm_output_tokens_metric_total": [(CALL, 20)],
    "sluicegate_cache_read_tokens_total": [(CALL, 60)],
    "sluicegate_cache_write_tokens_total": [(CALL, 10)],
    "sluicegate_reasoning_tokens_total": [(CALL, 5)],
    "litellm_request_total_latency_metric_count": [(CALL, 1)],
    "litellm_request_total_latency_metric_sum": [(CALL, 3.0)],
    "litellm_llm_api_latency_metric_sum": [(CALL, 2.9)],
    "litellm_llm_api_time_to_first_token_metric_sum": [(CALL, 0.4)],
    "litellm_overhead_latency_metric_sum": [
        ({"api_key_alias": "ops", "model_group": "gpt-4o", **SPOT}, 0.004)
    ],
    "litellm_in_flight_requests": [({}, 2)],
    "litellm_deployment_state": [(SPOT, 2)],
    "litellm_deployment_total_requests_total": [({"requested_model": "gpt-4o", **SPOT}, 2)],
    "litellm_deployment_success_responses_total": [({"requested_model": "gpt-4o", **SPOT}, 1)],
    "litellm_deployment_failure_responses_total": [
        ({"requested_model": "gpt-4o", **SPOT, **ERROR}, 1)
    ],
    "litellm_deployment_cooled_down_total": [({**SPOT, "exception_status": "503"}, 1)],
    "litellm_deployment_successful_fallbacks_total": [(SWAP, 1)],
    "litellm_deployment_failed_fallbacks_total": [(SWAP, 1)],
    "sluicegate_clients_left_total": [({"route": "/v1/chat/completions"}, 1)],
    "sluicegate_log_dropped_total": [({}, 7)],
    "sluicegate_metrics_folded_total": [({}, 0)],
    "sluicegate_workers": [({}, 1)],
}


@pytest.mark.parametrize("name", SERIES)
def test_each_metric_has_litellms_name_and_labels(name: str) -> None:
    assert named(scrape(busy()), name) == SERIES[name]


def test_there_is_no_metric_that_the_table_does_not_name() -> None:
    families = {
        name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
        for name, _, _ in scrape(busy())
        if name.startswith(("litellm_", "sluicegate_"))
    }

    assert families == {name.removesuffix("_count").removesuffix("_sum") for name in SERIES}


def test_the_buckets_go_from_five_milliseconds_to_ten_minutes_and_add_up() -> None:
    subject = metrics()
    for took in (0.001, 0.005, 0.006, 3.0, 600.0, 601.0):
        subject.request_finished(**{**SERVED, "took_s": took})

    buckets = named(scrape(subject), "litellm_request_total_latency_metric_bucket")
    counts = {labels["le"]: value for labels, value in buckets}
    assert [float(bound) for bound in counts] == [*BUCKETS, float("inf")]
    assert (BUCKETS[0], BUCKETS[-1]) == (0.005, 600.0)
    assert [counts[bound] for bound in ("0.005", "0.01", "2.0", "5.0", "600.0", "+Inf")] == [
        *(2, 3, 3, 4, 5, 6)
    ]


def test_requests_that_differ_only_in_labels_a_metric_lacks_are_added_up() -> None:
    subject = metrics()
    subject.request_finished(**SERVED)
    subject.request_finished(**{**SERVED, "route": "/v1/messages", "stream": False})

    found = scrape(subject)
    assert named(found, "litellm_input_tokens_metric_total") == [(CALL, 200)]
    assert named(found, "litellm_request_total_latency_metric_count") == [(CALL, 2)]
    assert len(named(found, "litellm_proxy_total_requests_metric_total")) == 2


def test_a_failure_leaves_no_duration() -> None:
    subject = metrics()
    subject.request_finished(**FAILED)

    assert not [name for name, _, _ in scrape(subject) if "latency" in name or "first" in name]


def test_the_tokens_of_a_reply_that_broke_off_are_counted() -> None:
    subject = metrics()
    subject.request_finished(**{**FAILED, "status": 200, "usage": Usage(input=3, output=4)})

    assert named(scrape(subject), "litellm_total_tokens_metric_total") == [(CALL, 7)]


def models(subject: Metrics, name: str = "litellm_proxy_total_requests_metric_total") -> set[str]:
    return {labels["requested_model"] for labels, _ in named(scrape(subject), name)}


@pytest.mark.parametrize(
    ("asked", "result", "shown"),
    [
        ("gpt-4o", FAILED, "gpt-4o"),
        ("made-up", FAILED, "unknown"),
        ("openai/made-up", SERVED, "openai/made-up"),
        ("openai/*", FAILED, "unknown"),
    ],
)
def test_a_made_up_model_is_no_label(asked: str, result: dict[str, Any], shown: str) -> None:
    subject = metrics(known={"gpt-4o", "openai/*"}.__contains__)
    subject.request_finished(**{**result, "requested_model": asked})

    assert models(subject) == {shown}


def test_made_up_models_of_failures_make_one_series() -> None:
    subject = metrics()
    for number in range(50):
        subject.request_finished(
            **{**FAILED, "requested_model": f"m{number}", "model": f"m{number}"}
        )
        subject.attempt_failed(
            **{**PLACE, "model": f"m{number}"}, alias=f"m{number}", kind="caller"
        )
        subject.fallback(alias=f"m{number}", to=f"n{number}", ok=False)

    found = scrape(subject)
    for name in (
        "litellm_proxy_total_requests_metric_total",
        "litellm_deployment_failure_responses_total",
        "litellm_deployment_failed_fallbacks_total",
    ):
        assert [value for _, value in named(found, name)] == [50]


def test_the_number_of_series_is_bounded_and_nothing_is_lost() -> None:
    subject = metrics(limit=10)
    for number in range(100):
        subject.request_finished(**{**SERVED, "requested_model": f"m{number}"})
    subject.request_finished(**{**SERVED, "requested_model": "m3"})

    found = scrape(subject)
    requests = named(found, "litellm_proxy_total_requests_metric_total")
    others = [value for labels, value in requests if labels["requested_model"] == "other"]
    assert len(requests) == 11
    assert others == [90]
    assert sum(value for _, value in requests) == 101
    assert named(found, "sluicegate_metrics_folded_total") == [({}, 90)]


ODD_LABELS = {
    "quotes": ('a"b\\c\nd', 'a"b\\c\nd'),
    "a lone surrogate": ("a\ud800b", "a?b"),
    "too long": ("x" * 1000, "x" * 200),
    "unicode": ("模型", "模型"),
}


@pytest.mark.parametrize(("model", "shown"), ODD_LABELS.values(), ids=ODD_LABELS)
def test_an_odd_label_does_not_break_the_scrape(model: str, shown: str) -> None:
    subject = metrics()
    subject.request_finished(**{**SERVED, "requested_model": model})

    assert models(subject) == {shown}


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain; version=nonsense", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text; version=1.0.0",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
    ],
)
def test_the_content_type_follows_what_the_scraper_accepts(
    accept: str | None, content_type: str
) -> None:
    assert busy().render(accept)[1] == content_type


def test_openmetrics_is_spoken_as_well() -> None:
    text, _ = busy().render("application/openmetrics-text; version=1.0.0")

    assert b"# TYPE litellm_proxy_total_requests_metric counter\n" in text
    assert b"# TYPE litellm_request_total_latency_metric histogram\n" in text
    assert text.endswith(b"# EOF\n")


def test_two_of_them_share_nothing() -> None:
    one, other = metrics(), metrics()
    one.request_finished(**SERVED)

    assert models(one) == {"gpt-4o"}
    assert models(other) == set()


def test_the_process_is_measured_too() -> None:
    assert named(scrape(metrics()), "process_resident_memory_bytes")

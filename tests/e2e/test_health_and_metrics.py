"""Whether it lives, what it counts: after known traffic the figures are known."""

import re

import pytest

from tests.e2e import said
from tests.e2e.process import Gateway
from tests.e2e.raw import BEARER, exchange, get
from tests.upstream import Upstream, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


@pytest.mark.parametrize("path", ["/health/liveliness", "/health/liveness"])
async def test_it_is_alive_for_everybody(gateway: Gateway, path: str) -> None:
    got = await get(gateway.port, path, {})

    assert got.status == 200
    assert got.json == "I'm alive!"


async def test_it_is_ready_for_everybody(gateway: Gateway) -> None:
    got = await get(gateway.port, "/health/readiness", {})

    assert got.status == 200
    assert got.json["status"] == "healthy"


async def test_health_shows_a_deployment_that_failed(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.openai_error("Oops."), 500))
    await exchange(gateway.port, CHAT, said.asked("gpt"))

    got = (await get(gateway.port, "/health")).json

    ill = [endpoint["model_name"] for endpoint in got["unhealthy_endpoints"]]
    assert "gpt" in ill
    assert got["unhealthy_count"] == len(ill)
    assert got["healthy_count"] == len(got["healthy_endpoints"]) > 0


async def test_known_traffic_gives_known_figures(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    before = await _figures(gateway)
    two.play(document(said.completion()))
    one.play(
        document(said.completion()),  # 1: gpt, 11 tokens in, 7 out
        events(said.chat_stream("Good", " day")),  # 2: gpt as a stream, the same
        document(said.openai_error("Slow."), 429),  # 3: gpt fails
        document(said.openai_error("Oops."), 500),  # 4: plan-a fails, plan-b answers
    )
    await exchange(gateway.port, CHAT, said.asked("gpt"))
    await exchange(gateway.port, CHAT, said.asked("gpt", stream=True))
    await exchange(gateway.port, CHAT, said.asked("gpt"))
    await exchange(gateway.port, CHAT, said.asked("plan-a"))
    await exchange(gateway.port, CHAT, said.asked("made-up"))

    after = await _figures(gateway)

    def grown(name: str, **labels: str) -> float:
        return _sum(after, name, labels) - _sum(before, name, labels)

    requests = "litellm_proxy_total_requests_metric_total"
    failed = "litellm_proxy_failed_requests_metric_total"
    assert grown(requests, requested_model="gpt") == 3
    assert grown(requests, requested_model="plan-a") == 1
    assert grown(requests, requested_model="made-up") == 0
    assert grown(failed, requested_model="gpt") == 1
    assert grown(failed, requested_model="plan-a") == 0
    assert grown("litellm_input_tokens_metric_total", requested_model="gpt") == 22
    assert grown("litellm_output_tokens_metric_total", requested_model="gpt") == 14
    assert grown("litellm_deployment_failure_responses_total", exception_status="429") == 1
    assert grown("litellm_deployment_failure_responses_total", exception_status="500") == 1
    assert grown("litellm_deployment_successful_fallbacks_total") == 1
    assert grown("litellm_request_total_latency_metric_count", requested_model="gpt") == 2
    assert grown("litellm_llm_api_time_to_first_token_metric_count", requested_model="gpt") == 1
    assert _sum(after, "litellm_in_flight_requests", {}) == 1  # the scrape itself


@pytest.mark.parametrize(
    "name",
    [
        "litellm_proxy_total_requests_metric_total",
        "litellm_proxy_failed_requests_metric_total",
        "litellm_deployment_state",
        "litellm_in_flight_requests",
        "process_resident_memory_bytes",
    ],
)
async def test_dashboards_made_for_litellm_find_their_metrics(
    gateway: Gateway, one: Upstream, name: str
) -> None:
    one.play(document(said.openai_error("Oops."), 400))
    await exchange(gateway.port, CHAT, said.asked("gpt"))

    got = await get(gateway.port, "/metrics")

    assert got.headers["content-type"].startswith("text/plain")
    assert re.search(rf"^{name}[ {{]", got.body.decode(), re.MULTILINE)


async def test_a_finished_request_is_one_line_of_facts(gateway: Gateway, one: Upstream) -> None:
    one.play(events(said.message_stream("Good", " day")))
    headers = {**BEARER, "x-request-id": "one-line"}

    await exchange(gateway.port, MESSAGES, said.asked("claude", stream=True), headers)

    line = await gateway.line("request.finished", request_id="one-line")
    assert len(gateway.lines(request_id="one-line")) == 1
    assert {key: line[key] for key in ("method", "route", "status", "alias", "stream")} == {
        "method": "POST",
        "route": MESSAGES,
        "status": 200,
        "alias": "claude",
        "stream": True,
    }
    assert (line["provider"], line["model"]) == ("anthropic", "claude-x")
    assert (line["input_tokens"], line["output_tokens"]) == (11, 7)
    assert (line["attempts"], line["fallbacks"]) == (1, 0)
    assert 0 <= line["own_ms"] <= line["first_ms"] <= line["took_ms"]


async def _figures(gateway: Gateway) -> str:
    return (await get(gateway.port, "/metrics")).body.decode()


def _sum(exposition: str, name: str, labels: dict[str, str]) -> float:
    """All samples of a name that have these labels, added up."""
    found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", exposition, re.MULTILINE)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for given, value in found if all(each in given for each in wanted))

"""What leaves for the providers that most people have: address, headers and body, word by word."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from aioresponses import aioresponses
from yarl import URL

from adapters.catalog import find
from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.send import RowAdapter
from adapters.types import Call, Dialect, Json, Reply, Target
from tests.adapters.aioresponses_cure import CuredResponse
from tests.adapters.over_session import OverSession
from tests.adapters.samples import ANTHROPIC, CHAT, COMPLETION, KEY, MESSAGE, call

OURS = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "accept": "application/json",
    "user-agent": "sluicegate",
    "x-request-id": "req-1",
}


@dataclass(frozen=True)
class Case:
    """A deployment, who asks, and what must leave for it."""

    provider: str
    url: str
    headers: Mapping[str, str]
    dialect: Dialect = CHAT
    base_url: str = ""
    secrets: Mapping[str, str] = field(default_factory=lambda: {"api_key": KEY})
    options: Mapping[str, str] = field(default_factory=dict)
    answer: Json = field(default_factory=lambda: COMPLETION)

    @property
    def target(self) -> Target:
        return Target(
            self.provider, "gpt-4o", self.base_url, secrets=self.secrets, options=self.options
        )


CASES = {
    "OpenAI": Case(
        "openai",
        "https://api.openai.com/v1/chat/completions",
        {"authorization": f"Bearer {KEY}"},
    ),
    "OpenAI, on somebody's account": Case(
        "openai",
        "https://api.openai.com/v1/chat/completions",
        {"authorization": f"Bearer {KEY}", "openai-organization": "org-1"},
        options={"organization": "org-1"},
    ),
    "Azure": Case(
        "azure",
        "https://res.openai.azure.com/openai/deployments/gpt-4o/chat/completions"
        "?api-version=2024-10-21",
        {"api-key": KEY},
        base_url="https://res.openai.azure.com/",
        options={"api_version": "2024-10-21"},
    ),
    "Azure with a token": Case(
        "azure",
        "https://res.openai.azure.com/openai/v1/chat/completions",
        {"authorization": "Bearer entra-token"},
        base_url="https://res.openai.azure.com/openai/v1",
        secrets={"azure_ad_token": "entra-token"},
    ),
    "Anthropic": Case(
        "anthropic",
        "https://api.anthropic.com/v1/messages",
        {"x-api-key": KEY, "anthropic-version": "2023-06-01"},
        dialect=ANTHROPIC,
        answer=MESSAGE,
    ),
    "Anthropic for a client of OpenAI": Case(
        "anthropic",
        "https://api.anthropic.com/v1/messages",
        {"x-api-key": KEY, "anthropic-version": "2023-06-01"},
        answer=MESSAGE,
    ),
    "DeepSeek's door for clients of Anthropic": Case(
        "deepseek",
        "https://api.deepseek.com/anthropic/v1/messages",
        {"authorization": f"Bearer {KEY}"},
        dialect=ANTHROPIC,
        answer=MESSAGE,
    ),
}


@pytest.fixture
def network() -> Iterator[aioresponses]:
    with aioresponses() as network:
        yield network


async def _send(case: Case, asked: Call) -> Reply:
    row = find(case.provider)
    assert row
    return await RowAdapter(row, OverSession(), SystemClock()).send(asked, case.target)


def _only(network: aioresponses) -> tuple[str, URL, Mapping[str, Any]]:
    """The one request that left: method, address, and what was given to aiohttp."""
    [((method, url), [request])] = network.requests.items()
    return method, url, request.kwargs


@pytest.mark.parametrize("name", CASES)
async def test_this_leaves_for(name: str, network: aioresponses) -> None:
    case = CASES[name]
    network.post(case.url, payload=case.answer, response_class=CuredResponse)

    await _send(case, call(case.dialect))

    method, url, request = _only(network)
    assert (method, url) == ("POST", URL(case.url))
    assert request["headers"] == {**OURS, **case.headers}


@pytest.mark.parametrize("name", ["OpenAI", "Azure", "Anthropic"])
async def test_a_body_in_the_providers_own_dialect_leaves_as_it_came(
    name: str, network: aioresponses
) -> None:
    case = CASES[name]
    network.post(case.url, payload=case.answer, response_class=CuredResponse)
    asked = call(case.dialect, temperature=0, x_new=[{"a": None}])

    await _send(case, asked)

    assert orjson.loads(_only(network)[2]["data"]) == {**asked.body, "model": "gpt-4o"}


async def test_a_chat_leaves_in_anthropics_words(network: aioresponses) -> None:
    case = CASES["Anthropic for a client of OpenAI"]
    network.post(case.url, payload=case.answer, response_class=CuredResponse)
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]

    reply = await _send(case, call(messages=messages, max_tokens=5, stop="END"))

    left = orjson.loads(_only(network)[2]["data"])
    assert left["model"] == "gpt-4o"
    assert left["max_tokens"] == 5
    assert left["stop_sequences"] == ["END"]
    assert [message["role"] for message in left["messages"]] == ["user"]
    assert "Be brief." in str(left["system"])
    assert isinstance(reply.body, bytes)
    assert orjson.loads(reply.body)["choices"][0]["message"]["content"] == "Hi"


async def test_a_refusal_is_told_as_one(network: aioresponses) -> None:
    case = CASES["OpenAI"]
    said = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
    network.post(
        case.url,
        status=429,
        payload=said,
        headers={"Retry-After": "3"},
        response_class=CuredResponse,
    )

    with pytest.raises(Failure, match="Rate limit reached") as caught:
        await _send(case, call())

    assert (caught.value.kind, caught.value.retry_after) == (Kind.RATE_LIMIT, 3)

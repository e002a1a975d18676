import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from adapters.auth.keys import key_of
from adapters.catalog import find, infer
from adapters.errors import Failure, Kind
from adapters.provider import Endpoint, Upstream, address
from adapters.providers.vertex import PROVIDER, settled, speaking, tidy
from adapters.send import RowAdapter
from adapters.types import Call, Dialect, Reply, Target
from tests.fakes import FakeAnswer, FakeClock, FakeTransport

HOST = "https://us-central1-aiplatform.googleapis.com"
PLACE = "/projects/p/locations/us-central1"
GOOGLE = f"{HOST}/v1beta1{PLACE}/publishers/google/models"
PROJECT = {"vertex_project": "p"}


def target(model: str, options: Mapping[str, str] = PROJECT, **given: Any) -> Target:
    return Target("vertex_ai", model, options=options, **given)


def spoken(to: Target) -> tuple[Dialect, Endpoint, Target]:
    there = settled(to)
    dialect, endpoint = next(iter(speaking(there).items()))
    return dialect, endpoint, there


def url(to: Target, *, stream: bool = False) -> str:
    _, endpoint, there = spoken(to)
    return address(PROVIDER, endpoint, there, stream=stream)


GEMINI, CLAUDE = Dialect.GEMINI_GENERATE, Dialect.ANTHROPIC_MESSAGES
CHAT, PREDICT, EMBED = Dialect.OPENAI_CHAT, Dialect.VERTEX_EMBED, Dialect.GEMINI_EMBED
OPEN = f"{HOST}/v1{PLACE}/endpoints/openapi/chat/completions"

MODELS: dict[str, tuple[Dialect, str]] = {
    "gemini-2.5-pro": (GEMINI, f"{GOOGLE}/gemini-2.5-pro:generateContent"),
    "google/gemini-2.5-pro": (GEMINI, f"{GOOGLE}/gemini-2.5-pro:generateContent"),
    "medlm-large": (GEMINI, f"{GOOGLE}/medlm-large:generateContent"),
    "1234567890": (GEMINI, f"{HOST}/v1beta1{PLACE}/endpoints/1234567890:generateContent"),
    "gemini/1234567890": (GEMINI, f"{HOST}/v1beta1{PLACE}/endpoints/1234567890:generateContent"),
    "claude-sonnet-4-5@20250929": (
        CLAUDE,
        f"{HOST}/v1{PLACE}/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict",
    ),
    "anthropic/claude-opus-5": (
        CLAUDE,
        f"{HOST}/v1{PLACE}/publishers/anthropic/models/claude-opus-5:rawPredict",
    ),
    "mistral-medium-3": (
        CHAT,
        f"{HOST}/v1{PLACE}/publishers/mistralai/models/mistral-medium-3:rawPredict",
    ),
    "mistralai/codestral-2": (
        CHAT,
        f"{HOST}/v1{PLACE}/publishers/mistralai/models/codestral-2:rawPredict",
    ),
    "jamba-1.5-mini@001": (
        CHAT,
        f"{HOST}/v1{PLACE}/publishers/ai21/models/jamba-1.5-mini%40001:rawPredict",
    ),
    "meta/llama-4-scout-17b-16e-instruct-maas": (CHAT, OPEN),
    "deepseek-ai/deepseek-v3.2-maas": (CHAT, OPEN),
    "openai/gpt-oss-120b-maas": (CHAT, OPEN),
    "google/gemma-4-26b-a4b-it-maas": (CHAT, OPEN),
    "openai/1234567890": (CHAT, f"{HOST}/v1beta1{PLACE}/endpoints/1234567890/chat/completions"),
    "text-embedding-005": (PREDICT, f"{GOOGLE}/text-embedding-005:predict"),
    "gemini-embedding-001": (PREDICT, f"{GOOGLE}/gemini-embedding-001:predict"),
    "gemini-embedding-2": (EMBED, f"{GOOGLE}/gemini-embedding-2:embedContent"),
}


@pytest.mark.parametrize("model", MODELS)
def test_a_models_name_tells_dialect_and_address(model: str) -> None:
    dialect, _, _ = spoken(target(model))

    assert (dialect, url(target(model))) == MODELS[model]


STREAMS = {
    "gemini-2.5-pro": f"{GOOGLE}/gemini-2.5-pro:streamGenerateContent?alt=sse",
    "123": f"{HOST}/v1beta1{PLACE}/endpoints/123:streamGenerateContent?alt=sse",
    "claude-opus-5": f"{HOST}/v1{PLACE}/publishers/anthropic/models/claude-opus-5:streamRawPredict",
    "mistral-medium-3": (
        f"{HOST}/v1{PLACE}/publishers/mistralai/models/mistral-medium-3:streamRawPredict"
    ),
    "meta/llama-maas": OPEN,
}


@pytest.mark.parametrize("model", STREAMS)
def test_a_stream_may_have_an_address_of_its_own(model: str) -> None:
    assert url(target(model), stream=True) == STREAMS[model]


LOCATIONS = {
    "global": "aiplatform.googleapis.com",
    "us": "aiplatform.us.rep.googleapis.com",
    "eu": "aiplatform.eu.rep.googleapis.com",
    "europe-west4": "europe-west4-aiplatform.googleapis.com",
}


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_location_is_in_the_host_and_in_the_path(location: str) -> None:
    there = target("gemini-2.5-pro", {**PROJECT, "vertex_location": location})

    place = f"/v1beta1/projects/p/locations/{location}/publishers/google/models/gemini-2.5-pro"
    assert url(there) == f"https://{LOCATIONS[location]}{place}:generateContent"


DEFAULTS = {
    "gemini-2.5-flash": "us-central1",
    "claude-opus-5": "us-central1",
    "gemini-3-pro-preview": "global",
    "gemini-3.5-flash": "global",
    "gemini-10-pro": "global",
    "gemini-embedding-2": "us-central1",
}


@pytest.mark.parametrize("model", DEFAULTS)
def test_where_no_region_serves_a_model_it_is_asked_for_worldwide(model: str) -> None:
    assert settled(target(model)).options["vertex_location"] == DEFAULTS[model]


def test_litellms_other_spelling_is_understood() -> None:
    options = {"vertex_ai_project": "q", "vertex_ai_location": "eu", "vertex_project": "env"}

    place = "aiplatform.eu.rep.googleapis.com/v1beta1/projects/q/locations/eu/"
    assert url(target("gemini-2.5-pro", options)).startswith(f"https://{place}")


METHOD = "publishers/google/models/m:generateContent"
BASES = {
    "a host": ("https://x.example", f"https://x.example/v1beta1{PLACE}/{METHOD}"),
    "a prefix": ("https://x.example/google", f"https://x.example/google/v1beta1{PLACE}/{METHOD}"),
    "a version": ("https://x.example/v1", f"https://x.example/v1beta1{PLACE}/{METHOD}"),
    "a place": (
        "https://x.example/v1/projects/own/locations/eu",
        f"https://x.example/v1/projects/own/locations/eu/{METHOD}",
    ),
    "a model": (
        "https://x.example/v1/projects/own/locations/eu/publishers/google/models/other",
        "https://x.example/v1/projects/own/locations/eu/publishers/google/models/other"
        ":generateContent",
    ),
    "a method": (
        "https://x.example/v1/projects/own/locations/eu/endpoints/77:predict",
        "https://x.example/v1/projects/own/locations/eu/endpoints/77:generateContent",
    ),
    "a gateway's": (
        "https://gateway.example/v1/account/name/google-vertex-ai/v1/projects/own/locations/eu"
        "/publishers/google/models/m",
        "https://gateway.example/v1/account/name/google-vertex-ai/v1/projects/own/locations/eu"
        "/publishers/google/models/m:generateContent",
    ),
}


@pytest.mark.parametrize("name", BASES)
def test_an_api_base_may_hold_as_much_of_the_address_as_it_likes(name: str) -> None:
    base, wanted = BASES[name]

    assert url(target("m", base_url=base)) == wanted


def test_an_api_base_with_a_method_serves_streams_too() -> None:
    base = "https://x.example/v1/projects/own/locations/eu/publishers/google/models/m"

    for given in (base, f"{base}:generateContent", f"{base}:streamGenerateContent?alt=sse"):
        there = target("m", base_url=given)
        assert url(there, stream=True) == f"{base}:streamGenerateContent?alt=sse"


def test_an_api_base_of_the_open_door_serves_it() -> None:
    base = "https://x.example/v1/projects/own/locations/eu/endpoints/openapi"

    for given in (base, f"{base}/chat/completions"):
        there = target("meta/llama-maas", base_url=given)
        assert url(there) == f"{base}/chat/completions"


def test_an_address_that_repeats_nothing_is_left_alone() -> None:
    plain = url(target("gemini-2.5-pro"))

    assert tidy(plain) == plain


def test_neither_a_model_nor_a_project_can_change_the_path() -> None:
    there = target("claude-/../x?y", {"vertex_project": "../q"})

    path = "/v1/projects/..%2Fq/locations/us-central1/publishers/anthropic/models"
    assert url(there) == f"{HOST}{path}/claude-%2F..%2Fx%3Fy:rawPredict"


# What is sent


CHAT_ANSWER = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
CLAUDE_ANSWER = {
    "id": "msg_vrtx_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
METADATA = {"metadata-flavor": "Google"}
TOKEN = orjson.dumps({"access_token": "ya29.one", "expires_in": 3600})
ASKED = {"messages": [{"role": "user", "content": "hello"}]}


def network(answer: object, project: str = "") -> FakeTransport:
    """A metadata server, then Vertex."""
    named = FakeAnswer(project.encode(), status=200 if project else 404, headers=METADATA)
    return FakeTransport(
        FakeAnswer(TOKEN, headers=METADATA),
        named,
        FakeAnswer(orjson.dumps(answer), headers={"content-type": "application/json"}),
    )


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))


async def send(transport: FakeTransport, to: Target, dialect: Dialect = CHAT, **body: Any) -> Reply:
    call = Call(dialect, "alias", {**ASKED, **body}, headers={"anthropic-beta": "b1"})
    return await RowAdapter(PROVIDER, transport, FakeClock()).send(call, to)


async def test_claude_is_asked_natively_and_the_answer_passes_untouched() -> None:
    transport = network(CLAUDE_ANSWER)

    reply = await send(
        transport, target("claude-opus-5@20260101"), CLAUDE, max_tokens=5, unheard_of=1
    )

    assert reply.body == orjson.dumps(CLAUDE_ANSWER)
    request = transport.requests[-1]
    assert orjson.loads(request.body) == {
        "anthropic_version": "vertex-2023-10-16",
        **ASKED,
        "max_tokens": 5,
        "unheard_of": 1,
    }
    assert request.headers["authorization"] == "Bearer ya29.one"
    assert request.headers["anthropic-beta"] == "b1"


async def test_claude_is_spoken_to_on_behalf_of_a_chat_client() -> None:
    transport = network(CLAUDE_ANSWER)

    reply = await send(transport, target("claude-opus-5"))

    assert isinstance(reply.body, bytes)
    assert orjson.loads(reply.body)["choices"][0]["message"]["content"] == "hi"
    sent = orjson.loads(transport.requests[-1].body)
    assert sent["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in sent


async def test_an_anthropic_version_of_the_clients_own_stays() -> None:
    transport = network(CLAUDE_ANSWER)

    await send(transport, target("claude-opus-5"), CLAUDE, anthropic_version="vertex-2027")

    assert orjson.loads(transport.requests[-1].body)["anthropic_version"] == "vertex-2027"


def test_claude_takes_images_as_bytes_only() -> None:
    assert spoken(target("claude-opus-5"))[1].inlines
    assert not spoken(target("gemini-2.5-pro"))[1].inlines


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("mistral-medium-3@001", "mistral-medium-3"),
        ("jamba-1.5-mini@001", "jamba-1.5-mini"),
        ("meta/llama-maas", "meta/llama-maas"),
        ("openai/1234567890", ""),
    ],
)
async def test_a_chat_body_names_the_model_as_its_publisher_does(model: str, name: str) -> None:
    transport = network(CHAT_ANSWER)

    await send(transport, target(model), max_completion_tokens=7, unheard_of=1)

    assert orjson.loads(transport.requests[-1].body) == {
        "messages": ASKED["messages"],
        "model": name,
        "max_tokens": 7,
        "unheard_of": 1,
    }


async def test_a_project_that_only_the_credentials_name_gets_into_the_address() -> None:
    transport = network(CHAT_ANSWER, project="the-machines-project")

    await send(transport, target("meta/llama-maas", {}))

    assert "/v1/projects/the-machines-project/locations/" in transport.requests[-1].url


async def test_a_project_that_nobody_names_is_asked_for() -> None:
    with pytest.raises(Failure, match="vertex_project is not set") as caught:
        await send(network(CHAT_ANSWER), target("meta/llama-maas", {}))

    assert caught.value.kind is Kind.MODEL_GONE


async def test_the_token_is_used_again() -> None:
    transport = network(CHAT_ANSWER)
    adapter = RowAdapter(PROVIDER, transport, FakeClock())

    for _ in range(2):
        await adapter.send(Call(CHAT, "alias", {**ASKED}), target("meta/llama-maas"))
        transport._answers[-1] = FakeAnswer(orjson.dumps(CHAT_ANSWER))

    asked = [request.url for request in transport.requests]
    assert len([one for one in asked if "computeMetadata" in one]) == 2  # the token, the project


async def test_a_key_alone_stands_for_project_and_location() -> None:
    """Google's express mode."""
    to = target("gemini-2.5-pro", {}, secrets={"api_key": "AQ.key"})
    _, endpoint, there = spoken(to)
    assert PROVIDER.login
    sent = await PROVIDER.login(network({}), FakeClock())(
        Upstream(address(PROVIDER, endpoint, there, stream=True), b""), there
    )

    path = "/v1beta1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
    assert sent.url == f"https://aiplatform.googleapis.com{path}"
    assert sent.headers == {"x-goog-api-key": "AQ.key"}


async def test_a_key_beside_a_project_goes_to_the_projects_address() -> None:
    transport = FakeTransport(FakeAnswer(orjson.dumps(CHAT_ANSWER)))

    await send(transport, target("meta/llama-maas", secrets={"api_key": "AQ.key"}))

    assert transport.requests[0].url == OPEN
    assert transport.requests[0].headers["x-goog-api-key"] == "AQ.key"


async def test_credentials_count_before_a_key() -> None:
    secrets = {"api_key": "AQ.key", "vertex_credentials": json.dumps({"type": "invented"})}

    with pytest.raises(Failure, match="invented") as caught:
        await send(network({}), target("meta/llama-maas", secrets=secrets))

    assert caught.value.kind is Kind.CREDENTIAL


async def test_an_operators_own_authorization_is_left_alone() -> None:
    transport = FakeTransport(FakeAnswer(orjson.dumps(CHAT_ANSWER)))
    there = target("meta/llama-maas", headers={"authorization": "Bearer mine"})

    await send(transport, there)

    assert [request.headers["authorization"] for request in transport.requests] == ["Bearer mine"]


def test_both_of_litellms_names_mean_it() -> None:
    assert find("vertex_ai") is PROVIDER
    assert find("vertex_ai_beta") is PROVIDER
    assert infer("vertex_ai/claude-opus-5@1") == ("vertex_ai", "claude-opus-5@1")


def test_config_may_name_what_litellm_names() -> None:
    assert {"vertex_project", "vertex_location"} <= set(PROVIDER.options_env)
    assert "vertex_credentials" in PROVIDER.secrets_env
    assert key_of(target("m", secrets={"vertex_credentials": " x "}), "vertex_credentials") == "x"

"""Providers with a login, an address or an answer of their own, over a real socket."""

import base64
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
import pytest_asyncio
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from adapters.catalog import find
from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.http import Http
from adapters.provider import Provider, address
from adapters.send import RowAdapter
from adapters.types import Call, Dialect, Json, Operation, Reply, Target, Timeouts, Usage
from tests.adapters.samples import (
    ANTHROPIC,
    COMPLETION,
    DONE,
    KEY,
    MESSAGE,
    STREAM,
    call,
    event,
)
from tests.fakes import FakeClock
from tests.upstream import Script, Upstream, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "token-of-an-hour-0123456789"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http() -> AsyncIterator[Http]:
    async with Http() as transport:
        yield transport


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    server.forget()
    return server


def _row(name: str) -> Provider:
    found = find(name)
    assert found
    return found


def _adapter(name: str, http: Http) -> RowAdapter:
    return RowAdapter(_row(name), http, SystemClock())


def _target(
    name: str, upstream: Upstream, model: str = "m-1", path: str = "", **more: Any
) -> Target:
    secrets = {"api_key": KEY, **more.pop("secrets", {})}
    return Target(name, model, upstream.url + path, secrets=secrets, **more)


async def _send(
    name: str,
    http: Http,
    upstream: Upstream,
    *scripts: Script,
    asks: Call | None = None,
    **target: Any,
) -> Reply:
    upstream.play(*(scripts or [document(COMPLETION)]))
    return await _adapter(name, http).send(asks or call(), _target(name, upstream, **target))


async def _bytes(reply: Reply) -> bytes:
    """A whole stream."""
    assert not isinstance(reply.body, bytes)
    try:
        return b"".join([data async for data in reply.body])
    finally:
        await reply.body.aclose()


async def _chunks(reply: Reply) -> list[Json]:
    """Every chunk of a stream, each valid to OpenAI's own types."""
    whole = await _bytes(reply)
    assert whole.endswith(DONE)
    said = [orjson.loads(line[6:]) for line in whole.splitlines() if line.startswith(b"data: {")]
    for chunk in said:
        ChatCompletionChunk.model_validate(chunk)
    return said


def _completion(reply: Reply) -> Json:
    assert isinstance(reply.body, bytes)
    ChatCompletion.model_validate_json(reply.body)
    said: Json = orjson.loads(reply.body)
    return said


def _text(chunks: Sequence[Json]) -> str:
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


FULL: Json = {
    **COMPLETION,
    "object": "chat.completion",
    "created": 1,
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}


def _chunk(delta: Json, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}
    return event({**head, "choices": [choice], **more})


# Where requests go: (provider, model, what config's api_base ends in, options) -> path

PATHS: dict[str, tuple[str, str, str, Json, str]] = {
    "ollama": ("ollama", "qwen3", "", {}, "/api/chat"),
    "ollama, path told": ("ollama_chat", "qwen3", "/api/chat", {}, "/api/chat"),
    "ollama, path told as LiteLLM's": ("ollama", "qwen3", "/api/generate", {}, "/api/chat"),
    "ollama, OpenAI's door": ("ollama", "qwen3", "/v1", {}, "/v1/chat/completions"),
    "huggingface": ("huggingface", "tgi", "", {}, "/v1/chat/completions"),
    "huggingface, /v1": ("huggingface", "tgi", "/v1", {}, "/v1/chat/completions"),
    "huggingface, whole": (
        *("huggingface", "tgi", "/v1/chat/completions"),
        *({}, "/v1/chat/completions"),
    ),
    "huggingface, a provider's": (
        *("huggingface", "a/b", "/together/v1"),
        *({}, "/together/v1/chat/completions"),
    ),
    "cloudflare": ("cloudflare", "@cf/m", "", {}, "/ai/v1/chat/completions"),
    "cloudflare, as LiteLLM's": ("cloudflare", "@cf/m", "/ai/run/", {}, "/ai/v1/chat/completions"),
    "snowflake": ("snowflake", "llama4", "", {}, "/api/v2/cortex/v1/chat/completions"),
    "snowflake, as LiteLLM's": (
        *("snowflake", "llama4", "/api/v2/cortex/inference:complete"),
        *({}, "/api/v2/cortex/v1/chat/completions"),
    ),
    "databricks": ("databricks", "dbrx", "", {}, "/serving-endpoints/chat/completions"),
    "databricks, as LiteLLM's": (
        *("databricks", "dbrx", "/serving-endpoints"),
        *({}, "/serving-endpoints/chat/completions"),
    ),
    "databricks, one endpoint": (
        *("databricks", "mine", "/serving-endpoints/mine/invocations"),
        *({}, "/serving-endpoints/mine/invocations"),
    ),
    "watsonx": ("watsonx", "ibm/granite", "", {}, "/ml/v1/text/chat?version=2025-02-11"),
    "watsonx, another version": (
        *("watsonx", "ibm/granite", "/ml/v1"),
        *({"api_version": "2024-05-31"}, "/ml/v1/text/chat?version=2024-05-31"),
    ),
    "watsonx, a deployment": (
        *("watsonx", "deployment/d-1", ""),
        *({}, "/ml/v1/deployments/d-1/text/chat?version=2025-02-11"),
    ),
    "azure_ai": (
        *("azure_ai", "grok-4", "", {}),
        "/models/chat/completions?api-version=2024-05-01-preview",
    ),
    "azure_ai, whole": (
        *("azure_ai", "grok-4", "/models/chat/completions?api-version=2025-04-01", {}),
        "/models/chat/completions?api-version=2025-04-01",
    ),
    "azure_ai, OpenAI's": (
        *("azure_ai", "gpt-5", "/openai/v1/", {}),
        "/openai/v1/chat/completions",
    ),
    "azure_ai, OpenAI's, whole": (
        *("azure_ai", "gpt-5", "/openai/v1/chat/completions", {}),
        "/openai/v1/chat/completions",
    ),
    "predibase": (
        *("predibase", "qwen3", "", {"tenant_id": "t1", "adapter_id": "mine/2"}),
        "/t1/deployments/v2/llms/qwen3/v1/chat/completions",
    ),
    "replicate": ("replicate", "meta/llama-3", "/v1", {}, "/v1/models/meta/llama-3/predictions"),
    "replicate, a version": ("replicate", "meta/llama:v1", "/v1", {}, "/v1/predictions"),
    "replicate, a deployment": (
        *("replicate", "deployments/acme/bot", "/v1"),
        *({}, "/v1/deployments/acme/bot/predictions"),
    ),
}
DOCUMENTS: dict[str, Json] = {
    "ollama": {"model": "m", "message": {"content": "Hi"}, "done": True},
    "replicate": {"id": "p", "status": "succeeded", "output": ["Hi"]},
}


@pytest.mark.parametrize("case", PATHS)
async def test_a_request_goes_where_it_is_documented(
    case: str, upstream: Upstream, http: Http
) -> None:
    name, model, path, options, expected = PATHS[case]
    native = DOCUMENTS.get(name.removesuffix("_chat"), COMPLETION)
    answer = COMPLETION if expected.startswith("/v1/chat") else native

    secrets = {"token": TOKEN}  # watsonx's own: no exchange
    told: Json = {"model": model, "path": path, "options": options, "secrets": secrets}
    reply = await _send(name, http, upstream, document(answer), **told)

    assert upstream.requests[0].path == expected
    assert orjson.loads(_body(reply))["choices"][0]["message"]["content"] == "Hi"


def _body(reply: Reply) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body


CLAUDES = {
    "azure_ai": "/anthropic/v1/messages",
    "databricks": "/serving-endpoints/anthropic/v1/messages",
    "snowflake": "/api/v2/cortex/v1/messages",
}


@pytest.mark.parametrize("name", CLAUDES)
async def test_claude_has_a_door_for_anthropics_clients(
    name: str, upstream: Upstream, http: Http
) -> None:
    asks, model = call(ANTHROPIC), "claude-sonnet-4-5"
    reply = await _send(name, http, upstream, document(MESSAGE), asks=asks, model=model)

    seen = upstream.requests[0]
    assert seen.path == CLAUDES[name]
    assert seen.headers["anthropic-version"] == "2023-06-01"
    assert seen.json == {**asks.body, "model": model}
    assert _body(reply) == orjson.dumps(MESSAGE)


async def test_claude_at_foundry_is_translated_for_openais_clients(
    upstream: Upstream, http: Http
) -> None:
    model = "claude-sonnet-4-5"
    reply = await _send("azure_ai", http, upstream, document(MESSAGE), model=model)

    assert upstream.requests[0].path == "/anthropic/v1/messages"
    assert _completion(reply)["choices"][0]["message"]["content"] == "Hi"


async def test_other_models_have_no_such_door(upstream: Upstream, http: Http) -> None:
    asks = call(ANTHROPIC)
    await _send("databricks", http, upstream, document(COMPLETION), asks=asks, model="dbrx")

    assert upstream.requests[0].path == "/serving-endpoints/chat/completions"


# How providers let us in: what config holds -> headers

LOGINS: dict[str, tuple[str, Json, Json]] = {
    "ollama.com": ("ollama", {}, {"authorization": f"Bearer {KEY}"}),
    "huggingface": ("huggingface", {}, {"authorization": f"Bearer {KEY}"}),
    "cloudflare": ("cloudflare", {}, {"authorization": f"Bearer {KEY}"}),
    "replicate": ("replicate", {}, {"authorization": f"Bearer {KEY}", "prefer": "wait=30"}),
    "databricks": ("databricks", {}, {"authorization": f"Bearer {KEY}"}),
    "azure_ai": ("azure_ai", {}, {"api-key": KEY}),
    "azure_ai, Entra": (
        *("azure_ai", {"azure_ad_token": TOKEN}),
        {"authorization": f"Bearer {TOKEN}"},
    ),
    "watsonx, a token": ("watsonx", {"token": TOKEN}, {"authorization": f"Bearer {TOKEN}"}),
    "watsonx, a cluster": (
        *("watsonx", {"zen_api_key": TOKEN}),
        {"authorization": f"ZenApiKey {TOKEN}"},
    ),
    "snowflake, a token": (
        *("snowflake", {"api_key": f"pat/{TOKEN}"}),
        {
            "authorization": f"Bearer {TOKEN}",
            "x-snowflake-authorization-token-type": "PROGRAMMATIC_ACCESS_TOKEN",
        },
    ),
    "snowflake, a JWT": (
        *("snowflake", {"api_key": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}),
        {
            "authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
            "x-snowflake-authorization-token-type": "KEYPAIR_JWT",
        },
    ),
}


@pytest.mark.parametrize("case", LOGINS)
async def test_a_request_shows_its_key_as_documented(
    case: str, upstream: Upstream, http: Http
) -> None:
    name, secrets, expected = LOGINS[case]
    model = "owner/name"
    answer = document(DOCUMENTS.get(name, COMPLETION))

    await _send(name, http, upstream, answer, model=model, secrets=secrets)

    headers = upstream.requests[0].headers
    shown = {"authorization", "api-key", "x-api-key"} & headers.keys()
    assert {header: headers[header] for header in {*shown, *expected}} == expected


async def test_a_serverless_endpoint_of_azure_wants_a_bearer() -> None:
    """Known by its host, so the request is looked at before it leaves."""
    row = _row("azure_ai")
    assert row.settled
    assert row.speaking
    base = "https://command-r-x.eastus2.models.ai.azure.com/v1/chat/completions"
    target = row.settled(Target("azure_ai", "command-r", base, secrets={"api_key": KEY}))
    endpoint = row.speaking(target)[Dialect.OPENAI_CHAT]
    url = address(row, endpoint, target, stream=False)

    assert url == base
    assert (
        row.speaking(replace(target, model="rerank-v4"))[Dialect.COHERE_RERANK].path == "/v2/rerank"
    )


async def test_foundrys_rerank_is_coheres() -> None:
    row = _row("azure_ai")
    assert row.settled
    assert row.speaking
    target = row.settled(Target("azure_ai", "Cohere-rerank-v4", "https://x.services.ai.azure.com/"))

    spoken = row.speaking(target)

    assert [dialect.operation for dialect in spoken] == [Operation.RERANK]
    url = address(row, spoken[Dialect.COHERE_RERANK], target, stream=False)
    assert url == "https://x.services.ai.azure.com/providers/cohere/v2/rerank"


HOSTS: dict[str, tuple[str, Json, str]] = {
    "cloudflare": (
        *("@cf/m", {"account_id": "a1"}),
        "https://api.cloudflare.com/client/v4/accounts/a1/ai/v1/chat/completions",
    ),
    "snowflake": (
        *("llama4", {"account_id": "myorg-acct"}),
        "https://myorg-acct.snowflakecomputing.com/api/v2/cortex/v1/chat/completions",
    ),
    "huggingface": ("a/b", {}, "https://router.huggingface.co/v1/chat/completions"),
}


@pytest.mark.parametrize("name", HOSTS)
async def test_an_account_is_a_part_of_the_address(name: str) -> None:
    model, options, expected = HOSTS[name]
    row, target = _row(name), Target(name, model, options=options)

    assert address(row, row.speaks[Dialect.OPENAI_CHAT], target, stream=False) == expected


async def test_an_account_that_nobody_has_named_is_missed_by_name() -> None:
    row = _row("cloudflare")

    with pytest.raises(Failure, match="account_id"):
        address(row, row.speaks[Dialect.OPENAI_CHAT], Target("cloudflare", "m"), stream=False)


# Tokens that are exchanged


async def test_ibms_key_is_exchanged_once_for_a_token(upstream: Upstream, http: Http) -> None:
    upstream.play(document({"access_token": TOKEN, "expires_in": 3600}), document(COMPLETION))
    adapter = _adapter("watsonx", http)
    options = {"iam_url": f"{upstream.url}/identity/token", "project_id": "p-1"}
    target = _target("watsonx", upstream, "ibm/granite", options=options)

    await adapter.send(call(tool_choice="required"), target)
    await adapter.send(call(), target)

    login, first, second = upstream.requests
    assert login.path == "/identity/token"
    assert parse_qs(login.body.decode()) == {
        "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"],
        "apikey": [KEY],
    }
    assert first.headers["authorization"] == second.headers["authorization"] == f"Bearer {TOKEN}"
    assert first.json == {
        "model_id": "ibm/granite",
        "project_id": "p-1",
        "messages": call().body["messages"],
        "tool_choice_option": "required",
    }


async def test_databricks_lets_a_service_principal_in(upstream: Upstream, http: Http) -> None:
    token = document({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
    secrets = {"client_id": "app", "client_secret": "hush-hush"}

    await _send("databricks", http, upstream, token, document(COMPLETION), secrets=secrets)

    login, request = upstream.requests
    assert login.path == "/oidc/v1/token"
    assert login.headers["authorization"] == f"Basic {base64.b64encode(b'app:hush-hush').decode()}"
    assert parse_qs(login.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["all-apis"],
    }
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("name", ["watsonx", "databricks", "azure_ai", "snowflake", "replicate"])
async def test_nothing_leaves_without_a_key(name: str, upstream: Upstream, http: Http) -> None:
    target = Target(name, "owner/name", upstream.url)

    with pytest.raises(Failure, match="no API key") as caught:
        await _adapter(name, http).send(call(), target)

    assert caught.value.kind is Kind.CREDENTIAL
    assert upstream.requests == []


# Names


@pytest.mark.parametrize(
    ("model", "base", "asked"),
    [
        ("a/b", "", "a/b"),
        ("a/b:groq", "", "a/b:groq"),
        ("together/a/b", "", "a/b:together"),
        ("together/a/b", "https://router.huggingface.co/v1", "a/b:together"),
        ("a/b", "https://mine.endpoints.huggingface.cloud", "a/b"),
        ("x/a/b", "https://mine.endpoints.huggingface.cloud", "x/a/b"),
        ("https://mine.endpoints.huggingface.cloud", "", "tgi"),
    ],
)
async def test_the_router_of_hugging_face_is_told_the_provider_behind_the_model(
    model: str, base: str, asked: str
) -> None:
    row = _row("huggingface")
    assert row.settled

    assert row.settled(Target("huggingface", model, base)).model == asked


async def test_a_model_that_replicate_cannot_have_is_refused(
    upstream: Upstream, http: Http
) -> None:
    with pytest.raises(Failure, match=r"expected owner/name") as caught:
        await _send("replicate", http, upstream, model="a/b/c")

    assert caught.value.kind is Kind.MODEL_GONE


async def test_a_version_stands_in_replicates_body(upstream: Upstream, http: Http) -> None:
    done = document(DOCUMENTS["replicate"])
    await _send("replicate", http, upstream, done, model="meta/llama:v1")

    assert upstream.requests[0].json == {"version": "v1", "input": {"prompt": "Hi"}}


# Predictions that take their time

WAITING = document({"id": "p/1", "status": "starting", "urls": {"get": "http://evil.test/p"}}, 201)
WORKING = document({"id": "p/1", "status": "processing"})
ENDED = document(
    {
        "id": "p/1",
        "model": "meta/llama",
        "status": "succeeded",
        "output": ["Hel", "lo"],
        "metrics": {"input_token_count": 4, "output_token_count": 2},
    }
)


def _patient(http: Http, clock: FakeClock) -> RowAdapter:
    return RowAdapter(_row("replicate"), http, clock)


async def test_a_prediction_is_asked_for_until_it_has_ended(upstream: Upstream, http: Http) -> None:
    upstream.play(WAITING, WORKING, WORKING, ENDED)
    clock = FakeClock()
    target = _target("replicate", upstream, "meta/llama", "/v1")

    reply = await _patient(http, clock).send(call(), target)

    assert _completion(reply)["choices"][0]["message"]["content"] == "Hello"
    assert reply.receipt.usage == Usage(4, 2)
    assert [seen.path for seen in upstream.requests[1:]] == ["/v1/predictions/p%2F1"] * 3
    assert upstream.requests[1].headers["authorization"] == f"Bearer {KEY}"
    assert clock.slept == [0.5, 1.0, 2.0]


async def test_a_stream_is_made_of_a_prediction(upstream: Upstream, http: Http) -> None:
    upstream.play(WAITING, ENDED)
    asks = call(stream=True, stream_options={"include_usage": True})
    target = _target("replicate", upstream, "meta/llama", "/v1")

    chunks = await _chunks(await _patient(http, FakeClock()).send(asks, target))

    assert _text(chunks) == "Hello"
    assert chunks[-1]["usage"]["total_tokens"] == 6


async def test_a_prediction_without_end_is_cancelled(upstream: Upstream, http: Http) -> None:
    upstream.play(WAITING, WORKING)
    timeouts = Timeouts(total=3.0)
    target = _target("replicate", upstream, "meta/llama", "/v1", timeouts=timeouts)

    with pytest.raises(Failure, match="did not end within 3 s") as caught:
        await _patient(http, FakeClock()).send(call(), target)

    assert caught.value.kind is Kind.TIMEOUT
    assert upstream.requests[-1].path == "/v1/predictions/p%2F1/cancel"


async def test_a_prediction_nobody_waits_for_is_cancelled(upstream: Upstream, http: Http) -> None:
    upstream.play(WAITING, WORKING)
    timeouts = Timeouts(total=0.2)  # of real time: the pause before asking is longer
    target = _target("replicate", upstream, "meta/llama", "/v1", timeouts=timeouts)

    with pytest.raises(Failure, match="gave no answer within"):
        await _adapter("replicate", http).send(call(), target)

    assert [seen.path for seen in upstream.requests] == [
        "/v1/models/meta/llama/predictions",
        "/v1/predictions/p%2F1/cancel",
    ]


async def test_a_prediction_that_failed_is_a_failure(upstream: Upstream, http: Http) -> None:
    upstream.play(WAITING, document({"id": "p/1", "status": "failed", "error": "out of memory"}))
    target = _target("replicate", upstream, "meta/llama", "/v1")

    with pytest.raises(Failure, match="out of memory"):
        await _patient(http, FakeClock()).send(call(), target)


async def test_a_refusal_while_asking_is_told(upstream: Upstream, http: Http) -> None:
    upstream.play(WAITING, document({"title": "Unauthenticated", "detail": "no"}, 401))
    target = _target("replicate", upstream, "meta/llama", "/v1")

    with pytest.raises(Failure) as caught:
        await _patient(http, FakeClock()).send(call(), target)

    assert caught.value.kind is Kind.CREDENTIAL


# Ollama's stream


def _line(done: bool = False, **message: Any) -> bytes:
    head: Json = {"model": "qwen3", "created_at": "2026-08-04T19:58:15Z", "done": done}
    end = {"done_reason": "stop", "total_duration": 1, "prompt_eval_count": 7, "eval_count": 3}
    said = {"role": "assistant", "content": "", **message}
    return orjson.dumps({**head, "message": said, **(end if done else {})}) + b"\n"


LINES = _line(thinking="Hm. ") + _line(content="Hi") + _line(content=" thëre") + _line(done=True)


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
async def test_ollamas_lines_become_chunks_however_they_are_cut(
    size: int, upstream: Upstream, http: Http
) -> None:
    cut = [LINES[at : at + size] for at in range(0, len(LINES), size)]
    lines = events(cut, headers={"content-type": "application/x-ndjson"})

    reply = await _send("ollama", http, upstream, lines, asks=call(stream=True))

    chunks = await _chunks(reply)
    assert _text(chunks) == "Hi thëre"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert reply.receipt.usage == Usage(7, 3)
    assert upstream.requests[0].json["stream"] is True


async def test_an_anthropic_client_hears_ollama_too(upstream: Upstream, http: Http) -> None:
    whole = document(_line(done=True, content="Hi"))

    reply = await _send("ollama_chat", http, upstream, whole, asks=call(ANTHROPIC))

    assert orjson.loads(_body(reply))["content"] == [{"type": "text", "text": "Hi"}]


async def test_an_error_in_ollamas_words_is_classified(upstream: Upstream, http: Http) -> None:
    refusal = document({"error": "model 'nope' not found"}, 404)

    with pytest.raises(Failure, match="model 'nope' not found") as caught:
        await _send("ollama", http, upstream, refusal)

    assert caught.value.kind is Kind.MODEL_GONE


# Answers that are nearly OpenAI's


async def test_an_object_for_content_becomes_text(upstream: Upstream, http: Http) -> None:
    message = {"role": "assistant", "content": {"title": "Äpfel"}}
    said = {**FULL, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    reply = await _send("cloudflare", http, upstream, document(said))

    assert _completion(reply)["choices"][0]["message"]["content"] == '{"title":"Äpfel"}'


async def test_what_is_right_already_passes_untouched(upstream: Upstream, http: Http) -> None:
    raw = b' {"id" : "c1", "choices" : [ {} ] }'

    reply = await _send("cloudflare", http, upstream, document(raw))

    assert _body(reply) == raw


EMPTY: Json = {"function_call": {"name": "", "arguments": ""}, "audio": {"id": "", "expires_at": 0}}


async def test_snowflakes_empty_words_are_taken_away(upstream: Upstream, http: Http) -> None:
    function = {"name": "f", "arguments": "{}"}
    made = {
        "id": "t",
        "type": "function",
        "function": function,
        "custom": {"name": "", "input": ""},
    }
    message = {"role": "assistant", "content": "", "refusal": "", "tool_calls": [made], **EMPTY}
    choice = {"index": 0, "message": message, "finish_reason": "", "logprobs": {"content": None}}
    said = {**FULL, "service_tier": "", "system_fingerprint": "", "choices": [choice]}

    completion = _completion(await _send("snowflake", http, upstream, document(said)))

    assert "service_tier" not in completion
    assert completion["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "t", "type": "function", "function": function}],
            },
            "finish_reason": "tool_calls",
            "logprobs": None,
        }
    ]


async def test_snowflakes_stream_says_why_it_ended(upstream: Upstream, http: Http) -> None:
    usage = event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    said = [_chunk({"role": "assistant", "content": "4", "refusal": ""}), usage, DONE]
    torn = b"".join(said)
    pieces = [torn[at : at + 11] for at in range(0, len(torn), 11)]

    reply = await _send("snowflake", http, upstream, events(pieces), asks=call(stream=True))

    whole = await _bytes(reply)
    assert whole.count(b'"finish_reason":"stop"') == 1
    assert whole.endswith(DONE)
    assert reply.receipt.usage == Usage(7, 3)


async def test_snowflake_takes_the_newer_limit_only(upstream: Upstream, http: Http) -> None:
    await _send("snowflake", http, upstream, asks=call(max_tokens=9))

    sent = upstream.requests[0].json
    assert sent["max_completion_tokens"] == 9
    assert "max_tokens" not in sent


SIGNED = {"type": "summary_text", "text": "Hm.", "signature": "sig"}
PARTS = [{"type": "reasoning", "summary": [SIGNED]}, {"type": "text", "text": "4"}]


async def test_thinking_at_databricks_leaves_the_content(upstream: Upstream, http: Http) -> None:
    message = {"role": "assistant", "content": PARTS}
    said = {**FULL, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    completion = _completion(await _send("databricks", http, upstream, document(said)))

    assert completion["choices"][0]["message"] == {
        "role": "assistant",
        "content": "4",
        "reasoning_content": "Hm.",
        "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "sig"}],
    }


async def test_thinking_at_databricks_goes_back_as_it_came(upstream: Upstream, http: Http) -> None:
    block = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    earlier = {
        "role": "assistant",
        "content": "4",
        "reasoning_content": "Hm.",
        "thinking_blocks": [block],
    }
    asks = call(messages=[earlier, {"role": "user", "content": "Why?"}], reasoning_effort="low")

    await _send("databricks", http, upstream, asks=asks, model="databricks-claude-sonnet-4-5")

    sent = upstream.requests[0].json
    assert sent["messages"][0] == {"role": "assistant", "content": PARTS}
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert sent["max_tokens"] > 1024
    assert "reasoning_effort" not in sent


async def test_databricks_stream_is_put_right_piece_by_piece(
    upstream: Upstream, http: Http
) -> None:
    unknown = {"prompt_tokens": 26, "completion_tokens": None, "total_tokens": None}
    known = {"prompt_tokens": 26, "completion_tokens": 5, "total_tokens": 31}
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}
    signed = {"type": "reasoning", "summary": [{**SIGNED, "text": "."}]}
    said = [
        _chunk({"role": "assistant", "content": [thought]}, usage=unknown),
        _chunk({"content": [signed]}, usage=unknown),
        _chunk({"content": "4"}, usage=unknown),
        _chunk({"content": ""}, "stop", usage=known),
        DONE,
    ]

    reply = await _send("databricks", http, upstream, events(said), asks=call(stream=True))

    chunks = await _chunks(reply)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert [delta.get("reasoning_content") for delta in deltas] == ["Hm", ".", None, None]
    assert deltas[1]["thinking_blocks"] == [
        {"index": 0, "type": "thinking", "thinking": "Hm.", "signature": "sig"}
    ]
    assert _text(chunks) == "4"
    assert reply.receipt.usage == Usage(26, 5)
    assert "stream_options" not in upstream.requests[0].json


async def test_watsonx_streams_from_an_address_of_its_own(upstream: Upstream, http: Http) -> None:
    def said(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        document = {"id": "c1", "model_id": "ibm/granite", "created": 1, "choices": [choice]}
        return b"id: 1\nevent: message\n" + event(document)

    usage = {"id": "c1", "model_id": "ibm/granite", "created": 1, "choices": []}
    counted = event({**usage, "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    stream = [said({"role": "assistant", "content": "Hi"}), said({}, "time_limit"), counted]

    told: Json = {"secrets": {"token": TOKEN}, "options": {"space_id": "s"}}
    asks = call(stream=True)

    reply = await _send("watsonx", http, upstream, events(stream), asks=asks, **told)

    chunks = await _chunks(reply)
    assert upstream.requests[0].path == "/ml/v1/text/chat_stream?version=2025-02-11"
    assert upstream.requests[0].json == {
        "model_id": "m-1",
        "space_id": "s",
        "messages": call().body["messages"],
    }
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert chunks[0]["model"] == "ibm/granite"
    assert reply.receipt.usage == Usage(7, 3)


async def test_a_stream_of_one_of_them_that_is_right_keeps_its_bytes(
    upstream: Upstream, http: Http
) -> None:
    asks = call(stream=True, stream_options={"include_usage": True})

    reply = await _send("databricks", http, upstream, events(STREAM), asks=asks)

    assert await _bytes(reply) == b"".join(STREAM)

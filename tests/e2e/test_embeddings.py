"""Embeddings with OpenAI's SDK and rerank over plain HTTP, whoever answers behind the gateway."""

import base64
import struct
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio

from adapters.types import Json
from tests.e2e.conftest import PROVIDER_KEYS
from tests.e2e.process import MASTER_KEY, Gateway
from tests.e2e.raw import exchange
from tests.upstream import Upstream, document

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALVES = [0.5, -0.25, 1.0]  # exact in 32 bits
PACKED = base64.b64encode(struct.pack("<3f", *HALVES)).decode()
RANKS: Json = {
    "id": "r-1",
    "results": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}],
    "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
}
QUESTION: Json = {"query": "Which one is about France?", "documents": ["Athens", "Paris"]}
REFUSAL: Json = {"error": {"message": "Bad dimensions", "type": "invalid_request_error"}}


@pytest.fixture(scope="module")
def extra(first: Upstream, second: Upstream) -> Json:
    def entry(alias: str, model: str, provider: Upstream, path: str, number: int = 0) -> Json:
        where = {"api_base": provider.url + path, "api_key": PROVIDER_KEYS[number]}
        params = {"model": model, "order": number + 1, **where}
        return {"model_name": alias, "litellm_params": params}

    return {
        "model_list": [
            entry("vectors", "mistral/mistral-embed", first, "/v1"),
            entry("cohere", "cohere/embed-v4.0", first, ""),
            entry("voyage", "voyage/voyage-3.5", first, "/v1"),
            entry("pair", "mistral/mistral-embed", first, "/v1"),
            entry("pair", "voyage/voyage-3.5", second, "/v1", 1),
            entry("ranks", "cohere/rerank-v3.5", first, ""),
            entry("voyage-ranks", "voyage/rerank-2", first, "/v1"),
            entry("claude", "anthropic/claude-x", first, ""),
        ],
        "router_settings": {"num_retries": 0, "disable_cooldowns": True, "fallbacks": []},
    }


@pytest_asyncio.fixture(loop_scope="module")
async def sdk(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=0, timeout=10
    ) as client:
        yield client


def vectors(*found: Any, **usage: int) -> Json:
    """In OpenAI's words."""
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(found)]
    counts = usage or {"prompt_tokens": 5, "total_tokens": 5}
    return {"object": "list", "data": data, "model": "provider-model", "usage": counts}


def cohere_vectors(*found: Any) -> Json:
    return {
        "id": "e-1",
        "embeddings": {"float": list(found)},
        "meta": {"billed_units": {"input_tokens": 5}},
    }


ANSWERS = {
    "vectors": vectors(HALVES, HALVES),
    "voyage": vectors(PACKED, PACKED, total_tokens=5),
    "cohere": cohere_vectors(HALVES, HALVES),
}
FORMATS: list[Json] = [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}]


@pytest.mark.parametrize("asked", FORMATS, ids=str)
@pytest.mark.parametrize("model", ANSWERS)
async def test_the_sdk_gets_vectors_in_the_format_it_asks_for(
    sdk: openai.AsyncOpenAI, one: Upstream, model: str, asked: Json
) -> None:
    one.play(document(ANSWERS[model]))

    got = await sdk.embeddings.create(model=model, input=["a", "b"], **asked)

    wanted: Any = PACKED if asked.get("encoding_format") == "base64" else HALVES
    assert [entry.embedding for entry in got.data] == [wanted, wanted]
    assert [entry.index for entry in got.data] == [0, 1]
    assert (got.usage.prompt_tokens, got.usage.total_tokens) == (5, 5)


async def test_an_answer_that_is_as_asked_passes_byte_by_byte(
    gateway: Gateway, one: Upstream
) -> None:
    raw = b'{ "data": [ {"embedding":[ 1e-3 ]} ], "usage":{"prompt_tokens":1}, "x": 1 }'
    one.play(document(raw))

    got = await exchange(gateway.port, "/v1/embeddings", {"model": "vectors", "input": "a"})

    assert (got.status, got.body) == (200, raw)


DOORS = [
    "/v1/embeddings",
    "/embeddings",
    "/engines/vectors/embeddings",
    "/openai/deployments/vectors/embeddings?api-version=2025-02-01-preview",
]


@pytest.mark.parametrize("path", DOORS)
async def test_every_door_leads_to_the_provider(gateway: Gateway, one: Upstream, path: str) -> None:
    one.play(document(vectors(HALVES)))
    named = {} if "vectors" in path else {"model": "vectors"}
    body = {"input": [1, 2], "dimensions": 3, "metadata": {"t": 1}, "x_new": None, **named}

    got = await exchange(gateway.port, path, body)

    assert got.status == 200
    assert one.requests[0].path == "/v1/embeddings"
    assert one.requests[0].json == {
        "input": [1, 2],
        "dimensions": 3,
        "x_new": None,
        "model": "mistral-embed",
    }


async def test_cohere_is_asked_in_its_words(sdk: openai.AsyncOpenAI, one: Upstream) -> None:
    one.play(document(cohere_vectors(HALVES)))

    got = await sdk.embeddings.create(
        model="cohere", input="a", dimensions=256, extra_body={"input_type": "search_query"}
    )

    assert one.requests[0].path == "/v2/embed"
    assert one.requests[0].json == {
        "model": "embed-v4.0",
        "texts": ["a"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
    }
    assert got.model == "embed-v4.0"


async def test_tokens_for_who_takes_only_text_are_the_callers_mistake(
    sdk: openai.AsyncOpenAI, one: Upstream
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.embeddings.create(model="cohere", input=[[1, 2]])

    assert refused.value.param == "input[0]"
    assert not one.requests


async def test_a_refusal_is_told_in_openais_words(sdk: openai.AsyncOpenAI, one: Upstream) -> None:
    one.play(document(REFUSAL, status=400))

    with pytest.raises(openai.BadRequestError, match="Bad dimensions") as refused:
        await sdk.embeddings.create(model="vectors", input="a", dimensions=7)

    assert refused.value.type == "invalid_request_error"


async def test_another_deployment_answers_when_the_first_fails(
    sdk: openai.AsyncOpenAI, one: Upstream, two: Upstream
) -> None:
    one.play(document({"error": {"message": "down"}}, status=503))
    two.play(document(vectors(PACKED, total_tokens=5)))

    got = await sdk.embeddings.create(model="pair", input="a")

    assert got.data[0].embedding == HALVES
    assert two.requests[0].json == {
        "model": "voyage-3.5",
        "input": "a",
        "encoding_format": "base64",
    }


async def test_usage_is_in_the_log_line(gateway: Gateway, one: Upstream) -> None:
    one.play(document(ANSWERS["cohere"]))

    got = await exchange(gateway.port, "/v1/embeddings", {"model": "cohere", "input": ["a", "b"]})

    line = await gateway.line("request.finished", request_id=got.headers["x-request-id"])
    assert (line["route"], line["status"]) == ("/v1/embeddings", 200)
    assert (line["input_tokens"], line["output_tokens"]) == (5, 0)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/embeddings", {"model": "vectors", "input": "a", "stream": True}, "stream"),
        ("/v1/embeddings", {"model": "vectors"}, "input"),
        ("/v1/rerank", {"model": "ranks", "query": "q"}, "documents"),
    ],
)
async def test_a_wrong_request_goes_nowhere(
    gateway: Gateway, one: Upstream, path: str, body: Json, param: str
) -> None:
    got = await exchange(gateway.port, path, body)

    assert (got.status, got.json["error"]["param"]) == (400, param)
    assert not one.requests


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "claude", "input": "a"}),
        ("/v1/chat/completions", {"model": "voyage", "messages": [{"role": "user"}]}),
        ("/v1/rerank", {"model": "vectors", **QUESTION}),
    ],
)
async def test_who_cannot_do_it_says_so(
    gateway: Gateway, one: Upstream, path: str, body: Json
) -> None:
    got = await exchange(gateway.port, path, body)

    assert got.status == 400
    assert "does not serve" in got.json["error"]["message"]
    assert not one.requests


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
async def test_documents_are_ranked(gateway: Gateway, one: Upstream, path: str) -> None:
    one.play(document(RANKS))

    got = await exchange(gateway.port, path, {"model": "ranks", "top_n": 2, **QUESTION})

    assert (got.status, got.json) == (200, RANKS)
    assert one.requests[0].path == "/v2/rerank"
    assert one.requests[0].json == {"model": "rerank-v3.5", "top_n": 2, **QUESTION}


async def test_ranked_documents_are_shown_on_request(gateway: Gateway, one: Upstream) -> None:
    one.play(document(RANKS))

    got = await exchange(
        gateway.port, "/rerank", {"model": "ranks", "return_documents": True, **QUESTION}
    )

    assert [result["document"] for result in got.json["results"]] == [
        {"text": "Paris"},
        {"text": "Athens"},
    ]
    assert "return_documents" not in one.requests[0].json


async def test_voyages_ranks_come_in_coheres_words(gateway: Gateway, one: Upstream) -> None:
    usage = {"total_tokens": 43}
    one.play(document({"object": "list", "data": RANKS["results"], "model": "m", "usage": usage}))

    got = await exchange(
        gateway.port, "/v2/rerank", {"model": "voyage-ranks", "top_n": 2, **QUESTION}
    )

    assert got.json["results"] == RANKS["results"]
    assert one.requests[0].json["top_k"] == 2
    line = await gateway.line("request.finished", request_id=got.headers["x-request-id"])
    assert line["input_tokens"] == 43

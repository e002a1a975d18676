"""Embedding models on Bedrock, spoken to for a client of OpenAI's embeddings."""

import base64
from array import array
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from adapters.dialects.bedrock.embed import FROM_OPENAI, WIRE
from adapters.errors import BadRequest
from adapters.types import Json, Usage

REQUESTS: dict[str, tuple[Json, Json]] = {  # OpenAI's, the family's
    "titan": (
        {"model": "amazon.titan-embed-text-v2:0", "input": ["Hi"], "dimensions": 256, "user": "u"},
        {"inputText": "Hi", "dimensions": 256},
    ),
    "what titan alone knows": (
        {"model": "amazon.titan-embed-text-v2:0", "input": "Hi", "normalize": True},
        {"inputText": "Hi", "normalize": True},
    ),
    "titan, an image": (
        {
            "model": "amazon.titan-embed-image-v1",
            "input": "data:image/png;base64,aGk=",
            "dimensions": 384,
        },
        {"inputImage": "aGk=", "embeddingConfig": {"outputEmbeddingLength": 384}},
    ),
    "nova": (
        {"model": "amazon.nova-2-multimodal-embeddings-v1:0", "input": "Hi", "dimensions": 256},
        {
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX",
                "text": {"truncationMode": "NONE", "value": "Hi"},
                "embeddingDimension": 256,
            },
        },
    ),
    "nova, in its own words": (
        {
            "model": "amazon.nova-2-multimodal-embeddings-v1:0",
            "input": "Hi",
            "input_type": "query",
            "singleEmbeddingParams": {"text": {"value": "Ho", "truncationMode": "END"}},
        },
        {
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_RETRIEVAL",
                "text": {"value": "Ho", "truncationMode": "END"},
            },
        },
    ),
    "cohere": (
        {
            "model": "us.cohere.embed-v4:0",
            "input": ["Hi", "Ho"],
            "dimensions": 512,
            "encoding_format": "base64",
            "truncate": "END",
        },
        {
            "texts": ["Hi", "Ho"],
            "input_type": "search_document",
            "output_dimension": 512,
            "truncate": "END",
        },
    ),
    "cohere, a query": (
        {"model": "cohere.embed-english-v3", "input": "Hi", "input_type": "query"},
        {"texts": ["Hi"], "input_type": "search_query"},
    ),
    "cohere, an image": (
        {"model": "cohere.embed-english-v3", "input": "data:image/png;base64,aGk="},
        {"images": ["data:image/png;base64,aGk="], "input_type": "image"},
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_is_said_in_the_familys_words(case: str) -> None:
    asked, expected = REQUESTS[case]

    assert FROM_OPENAI.request(asked) == expected


REPLIES: dict[str, tuple[Json, list[list[float]], int]] = {  # document, vectors, tokens
    "titan": ({"embedding": [0.5, 1.0], "inputTextTokenCount": 5}, [[0.5, 1.0]], 5),
    "nova": ({"embeddings": [{"embedding": [0.5], "embeddingType": "TEXT"}]}, [[0.5]], 0),
    "cohere": (
        {"embeddings": [[0.5], [1.0]], "response_type": "embeddings_floats"},
        [[0.5], [1.0]],
        0,
    ),
    "cohere, by type": ({"embeddings": {"int8": [[1]], "float": [[0.5]]}}, [[0.5]], 0),
    "cohere, another type": ({"embeddings": {"int8": [[1]]}}, [[1]], 0),
}


@pytest.mark.parametrize("case", REPLIES)
def test_vectors_are_told_in_openais_words(case: str) -> None:
    document, vectors, tokens = REPLIES[case]
    said = FROM_OPENAI.reply(document, {"model": "m", "encoding_format": "float"}, 0)

    CreateEmbeddingResponse.model_validate(said)
    assert [item["embedding"] for item in said["data"]] == vectors
    assert said["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_vectors_are_bytes_where_bytes_are_asked_for() -> None:
    asked = {"model": "m", "encoding_format": "base64"}
    said = FROM_OPENAI.reply({"embedding": [0.5, 2.0]}, asked, 0)

    assert base64.b64decode(said["data"][0]["embedding"]) == array("f", [0.5, 2.0]).tobytes()


@pytest.mark.parametrize("given", [["one", "two"], [1, 2, 3], [], [[1], [2]], None])
def test_titan_takes_one_text(given: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        FROM_OPENAI.request({"model": "amazon.titan-embed-text-v2:0", "input": given})

    assert (caught.value.param or "").startswith("input")


def test_an_answer_without_vectors_is_no_answer() -> None:
    with pytest.raises(KeyError):
        FROM_OPENAI.reply({"message": "?"}, {"model": "m"}, 0)


def test_only_titan_tells_its_tokens() -> None:
    assert WIRE.usage({"inputTextTokenCount": 5}) == Usage(input=5)
    assert WIRE.usage({"embeddings": []}) is None


def test_older_models_have_one_size() -> None:
    assert FROM_OPENAI.droppable({"model": "cohere.embed-english-v3"}) == {"dimensions"}
    assert FROM_OPENAI.droppable({"model": "amazon.titan-embed-text-v2:0"}) == frozenset()

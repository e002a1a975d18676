"""OpenAI's embeddings, said in Cohere's words, and back."""

from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from adapters.dialects.cohere.embed import FROM_OPENAI, WIRE
from adapters.errors import BadRequest
from adapters.types import Json, Usage

PNG = "data:image/png;base64,iVBORw0KGgo="
MODEL: Json = {"model": "embed-v4.0"}
DEFAULTS: Json = {**MODEL, "input_type": "search_document", "embedding_types": ["float"]}


def part(text: str) -> Json:
    return {"type": "text", "text": text}


IMAGE = {"type": "image_url", "image_url": {"url": PNG}}
REQUESTS: dict[str, tuple[Json, Json]] = {
    "one text": ({"input": "a"}, {"texts": ["a"]}),
    "several": ({"input": ["a", "b"]}, {"texts": ["a", "b"]}),
    "a type of input": (
        {"input": "a", "input_type": "classification"},
        {"texts": ["a"], "input_type": "classification"},
    ),
    "in others' words": (
        {"input": "a", "input_type": "query"},
        {"texts": ["a"], "input_type": "search_query"},
    ),
    "dimensions": ({"input": "a", "dimensions": 256}, {"texts": ["a"], "output_dimension": 256}),
    "base64 is made here": ({"input": "a", "encoding_format": "base64"}, {"texts": ["a"]}),
    "LiteLLM's way to a type": (
        {"input": "a", "encoding_format": "int8"},
        {"texts": ["a"], "embedding_types": ["int8"]},
    ),
    "Cohere's own way": (
        {"input": "a", "embedding_types": ["float", "binary"], "truncate": "NONE"},
        {"texts": ["a"], "embedding_types": ["float", "binary"], "truncate": "NONE"},
    ),
    "no user, but what nobody knows": (
        {"input": "a", "user": "u", "x": None},
        {"texts": ["a"], "x": None},
    ),
    "an image": ({"input": [PNG]}, {"images": [PNG], "input_type": "image"}),
    "a mix": (
        {"input": [PNG, "a", {"image": PNG}, {"text": "b"}, part("c"), {"content": [IMAGE]}]},
        {
            "inputs": [
                {"content": [IMAGE]},
                {"content": [part("a")]},
                {"content": [IMAGE]},
                {"content": [part("b")]},
                {"content": [part("c")]},
                {"content": [IMAGE]},
            ]
        },
    ),
}


@pytest.mark.parametrize(("asked", "said"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_said_in_coheres_words(asked: Json, said: Json) -> None:
    assert FROM_OPENAI.request({**MODEL, **asked}) == {**DEFAULTS, **said}


@pytest.mark.parametrize(
    ("given", "param"),
    [([1, 2], "input[0]"), (["a", [1]], "input[1]"), ([PNG, None], "input[1]"), (7, "input[0]")],
)
def test_tokens_are_refused_by_their_place(given: Any, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        FROM_OPENAI.request({**MODEL, "input": given})

    assert refused.value.param == param


def told(embeddings: Any, **units: int) -> Json:
    meta = {"api_version": {"version": "2"}, "billed_units": units}
    return {"id": "e1", "texts": ["a", "b"], "embeddings": embeddings, "meta": meta}


@pytest.mark.parametrize("embeddings", [{"float": [[0.5], [1.0]]}, [[0.5], [1.0]]])
def test_vectors_come_in_openais_words(embeddings: Any) -> None:
    document = told(embeddings, input_tokens=5, image_tokens=2)

    said = FROM_OPENAI.reply(document, MODEL, 0)

    CreateEmbeddingResponse.model_validate(said)
    assert [entry["embedding"] for entry in said["data"]] == [[0.5], [1.0]]
    assert [entry["index"] for entry in said["data"]] == [0, 1]
    assert said["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert (said["id"], said["model"]) == ("e1", "embed-v4.0")
    assert WIRE.usage(document) == Usage(input=7)


def test_base64_is_answered_if_it_was_asked_for() -> None:
    said = FROM_OPENAI.reply(told({"float": [[0.5]]}), {**MODEL, "encoding_format": "base64"}, 0)

    assert said["data"][0]["embedding"] == "AAAAPw=="


def test_types_without_a_place_stand_beside_the_answer() -> None:
    said = FROM_OPENAI.reply(told({"binary": [[-3]], "int8": [[12]]}, input_tokens=1), MODEL, 0)

    assert said["data"][0]["embedding"] == [12]
    assert said["provider_specific_fields"] == {"embeddings": {"binary": [[-3]]}}


def test_an_image_to_an_older_model_has_no_tokens() -> None:
    document = {**told({"float": [[0.5]]}, images=1), "images": [{"width": 2, "height": 2}]}

    said = FROM_OPENAI.reply(document, MODEL, 0)

    assert said["usage"]["prompt_tokens"] == 0
    assert said["provider_specific_fields"] == {"images": [{"width": 2, "height": 2}]}
    assert FROM_OPENAI.droppable(MODEL) == frozenset()

"""OpenAI's embeddings, by both of Google's doors."""

import base64
import struct
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from adapters.dialects import Translation
from adapters.dialects.gemini import embed, vertex_embed
from adapters.errors import BadRequest, Failure, Kind
from adapters.types import Call, Dialect, Json, Target, Usage

BATCH, PREDICT = embed.FROM_OPENAI, vertex_embed.FROM_OPENAI
BOTH = pytest.mark.parametrize("translation", [BATCH, PREDICT], ids=["batch", "predict"])
STUDIO: Json = {
    "embeddings": [{"values": [0.5, -1.0]}, {"values": [0.25, 2.0]}],
    "usageMetadata": {"promptTokenCount": 4},
}
VERTEX: Json = {
    "predictions": [
        {"embeddings": {"values": [0.5, -1.0], "statistics": {"token_count": 1}}},
        {"embeddings": {"values": [0.25, 2.0], "statistics": {"token_count": 3}}},
    ],
    "metadata": {"billableCharacterCount": 9},
}
ASKED: Json = {"model": "gemini-embedding-001", "input": ["a", "b"]}


def test_each_text_is_a_request_of_its_own() -> None:
    asked = {**ASKED, "dimensions": 768, "input_type": "search_query", "user": "u", "x_new": 1}
    settings = {"taskType": "RETRIEVAL_QUERY", "outputDimensionality": 768}

    assert BATCH.request(asked) == {
        "x_new": 1,
        "requests": [
            {
                "model": "models/gemini-embedding-001",
                "content": {"parts": [{"text": text}]},
                **settings,
            }
            for text in ("a", "b")
        ],
    }


def test_each_text_is_an_instance() -> None:
    asked = {
        **ASKED,
        "dimensions": 768,
        "task_type": "RETRIEVAL_DOCUMENT",
        "title": "T",
        "auto_truncate": False,
        "x_new": 1,
    }

    assert PREDICT.request(asked) == {
        "x_new": 1,
        "instances": [
            {"content": text, "task_type": "RETRIEVAL_DOCUMENT", "title": "T"}
            for text in ("a", "b")
        ],
        "parameters": {"outputDimensionality": 768, "autoTruncate": False},
    }


@pytest.mark.parametrize(("translation", "told"), [(BATCH, STUDIO), (PREDICT, VERTEX)])
def test_vectors_keep_their_order(translation: Translation, told: Json) -> None:
    said = translation.reply(told, ASKED, 0)

    CreateEmbeddingResponse.model_validate(said)
    assert [entry["embedding"] for entry in said["data"]] == [[0.5, -1.0], [0.25, 2.0]]
    assert [entry["index"] for entry in said["data"]] == [0, 1]
    assert said["model"] == "gemini-embedding-001"
    assert said["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


@pytest.mark.parametrize(("wire", "told"), [(embed.WIRE, STUDIO), (vertex_embed.WIRE, VERTEX)])
def test_usage_is_told(wire: Any, told: Json) -> None:
    assert wire.usage(told) == Usage(input=4)


def test_vectors_are_packed_where_the_client_asks_for_it() -> None:
    said = BATCH.reply(STUDIO, {**ASKED, "encoding_format": "base64"}, 0)

    packed = base64.b64decode(said["data"][1]["embedding"])
    assert struct.unpack("<2f", packed) == (0.25, 2.0)


@BOTH
@pytest.mark.parametrize("told", [{}, {"predictions": [{"mimeType": "image/png"}]}])
def test_an_answer_without_vectors_is_broken(translation: Translation, told: Json) -> None:
    with pytest.raises(Failure) as failed:
        translation.reply(told, ASKED, 0)

    assert failed.value.kind is Kind.BROKEN


@BOTH
@pytest.mark.parametrize("tokens", [[1, 2], [[1, 2]], None, 7])
def test_tokens_are_refused(translation: Translation, tokens: Any) -> None:
    with pytest.raises(BadRequest):
        translation.request({"model": "m", "input": tokens})


def test_one_text_alone_fits_where_only_one_is_taken() -> None:
    call, target = Call(Dialect.OPENAI_EMBEDDINGS, "m", {}), Target("vertex_ai", "m")

    body = embed.alone(BATCH.request({"model": "m", "input": "a", "dimensions": 2}), call, target)

    assert body == {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 2}
    with pytest.raises(BadRequest):
        embed.alone(BATCH.request(ASKED), call, target)


def test_a_single_answer_is_a_list_of_one() -> None:
    assert BATCH.reply({"embedding": {"values": [1.0]}}, ASKED, 0)["data"][0]["embedding"] == [1.0]

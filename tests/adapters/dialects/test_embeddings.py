"""OpenAI's embeddings as a pivot: who asked for which format gets it."""

import base64
import struct
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from adapters.dialects.embeddings import WIRE, answer, as_asked, no_stream, texts
from adapters.errors import BadRequest
from adapters.types import Json, Usage

BASE64 = {"encoding_format": "base64"}
HALVES = [0.5, -0.25, 1.0]  # exact in 32 bits
PACKED = base64.b64encode(struct.pack("<3f", *HALVES)).decode()
COUNTS = {"prompt_tokens": 4, "total_tokens": 4}

floats = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1)


def told(vector: Any, usage: Json | None = None) -> Json:
    entry = {"object": "embedding", "index": 0, "embedding": vector}
    return {"object": "list", "data": [entry], "model": "m", "usage": usage or COUNTS}


USAGES: dict[str, tuple[Json, Usage | None]] = {
    "as OpenAI tells it": ({"usage": COUNTS}, Usage(input=4)),
    "the total alone, as Voyage": ({"usage": {"total_tokens": 8}}, Usage(input=8)),
    "not at all": ({"data": []}, None),
    "null": ({"usage": None}, None),
}


@pytest.mark.parametrize(("document", "usage"), USAGES.values(), ids=USAGES)
def test_tokens_are_read(document: Json, usage: Usage | None) -> None:
    assert WIRE.usage(document) == usage


def test_an_error_in_a_success_is_seen() -> None:
    assert WIRE.error({"error": {"message": "no"}}) == {"message": "no"}
    assert WIRE.error(told(HALVES)) is None


@pytest.mark.parametrize("asked", [{}, {"encoding_format": "float"}, {"encoding_format": None}])
def test_an_answer_holds_numbers_unless_base64_was_asked_for(asked: Json) -> None:
    said = answer([HALVES, [1.0]], {"model": "m", **asked}, 4)

    CreateEmbeddingResponse.model_validate(said)
    assert said["data"][0] == {"object": "embedding", "index": 0, "embedding": HALVES}
    assert said["data"][1]["index"] == 1
    assert said["usage"] == COUNTS


def test_an_answer_in_base64_is_of_little_endian_floats() -> None:
    said = answer([HALVES], {"model": "m", **BASE64}, 4)

    assert said["data"][0]["embedding"] == PACKED


@pytest.mark.parametrize(
    ("vector", "asked"), [(HALVES, {}), (PACKED, BASE64), (PACKED, {"encoding_format": "ubinary"})]
)
def test_an_answer_that_is_as_asked_passes_untouched(vector: Any, asked: Json) -> None:
    raw = orjson.dumps(told(vector), option=orjson.OPT_INDENT_2)

    assert as_asked(raw, asked) is raw


@pytest.mark.parametrize(
    ("vector", "asked", "wanted"),
    [
        (HALVES, BASE64, PACKED),
        ([1, 0], BASE64, base64.b64encode(struct.pack("<2f", 1, 0)).decode()),
        (PACKED, {}, HALVES),
        (PACKED, {"encoding_format": "float"}, HALVES),
    ],
)
def test_an_answer_in_the_other_format_is_spelt_as_asked(
    vector: Any, asked: Json, wanted: Any
) -> None:
    said = orjson.loads(as_asked(orjson.dumps({**told(vector), "id": "kept"}), asked))

    assert said == {**told(wanted), "id": "kept"}


def test_a_missing_count_of_the_prompt_is_the_total() -> None:
    said = orjson.loads(as_asked(orjson.dumps(told(HALVES, {"total_tokens": 8, "cost": 1})), {}))

    assert said["usage"] == {"prompt_tokens": 8, "total_tokens": 8, "cost": 1}
    CreateEmbeddingResponse.model_validate(said)


@given(vector=floats)
def test_base64_there_and_back_is_the_same(vector: list[float]) -> None:
    there = as_asked(orjson.dumps(told(vector)), BASE64)

    assert orjson.loads(as_asked(there, {}))["data"][0]["embedding"] == vector


@pytest.mark.parametrize(("value", "found"), [("a", ["a"]), (["a", "b"], ["a", "b"])])
def test_texts_are_one_or_several(value: Any, found: list[str]) -> None:
    assert texts({"input": value}) == found


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ([1, 2], "input[0]"),
        ([[1, 2], [3]], "input[0]"),
        (["a", [3]], "input[1]"),
        ([{"text": "a"}], "input[0]"),
        (None, "input"),
    ],
)
def test_what_is_no_text_is_refused_by_its_place(value: Any, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        texts({"input": value})

    assert refused.value.param == param


def test_there_is_no_stream_of_vectors() -> None:
    with pytest.raises(BadRequest):
        no_stream({}, 0)

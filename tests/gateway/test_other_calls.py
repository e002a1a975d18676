"""Calls for embeddings and rerank: what must be there, what is ours, what passes."""

from typing import Any

import orjson
import pytest

from adapters.errors import BadRequest
from adapters.types import Call, Dialect, Json
from gateway.call import read_call

EMBEDDINGS = Dialect.OPENAI_EMBEDDINGS
RERANK = Dialect.COHERE_RERANK
SMALL: dict[Dialect, Json] = {
    EMBEDDINGS: {"model": "m", "input": "Hello"},
    RERANK: {"model": "m", "query": "Hello?", "documents": ["Hello"]},
}
BOTH = pytest.mark.parametrize("dialect", SMALL)


def read(dialect: Dialect, body: Json, model: str | None = None) -> Call:
    return read_call(dialect, orjson.dumps(body), {}, request_id="r", model=model)[0]


@BOTH
def test_a_small_request_becomes_a_call(dialect: Dialect) -> None:
    assert read(dialect, SMALL[dialect]) == Call(dialect, "m", SMALL[dialect], id="r")


@BOTH
def test_metadata_is_ours_and_unknown_fields_are_not(dialect: Dialect) -> None:
    more = {"metadata": {"trace": "t"}, "tags": ["a"], "store": True, "x_new": None}

    assert read(dialect, {**SMALL[dialect], **more}).body == {
        **SMALL[dialect],
        "store": True,
        "x_new": None,
    }


@BOTH
@pytest.mark.parametrize("value", [False, None])
def test_no_stream_is_nothing_to_say(dialect: Dialect, value: bool | None) -> None:
    call = read(dialect, {**SMALL[dialect], "stream": value})

    assert "stream" not in call.body
    assert not call.stream


def test_the_paths_model_counts() -> None:
    call = read(EMBEDDINGS, {"input": "Hello"}, model="from-the-path")

    assert call.model == call.body["model"] == "from-the-path"


INPUTS: list[Any] = [
    "a",
    ["a", "b"],
    [""],
    [1, 2, 3],
    [[1, 2], [3]],
    [{"text": "a"}, {"image": "https://x/y.png"}],
]


@pytest.mark.parametrize("value", INPUTS)
def test_input_is_text_tokens_or_parts(value: Any) -> None:
    assert read(EMBEDDINGS, {"model": "m", "input": value}).body["input"] == value


WRONG: dict[str, tuple[Dialect, Json, str]] = {
    "no input": (EMBEDDINGS, {"model": "m"}, "input"),
    "no model": (EMBEDDINGS, {"input": "a"}, "model"),
    "empty text": (EMBEDDINGS, {"model": "m", "input": ""}, "input"),
    "empty list": (EMBEDDINGS, {"model": "m", "input": []}, "input"),
    "a number": (EMBEDDINGS, {"model": "m", "input": 7}, "input"),
    "true": (EMBEDDINGS, {"model": "m", "input": True}, "input"),
    "an object": (EMBEDDINGS, {"model": "m", "input": {"text": "a"}}, "input"),
    "null inside": (EMBEDDINGS, {"model": "m", "input": ["a", None]}, "input"),
    "no dimensions": (EMBEDDINGS, {"model": "m", "input": "a", "dimensions": 0}, "dimensions"),
    "a stream": (EMBEDDINGS, {"model": "m", "input": "a", "stream": True}, "stream"),
    "no query": (RERANK, {"model": "m", "documents": ["a"]}, "query"),
    "no documents": (RERANK, {"model": "m", "query": "q"}, "documents"),
    "an empty list of documents": (
        RERANK,
        {"model": "m", "query": "q", "documents": []},
        "documents",
    ),
    "a document that is none": (
        RERANK,
        {"model": "m", "query": "q", "documents": ["a", 7]},
        "documents",
    ),
    "an address": (RERANK, {**SMALL[RERANK], "api_base": "http://x"}, "api_base"),
    "a stream of ranks": (RERANK, {**SMALL[RERANK], "stream": True}, "stream"),
}


@pytest.mark.parametrize(("dialect", "body", "param"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(dialect: Dialect, body: Json, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(dialect, body)

    assert refused.value.param == param

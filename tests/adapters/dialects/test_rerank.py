"""Rerank in Cohere's shape, the pivot, and in Voyage's."""

from typing import Any

import orjson
import pytest

from adapters.dialects.rerank import WIRE, as_asked, plain, text_of
from adapters.dialects.voyage import FROM_RERANK
from adapters.dialects.voyage import WIRE as VOYAGE
from adapters.dialects.voyage import embeddings as voyage_embeddings
from adapters.errors import BadRequest
from adapters.types import Call, Dialect, Json, Target, Usage

CALL = Call(Dialect.COHERE_RERANK, "alias", {})
TARGET = Target("p", "m")
ASKED: Json = {
    "model": "rerank-v3.5",
    "query": "Which one is about France?",
    "documents": ["Athens is in Greece.", "Paris is in France."],
    "top_n": 1,
}
RESULT = {"index": 1, "relevance_score": 0.5}
USAGES: dict[str, tuple[Json, Usage | None]] = {
    "searches only": ({"meta": {"billed_units": {"search_units": 1}}}, None),
    "tokens of meta": (
        {"meta": {"tokens": {"input_tokens": 7}, "billed_units": {"input_tokens": 3}}},
        Usage(input=7),
    ),
    "billed tokens": ({"meta": {"billed_units": {"total_tokens": 3}}}, Usage(input=3)),
    "llama.cpp's and Jina's": ({"usage": {"prompt_tokens": 55, "total_tokens": 55}}, Usage(55)),
    "OpenRouter's": ({"usage": {"total_tokens": 17, "cost": 3.4e-07}}, Usage(17)),
    "none": ({"results": []}, None),
    "odd": ({"meta": 7, "usage": "x"}, None),
}


@pytest.mark.parametrize(("document", "usage"), USAGES.values(), ids=USAGES)
def test_tokens_are_read(document: Json, usage: Usage | None) -> None:
    assert WIRE.usage(document) == usage


TEXTS: dict[str, tuple[Any, Any, Any]] = {
    "a text": ("a", None, "a"),
    "a text in an object": ({"text": "a"}, None, "a"),
    "fields become lines": ({"title": "T", "year": 1999}, None, "title: T\nyear: 1999"),
    "those to be ranked": ({"title": "T", "year": 1999, "x": 1}, ["year", "y"], "year: 1999"),
    "inner values stay JSON": ({"tags": ["a"]}, None, 'tags: ["a"]'),
}


@pytest.mark.parametrize(("document", "fields", "text"), TEXTS.values(), ids=TEXTS)
def test_a_document_is_said_as_text(document: Any, fields: Any, text: Any) -> None:
    assert text_of(document, fields) == text


def test_version_2_gets_texts_and_nothing_of_version_1() -> None:
    body = {**ASKED, "documents": [{"text": "a"}, "b"], "return_documents": True, "x": None}

    said = plain(body, CALL, TARGET)

    assert said == {**ASKED, "documents": ["a", "b"], "x": None}
    assert body["documents"] == [{"text": "a"}, "b"]


@pytest.mark.parametrize("documents", [ASKED["documents"], [{"text": "Athens"}, {"text": "Paris"}]])
def test_documents_are_shown_if_the_client_wants_them(documents: Any) -> None:
    raw = orjson.dumps({"id": "r", "results": [RESULT], "meta": {}})

    said = orjson.loads(as_asked(raw, {"documents": documents, "return_documents": True}))

    shown = documents[1] if isinstance(documents[1], dict) else {"text": documents[1]}
    assert said == {"id": "r", "results": [{**RESULT, "document": shown}], "meta": {}}


@pytest.mark.parametrize("wants", [None, False])
def test_an_answer_passes_untouched_if_it_does_not(wants: bool | None) -> None:
    raw = orjson.dumps({"results": [RESULT]})

    assert as_asked(raw, {**ASKED, "return_documents": wants}) is raw


def test_an_answer_with_documents_passes_untouched() -> None:
    raw = orjson.dumps({"results": [{**RESULT, "document": {"text": "Paris"}}]})

    assert as_asked(raw, {**ASKED, "return_documents": True}) is raw


def test_voyage_is_asked_in_its_words() -> None:
    asked = {**ASKED, "documents": ["a", {"text": "b"}], "return_documents": True, "truncation": 1}

    assert FROM_RERANK.request(asked) == {
        "model": "rerank-v3.5",
        "query": ASKED["query"],
        "documents": ["a", "b"],
        "top_k": 1,
        "return_documents": True,
        "truncation": 1,
    }
    assert "max_tokens_per_doc" in FROM_RERANK.droppable(asked)


def test_voyages_ranking_comes_in_coheres_words() -> None:
    said: Json = {
        "object": "list",
        "data": [{**RESULT, "document": "Paris"}, {"index": 0, "relevance_score": 0.25}],
        "model": "rerank-2-lite",
        "usage": {"total_tokens": 43},
    }

    assert VOYAGE.usage(said) == Usage(input=43)
    assert FROM_RERANK.reply(said, ASKED, 0) == {
        "model": "rerank-2-lite",
        "results": [{**RESULT, "document": {"text": "Paris"}}, said["data"][1]],
        "meta": {"billed_units": {"total_tokens": 43}, "tokens": {"input_tokens": 43}},
    }


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"encoding_format": "base64"}, {"encoding_format": "base64"}),
        ({"encoding_format": "float"}, {}),
        ({"dimensions": 256, "user": "u"}, {"output_dimension": 256}),
        ({"input_type": "query", "x": None}, {"input_type": "query", "x": None}),
    ],
)
def test_voyages_embeddings_are_asked_in_its_words(given: Json, sent: Json) -> None:
    body = {"model": "voyage-3.5", "input": ["a"]}

    assert voyage_embeddings({**body, **given}, CALL, TARGET) == {**body, **sent}


def test_voyage_takes_no_tokens() -> None:
    with pytest.raises(BadRequest) as refused:
        voyage_embeddings({"model": "m", "input": [[1, 2]]}, CALL, TARGET)

    assert refused.value.param == "input[0]"

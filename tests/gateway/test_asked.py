"""Answers the way their client asked for them."""

from typing import Any

import orjson
import pytest

from adapters.types import Body, Call, Dialect, Json, Receipt, Reply
from gateway.asked import as_asked

VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5]}
VECTORS: Json = {"data": [VECTOR], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
RANKS: Json = {"results": [{"index": 0, "relevance_score": 0.5}]}


def call(dialect: Dialect, **body: Any) -> Call:
    return Call(dialect, "alias", body)


def reply(document: Any) -> Reply:
    return Reply(orjson.dumps(document), Receipt(model="kept"), {"x-request-id": "kept"})


def test_vectors_are_spelt_as_asked() -> None:
    told = reply(VECTORS)

    said = as_asked(told, call(Dialect.OPENAI_EMBEDDINGS, encoding_format="base64"))

    assert isinstance(said.body, bytes)
    assert orjson.loads(said.body)["data"][0]["embedding"] == "AAAAPw=="
    assert (said.receipt, said.headers) == (told.receipt, told.headers)


def test_documents_are_shown_as_asked() -> None:
    asked = call(Dialect.COHERE_RERANK, documents=["a"], return_documents=True)

    said = as_asked(reply(RANKS), asked)

    assert isinstance(said.body, bytes)
    assert orjson.loads(said.body)["results"][0]["document"] == {"text": "a"}


@pytest.mark.parametrize("dialect", [Dialect.OPENAI_CHAT, Dialect.OPENAI_EMBEDDINGS])
def test_what_is_right_stays_the_same_object(dialect: Dialect) -> None:
    told = reply(VECTORS)

    assert as_asked(told, call(dialect)) is told


ODD: dict[str, tuple[Dialect, Any]] = {
    "no list": (Dialect.OPENAI_EMBEDDINGS, {"data": 7, "usage": 3}),
    "no document": (Dialect.OPENAI_EMBEDDINGS, [1]),
    "no numbers": (Dialect.OPENAI_EMBEDDINGS, {"data": [{"embedding": ["x"]}]}),
    "no results": (Dialect.COHERE_RERANK, {"ranked": []}),
    "a rank of nothing": (Dialect.COHERE_RERANK, {"results": [{"index": 9}]}),
}


@pytest.mark.parametrize(("dialect", "document"), ODD.values(), ids=ODD)
def test_a_shape_nobody_foresaw_stays_as_it_came(dialect: Dialect, document: Any) -> None:
    told = reply(document)
    asked = call(dialect, encoding_format="base64", documents=["a"], return_documents=True)

    assert as_asked(told, asked) is told


def test_a_stream_is_left_alone() -> None:
    class Nothing:
        def __aiter__(self) -> Body:
            return self

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

        async def aclose(self) -> None: ...

    told = Reply(Nothing(), Receipt())

    assert as_asked(told, call(Dialect.OPENAI_EMBEDDINGS)) is told

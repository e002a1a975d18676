"""Voyage's rerank, translated from Cohere's, and what its embeddings call otherwise than OpenAI.

Sources, read 2026-11: https://docs.voyageai.com/reference/reranker-api and
https://docs.voyageai.com/reference/embeddings-api.
"""

from typing import Any

from adapters.dialects import Translation, Wire
from adapters.dialects.chat import error
from adapters.dialects.embeddings import no_stream, texts, usage
from adapters.dialects.rerank import text_of
from adapters.types import Call, Json, Target, Usage

_REWRITTEN = frozenset({"documents", "rank_fields", "top_n"})
_NO_WORD_FOR = frozenset({"max_chunks_per_doc", "max_tokens_per_doc"})


def embeddings(body: Json, _call: Call, _target: Target) -> Json:
    """OpenAI's body in Voyage's words: it knows no `user`, and no format but base64.

    Raises:
        BadRequest: `input` holds tokens.
    """
    texts(body)
    said = {n: v for n, v in body.items() if n not in {"dimensions", "encoding_format", "user"}}
    if body.get("dimensions") is not None:
        said["output_dimension"] = body["dimensions"]
    if body.get("encoding_format") == "base64":
        said["encoding_format"] = "base64"
    return said


def request(asked: Json) -> Json:
    """Say a rerank in Voyage's words."""
    said = {name: value for name, value in asked.items() if name not in _REWRITTEN}
    documents = asked.get("documents")
    if isinstance(documents, list):
        said["documents"] = [text_of(item, asked.get("rank_fields")) for item in documents]
    if asked.get("top_n") is not None:
        said["top_k"] = asked["top_n"]
    return said


def reply(document: Json, _asked: Json, _now: int = 0) -> Json:
    """Say Voyage's ranking in Cohere's words."""
    tokens = (usage(document) or Usage()).input
    known = {"data", "object", "usage"}
    return {
        **{name: value for name, value in document.items() if name not in known},
        "results": [_result(result) for result in document["data"]],
        "meta": {"billed_units": {"total_tokens": tokens}, "tokens": {"input_tokens": tokens}},
    }


def no_word_for(_asked: Json) -> frozenset[str]:
    """Fields that Voyage would refuse."""
    return _NO_WORD_FOR


def _result(result: Json) -> Json:
    document: Any = result.get("document")
    return {**result, "document": {"text": document}} if isinstance(document, str) else result


WIRE = Wire(error=error, usage=usage, holds=("data",))
FROM_RERANK = Translation(request=request, reply=reply, stream=no_stream, droppable=no_word_for)

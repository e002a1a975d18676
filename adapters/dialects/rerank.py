"""Cohere's rerank, version 2: the pivot of its operation, which most others have copied.

Source: https://docs.cohere.com/reference/rerank (read 2026-11). {model, query, documents, top_n,
max_tokens_per_doc} -> {id, results: [{index, relevance_score, document?}], meta}. Version 1's
`return_documents` and `rank_fields`, which LiteLLM's clients still send, are known here too.
"""

from typing import Any

import orjson

from adapters.dialects import Wire
from adapters.dialects.chat import count, error
from adapters.types import Call, Json, Target, Usage


def usage(document: Json) -> Usage | None:
    """Tokens as the answer tells them: Cohere in `meta`, others in `usage`. None: it counts
    searches only, as Cohere does for most models.
    """
    meta = _object(document.get("meta"))
    for told in (meta.get("tokens"), document.get("usage"), meta.get("billed_units")):
        raw = _object(told)
        for name in ("input_tokens", "prompt_tokens", "total_tokens"):
            if tokens := count(raw.get(name)):
                return Usage(input=tokens)
    return None


WIRE = Wire(error=error, usage=usage, holds=("results", "object", "id"))


def plain(body: Json, _call: Call, _target: Target) -> Json:
    """The body as version 2 takes it: documents are texts, and come back as their numbers only."""
    kept = {n: v for n, v in body.items() if n not in {"return_documents", "rank_fields"}}
    if isinstance(documents := body.get("documents"), list):
        kept["documents"] = [text_of(document, body.get("rank_fields")) for document in documents]
    return kept


def text_of(document: Any, fields: Any = None) -> Any:
    """A document as text. Those with fields become lines of YAML, as Cohere advises: all fields,
    or those that shall be ranked.
    """
    if not isinstance(document, dict):
        return document
    if isinstance(fields, list):
        document = {name: document[name] for name in fields if name in document}
    if document.keys() == {"text"} and isinstance(document["text"], str):
        return document["text"]
    return "\n".join(f"{name}: {_scalar(value)}" for name, value in document.items())


def as_asked(raw: bytes, asked: Json) -> bytes:
    """A provider's answer with the documents in it, if the client wants them and they are not."""
    documents = asked.get("documents")
    if asked.get("return_documents") is not True or not isinstance(documents, list):
        return raw
    if b'"document"' in raw:
        return raw
    answer: Json = orjson.loads(raw)
    return orjson.dumps({**answer, "results": [_shown(r, documents) for r in answer["results"]]})


def _shown(result: Json, documents: list[Any]) -> Json:
    document = documents[result["index"]]
    return {**result, "document": document if isinstance(document, dict) else {"text": document}}


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}

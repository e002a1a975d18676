"""Embedding models on Bedrock, translated from OpenAI's embeddings.

There is no common dialect: each family has a body of its own for InvokeModel. Titan and Nova take
one text in a request; only Titan says how many tokens there were.

Sources, read 2026-11, below https://docs.aws.amazon.com: bedrock/latest/userguide/
model-parameters-titan-embed-text.html, model-parameters-titan-embed-mm.html,
model-parameters-embed-v3.html, model-parameters-embed-v4.html and nova/latest/userguide/
embeddings-schema.html; on images and input types, https://docs.litellm.ai/docs/providers/
bedrock_embedding.
"""

from collections.abc import Mapping
from typing import Any

from adapters.dialects import Translation, Wire
from adapters.dialects.bedrock.wire import error
from adapters.dialects.chat import count
from adapters.dialects.embeddings import answer, no_stream, texts
from adapters.dialects.lenient import record, records
from adapters.errors import BadRequest
from adapters.types import Json, Usage

_REWRITTEN = frozenset({"dimensions", "encoding_format", "input", "model", "user"})
_INPUT_TYPES: Mapping[str, str] = {  # what others call them -> what Cohere does
    "document": "search_document",
    "passage": "search_document",
    "query": "search_query",
}
_PURPOSES: Mapping[str, str] = {  # Cohere's input types -> what Nova calls them
    "search_document": "GENERIC_INDEX",
    "search_query": "GENERIC_RETRIEVAL",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
_IMAGE = "data:image/"


def usage(document: Json) -> Usage | None:
    """Tokens as Titan tells them; the others' are in a header alone."""
    if "inputTextTokenCount" not in document:
        return None
    return Usage(input=count(document["inputTextTokenCount"]))


def no_word_for(asked: Json) -> frozenset[str]:
    """The older models' vectors have one size."""
    model = _model(asked)
    fixed = "titan-embed-text-v1" in model or "titan-embed-g1" in model or _is_cohere_3(model)
    return frozenset({"dimensions"} if fixed else ())


def request(asked: Json) -> Json:
    """Say a request for embeddings in the words of the model's family. It stands in the path.

    Raises:
        BadRequest: `input` holds tokens, or more than such a model takes at once.
    """
    rest = {name: value for name, value in asked.items() if name not in _REWRITTEN}
    model = _model(asked)
    if "cohere" in model:
        return _cohere(asked, rest)
    if "nova" in model:
        return _nova(asked, rest)
    return _titan(asked, rest)


def reply(document: Json, asked: Json, _now: int = 0) -> Json:
    """Say any family's vectors in OpenAI's words."""
    told = usage(document) or Usage()
    return answer(_vectors(document), asked, told.input)


def _model(asked: Json) -> str:
    return str(asked.get("model") or "").lower()


def _is_cohere_3(model: str) -> bool:
    return "cohere.embed" in model and "v3" in model


def _titan(asked: Json, rest: Json) -> Json:
    text = _one(asked, "Titan")
    out: Json = {"inputText": text}
    if text.startswith(_IMAGE):
        out = {"inputImage": text.partition(",")[2]}
    size = asked.get("dimensions")
    if size is not None and "embed-image" in _model(asked):
        out["embeddingConfig"] = {"outputEmbeddingLength": size}
    elif size is not None:
        out["dimensions"] = size
    return {**rest, **out}


def _nova(asked: Json, rest: Json) -> Json:
    purpose = str(rest.pop("input_type", None) or "search_document")
    params: Json = {
        "embeddingPurpose": _PURPOSES.get(_INPUT_TYPES.get(purpose, purpose), purpose),
        "text": {"truncationMode": "NONE", "value": _one(asked, "Nova")},
    }
    if asked.get("dimensions") is not None:
        params["embeddingDimension"] = asked["dimensions"]
    own = record(rest.pop("singleEmbeddingParams", None))
    if "text" not in own and own.keys() & {"image", "audio", "video"}:
        del params["text"]
    return {"taskType": "SINGLE_EMBEDDING", **rest, "singleEmbeddingParams": {**params, **own}}


def _cohere(asked: Json, rest: Json) -> Json:
    given = texts(asked)
    kind = str(rest.get("input_type") or "search_document")
    out: Json = {"input_type": _INPUT_TYPES.get(kind, kind)}
    if all(text.startswith(_IMAGE) for text in given):
        out = {"input_type": "image", "images": given}
    else:
        out["texts"] = given
    if asked.get("dimensions") is not None:
        out["output_dimension"] = asked["dimensions"]
    return {**rest, **out}


def _one(asked: Json, family: str) -> str:
    given = texts(asked)
    if len(given) != 1:
        raise BadRequest(f"{family} embeds one text in a request.", param="input")
    return given[0]


def _vectors(document: Json) -> list[Any]:
    match document:
        case {"embedding": [*vector]}:  # Titan
            return [vector]
        case {"embeddings": [{"embedding": _}, *_]}:  # Nova
            return [item.get("embedding") for item in records(document["embeddings"])]
        case {"embeddings": [*vectors]}:  # Cohere, one type
            return vectors
        case {"embeddings": {} as types}:  # Cohere, by type; there is place for one
            first = next(iter(types), "float")
            vectors = types.get("float") or types[first]
            return list(vectors)
        case _:
            raise KeyError("embedding")


WIRE = Wire(error=error, usage=usage)

FROM_OPENAI = Translation(
    request=request,
    reply=reply,
    stream=no_stream,
    droppable=no_word_for,
)

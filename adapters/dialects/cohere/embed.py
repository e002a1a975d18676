"""Cohere's embeddings, version 2, translated from OpenAI's.

Source: https://docs.cohere.com/reference/embed (read 2026-11). Vectors are always asked for as
numbers, unless the client says `embedding_types`; in which format it gets them is our matter.
"""

from collections.abc import Mapping
from typing import Any

from adapters.dialects import Translation, Wire
from adapters.dialects.chat import count
from adapters.dialects.cohere.wire import error
from adapters.dialects.embeddings import answer, no_stream
from adapters.dialects.lenient import record, records
from adapters.errors import BadRequest
from adapters.types import Json, Usage

_REWRITTEN = frozenset(
    {"dimensions", "embedding_types", "encoding_format", "input", "input_type", "user"}
)
_INPUT_TYPES: Mapping[str, str] = {  # what others call them -> what Cohere does
    "document": "search_document",
    "passage": "search_document",
    "query": "search_query",
}
_DEFAULT_INPUT_TYPE = "search_document"  # it insists on one
_TYPES = ("float", "int8", "uint8", "binary", "ubinary", "base64")


def usage(document: Json) -> Usage | None:
    """Tokens that are billed; an image to an older model counts as none. None: nothing is said."""
    units = record(record(document.get("meta")).get("billed_units"))
    if not units:
        return None
    return Usage(input=count(units.get("input_tokens")) + count(units.get("image_tokens")))


def request(asked: Json) -> Json:
    """Say a request for embeddings in Cohere's words.

    Raises:
        BadRequest: `input` holds tokens, or something that is neither text nor image.
    """
    rest = {name: value for name, value in asked.items() if name not in _REWRITTEN}
    given = asked.get("input")
    items = given if isinstance(given, list) else [given]
    kind = asked.get("input_type")
    out: Json = {**rest, "input_type": _INPUT_TYPES.get(str(kind), kind) or _DEFAULT_INPUT_TYPE}
    if all(isinstance(item, str) and not _is_image(item) for item in items):
        out["texts"] = items
    elif len(items) == 1 and _is_image(items[0]):
        out |= {"images": items, "input_type": "image"}
    else:
        out["inputs"] = [_input(item, f"input[{i}]") for i, item in enumerate(items)]
    out["embedding_types"] = asked.get("embedding_types") or [_type(asked)]
    if asked.get("dimensions") is not None:
        out["output_dimension"] = asked["dimensions"]
    return out


def reply(document: Json, asked: Json, _now: int = 0) -> Json:
    """Say Cohere's embeddings in OpenAI's words.

    There is place for one type there; others that were asked for stand beside it.
    """
    found = document.get("embeddings")
    types = {name: v for name, v in record(found).items() if v is not None}
    chosen = next((name for name in _TYPES if name in types), "")
    vectors = found if isinstance(found, list) else types.pop(chosen, [])
    told = usage(document) or Usage()
    said = answer(vectors, asked, told.input)
    aside = {
        **({"embeddings": types} if types else {}),
        **({"images": images} if (images := records(document.get("images"))) else {}),
    }
    return {
        **({"id": document["id"]} if document.get("id") else {}),
        **said,
        **({"provider_specific_fields": aside} if aside else {}),
    }


def no_word_for(_asked: Json) -> frozenset[str]:
    return frozenset()


def _type(asked: Json) -> str:
    """LiteLLM lets `encoding_format` name Cohere's types, too."""
    wanted = asked.get("encoding_format")
    return wanted if wanted in _TYPES and wanted != "base64" else "float"


def _is_image(item: Any) -> bool:
    return isinstance(item, str) and item.startswith("data:image/")


def _input(item: Any, at: str) -> Json:
    """One of several inputs, as newer models take them: text, image, or a mix of both."""
    match item:
        case str():
            return {"content": [_image(item) if _is_image(item) else _text(item)]}
        case {"content": _}:
            whole: Json = item
            return whole
        case {"type": _}:
            return {"content": [item]}
        case {"image": str() as url}:
            return {"content": [_image(url)]}
        case {"text": str() as text}:
            return {"content": [_text(text)]}
        case int() | list():
            raise BadRequest("This model takes text, no tokens.", param=at)
        case _:
            raise BadRequest("Expected a text or an image.", param=at)


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


WIRE = Wire(error=error, usage=usage, holds=("embeddings",))
FROM_OPENAI = Translation(request=request, reply=reply, stream=no_stream, droppable=no_word_for)

"""OpenAI's embeddings: the pivot of its operation, and what its translators share.

Source: https://platform.openai.com/docs/api-reference/embeddings (read 2026-11). A vector is a list
of numbers, or, where `encoding_format` is `base64`, the bytes of its 32-bit floats, little-endian.
OpenAI's own SDKs ask for the latter unless told otherwise.
"""

import base64
import re
import sys
from array import array
from collections.abc import Sequence
from typing import Any, NoReturn

import orjson

from adapters.dialects import Wire
from adapters.dialects.chat import count, error
from adapters.errors import BadRequest
from adapters.types import Json, Usage

_AS_LIST = re.compile(rb'"embedding"\s*:\s*\[')
_AS_TEXT = re.compile(rb'"embedding"\s*:\s*"')


def usage(document: Json) -> Usage | None:
    """Tokens as the answer tells them; None if it does not. Voyage tells the total alone."""
    raw = document.get("usage")
    if not isinstance(raw, dict):
        return None
    return Usage(input=count(raw.get("prompt_tokens")) or count(raw.get("total_tokens")))


WIRE = Wire(error=error, usage=usage, holds=("data",))


def texts(asked: Json) -> list[str]:
    """The texts to embed, for providers that take nothing else.

    Raises:
        BadRequest: `input` holds tokens, or something else that is no text.
    """
    given = asked.get("input")
    if not isinstance(given, list):
        return [_text(given, "input")]
    return [_text(item, f"input[{i}]") for i, item in enumerate(given)]


def answer(vectors: Sequence[Any], asked: Json, tokens: int) -> Json:
    """The answer in OpenAI's words: one entry for each vector, in the order of the input.

    `tokens`: of the whole input.
    """
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": i, "embedding": _spelt(vector, asked)}
            for i, vector in enumerate(vectors)
        ],
        "model": asked.get("model") or "",
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def as_asked(raw: bytes, asked: Json) -> bytes:
    """A provider's answer with its vectors spelt as the client wants them.

    Many that speak OpenAI's embeddings know no base64, and some tell no `prompt_tokens`. An answer
    that is as it should be comes back as it is, unread.
    """
    wants_text = asked.get("encoding_format") == "base64"
    wants_list = asked.get("encoding_format") in {None, "float"}
    wrong = (wants_text and _AS_LIST.search(raw)) or (wants_list and _AS_TEXT.search(raw))
    if not wrong and b'"prompt_tokens"' in raw:
        return raw
    document: Json = orjson.loads(raw)
    told = usage(document) or Usage()
    raw_usage = document.get("usage")
    counts = {"prompt_tokens": told.input, "total_tokens": told.input}
    spelt = {
        **document,
        "data": [_item(item, asked) for item in document.get("data") or ()],
        "usage": {**counts, **(raw_usage if isinstance(raw_usage, dict) else {})},
    }
    return orjson.dumps(spelt)


def no_stream(_asked: Json, _now: int) -> NoReturn:
    """Stands where translations of one document have no machine."""
    raise BadRequest("This is answered with one document, not with a stream.", param="stream")


def _text(item: Any, at: str) -> str:
    if isinstance(item, str):
        return item
    tokens = isinstance(item, int | list)
    raise BadRequest(f"This model takes text{', no tokens' if tokens else ' alone'}.", param=at)


def _item(item: Any, asked: Json) -> Any:
    if not isinstance(item, dict):
        return item
    return {**item, "embedding": _spelt(item.get("embedding"), asked)}


def _spelt(vector: Any, asked: Json) -> Any:
    match asked.get("encoding_format"), vector:
        case "base64", [*numbers]:
            return base64.b64encode(_little(array("f", numbers)).tobytes()).decode()
        case (None | "float", str()):
            floats = array("f")
            floats.frombytes(base64.b64decode(vector))
            return _little(floats).tolist()
        case _:
            return vector


def _little(floats: "array[float]") -> "array[float]":
    """Between this machine's order of bytes and little-endian, in either direction."""
    if sys.byteorder == "big":
        floats.byteswap()
    return floats

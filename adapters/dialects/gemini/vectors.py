"""What Google's two ways to embed have in common: what the vectors are for, and how long.

Source: https://ai.google.dev/gemini-api/docs/embeddings (read 2026-11).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.dialects.embeddings import answer
from adapters.dialects.lenient import string
from adapters.errors import Failure, Kind
from adapters.types import Json

_TASKS: Mapping[str, str] = {  # as Cohere and its followers say it -> as Google does
    "query": "RETRIEVAL_QUERY",
    "search_query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "passage": "RETRIEVAL_DOCUMENT",
    "search_document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
REWRITTEN = frozenset(
    {
        "dimensions",
        "encoding_format",
        "input",
        "input_type",
        "model",
        "outputDimensionality",
        "output_dimensionality",
        "taskType",
        "task_type",
        "title",
        "user",
    }
)


def task(asked: Json) -> str:
    """What the vectors are for, in Google's word; empty if nobody says."""
    wanted = string(asked.get("task_type") or asked.get("taskType") or asked.get("input_type"))
    return _TASKS.get(wanted.lower(), wanted)


def dimensions(asked: Json) -> Any:
    """How long the vectors shall be; None: as long as they are."""
    names = ("dimensions", "output_dimensionality", "outputDimensionality")
    return next((asked[name] for name in names if asked.get(name) is not None), None)


def answered(vectors: Sequence[Any], asked: Json, tokens: int) -> Json:
    """The vectors as OpenAI's list of embeddings.

    Raises:
        Failure: BROKEN, one is none.
    """
    if not vectors or not all(isinstance(vector, list) for vector in vectors):
        raise Failure(Kind.BROKEN, "the provider's answer holds no embedding")
    return answer(vectors, asked, tokens)


def nothing_dropped(_asked: Json) -> frozenset[str]:
    """Every field of OpenAI's has a word, or says nothing that matters."""
    return frozenset()

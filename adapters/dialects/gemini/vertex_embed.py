"""Vertex AI's `predict` for text embeddings, translated from OpenAI's embeddings.

Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
(read 2026-11).
"""

from adapters.dialects import Translation, Wire
from adapters.dialects.chat import count, error
from adapters.dialects.embeddings import no_stream, texts
from adapters.dialects.gemini import vectors
from adapters.dialects.lenient import record, records
from adapters.types import Json, Usage

_REWRITTEN = vectors.REWRITTEN | {"autoTruncate", "auto_truncate", "parameters"}


def request(asked: Json) -> Json:
    """Say an embeddings request as instances and parameters.

    Raises:
        BadRequest: there is no text.
    """
    settings: Json = {}
    if task := vectors.task(asked):
        settings["task_type"] = task
    if isinstance(asked.get("title"), str):
        settings["title"] = asked["title"]
    parameters: Json = dict(record(asked.get("parameters")))
    if (dimensions := vectors.dimensions(asked)) is not None:
        parameters["outputDimensionality"] = dimensions
    for name in ("auto_truncate", "autoTruncate"):
        if asked.get(name) is not None:
            parameters["autoTruncate"] = asked[name]
    rest = {name: value for name, value in asked.items() if name not in _REWRITTEN}
    instances = [{"content": text, **settings} for text in texts(asked)]
    return {**rest, "instances": instances, **({"parameters": parameters} if parameters else {})}


def reply(document: Json, asked: Json, _now: int = 0) -> Json:
    """Say Vertex's predictions as OpenAI's embeddings.

    Raises:
        Failure: BROKEN, there are none.
    """
    found = [record(entry.get("embeddings")) for entry in records(document.get("predictions"))]
    told = usage(document) or Usage()
    return vectors.answered([entry.get("values") for entry in found], asked, told.input)


def usage(document: Json) -> Usage | None:
    """The tokens of all texts; each prediction counts its own."""
    told = sum(
        count(record(record(entry.get("embeddings")).get("statistics")).get("token_count"))
        for entry in records(document.get("predictions"))
    )
    return Usage(input=told) if told else None


WIRE = Wire(error=error, usage=usage)
FROM_OPENAI = Translation(
    request=request,
    reply=reply,
    stream=no_stream,
    droppable=vectors.nothing_dropped,
)

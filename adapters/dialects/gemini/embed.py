"""AI Studio's `batchEmbedContents`, translated from OpenAI's embeddings.

Source: https://ai.google.dev/api/embeddings (read 2026-11).
"""

from typing import Any

from adapters.dialects import Translation, Wire
from adapters.dialects.chat import count, error
from adapters.dialects.embeddings import no_stream, texts
from adapters.dialects.gemini import vectors
from adapters.dialects.lenient import record
from adapters.errors import BadRequest
from adapters.types import Call, Json, Target, Usage


def request(asked: Json) -> Json:
    """Say an embeddings request in Google's words: one request for each text.

    Raises:
        BadRequest: there is no text.
    """
    model = str(asked.get("model") or "")
    named = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    settings: Json = {}
    if task := vectors.task(asked):
        settings["taskType"] = task
    if isinstance(asked.get("title"), str):
        settings["title"] = asked["title"]
    if (dimensions := vectors.dimensions(asked)) is not None:
        settings["outputDimensionality"] = dimensions
    rest = {name: value for name, value in asked.items() if name not in vectors.REWRITTEN}
    requests = [
        {"model": named, "content": {"parts": [{"text": text}]}, **settings}
        for text in texts(asked)
    ]
    return {**rest, "requests": requests}


def reply(document: Json, asked: Json, _now: int = 0) -> Json:
    """Say Google's embeddings as OpenAI's. Older models tell no tokens: they count as 0.

    Raises:
        Failure: BROKEN, there are none.
    """
    found: Any = document.get("embeddings") or [document.get("embedding")]
    told = usage(document) or Usage()
    return vectors.answered([record(entry).get("values") for entry in found], asked, told.input)


def alone(body: Json, _call: Call, _target: Target) -> Json:
    """The body for `embedContent`, which takes one text: some places know nothing else.

    Raises:
        BadRequest: there are more.
    """
    first, *more = body["requests"]
    if more:
        raise BadRequest("This model embeds one text at a time.", param="input")
    rest = {name: value for name, value in body.items() if name != "requests"}
    return {**rest, **{name: value for name, value in first.items() if name != "model"}}


def usage(document: Json) -> Usage | None:
    told = count(record(document.get("usageMetadata")).get("promptTokenCount"))
    return Usage(input=told) if told else None


WIRE = Wire(error=error, usage=usage)
FROM_OPENAI = Translation(
    request=request,
    reply=reply,
    stream=no_stream,
    droppable=vectors.nothing_dropped,
)

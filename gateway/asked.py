"""Answers of one document, the way their client asked for them, whoever gave them.

A provider that speaks the client's dialect may still not know each of its ways: vectors in base64,
which OpenAI's SDKs ask for, or documents beside their rank.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from adapters.dialects import embeddings, rerank
from adapters.errors import ODD
from adapters.types import Call, Dialect, Json, Reply

_WAYS: Mapping[Dialect, Callable[[bytes, Json], bytes]] = {
    Dialect.OPENAI_EMBEDDINGS: embeddings.as_asked,
    Dialect.COHERE_RERANK: rerank.as_asked,
}


def as_asked(reply: Reply, call: Call) -> Reply:
    """The same reply as its client wants it. One of a shape nobody foresaw stays as it came."""
    way = _WAYS.get(call.dialect)
    if way is None or not isinstance(reply.body, bytes):
        return reply
    try:
        body = way(reply.body, call.body)
    except ODD:
        return reply
    return reply if body is reply.body else replace(reply, body=body)

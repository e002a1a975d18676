"""From a recording to what is tried with it, or to the reason why it is not."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from adapters.types import Dialect
from tests.corpus import wire
from tests.corpus.oracles import (
    anthropic,
    bedrock,
    cohere,
    gemini,
    ollama,
    openai_chat,
    responses,
    vectors,
)
from tests.corpus.oracles.frames import aws, documents
from tests.corpus.records import Record
from tests.corpus.rows import row
from tests.corpus.said import Said

Oracle: TypeAlias = Callable[[Any], Said]

STREAMS: Mapping[Dialect, Oracle] = {
    Dialect.OPENAI_CHAT: openai_chat.stream,
    Dialect.ANTHROPIC_MESSAGES: anthropic.stream,
    Dialect.OPENAI_RESPONSES: responses.stream,
    Dialect.GEMINI_GENERATE: lambda body: gemini.stream(documents(body)),
    Dialect.BEDROCK_CONVERSE: bedrock.stream,
    Dialect.COHERE_CHAT: cohere.stream,
    Dialect.OLLAMA_CHAT: ollama.stream,
}
DOCUMENTS: Mapping[Dialect, Oracle] = {
    Dialect.OPENAI_CHAT: openai_chat.document,
    Dialect.ANTHROPIC_MESSAGES: anthropic.document,
    Dialect.OPENAI_RESPONSES: responses.document,
    Dialect.GEMINI_GENERATE: gemini.document,
    Dialect.BEDROCK_CONVERSE: bedrock.document,
    Dialect.COHERE_CHAT: cohere.document,
    Dialect.OLLAMA_CHAT: ollama.document,
    Dialect.OPENAI_EMBEDDINGS: vectors.openai,
    Dialect.COHERE_EMBED: vectors.cohere,
    Dialect.GEMINI_EMBED: vectors.gemini,
    Dialect.VERTEX_EMBED: vectors.vertex,
    Dialect.BEDROCK_EMBED: vectors.bedrock,
    Dialect.COHERE_RERANK: vectors.ranks,
    Dialect.VOYAGE_RERANK: vectors.ranks,
}
KINDS: Mapping[str, Dialect] = {
    "chat_completions": Dialect.OPENAI_CHAT,
    "messages": Dialect.ANTHROPIC_MESSAGES,
    "responses": Dialect.OPENAI_RESPONSES,
    "generate_content": Dialect.GEMINI_GENERATE,
    "stream_generate_content": Dialect.GEMINI_GENERATE,
    "converse": Dialect.BEDROCK_CONVERSE,
    "converse_stream": Dialect.BEDROCK_CONVERSE,
    "raw_predict": Dialect.ANTHROPIC_MESSAGES,
    "stream_raw_predict": Dialect.ANTHROPIC_MESSAGES,
    "cohere_chat_v2": Dialect.COHERE_CHAT,
    "ollama_chat": Dialect.OLLAMA_CHAT,
    "embeddings": Dialect.OPENAI_EMBEDDINGS,
    "batch_embed": Dialect.GEMINI_EMBED,
    "embed_content": Dialect.GEMINI_EMBED,
    "predict": Dialect.VERTEX_EMBED,
    "rerank": Dialect.COHERE_RERANK,
}
_MODEL = re.compile(r"/(?:models?|deployments|engines)/([^/:?]+(?::\d+)?)")


@dataclass(frozen=True, slots=True)
class Trial:
    """One recorded reply, and what has to come of it."""

    record: Record
    row: str
    theirs: Dialect
    model: str
    stream: bool
    body: bytes = field(repr=False)
    said: Said | None = field(repr=False)  # None: a refusal, or nothing that can be read


@dataclass(frozen=True, slots=True)
class Excluded:
    record: Record
    reason: str


def trial(record: Record) -> Trial | Excluded:
    theirs = _dialect(record)
    if not isinstance(theirs, Dialect):
        return Excluded(record, theirs)
    if not record.refused and (reason := _misfiled(record, theirs)):
        return Excluded(record, reason)
    record = _single(record)
    stream = record.streaming
    body = wire.body(record, theirs) if stream and not record.refused else record.body
    said = None if record.refused else _said(body, theirs, stream=stream, record=record)
    return Trial(record, row(record, theirs), theirs, model(record), stream, body, said)


def model(record: Record) -> str:
    named = record.asked.get("model")
    if isinstance(named, str) and named:
        return named
    found = _MODEL.search(record.url)
    return found[1].replace("%3A", ":") if found else "some-model"


def _dialect(record: Record) -> Dialect | str:
    """What the recorded reply is written in, or why that is nothing for us."""
    if record.kind in {"invoke", "invoke_stream"}:
        return _invoked(record)
    if record.kind == "predictions":
        return "an image model's prediction; no language model was recorded"
    if record.kind not in KINDS:
        return f"{record.kind}: not an operation of this release"
    theirs = KINDS[record.kind]
    if record.kind == "embeddings":
        return _embedding(record)
    if record.kind == "rerank" and record.provider == "voyage":
        return Dialect.VOYAGE_RERANK
    if record.method != "POST":
        return "looks up what is stored: not an operation of this release"
    return theirs


def _misfiled(record: Record, theirs: Dialect) -> str:
    """Why a success is no answer of its dialect at all; the recordings are filed by path."""
    if record.streaming and any(record.body.count(begin) > 1 for begin in _BEGINNINGS):
        return "several answers spliced into one recording, which no provider sends"
    marks = _MARKS.get(theirs)
    if not marks or record.streaming or not record.body.startswith(b"{"):
        return ""
    found = json.loads(record.body)
    if theirs is Dialect.VERTEX_EMBED:
        found = found["predictions"][0]
    if found.get("error") or any(mark in found for mark in marks):
        return ""
    return f"filed as {record.kind}, but holds something else"


def _single(record: Record) -> Record:
    """A message that was filed as a stream of one event is a document."""
    if record.streaming and re.match(rb'\[\{[^{]*"type": "message"', record.body):
        body = json.dumps(json.loads(record.body)[0]).encode()
        return replace(record, body=body, streaming=False)
    return record


_BEGINNINGS = (b'"type":"message_start"', b'"type":"response.created"')
_MARKS: Mapping[Dialect, tuple[str, ...]] = {
    Dialect.OPENAI_CHAT: ("choices",),
    Dialect.ANTHROPIC_MESSAGES: ("content",),
    Dialect.BEDROCK_CONVERSE: ("output",),
    Dialect.OLLAMA_CHAT: ("message",),
    Dialect.OPENAI_RESPONSES: ("output",),
    Dialect.VERTEX_EMBED: ("embeddings",),
}


def _embedding(record: Record) -> Dialect | str:
    match record.provider:
        case "cohere":
            return Dialect.COHERE_EMBED
        case "ollama" if record.url.endswith("/api/embed"):
            return "Ollama's own embed endpoint; its OpenAI door is spoken instead"
        case _:
            return Dialect.OPENAI_EMBEDDINGS


def _invoked(record: Record) -> Dialect | str:
    """InvokeModel's body is the model family's own; Converse is spoken with most of them."""
    if record.refused:
        return Dialect.ANTHROPIC_MESSAGES
    name = model(record)
    if "embed" in name:
        return Dialect.BEDROCK_EMBED
    if b'"type":"message"' in record.body.replace(b" ", b"") or b"message_start" in _unwrapped(
        record
    ):
        return Dialect.ANTHROPIC_MESSAGES
    if re.match(rb'\s*\{"embeddings?"', record.body):
        return Dialect.BEDROCK_EMBED
    return "InvokeModel in a model family's own words; Converse is spoken instead"


def _unwrapped(record: Record) -> bytes:
    """The first event of an InvokeModel stream."""
    if not record.body.startswith(b"\0"):
        return record.body[:200]
    payloads = (json.loads(payload) for _, payload in aws(record.body))
    return b"".join(wire.unwrapped(payload) for payload in payloads)[:200]


def _said(body: bytes, theirs: Dialect, *, stream: bool, record: Record) -> Said | None:
    if stream and theirs is Dialect.ANTHROPIC_MESSAGES and record.provider == "bedrock":
        return anthropic.events([json.loads(wire.unwrapped(json.loads(p))) for _, p in aws(body)])
    if stream:
        return STREAMS[theirs](body) if body else None
    try:
        raw = json.loads(body)
    except ValueError:
        return None
    return DOCUMENTS[theirs](raw) if isinstance(raw, dict) else None

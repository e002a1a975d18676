"""What a dialect is to the rest: how to recognise its moments, and how to translate it.

A `Wire` is all that is needed to pass a dialect on untouched. A `Translation` speaks one dialect
on behalf of a client who speaks another; one side of it is the pivot of its operation, which for
chat is OpenAI's. Between two that are no pivot, two translations follow each other.

    client's request --Translation.request--> provider
    client's answer  <--reply / stream------- provider
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from adapters.sse import Event
from adapters.types import Dialect, Json, Operation, Usage


class Machine(Protocol):
    """A stream translator without I/O: an event goes in, zero or more events come out.

    `feed` raises `Failure` when the event is the provider's error. `close` says what is left when
    the stream has ended by itself.
    """

    def feed(self, event: Event) -> list[Event]: ...
    def close(self) -> list[Event]: ...

    def go_on(self, _document: Json, /) -> bytes | None:
        """A short cut for an event that only adds to the text, as nearly all do: what `feed` says
        of it, written. None: it is another one, and not heard yet; so is any that tells of a
        finish, an error or, where that does not come with every event, of usage.
        """
        return None


@dataclass(frozen=True, slots=True)
class Wire:
    """How to recognise the moments of a stream, and its facts, without translating it.

    The defaults are for operations that are answered with one document.
    """

    error: Callable[[Json], Json | None]  # the provider's error object, if the document is one
    usage: Callable[[Json], Usage | None]  # of a document or an event; None: it says nothing
    content: Callable[[Json], bool] = bool  # an event a client would wait for; False: preamble
    finish: re.Pattern[bytes] = re.compile(rb"(?!)")  # matches when the model has come to an end
    last: bytes = b""  # a line that starts so is the last event's; empty: the body's end is all
    end: bytes = b""  # the last event itself, for a provider that left it out
    holds: tuple[str, ...] = ()  # a document in which none of these says anything is no answer
    tells: re.Pattern[bytes] = re.compile(rb'"usage"\s*:\s*\{')  # events that may tell of usage
    own: Callable[[Json, bytes], Json] | None = None  # a history without what others have signed
    counts_on: bool = False  # usage comes with every event, the later word counts


@dataclass(frozen=True, slots=True)
class Translation:
    """Speak `theirs` on behalf of a client who speaks `ours`.

    All parts are pure. None of them changes what it is given: a retry starts from the same body.
    `asked` is the request as `request` got it: the client's fields, the deployment's defaults and
    the provider's model name. `now`: Unix seconds, for dialects that say when.
    """

    request: Callable[[Json], Json]  # asked, ours -> theirs; raises BadRequest
    reply: Callable[[Json, Json, int], Json]  # (document of theirs, asked, now) -> ours
    stream: Callable[[Json, int], Machine]  # (asked, now) -> a fresh machine
    droppable: Callable[[Json], frozenset[str]]
    """Fields of `asked` that theirs, or this model of theirs, has no word for: sent on as they are,
    so that the provider can refuse them by name, or left out where the operator says
    `drop_params`."""


PIVOTS: Mapping[Operation, Dialect] = {
    Operation.CHAT: Dialect.OPENAI_CHAT,
    Operation.EMBEDDINGS: Dialect.OPENAI_EMBEDDINGS,
    Operation.RERANK: Dialect.COHERE_RERANK,
}
WIRES: Mapping[str, str] = {
    "openai.chat": "adapters.dialects.chat:WIRE",
    "openai.responses": "adapters.dialects.responses.wire:WIRE",
    "anthropic.messages": "adapters.dialects.anthropic.wire:WIRE",
    "gemini.generate": "adapters.dialects.gemini.wire:WIRE",
    "bedrock.converse": "adapters.dialects.bedrock.wire:WIRE",
    "cohere.chat": "adapters.dialects.cohere.wire:WIRE",
    "ollama.chat": "adapters.dialects.ollama.wire:WIRE",
    "replicate.predictions": "adapters.dialects.replicate:WIRE",
    "openai.embeddings": "adapters.dialects.embeddings:WIRE",
    "cohere.embed": "adapters.dialects.cohere.embed:WIRE",
    "gemini.embed": "adapters.dialects.gemini.embed:WIRE",
    "vertex.embed": "adapters.dialects.gemini.vertex_embed:WIRE",
    "bedrock.embed": "adapters.dialects.bedrock.embed:WIRE",
    "cohere.rerank": "adapters.dialects.rerank:WIRE",
    "voyage.rerank": "adapters.dialects.voyage:WIRE",
}
TRANSLATIONS: Mapping[tuple[str, str], str] = {
    ("openai.chat", "openai.responses"): "adapters.dialects.responses:FROM_CHAT",
    ("openai.chat", "anthropic.messages"): "adapters.dialects.anthropic:FROM_CHAT",
    ("anthropic.messages", "openai.chat"): "adapters.dialects.anthropic:TO_CHAT",
    ("openai.chat", "gemini.generate"): "adapters.dialects.gemini:FROM_CHAT",
    ("openai.chat", "bedrock.converse"): "adapters.dialects.bedrock:FROM_CHAT",
    ("openai.chat", "cohere.chat"): "adapters.dialects.cohere:FROM_CHAT",
    ("openai.chat", "ollama.chat"): "adapters.dialects.ollama:FROM_CHAT",
    ("openai.chat", "replicate.predictions"): "adapters.dialects.replicate:FROM_CHAT",
    ("openai.embeddings", "cohere.embed"): "adapters.dialects.cohere.embed:FROM_OPENAI",
    ("openai.embeddings", "gemini.embed"): "adapters.dialects.gemini.embed:FROM_OPENAI",
    ("openai.embeddings", "vertex.embed"): "adapters.dialects.gemini.vertex_embed:FROM_OPENAI",
    ("openai.embeddings", "bedrock.embed"): "adapters.dialects.bedrock.embed:FROM_OPENAI",
    ("cohere.rerank", "voyage.rerank"): "adapters.dialects.voyage:FROM_RERANK",
}

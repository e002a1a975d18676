"""The words everybody uses: dialect, call, target, reply, receipt, usage.

What is made once is frozen. What is made for each request is not, because freezing takes three
times as long as making it; nobody changes it all the same, but for the receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]


class Operation(StrEnum):
    """What is asked of a model. Each has a pivot of its own."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"


class Dialect(StrEnum):
    """A wire format. Clients write in one; providers speak one or more."""

    OPENAI_CHAT = "openai.chat"  # the pivot of its operation
    OPENAI_RESPONSES = "openai.responses"
    ANTHROPIC_MESSAGES = "anthropic.messages"
    GEMINI_GENERATE = "gemini.generate"
    BEDROCK_CONVERSE = "bedrock.converse"
    COHERE_CHAT = "cohere.chat"
    OLLAMA_CHAT = "ollama.chat"
    REPLICATE_PREDICTIONS = "replicate.predictions"

    OPENAI_EMBEDDINGS = "openai.embeddings"  # the pivot of its operation
    COHERE_EMBED = "cohere.embed"
    GEMINI_EMBED = "gemini.embed"
    VERTEX_EMBED = "vertex.embed"
    BEDROCK_EMBED = "bedrock.embed"

    COHERE_RERANK = "cohere.rerank"  # the pivot of its operation
    VOYAGE_RERANK = "voyage.rerank"

    @property
    def operation(self) -> Operation:
        return _OPERATIONS.get(self, Operation.CHAT)


_OPERATIONS: Mapping[Dialect, Operation] = {
    Dialect.OPENAI_EMBEDDINGS: Operation.EMBEDDINGS,
    Dialect.COHERE_EMBED: Operation.EMBEDDINGS,
    Dialect.GEMINI_EMBED: Operation.EMBEDDINGS,
    Dialect.VERTEX_EMBED: Operation.EMBEDDINGS,
    Dialect.BEDROCK_EMBED: Operation.EMBEDDINGS,
    Dialect.COHERE_RERANK: Operation.RERANK,
    Dialect.VOYAGE_RERANK: Operation.RERANK,
}


@dataclass(slots=True, unsafe_hash=True)
class Usage:
    """Tokens of one reply. `input` counts cached prompt tokens too, `output` the reasoning."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one attempt may be silent, and how long it may last. Seconds.

    The defaults stand between what reasoning models need and what people bear: a model may think
    for minutes before its first word, but hardly ever pauses in the middle of one.
    """

    connect: float = 5.0  # name look-up, TCP and TLS
    first: float = 60.0  # streams: until the first event with content
    idle: float = 60.0  # streams: without any byte
    barren: float = 300.0  # streams: bytes arrive (comments, pings) but no data event
    total: float = 600.0  # documents: all of it
    stream: float = 3600.0  # streams: all of it


@dataclass(slots=True)
class Call:
    """One client request as it was written. `body` is never changed: a retry starts from it."""

    dialect: Dialect
    model: str  # the alias asked for
    body: Json
    stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)  # the few we forward, lower case
    id: str = ""  # request id, ours or the client's; the provider is told it too
    raw: bytes = field(default=b"", compare=False, repr=False)
    """The client's own bytes, if `body` is what they say, or less."""

    def saying(self, body: Json) -> "Call":
        """The same call with another body."""
        return replace(self, body=body, raw=b"")


@dataclass(frozen=True, slots=True)
class Target:
    """Where one attempt goes, and with what.

    `params` are defaults for the body: the call's own fields win, but `tools` are put before the
    call's tools. `options` are facts for the provider's own code (`api_version`, `region`), never
    sent in the body. `secrets` stay out of every log line and traceback.
    """

    provider: str
    model: str
    base_url: str = ""  # empty: the provider's own
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # operator's, lower case
    options: Mapping[str, str] = field(default_factory=dict)
    timeouts: Timeouts = field(default_factory=Timeouts)
    drop_params: bool = False  # leave out OpenAI parameters that the provider has no word for
    keep_params: tuple[str, ...] = ()  # but not these: LiteLLM's `allowed_openai_params`
    drop_fields: tuple[str, ...] = ()  # fields never to send; `tools[*].strict` names inner ones
    modify_params: bool = False  # repair what the provider is known to refuse


@dataclass(slots=True)
class Receipt:
    """What a reply turned out to be. Filled while the body flows; final once it has ended."""

    usage: Usage = field(default_factory=Usage)
    model: str = ""  # the provider's word for what answered
    finish: bool = False  # the model came to an end, for whatever reason
    complete: bool = False  # the stream's last event has been seen: what follows does not count


class Body(Protocol):
    """A stream on its way: whole events, joined per read.

    Whoever holds one must `aclose` it in the end, read or unread: that is what frees the
    provider's connection. So it is a class, not a generator: closing a generator that was never
    started runs nothing. Reading raises `Failure` when the provider breaks off.
    """

    def __aiter__(self) -> "Body": ...
    async def __anext__(self) -> bytes: ...
    async def aclose(self) -> None: ...


@dataclass(slots=True)
class Reply:
    """An answer in the dialect of the call: one document, or a stream."""

    body: bytes | Body
    receipt: Receipt
    headers: Mapping[str, str] = field(default_factory=dict)  # the provider's, as they came

"""On what terms each provider of the catalogue is tried, and all the ways that lead to one.

A provider that is not named here is tried on the usual terms. One that serves different models in
different dialects is tried once for each.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from adapters.catalog import find, names
from adapters.doors import AtHome
from adapters.framing import Framing
from adapters.provider import Endpoint, Provider, best_dialect
from adapters.sse import events
from adapters.types import Dialect, Operation, Target
from tests.adapters.samples import ANTHROPIC, CHAT, DONE, KEY
from tests.corpus.wire import event_frame

OURS = (CHAT, ANTHROPIC, Dialect.OPENAI_EMBEDDINGS, Dialect.COHERE_RERANK)  # what clients write


@dataclass(frozen=True)
class Terms:
    """What a deployment of that provider needs, and how it shows its key."""

    model: str = "some/model-1"
    base: str = "/v1"  # the path of its api_base
    header: str = "authorization"
    value: str = f"Bearer {KEY}"
    secrets: Mapping[str, str] = field(default_factory=lambda: {"api_key": KEY})
    options: Mapping[str, str] = field(default_factory=dict)


_USUAL = Terms.model
_PROJECT = {"vertex_project": "p", "vertex_location": "us-central1"}
_PAIR = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": KEY}
_SIGNED = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"  # how the value begins


def _by_header(header: str, *models: str, options: Mapping[str, str] | None = None) -> list[Terms]:
    """The key alone, in a header of the provider's own."""
    return [Terms(model, header=header, value=KEY, options=options or {}) for model in models]


_ON_VERTEX = (
    *_by_header("x-goog-api-key", "gemini-3-pro"),
    *_by_header(
        "x-goog-api-key",
        *("claude-sonnet-4-5", "meta/llama-4-maverick", "text-embedding-005", "gemini-embedding-2"),
        options=_PROJECT,
    ),
)
_TERMS: Mapping[str, Sequence[Terms]] = {
    "anthropic": _by_header("x-api-key", _USUAL),
    "azure": _by_header("api-key", _USUAL, "gpt-5.4"),
    "azure_ai": (
        *_by_header("api-key", _USUAL, "claude-sonnet-4-5", "cohere-rerank-v4"),
        Terms(base="/openai/v1", header="api-key", value=KEY),
    ),
    "bedrock": (
        Terms("anthropic.claude-sonnet-4-5-20250929-v1:0"),
        Terms("amazon.nova-pro-v1:0", value=_SIGNED, secrets=_PAIR),
        Terms("amazon.titan-embed-text-v2:0"),
        Terms("chat_completions/openai.gpt-oss-120b-1:0"),
        Terms("openai/imported-1"),
    ),
    "bedrock_mantle": (
        Terms("openai.gpt-oss-120b"),
        Terms("openai.gpt-5.4"),
        Terms("anthropic.claude-opus-4-7", value=_SIGNED, secrets=_PAIR),
    ),
    "databricks": (Terms(), Terms("databricks-claude-sonnet-4-5")),
    "gemini": _by_header("x-goog-api-key", "gemini-3-pro", "gemini-embedding-001"),
    "ollama": (Terms(base=""), Terms()),
    "ollama_chat": (Terms(base=""), Terms()),
    "openai": (Terms(), Terms("gpt-5.4")),
    "predibase": (Terms(options={"tenant_id": "t"}),),
    "sagemaker_chat": (Terms("endpoint-1", value=_SIGNED, secrets=_PAIR),),
    "sarvam": _by_header("api-subscription-key", _USUAL),
    "snowflake": (Terms(), Terms("claude-sonnet-4-5")),
    "vertex_ai": _ON_VERTEX,
    "vertex_ai_beta": _ON_VERTEX,
    "watsonx": (Terms(secrets={"token": KEY}, options={"project_id": "p"}),),
}


@dataclass(frozen=True)
class Way:
    """From a client's dialect to one provider's on its terms."""

    name: str
    terms: Terms
    ours: Dialect
    theirs: Dialect
    endpoint: Endpoint

    def __str__(self) -> str:
        said = [self.name, self.ours]
        if self.terms.model != Terms.model:
            said.append(self.terms.model)
        return " ".join(said if self.terms.base == Terms.base else [*said, self.terms.base])

    @property
    def provider(self) -> Provider:
        return _row(self.name)

    @property
    def streams(self) -> bool:
        return self.ours.operation is Operation.CHAT

    def target(self, url: str, secrets: Mapping[str, str] | None = None) -> Target:
        terms = self.terms
        shown = terms.secrets if secrets is None else secrets
        base = f"{url}{terms.base}"
        return Target(self.name, terms.model, base, secrets=shown, options=terms.options)

    def framed(self, frames: Sequence[bytes]) -> list[bytes]:
        """Server-sent events as this provider frames them. No chunk of AWS's says `[DONE]`."""
        return [self._framed(frame) for frame in frames if self._has(frame)]

    def _has(self, frame: bytes) -> bool:
        wrapped = self.endpoint.framing is Framing.AWS and self.name != "sagemaker_chat"
        return not (wrapped and frame == DONE)

    def _framed(self, frame: bytes) -> bytes:
        match self.endpoint.framing, self.theirs, self.name:
            case Framing.SSE, _, _:
                return frame
            case Framing.AWS, _, "sagemaker_chat":
                return event_frame("PayloadPart", frame)
        [event] = events(frame)
        match self.endpoint.framing, self.theirs:
            case Framing.JSON_LINES, _:
                return event.data + b"\n"
            case Framing.AWS, Dialect.BEDROCK_CONVERSE:
                return event_frame(event.name, event.data)
            case _:
                inner = {"bytes": base64.b64encode(event.data).decode()}
                return event_frame("chunk", orjson.dumps(inner))


def ways() -> Iterator[Way]:
    """All of them, on every provider's terms."""
    for name in names():
        if name == "mock":  # that one has no network
            continue
        for terms in _TERMS.get(name, (Terms(),)):
            speaks = _speaks(name, terms)
            for ours in OURS:
                if theirs := best_dialect(ours, speaks):
                    yield Way(name, terms, ours, theirs, speaks[theirs])


def _speaks(name: str, terms: Terms) -> Mapping[Dialect, Endpoint]:
    row = _row(name)
    target = Target(
        name, terms.model, f"http://h{terms.base}", terms.secrets, options=terms.options
    )
    if row.settled:
        target = row.settled(target)
    return row.speaking(target, {}) if row.speaking else row.speaks


def _row(name: str) -> Provider:
    """Its second doors stand at home only; here they are tried elsewhere."""
    row = find(name)
    assert row
    return replace(row, speaking=None) if isinstance(row.speaking, AtHome) else row

"""How a provider is described: a row of data, and the little code a row may need."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from urllib.parse import quote

from adapters.clock import Clock
from adapters.dialects import PIVOTS
from adapters.errors import Failure, Kind
from adapters.framing import Framing
from adapters.types import Call, Dialect, Json, Reply, Target, Timeouts


@dataclass(slots=True)
class Upstream:
    """An HTTP request about to leave. Header names are lower case."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"

    def with_headers(self, headers: Mapping[str, str]) -> "Upstream":
        if not headers:
            return self
        return Upstream(self.url, self.body, {**self.headers, **headers}, self.method)


class Answer(Protocol):
    """A provider's answer: status and headers are here, the body still flows."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    async def document(self) -> bytes:
        """The whole body."""
        ...

    def watch(self) -> None:
        """From here on, silence is a failure."""
        ...

    async def read(self) -> bytes:
        """What has arrived meanwhile; nothing once the body has ended.

        Raises:
            Failure: TIMEOUT after too long a silence, BROKEN if the body is cut off.
        """
        ...

    async def close(self, *, finished: bool) -> None:
        """Let go. A body that is not `finished` takes its connection with it, at once."""
        ...


class Transport(Protocol):
    """Sends requests. The one seam between us and the network; the mock provider is another."""

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str, /) -> Answer:
        """Send, and wait for the status line.

        Requests with different `credential`s never share a connection.

        Raises:
            Failure: no answer. `kind` is TRANSIENT, TIMEOUT or BROKEN.
        """
        ...


Mend: TypeAlias = Callable[[Json, Call, Target], Json]
"""A last edit of the body that one endpoint needs. It returns a new body or the same one."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider listens for one dialect. `{model}` and `{option}`s are filled in."""

    path: str
    stream_path: str = ""  # when streaming has a URL of its own
    headers: Mapping[str, str] = field(default_factory=dict)  # e.g. anthropic-version
    framing: Framing = Framing.SSE  # of its streams
    mend: Mend | None = None  # e.g. takes `model` out where it stands in the path
    inlines: bool = False  # takes images as bytes only: addresses are fetched for it
    streams: bool = True  # False: always answers with a document, which we cut into events


Auth: TypeAlias = Callable[[Upstream, Target], Awaitable[Upstream]]
Quirk: TypeAlias = Callable[[Json], Json]
"""A named one-purpose edit of an outgoing body. It returns a new body or the same one."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A row of the catalogue: where it lives, how it lets us in, what it speaks.

    `key_env` and `base_url_env` are variables tried in order when config names no key or address.
    The names in `options_env` and `secrets_env` are keys of `litellm_params`, too.
    """

    name: str
    base_url: str = ""  # empty: config must say; may hold `{option}`s
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    speaks: Mapping[Dialect, Endpoint] = field(
        default_factory=lambda: {Dialect.OPENAI_CHAT: Endpoint("/chat/completions")}
    )
    auth: Auth | None = None  # None: `Authorization: Bearer`, if there is a key
    login: Callable[[Transport, Clock], Auth] | None = None  # instead, where tokens are exchanged
    url: Callable[[str], str] | None = None  # mends addresses that hold a part of the path already
    settled: Callable[[Target], Target] | None = None  # reads what a model's name says beside it
    speaking: Callable[[Target, Json], Mapping[Dialect, Endpoint]] | None = None
    """Which of `speaks`, for this model and what is asked of it; the best of an operation first."""
    transport: Callable[[Transport, Clock], Transport] | None = None  # wraps the network
    key_optional: bool = False  # local servers mostly need none
    quirks: tuple[Quirk, ...] = ()  # of bodies in OpenAI's chat
    droppable: Callable[[Json], frozenset[str]] | None = None
    """Fields of a chat body that this provider, or this model of its, refuses: left out where the
    operator says `drop_params`."""
    options_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # beside `api_key`
    options: Mapping[str, str] = field(default_factory=dict)  # defaults, e.g. api_version
    docs: str = ""


class Adapter(Protocol):
    """What routing needs from a provider. Rows get one for free; a plug-in may bring its own."""

    name: str

    async def send(self, call: Call, target: Target) -> Reply:
        """Make one attempt. Returns a stream only once its first event with content is in hand.

        Raises:
            Failure: the attempt failed; `kind` says why.

        """
        ...


def best_dialect(inbound: Dialect, speaks: Mapping[Dialect, Endpoint]) -> Dialect | None:
    """The client's own dialect if it is spoken, for then nothing is lost; else the pivot of what
    is asked; else the first that serves it. None: nobody there does such a thing.
    """
    if inbound in speaks:
        return inbound
    pivot = PIVOTS[inbound.operation]
    if pivot in speaks:
        return pivot
    return next((spoken for spoken in speaks if spoken.operation is inbound.operation), None)


def address(provider: Provider, endpoint: Endpoint, target: Target, *, stream: bool) -> str:
    """The URL that a request goes to.

    Raises:
        Failure: MODEL_GONE, it needs an option that nobody has set.
    """
    path = (stream and endpoint.stream_path) or endpoint.path
    base = (target.base_url or provider.base_url).rstrip("/")
    if "{" in path or "{" in base:
        options = {**provider.options, **target.options}
        filled = {name: quote(value, safe="") for name, value in options.items()}
        try:
            path = path.format_map({**filled, "model": quote(target.model, safe="")})
            base = base.format_map(filled)
        except KeyError as missing:
            text = f"the address of {provider.name} needs the option {missing}"
            raise Failure(Kind.MODEL_GONE, text) from missing
    return provider.url(base + path) if provider.url else base + path

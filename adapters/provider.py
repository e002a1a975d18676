"""How a provider is described: a row of data, and the little code a row may need."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from urllib.parse import quote

from adapters.errors import Failure, Kind
from adapters.types import Call, Dialect, Json, Reply, Target


@dataclass(frozen=True, slots=True)
class Upstream:
    """An HTTP request about to leave. Header names are lower case."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def with_headers(self, headers: Mapping[str, str]) -> "Upstream":
        return Upstream(self.url, self.body, {**self.headers, **headers}) if headers else self


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider listens for one dialect. `{model}` and `{option}`s are filled in."""

    path: str
    stream_path: str = ""  # when streaming has a URL of its own
    headers: Mapping[str, str] = field(default_factory=dict)  # e.g. anthropic-version


Auth: TypeAlias = Callable[[Upstream, Target], Awaitable[Upstream]]
Quirk: TypeAlias = Callable[[Json], Json]
"""A named one-purpose edit of an outgoing body. It returns a new body or the same one."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A row of the catalogue: where it lives, how it lets us in, what it speaks.

    `key_env` and `base_url_env` are variables tried in order when config names no key or address.
    """

    name: str
    base_url: str = ""  # empty: config must say
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    speaks: Mapping[Dialect, Endpoint] = field(
        default_factory=lambda: {Dialect.OPENAI_CHAT: Endpoint("/chat/completions")}
    )
    auth: Auth | None = None  # None: `Authorization: Bearer`, if there is a key
    url: Callable[[str], str] | None = None  # mends addresses that hold a part of the path already
    key_optional: bool = False  # local servers mostly need none
    quirks: tuple[Quirk, ...] = ()
    options_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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


def best_dialect(inbound: Dialect, provider: Provider) -> Dialect:
    """The client's own dialect if the provider speaks it, for then nothing is lost; else the
    pivot; else the provider's first.
    """
    if inbound in provider.speaks:
        return inbound
    if Dialect.OPENAI_CHAT in provider.speaks:
        return Dialect.OPENAI_CHAT
    return next(iter(provider.speaks))


def address(provider: Provider, endpoint: Endpoint, target: Target, *, stream: bool) -> str:
    """The URL that a request goes to.

    Raises:
        Failure: MODEL_GONE, the path needs an option that nobody has set.
    """
    path = (stream and endpoint.stream_path) or endpoint.path
    base = (target.base_url or provider.base_url).rstrip("/")
    if "{" in path:
        filled = {**provider.options, **target.options, "model": quote(target.model, safe="")}
        try:
            path = path.format_map(filled)
        except KeyError as missing:
            text = f"the address of {provider.name} needs the option {missing}"
            raise Failure(Kind.MODEL_GONE, text) from missing
    return provider.url(base + path) if provider.url else base + path

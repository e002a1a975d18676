"""Which doors of a row are open where: some stand at the provider's own address only."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.dialects import PIVOTS
from adapters.provider import Endpoint, Provider
from adapters.types import Dialect, Json, Target


@dataclass(frozen=True, slots=True)
class AtHome:
    """Everything at `hosts`; elsewhere, for that may be a company's proxy, only what a server that
    speaks as OpenAI does has anyway. What else a proxy serves is said in config: `anthropic/MODEL`
    with its `api_base`.
    """

    speaks: Mapping[Dialect, Endpoint]
    hosts: frozenset[str]

    def __call__(self, target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
        if not target.base_url or host_of(target.base_url) in self.hosts:
            return self.speaks
        pivots = PIVOTS.values()
        return {spoken: door for spoken, door in self.speaks.items() if spoken in pivots}


def hosts_of(row: Provider) -> frozenset[str]:
    """Where a provider is at home."""
    match row.speaking:
        case AtHome(hosts=hosts):
            return hosts
        case _:
            return frozenset({host_of(row.base_url)})


def host_of(url: str) -> str:
    """The host's name in lower case; empty if there is none, or it depends on options."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # a bracket too many
        return ""
    return "" if "{" in host else host

"""Calls that belong together go to the same deployment while it can take them.

Three things bind, asked in this order: a conversation, the beginning of a prompt, a key. A binding
is made when a deployment has answered, lasts as long as what it is good for (a provider's cache, an
hour), and is renewed with each answer. It yields at once: to a deployment that rests, is full or
was tried, and to load. A deployment with far more to do than the others binds nobody, because a
shared system prompt, or a key that everybody uses, would else leave the others without work.

Source of the bound on load: https://arxiv.org/abs/1608.01350 (consistent hashing with bounded
loads), read 2026-11.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from routing.ask import Ask
from routing.deployment import IDLE, Deployment, Stats
from routing.state.store import Store, StoreGone

_MORE = 2.0  # times the average load of the others that a bound deployment may have,
_ANYWAY = 4  # and so many answers under way beside


class Affinity(Protocol):
    """Reads and writes which deployment a conversation, a key or a prompt's beginning is bound to.

    It yields: a deployment that is no candidate, because it rests, is full or was tried, binds
    nobody.
    """

    async def bound(
        self,
        alias: str,
        candidates: Sequence[Deployment],
        ask: Ask,
        stats: Mapping[str, Stats],
    ) -> Deployment | None:
        """The candidate that this call is bound to; None: it is free."""
        ...

    def bind(self, alias: str, deployment: Deployment, ask: Ask) -> None:
        """It has answered: what belongs to this call goes there from now on."""
        ...


@dataclass(frozen=True, slots=True)
class AffinityRules:
    """What binds: LiteLLM's `optional_pre_call_checks`."""

    sessions: bool = False  # session_affinity
    prompts: bool = False  # prompt_caching
    tenants: bool = False  # deployment_affinity
    ttl_s: float = 3600.0  # deployment_affinity_ttl_seconds: of sessions and tenants

    @property
    def any(self) -> bool:
        return self.sessions or self.prompts or self.tenants


@dataclass(frozen=True, slots=True)
class Bindings:
    """Bindings kept as notes in the store. All that a call may be bound by is asked for at once:
    one round trip where the store is over the network, else nobody waits.
    """

    rules: AffinityRules
    store: Store

    async def bound(
        self,
        alias: str,
        candidates: Sequence[Deployment],
        ask: Ask,
        stats: Mapping[str, Stats],
    ) -> Deployment | None:
        keys = [key for key, _ in self._keys(alias, ask)]
        if not keys:
            return None
        try:
            notes = await self.store.gets(keys)
        except StoreGone:
            return None  # it makes calls cheaper, not possible
        for note in filter(None, notes):
            named = note.decode(errors="replace")
            found = next((d for d in candidates if d.id == named), None)
            if found and _bearable(found, candidates, stats):
                return found
        return None

    def bind(self, alias: str, deployment: Deployment, ask: Ask) -> None:
        note = deployment.id.encode()
        for key, ttl in self._keys(alias, ask):
            self.store.put(key, note, ttl)

    def _keys(self, alias: str, ask: Ask) -> Iterator[tuple[str, float]]:
        """What this call may be bound by, the closest first, and for how many seconds.

        Nobody is led by another key's calls: that would tell what others have asked.
        """
        rules, tenant = self.rules, ask.tenant
        if rules.sessions and ask.session:
            yield _key("session", alias, tenant, ask.session), rules.ttl_s
        if rules.prompts:
            for digest, ttl in ask.prefixes:
                yield _key("prompt", alias, tenant, digest.hex()), ttl
        if rules.tenants and tenant:
            yield _key("tenant", alias, tenant), rules.ttl_s


def _bearable(
    found: Deployment, candidates: Sequence[Deployment], stats: Mapping[str, Stats]
) -> bool:
    """Whether its load is not far above that of the others."""
    load = stats.get(found.id, IDLE).in_flight
    if load < _ANYWAY or len(candidates) == 1:
        return True
    others = sum(stats.get(d.id, IDLE).in_flight for d in candidates) - load
    return load < _MORE * others / (len(candidates) - 1) + _ANYWAY


def _key(*parts: str) -> str:
    """Short whatever the client sends, and without its words."""
    digest = blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).hexdigest()
    return f"bound:{digest}"

"""The operator's settings with every provider exchanged for the measured one, and nothing else.

Policies, strategies, checks, quirks, amendments and translations stay. What leaves: keys, the
providers' addresses, ways of signing in, and limits that a bench would run into. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.amended import Amended, Amends
from adapters.errors import GatewayError
from adapters.framing import Framing
from adapters.provider import Endpoint, Provider, best_dialect
from adapters.types import Dialect, Json, Target
from gateway.bench.words import SPOKEN, path
from gateway.config.secrets import is_secret
from gateway.config.settings import ModelInfo, Settings
from routing.deployment import Budget
from routing.state.address import RedisAddress

NOBODYS_KEY = "sk-bench-nobodys-key"
_DOOR = "sluicegate_bench"  # the option that says which door of the measured provider is meant
_LIFT = 1_000_000
_MOST = 2**53 - 1  # a store may count in doubles
_ASKED: Json = {"messages": [{"role": "user", "content": "x"}]}


def pointed(settings: Settings, upstream: str, key: str, redis: RedisAddress | None) -> Settings:
    """`key` takes the place of the master key, if there is one."""
    groups = tuple(_moved(info) for info in settings.strategies.groups)
    return replace(
        settings,
        models=tuple(_moved(info) for info in settings.models),
        strategies=replace(settings.strategies, groups=groups),
        providers={
            name: _exchanged(provider, upstream) for name, provider in settings.providers.items()
        },
        budgets={name: _lifted_budget(budget) for name, budget in settings.budgets.items()},
        master_key=key if settings.master_key else "",
        redis=redis,
    )


def native(provider: Provider, target: Target) -> tuple[Dialect, Endpoint] | None:
    """What this target of a provider speaks, if the measured one speaks it too."""
    place = _settled(provider, target)
    speaks = provider.speaking(place, _ASKED) if provider.speaking else provider.speaks
    theirs = best_dialect(Dialect.OPENAI_CHAT, speaks)
    if theirs is None or theirs not in SPOKEN or speaks[theirs].framing is not Framing.SSE:
        return None
    return theirs, speaks[theirs]


def lifted(number: int | None) -> int | None:
    """A limit that is still counted and will not be reached. Nought stays nought."""
    return None if number is None else min(number * _LIFT, _MOST)


def _moved(info: ModelInfo) -> ModelInfo:
    deployment = info.deployment
    return replace(
        info,
        deployment=replace(
            deployment,
            target=_nobodys(deployment.target),
            rpm=lifted(deployment.rpm),
            tpm=lifted(deployment.tpm),
            max_parallel=lifted(deployment.max_parallel),
            budget=_lifted_budget(deployment.budget) if deployment.budget else None,
        ),
    )


def _lifted_budget(budget: Budget) -> Budget:
    return replace(budget, limit=min(budget.limit * _LIFT, _MOST))


def _nobodys(target: Target) -> Target:
    """As long as it was, and without a secret."""
    return replace(
        target,
        secrets={"api_key": NOBODYS_KEY} if target.secrets else {},
        headers={name: "x" * len(text) for name, text in target.headers.items()},
        params=_harmless(dict(target.params)),
    )


def _harmless(value: Any) -> Any:
    """Fields of a body that are named like secrets are left out."""
    match value:
        case dict():
            return {k: _harmless(v) for k, v in value.items() if not is_secret(str(k))}
        case list():
            return [_harmless(item) for item in value]
    return value


def _exchanged(provider: Provider, upstream: str) -> Provider:
    doors = _Doors(provider, upstream)
    kept = provider.transport if isinstance(provider.transport, Amended | Amends) else None
    return replace(
        provider,
        base_url=upstream,
        auth=None,  # a bearer
        login=None,
        url=None,
        settled=doors.settled,
        speaking=doors.speaking,
        transport=kept,
    )


@dataclass(frozen=True, slots=True)
class _Doors:
    """Where each target of one provider goes instead."""

    provider: Provider
    upstream: str
    _known: dict[str, Mapping[Dialect, Endpoint]] = field(default_factory=dict)

    def settled(self, target: Target) -> Target:
        """Asked once for every target, so what is found out is kept."""
        dialect, endpoint = native(self.provider, target) or (Dialect.OPENAI_CHAT, Endpoint(""))
        place = _settled(self.provider, target)
        name = f"{dialect}/{place.model}"
        self._known[name] = {
            dialect: replace(
                endpoint,
                path=path(dialect, stream=False),
                stream_path=path(dialect, stream=True),
            )
        }
        return replace(place, base_url=self.upstream, options={**place.options, _DOOR: name})

    def speaking(self, target: Target, _asked: Json) -> Mapping[Dialect, Endpoint]:
        return self._known[target.options[_DOOR]]


def _settled(provider: Provider, target: Target) -> Target:
    """As its provider reads it. Where a name says too little for that, as it is: a real call would
    be refused, and `explain` says so.
    """
    try:
        return provider.settled(target) if provider.settled else target
    except GatewayError:
        return target

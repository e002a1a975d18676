"""`router_settings` and `litellm_settings`: strategy, fallbacks, aliases, retries, rest."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from adapters.errors import Kind
from gateway.config import schema
from gateway.config.findings import Findings, Where
from gateway.config.keys import nearest
from gateway.config.settings import Alias
from gateway.config.target import Defaults
from routing.policy import Chains, Fallback, Policy, RestRules

SHUFFLE = "simple-shuffle"
STRATEGIES_OF_LITELLM = (
    SHUFFLE, "least-busy", "usage-based-routing", "usage-based-routing-v2",
    "latency-based-routing", "cost-based-routing", "provider-budget-routing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layers:
    """Two sections that say the same things; `router_settings` is asked first."""

    router: schema.RouterSettings
    litellm: schema.LitellmSettings

    def get(self, name: str) -> Any:
        value = getattr(self.router, name)
        return getattr(self.litellm, name) if value is None else value

    def where(self, name: str) -> Where:
        given = getattr(self.router, name) is not None
        return ("router_settings" if given else "litellm_settings", name)


@dataclass(frozen=True, slots=True)
class Names:
    """Everything a request may ask for: groups, wildcards, aliases, deployments by id or model."""

    groups: frozenset[str]  # what an alias may stand for
    others: frozenset[str] = frozenset()

    def serve(self, name: str) -> bool:
        return name in self.others or self.group(name)

    def group(self, name: str) -> bool:
        return name in self.groups or any(
            re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name)
            for pattern in self.groups
            if "*" in pattern
        )

    def guess(self, name: str) -> str:
        return nearest(name, self.groups | self.others)


def installed_strategies() -> Collection[str]:
    """Names of plug-ins. Looked up only when config names a strategy that is not the default."""
    return entry_points(group="sluicegate.strategies").names


def defaults(layers: Layers) -> Defaults:
    """What deployments inherit. LiteLLM's `request_timeout` beats the router's `timeout`."""
    chain = (
        layers.litellm.request_timeout,
        layers.router.timeout,
        layers.router.request_timeout,
        layers.litellm.timeout,
    )
    return Defaults(
        total=next((seconds for seconds in chain if seconds is not None), None),
        first=layers.get("stream_timeout"),
        drop_params=bool(layers.get("drop_params")),
        modify_params=bool(layers.get("modify_params")),
    )


def strategy(layers: Layers, installed: Callable[[], Collection[str]], findings: Findings) -> str:
    """The strategy's name: built in, installed, or `module.attribute`."""
    name = str(layers.get("routing_strategy") or SHUFFLE)
    where = layers.where("routing_strategy")
    if name == SHUFFLE or name in (plugged := installed()):
        return name
    if name in STRATEGIES_OF_LITELLM:
        findings.warn(where, f"{name} is not served by this release; {SHUFFLE} is used")
        return SHUFFLE
    if "." in name:
        return name
    guess = nearest(name, {*STRATEGIES_OF_LITELLM, *plugged})
    findings.problem(where, f"unknown strategy {name!r}{guess}")
    return SHUFFLE


def policy(layers: Layers, names: Names, findings: Findings) -> Policy:
    """How hard to try.

    A time-out is for one attempt, as with LiteLLM; the deadline for all of them together is only
    ever moved up by it, because a fallback must have time left after the first has timed out.
    """
    own = Policy()
    timeout = defaults(layers).total or 0.0
    general = _chains(layers, "fallbacks", names, findings)
    if everyone := layers.get("default_fallbacks"):
        where = layers.where("default_fallbacks")
        general = {"*": tuple(_targets(everyone, where, names, findings)), **general}
    by_kind = {
        Kind.TOO_LONG: _chains(layers, "context_window_fallbacks", names, findings),
        Kind.BLOCKED: _chains(layers, "content_policy_fallbacks", names, findings),
    }
    return Policy(
        retries=_or(layers.get("num_retries"), own.retries),
        backoff_min=_or(layers.get("retry_after"), own.backoff_min),
        backoff_max=max(own.backoff_max, _or(layers.get("retry_after"), 0.0)),
        patience=max(own.patience, _or(layers.get("retry_after"), 0.0)),
        deadline=max(own.deadline, timeout),
        fallbacks=general,
        fallbacks_by_kind={kind: chains for kind, chains in by_kind.items() if chains},
        max_fallbacks=_or(layers.get("max_fallbacks"), own.max_fallbacks),
    )


def rest(layers: Layers) -> RestRules:
    own = RestRules()
    return RestRules(
        allowed_fails=_or(layers.get("allowed_fails"), own.allowed_fails),
        cooldown=_or(layers.get("cooldown_time"), own.cooldown),
        enabled=not layers.get("disable_cooldowns"),
    )


def read_aliases(layers: Layers, findings: Findings) -> dict[str, Alias]:
    """`model_group_alias: {name: group}` or `{name: {model: group, hidden: true}}`."""
    aliases = {}
    for name, value in (layers.get("model_group_alias") or {}).items():
        match value:
            case str() as group if group:
                aliases[name] = Alias(group)
            case {"model": str() as group} if group and _is_hidden_only(_without_model(value)):
                aliases[name] = Alias(group, hidden=value.get("hidden") is True)
            case _:
                where = (*layers.where("model_group_alias"), name)
                said = "expected a model name, or a mapping of model and hidden (true or false)"
                findings.problem(where, said)
    return aliases


def ends(
    aliases: Mapping[str, Alias], layers: Layers, names: Names, findings: Findings
) -> dict[str, Alias]:
    """Aliases of aliases, each brought to its end: something that is served.

    Where a group has the name of an alias, an alias for that name means the group.
    """
    out = {}
    for name, alias in aliases.items():
        where = (*layers.where("model_group_alias"), name)
        path = [name]
        while (step := aliases[path[-1]].name) in aliases and step not in names.groups:
            if step in path:
                break
            path.append(step)
        if step in path and step not in names.groups:
            findings.problem(where, f"aliases in a loop: {' -> '.join([*path, step])}")
        elif len(path) == 1 and not names.group(step):  # a longer path is its last one's fault
            findings.problem(where, f"nothing serves {step!r}{nearest(step, names.groups)}")
        out[name] = Alias(step, hidden=alias.hidden)
    return out


def _without_model(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != "model"}


def _is_hidden_only(others: Mapping[str, Any]) -> bool:
    return set(others) <= {"hidden"} and isinstance(others.get("hidden", False), bool)


def _chains(layers: Layers, name: str, names: Names, findings: Findings) -> Chains:
    """`[{group: [other, {model: another, temperature: 0}]}]`."""
    chains: dict[str, tuple[Fallback, ...]] = {}
    for group, targets, where in _pairs(layers.get(name), layers.where(name), findings):
        if group != "*" and not names.serve(group):
            said = f"nothing serves {group!r}, so these are never asked{names.guess(group)}"
            findings.warn(where, said)
        if group in chains:
            findings.warn(where, f"{group!r} has fallbacks already; the first list counts")
            continue
        chains[group] = tuple(_targets(targets, where, names, findings))
    return chains


def _pairs(entries: Any, where: Where, findings: Findings) -> Iterator[tuple[str, Any, Where]]:
    match entries:
        case None:
            return
        case dict():
            yield from ((group, targets, (*where, group)) for group, targets in entries.items())
        case list():
            for i, entry in enumerate(entries):
                if isinstance(entry, dict):
                    yield from _pairs(entry, (*where, i), findings)
                else:
                    findings.problem((*where, i), "expected a mapping of a model to its fallbacks")
        case _:
            findings.problem(where, "expected a list of mappings of a model to its fallbacks")


def _targets(targets: Any, where: Where, names: Names, findings: Findings) -> Iterable[Fallback]:
    if not isinstance(targets, list):
        findings.problem(where, "expected a list of model names")
        return
    for i, target in enumerate(targets):
        match target:
            case str():
                fallback = Fallback(target)
            case {"model": str() as model}:
                fallback = Fallback(model, _without_model(target))
            case _:
                said = "expected a model name, or a mapping with model and what differs there"
                findings.problem((*where, i), said)
                continue
        if not names.serve(fallback.alias):
            guess = names.guess(fallback.alias)
            findings.problem((*where, i), f"nothing serves {fallback.alias!r}{guess}")
        yield fallback


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value

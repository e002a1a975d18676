"""`router_settings` and `litellm_settings`: fallbacks, aliases, retries, rest."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import Kind
from gateway.config import policies, schema
from gateway.config.findings import Findings, Where
from gateway.config.keys import nearest
from gateway.config.settings import Alias
from gateway.config.target import Defaults
from routing.policy import Chains, Fallback, HedgeRules, Policy, RestRules


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
    aliases: Mapping[str, str] = field(default_factory=dict)  # what each stands for, as written

    def end(self, name: str) -> str:
        """What is asked in truth under that name."""
        path = [name]
        while path[-1] in self.aliases and path[-1] not in self.groups:
            path.append(self.aliases[path[-1]])
            if path[-1] in path[:-1]:  # a problem of its own
                break
        return path[-1]

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
        max_parallel=layers.router.default_max_parallel_requests,
    )


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
        retries_by_error=policies.retries(
            layers.router.retry_policy, ("router_settings", "retry_policy"), findings
        ),
        retries_by_alias=_retries_of_groups(layers, names, findings),
        retry_budget=layers.router.retry_budget is not False,
        hedge=_hedge(layers.router.hedging, findings),
        resume=_resume(layers.router),
    )


def rest(layers: Layers, findings: Findings) -> RestRules:
    return RestRules(
        allowed_fails=layers.get("allowed_fails"),
        cooldown=layers.get("cooldown_time"),
        enabled=not layers.get("disable_cooldowns"),
        allowed_fails_policy=policies.allowed_fails(
            layers.router.allowed_fails_policy,
            ("router_settings", "allowed_fails_policy"),
            findings,
        ),
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


def _hedge(hedging: schema.Hedging | None, findings: Findings) -> HedgeRules | None:
    if hedging is None:
        return None
    for name in hedging.model_extra or {}:
        said = f"unknown key{nearest(name, schema.Hedging.model_fields)}"
        findings.problem(("router_settings", "hedging", name), said)
    own = HedgeRules()
    rules = HedgeRules(
        percentile=_or(hedging.percentile, own.percentile),
        max_share=_or(hedging.max_share, own.max_share),
    )
    return rules if hedging.enabled else None


def _resume(router: schema.RouterSettings) -> bool:
    """Our key says more than LiteLLM's, so it wins."""
    if router.mid_stream_fallback is not None:
        return router.mid_stream_fallback == "continue"
    return bool(router.enable_mid_stream_fallback_continuation)


def _retries_of_groups(
    layers: Layers, names: Names, findings: Findings
) -> dict[str, dict[str, int]]:
    written, where = layers.router.model_group_retry_policy, "model_group_retry_policy"
    for group in written or {}:
        if not names.serve(group):
            said = f"nothing serves {group!r}{names.guess(group)}"
            findings.warn(("router_settings", where, group), said)
    return policies.retries_of_groups(written, ("router_settings", where), findings)


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
        chains[group] = tuple(_targets(targets, where, names, findings, of=group))
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


def _targets(
    targets: Any, where: Where, names: Names, findings: Findings, of: str = ""
) -> Iterable[Fallback]:
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
        elif names.end(fallback.alias) == names.end(of):
            findings.problem((*where, i), f"{of!r} cannot be its own fallback")
        yield fallback


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value

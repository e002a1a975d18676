"""Which strategy chooses: for everybody, and for the models of `routing_groups`.

Source: https://docs.litellm.ai/docs/proxy/ui/routing_groups and LiteLLM's `RoutingGroup`
(read 2026-11).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

from gateway.config import schema
from gateway.config.findings import Findings, Where, spell
from gateway.config.keys import nearest
from gateway.config.routing import Layers, Names
from gateway.config.settings import SHUFFLE, ModelInfo, Named, Strategies
from routing.strategies import find
from routing.strategies.options import UnknownOption, WrongOption

STRATEGIES_OF_LITELLM = (
    SHUFFLE, "least-busy", "usage-based-routing", "usage-based-routing-v2",
    "latency-based-routing", "cost-based-routing", "provider-budget-routing", "lar1",
)  # fmt: skip
_OPTIONS_OF_LITELLM = frozenset(
    {"ttl", "rpm", "tpm", "lowest_latency_buffer", "max_latency_list_size", "ttft_percentile"}
)
_PRIORITY = "priority"  # of a group only: an order, not a strategy
_RESERVED = "default"

Installed = Callable[[], Collection[str]]


def installed() -> Collection[str]:
    """Names of plug-ins. Looked up only when config names a strategy that is not the default."""
    return entry_points(group="sluicegate.strategies").names


def read(
    layers: Layers,
    models: Sequence[ModelInfo],
    names: Names,
    known: Installed,
    findings: Findings,
) -> Strategies:
    """`routing_strategy` with its `routing_strategy_args`, and `routing_groups`."""
    usual = _named(
        str(layers.get("routing_strategy") or SHUFFLE),
        layers.router.routing_strategy_args or {},
        layers.where("routing_strategy"),
        ("router_settings", "routing_strategy_args"),
        known,
        findings,
    )
    own: dict[str, Named] = {}
    members: list[ModelInfo] = []
    taken = {_RESERVED}
    for group, where in _read(layers.router.routing_groups, findings):
        if group.group_name in taken:
            findings.problem((*where, "group_name"), f"{group.group_name!r} is taken already")
        taken.add(group.group_name)
        named = _strategy_of(group, where, known, findings)
        own |= dict.fromkeys(_models(group, own, names, where, findings), named)
        orders = _orders(group, where, findings)
        if _can_be_asked_for(group, names, where, findings):
            own[group.group_name] = named
            members += _members(group, models, orders)
    return Strategies(usual, own, tuple(members))


def _read(entries: Any, findings: Findings) -> Iterator[tuple[schema.RoutingGroup, Where]]:
    where: Where = ("router_settings", "routing_groups")
    if entries is not None and not isinstance(entries, list):
        findings.problem(where, "expected a list")
        return
    for i, entry in enumerate(entries or ()):
        if not isinstance(entry, dict):
            findings.problem((*where, i), "expected a mapping")
            continue
        for key in entry:
            if key not in schema.RoutingGroup.model_fields:
                hint = nearest(key, schema.RoutingGroup.model_fields)
                findings.problem((*where, i, key), f"unknown key{hint}")
        if group := schema.parse(schema.RoutingGroup, entry, (*where, i), findings):
            yield group, (*where, i)


def _models(
    group: schema.RoutingGroup,
    grouped: Collection[str],
    names: Names,
    where: Where,
    findings: Findings,
) -> Iterator[str]:
    """Those that are its own: each belongs to one group, as with LiteLLM."""
    for i, model in enumerate(group.models):
        at = (*where, "models", i)
        if model not in names.groups:
            findings.problem(at, f"nothing serves {model!r}{nearest(model, names.groups)}")
        elif model in grouped:
            findings.problem(at, f"{model!r} is in another group already")
        else:
            yield model


def _can_be_asked_for(
    group: schema.RoutingGroup, names: Names, where: Where, findings: Findings
) -> bool:
    name = group.group_name
    if name not in names.groups | names.others:
        return True
    if name not in group.models:
        said = f"{name!r} names something else already, so the group cannot be asked for"
        findings.warn((*where, "group_name"), said)
    return False


def _strategy_of(
    group: schema.RoutingGroup, where: Where, known: Installed, findings: Findings
) -> Named:
    args, args_at = group.routing_strategy_args or {}, (*where, "routing_strategy_args")
    if group.routing_strategy != _PRIORITY:
        at = (*where, "routing_strategy")
        return _named(group.routing_strategy, args, at, args_at, known, findings)
    if args:
        findings.problem(args_at, "a priority group has model_priorities instead")
    return Named(SHUFFLE)


def _orders(group: schema.RoutingGroup, where: Where, findings: Findings) -> Mapping[str, int]:
    """The order of each model within a priority group; empty: each deployment's own."""
    orders, at = group.model_priorities or {}, (*where, "model_priorities")
    if group.routing_strategy != _PRIORITY:
        if orders:
            findings.problem(at, "only a group with routing_strategy: priority has these")
        return {}
    if set(orders) != set(group.models):
        findings.problem(at, "must name each model of the group, and no other")
    return orders


def _members(
    group: schema.RoutingGroup, models: Sequence[ModelInfo], orders: Mapping[str, int]
) -> Iterator[ModelInfo]:
    for model in models:
        deployment = model.deployment
        if deployment.alias in group.models and "*" not in deployment.alias:
            order = orders.get(deployment.alias, deployment.order)
            copy = replace(deployment, alias=group.group_name, order=order)
            yield replace(model, deployment=copy)


def _named(  # noqa: PLR0917  # two things, each with its place
    name: str,
    args: Mapping[str, Any],
    at: Where,
    args_at: Where,
    known: Installed,
    findings: Findings,
) -> Named:
    """The strategy's name, built in, installed, or `module.attribute`, and its options."""
    plugged = known() if name != SHUFFLE else (SHUFFLE,)
    if name in plugged:
        return Named(name, _options(name, args, args_at, findings), spell(at), spell(args_at))
    if name in STRATEGIES_OF_LITELLM:
        findings.warn(at, f"{name} is not served by this release; {SHUFFLE} is used")
    elif "." in name:
        return Named(name, args, spell(at), spell(args_at))
    else:
        guess = nearest(name, {*STRATEGIES_OF_LITELLM, *plugged})
        findings.problem(at, f"unknown strategy {name!r}{guess}")
    return Named(SHUFFLE)


def _options(
    name: str, args: Mapping[str, Any], at: Where, findings: Findings
) -> Mapping[str, Any]:
    """Those that the strategy has. What LiteLLM has for another one is no mistake."""
    kept = {}
    for option, value in args.items():
        try:
            find(name, {option: value})
        except UnknownOption as error:
            if option in _OPTIONS_OF_LITELLM:
                findings.warn((*at, option), f"{name} has no such option; it has no effect")
            else:
                findings.problem((*at, option), error.text)
            continue
        except WrongOption as error:
            if error.name == option:
                findings.problem((*at, option), error.text)
        except LookupError:
            pass  # said when it is needed
        kept[option] = value
    return kept

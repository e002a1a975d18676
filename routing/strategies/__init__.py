"""Choosing one deployment among those that may be used. One file each, all pure.

A strategy is found by its name among the entry points `sluicegate.strategies`, ours no different
from a plug-in's, or as `module.attribute` in the operator's configuration file.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from random import Random
from typing import Any, TypeAlias

from adapters.plug import plug
from routing.deployment import Deployment, Stats
from routing.strategies.options import bound

Strategy: TypeAlias = Callable[[Sequence[Deployment], Mapping[str, Stats], Random], Deployment]
"""(candidates, at least one; what is known of them; chance) -> the one to use."""

GROUP = "sluicegate.strategies"


def names() -> Sequence[str]:
    """Names of the strategies that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def find(name: str, args: Mapping[str, Any] | None = None) -> Strategy:
    """The strategy of that name, with its options (its keyword-only parameters) if it is given any.

    Raises:
        LookupError: nothing is installed under that name, and it is not `module.attribute`.
        WrongOption: it has no such option, or not with that value.
    """
    return bound(_named(name), args or {})


def _named(name: str) -> Strategy:
    for point in entry_points(group=GROUP):
        if point.name == name:
            strategy: Strategy = plug(point.value)
            return strategy
    module, _, attribute = name.rpartition(".")
    if not module:
        raise LookupError(f"no strategy is called {name!r}")
    found: Strategy = plug(f"{module}:{attribute}")
    return found

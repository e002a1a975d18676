"""Options that configuration gives a strategy: its keyword-only parameters.

    def quickest(candidates, stats, rng, *, ttl: float = 60.0, window: Annotated[int, Between(1)]):

A type is `int`, `float`, `bool` or `str`, perhaps `| None`, perhaps with `Between`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from inspect import Parameter, signature
from math import inf, isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

_S = TypeVar("_S", bound=Callable[..., Any])
_SAID = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


class WrongOption(Exception):
    """`name` is no option of the strategy, or has a value that it cannot have."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


class UnknownOption(WrongOption):
    """The strategy has no option of that name."""


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a number, both of them possible values."""

    least: float
    most: float = inf

    def __str__(self) -> str:
        return f"at least {self.least:g}" + (f", at most {self.most:g}" if self.most < inf else "")


def bound(strategy: _S, options: Mapping[str, Any]) -> _S:
    """The strategy with these options.

    Raises:
        WrongOption: one is unknown, missing or badly typed.
    """
    own = {
        name: parameter
        for name, parameter in signature(strategy).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    }
    hints = get_type_hints(strategy, include_extras=True) if options else {}
    given = {}
    for name, value in options.items():
        if name not in own:
            raise UnknownOption(name, f"is no option of this strategy{_hint(name, own)}")
        given[name] = _fitting(name, value, hints.get(name, Any))
    for name, parameter in own.items():
        if parameter.default is Parameter.empty and name not in given:
            raise WrongOption(name, "is missing")
    if not given:
        return strategy
    with_options: Any = partial(strategy, **given)
    return with_options  # type: ignore[no-any-return]  # a partial of a strategy is a strategy


def _hint(name: str, own: Mapping[str, Parameter]) -> str:
    if not own:
        return "; it has none"
    near = get_close_matches(name, list(own), 1)
    return f"; did you mean {near[0]}?" if near else f"; it has {', '.join(own)}"


def _fitting(name: str, value: Any, hint: Any) -> Any:
    """The value as the function wants it: `1` and `"1.5"` are floats as well, `true` is no number,
    as everywhere in the configuration.
    """
    kinds, limits = _kinds(hint)
    if not kinds or (value is None and NoneType in kinds):
        return value
    for kind in kinds - {NoneType}:
        fitting = _as(kind, value)
        if fitting is None:
            continue
        for limit in limits:
            if not limit.least <= fitting <= limit.most:
                raise WrongOption(name, f"must be {limit}, got {value!r}")
        return fitting
    wanted = " or ".join(_SAID[kind] for kind in sorted(kinds - {NoneType}, key=str))
    raise WrongOption(name, f"expected {wanted}, got {value!r}")


def _kinds(hint: Any) -> tuple[frozenset[type], tuple[Between, ...]]:
    """The simple types that a hint allows, none if it is about others, and their bounds."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        kinds, limits = _kinds(inner)
        return kinds, (*limits, *(note for note in notes if isinstance(note, Between)))
    if get_origin(hint) in {Union, UnionType}:
        parts = [_kinds(part) for part in get_args(hint)]
        if not all(kinds for kinds, _ in parts):
            return frozenset(), ()
        return frozenset().union(*(k for k, _ in parts)), tuple(x for _, ls in parts for x in ls)
    return (frozenset({hint}), ()) if hint in {*_SAID, NoneType} else (frozenset(), ())


def _as(kind: type, value: Any) -> Any:
    """None: it is no such thing."""
    if kind is bool or kind is str or isinstance(value, bool):
        return value if type(value) is kind else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not isfinite(number) or (kind is int and number != int(number)):
        return None
    return int(number) if kind is int else number

"""What a strategy goes by, found out from outside: its name, its scores, what it reads. It chooses
among stand-ins that pass everything on and note what was asked of them.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from routing.deployment import Deployment, Stats
from routing.pool import Pool
from routing.strategies import Strategy

_DRAWS = 5  # until everything was read that will be; some look at two by lot
_UNTOLD = frozenset({"id", "alias"})  # they name, they do not decide
_SEED = 0


def name(strategy: Strategy) -> str:
    """As it is called in the code."""
    plain = strategy.func if isinstance(strategy, partial) else strategy
    return getattr(plain, "__name__", type(plain).__name__)


def scores(
    strategy: Strategy, fit: Sequence[Deployment], stats: Mapping[str, Stats]
) -> Mapping[str, float]:
    """A strategy may carry a function `score(candidates, stats)`: id -> number."""
    plain = strategy.func if isinstance(strategy, partial) else strategy
    score = getattr(plain, "score", None)
    return dict(score(fit, stats)) if callable(score) else {}


class _Watched:
    """Passes on whatever is read of something, and notes what it was."""

    def __init__(self, of: object, read: dict[str, None]) -> None:
        self._of = of
        self._read = read

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        self._read[name] = None
        return value


def watched(
    strategy: Strategy, fit: Sequence[Deployment], stats: Mapping[str, Stats]
) -> Sequence[str]:
    """What a strategy reads of deployments and of what is known of them."""
    read: dict[str, None] = {}
    rng = Random(_SEED)  # noqa: S311  # no secret hangs on it
    spied: Any = Pool(_Watched(d, read) for d in fit)  # type: ignore[misc]  # stand-ins
    known: Any = {id_: _Watched(seen, read) for id_, seen in stats.items()}
    for _ in range(_DRAWS):
        strategy(spied, known, rng)
    return [name for name in read if name not in _UNTOLD]


def values(names: Sequence[str], deployment: Deployment, seen: Stats) -> Mapping[str, Any]:
    """What it read, as far as it is a number or a word; of many numbers their mean."""
    read = {name: getattr(deployment, name, getattr(seen, name, None)) for name in names}
    for name, value in read.items():
        if isinstance(value, tuple):
            read[name] = sum(value) / len(value) if value else None
    return {n: v for n, v in read.items() if v is None or isinstance(v, int | float | str)}

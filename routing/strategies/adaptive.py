"""adaptive: two by lot, and the better of them.

Two choices are enough to spread load almost evenly, and unlike the best of all they do not send
every process and every call of a moment to the same deployment (Mitzenmacher). The two are drawn by
weight, each takes part as often as it is warm, and the lower score wins:

    seconds for a usual answer      moving averages: to the first token + per token * `usual_tokens`
    x (calls under way + 1)         Peak EWMA's load: what stands before the next call
    x (failures of the minute + 1)  since the last success, so a single one weighs for a moment only
    / quota                         1 while half of the provider's allowance is left, then less

What was not measured of one is taken to be as the other's, so it is tried as often, and no more.
Averages that nothing confirms fade, so who was slow once is tried again (`routing/latency.py`).

Sources (read 2026-11): https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-peak-ewma,
https://linkerd.io/2-edge/features/load-balancing/,
https://www.eecs.harvard.edu/~michaelm/postscripts/tpds2001.pdf
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Annotated

from routing.deployment import Deployment, Stats
from routing.pool import Pool, pool
from routing.strategies.options import Between
from routing.strategies.shuffle import draw, simple_shuffle

_DRAWS = 8  # for a second one that is not the first
_PLENTY = 0.5  # share of the allowance; with more than this there is nothing to save
_LEAST_LEFT = 0.05  # so nobody is kept out for ever by what was told once


def adaptive(
    candidates: Sequence[Deployment],
    stats: Mapping[str, Stats],
    rng: Random,
    *,
    usual_tokens: Annotated[int, Between(1, 1_000_000)] = 200,
) -> Deployment:
    """`usual_tokens`: of an answer, to weigh the first token against the others."""
    among = pool(candidates)
    one, other = _two(among, rng)
    both = [d for d in (one, other) if _takes_part(stats[d.id], rng)]
    match both:
        case [only]:
            return only
        case []:
            return simple_shuffle(among, stats, rng)
    return _better(one, other, stats, usual_tokens)


def score(seen: Stats, seconds: float) -> float:
    """The lower the better. `seconds`: that a usual answer takes."""
    quota = max(_LEAST_LEFT, min(1.0, seen.left / _PLENTY))
    return seconds * (seen.in_flight + 1) * (seen.failures + 1) / quota


def _two(among: Pool, rng: Random) -> tuple[Deployment, Deployment]:
    """Two, unless nobody but one has a weight worth speaking of."""
    one = draw(among, rng)
    for _ in range(_DRAWS):
        other = draw(among, rng)
        if other is not one:
            return one, other
    return one, one


def _takes_part(seen: Stats, rng: Random) -> bool:
    warmth = seen.warmth
    return warmth >= 1.0 or rng.random() < warmth


def _better(
    one: Deployment, other: Deployment, stats: Mapping[str, Stats], usual_tokens: int
) -> Deployment:
    seen, others = stats[one.id], stats[other.id]
    mine, theirs = _seconds(seen, usual_tokens), _seconds(others, usual_tokens)
    mine, theirs = mine or theirs or 1.0, theirs or mine or 1.0
    return one if score(seen, mine) <= score(others, theirs) else other


def _seconds(seen: Stats, tokens: int) -> float:
    """That a usual answer takes; 0: not measured."""
    return (seen.ttft or 0.0) + (seen.per_token or 0.0) * tokens

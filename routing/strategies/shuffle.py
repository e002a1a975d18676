"""simple-shuffle: a weighted draw. The default.

The first of `weight`, `rpm`, `tpm` that any candidate has decides, and a candidate without it is
then never drawn; where none has one, all are equally likely. LiteLLM's rule, exactly. Whoever has
come back from a rest has less than its share until it is warm.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from random import Random

from routing.deployment import Deployment, Stats
from routing.pool import Pool, pool

_DRAWS = 16  # before the cold are reckoned with one by one


def simple_shuffle(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
) -> Deployment:
    """Draw by weight, and accept by warmth: so nobody's warmth is asked for who is not drawn, and
    the shares are those of weight times warmth.
    """
    among = pool(candidates)
    for _ in range(_DRAWS):
        drawn = draw(among, rng)
        warmth = stats[drawn.id].warmth
        if warmth >= 1.0 or rng.random() < warmth:
            return drawn
    return _warmest(among, stats, rng)


def draw(among: Pool, rng: Random) -> Deployment:
    """One by its weight."""
    if weights := among.weights:
        return among[bisect_right(weights, rng.random() * weights[-1], 0, len(weights) - 1)]
    return among[int(rng.random() * len(among))]


def _warmest(among: Pool, stats: Mapping[str, Stats], rng: Random) -> Deployment:
    """The same draw, reckoned in full; where all are as cold as can be, by weight alone."""
    weights = among.weights or range(1, len(among) + 1)
    shares = [
        (upto - before) * stats[deployment.id].warmth
        for deployment, (before, upto) in zip(among, pairwise((0.0, *weights)), strict=True)
    ]
    if not any(shares):
        return draw(among, rng)
    return rng.choices(among, cum_weights=list(accumulate(shares)))[0]

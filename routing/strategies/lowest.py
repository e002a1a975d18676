"""The lowest score wins. What the strategies have in common that compare all candidates."""

from collections.abc import Mapping, Sequence
from random import Random

from routing.deployment import Deployment, Stats


def lowest(
    candidates: Sequence[Deployment],
    scores: Sequence[float],
    stats: Mapping[str, Stats],
    rng: Random,
) -> Deployment:
    """Of the lowest score, by lot among equals.

    Whoever has come back from a rest is passed over as often as it is cold, and the next best is
    taken: idle, unused and unmeasured as it is, it would else have all of the traffic at once.
    """
    left, marks = list(candidates), list(scores)
    while left:
        at = _lowest_at(marks, rng)
        warmth = stats[left[at].id].warmth
        if warmth >= 1.0 or rng.random() < warmth:
            return left[at]
        del left[at], marks[at]
    return _whoever(candidates, stats, rng)


def _lowest_at(scores: Sequence[float], rng: Random) -> int:
    least = min(scores)
    if scores.count(least) == 1:
        return scores.index(least)
    return rng.choice([at for at, score in enumerate(scores) if score == least])


def _whoever(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
) -> Deployment:
    """All are cold, and all were passed over: by warmth."""
    warmths = [stats[candidate.id].warmth for candidate in candidates]
    return rng.choices(candidates, warmths if any(warmths) else None)[0]

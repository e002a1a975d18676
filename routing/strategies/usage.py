"""usage-based-routing, in both versions: whoever has used the fewest tokens.

Those of the last 60 seconds, estimates of calls under way included, where LiteLLM counts finished
calls of the minute by the clock: at its start everybody is unused, and all calls under way go to
the same one. Among equals, who had fewer requests: embeddings and the like may tell no tokens.

`rpm` and `tpm` are no business of a strategy here: who is full is no candidate.
"""

from collections.abc import Mapping, Sequence
from random import Random

from routing.deployment import Deployment, Stats
from routing.strategies.lowest import lowest

_SMALL = 1e-9  # a request counts for less than any token


def least_used(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
) -> Deployment:
    scores: list[float] = [stats[candidate.id].tokens for candidate in candidates]
    least = min(scores)
    if scores.count(least) > 1:
        scores = [
            score + _SMALL * stats[candidate.id].requests if score == least else score
            for candidate, score in zip(candidates, scores, strict=True)
        ]
    return lowest(candidates, scores, stats, rng)

"""simple-shuffle: a weighted draw. The default.

The first of `weight`, `rpm`, `tpm` that any candidate has decides, and a candidate without it is
then never drawn; where none has one, all are equally likely. LiteLLM's rule, exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from routing.deployment import Deployment, Stats

_METRICS: tuple[Callable[[Deployment], float | None], ...] = (
    lambda deployment: deployment.weight,
    lambda deployment: deployment.rpm,
    lambda deployment: deployment.tpm,
)


def simple_shuffle(
    candidates: Sequence[Deployment],
    stats: Mapping[str, Stats],  # noqa: ARG001  # the signature of every strategy
    rng: Random,
) -> Deployment:
    for metric in _METRICS:
        weights = [metric(deployment) or 0.0 for deployment in candidates]
        if any(weights):
            return rng.choices(candidates, weights)[0]
    return rng.choice(candidates)

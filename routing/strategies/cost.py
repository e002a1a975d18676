"""cost-based-routing: whoever is cheapest, input and output price of a token together.

By lot among equals. A price that nobody knows counts as five dollars for a token, as with LiteLLM:
whoever is known is cheaper. What costs nothing is told by a price of 0.
"""

from collections.abc import Mapping, Sequence
from random import Random

from routing.deployment import Deployment, Stats
from routing.strategies.lowest import lowest

_UNKNOWN = 5.0  # dollars per token


def cheapest(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
) -> Deployment:
    return lowest(candidates, [_price(candidate) for candidate in candidates], stats, rng)


def _price(deployment: Deployment) -> float:
    into, out = deployment.input_price, deployment.output_price
    return (_UNKNOWN if into is None else into) + (_UNKNOWN if out is None else out)

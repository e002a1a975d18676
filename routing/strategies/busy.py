"""least-busy: whoever has the fewest calls under way.

By lot among equals: LiteLLM takes the first in the list, so an idle group sends everything there.
The calls are those of this process; others of a cluster count their own.
"""

from collections.abc import Mapping, Sequence
from random import Random

from routing.deployment import Deployment, Stats
from routing.strategies.lowest import lowest


def least_busy(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random
) -> Deployment:
    return lowest(candidates, [stats[c.id].in_flight for c in candidates], stats, rng)

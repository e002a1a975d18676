"""What a strategy does when it is asked many times."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import strategies as some

from routing.deployment import IDLE, Deployment, Stats
from routing.strategies import Strategy
from tests.routing.worlds import deployment


def drawn(
    strategy: Strategy,
    candidates: Sequence[Deployment],
    stats: Mapping[str, Stats] | None = None,
    *,
    times: int = 2000,
    seed: int = 1,
) -> Counter[str]:
    known = {candidate.id: IDLE for candidate in candidates} | dict(stats or {})
    rng = Random(seed)
    return Counter(strategy(candidates, known, rng).id for _ in range(times))


STATS = some.builds(
    Stats,
    in_flight=some.integers(0, 5),
    failures=some.integers(0, 3),
    warmth=some.sampled_from([0.0, 0.1, 0.5, 1.0]),
    requests=some.integers(0, 100),
    tokens=some.integers(0, 10_000),
    left=some.floats(0, 1),
    ttft=some.none() | some.floats(0, 100),
    per_token=some.none() | some.floats(0, 1),
    latencies=some.lists(some.floats(0, 1000), max_size=3).map(tuple),
    first_tokens=some.lists(some.floats(0, 1000), max_size=3).map(tuple),
)
FACTS = some.fixed_dictionaries(
    {},
    optional={
        "weight": some.sampled_from([0.0, 0.5, 1.0, 3.0]),
        "rpm": some.integers(0, 100),
        "input_price": some.sampled_from([0.0, 1e-6, 3e-6]),
        "output_price": some.sampled_from([0.0, 1e-6, 3e-6]),
    },
)


@some.composite
def situations(draw: some.DrawFn) -> tuple[list[Deployment], dict[str, Stats]]:
    """Some candidates, and what is known of them."""
    facts: list[dict[str, Any]] = draw(some.lists(FACTS, min_size=2, max_size=6))
    candidates = [replace(deployment(str(i)), **given) for i, given in enumerate(facts)]
    return candidates, {candidate.id: draw(STATS) for candidate in candidates}

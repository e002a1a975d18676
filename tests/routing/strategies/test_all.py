"""What every strategy keeps to."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from routing import strategies
from routing.deployment import IDLE, Deployment, Stats
from routing.pool import Pool
from tests.routing.strategies.draws import drawn, situations
from tests.routing.worlds import deployment

OURS = (
    "adaptive",
    "cost-based-routing",
    "latency-based-routing",
    "least-busy",
    "simple-shuffle",
    "usage-based-routing",
    "usage-based-routing-v2",
)
BY_WEIGHT = {"simple-shuffle", "adaptive"}
SEEDS = some.integers(0, 2**32)


def test_these_are_ours() -> None:
    assert set(OURS) <= set(strategies.names())


@pytest.mark.parametrize("name", OURS)
@given(situation=situations(), seed=SEEDS)
def test_one_of_the_candidates_is_chosen(
    name: str, situation: tuple[list[Deployment], dict[str, Stats]], seed: int
) -> None:
    candidates, stats = situation

    assert strategies.find(name)(candidates, stats, Random(seed)) in candidates


@pytest.mark.parametrize("name", OURS)
@given(situation=situations(), seed=SEEDS)
def test_the_same_chance_chooses_the_same_whatever_holds_the_candidates(
    name: str, situation: tuple[list[Deployment], dict[str, Stats]], seed: int
) -> None:
    candidates, stats = situation
    strategy = strategies.find(name)
    chosen = strategy(candidates, stats, Random(seed))

    assert strategy(Pool(candidates), stats, Random(seed)) is chosen


@pytest.mark.parametrize("name", OURS)
@given(situation=situations(), seed=SEEDS)
def test_nobody_without_warmth_is_chosen_while_somebody_has_some(
    name: str, situation: tuple[list[Deployment], dict[str, Stats]], seed: int
) -> None:
    candidates, stats = situation
    able = _of_some_weight(candidates) if name in BY_WEIGHT else candidates
    chosen = strategies.find(name)(candidates, stats, Random(seed))

    if any(stats[candidate.id].warmth for candidate in able):
        assert stats[chosen.id].warmth > 0


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("siblings", [1, 2, 9])
def test_who_comes_back_has_no_more_than_its_warmth_of_the_traffic(
    name: str, siblings: int
) -> None:
    """The best score that can be, and a warmth of 0.1."""
    others = [deployment(str(i), input_price=1.0, output_price=1.0) for i in range(siblings)]
    back = deployment("back", input_price=0.0, output_price=0.0)
    busy = Stats(in_flight=3, tokens=9000, ttft=1.0, per_token=0.1, latencies=(9.0,))
    stats = {**{d.id: busy for d in others}, "back": Stats(warmth=0.1, latencies=(0.1,))}

    found = drawn(strategies.find(name), [*others, back], stats)
    assert 0 < found["back"] / found.total() < 0.13


@pytest.mark.parametrize("name", OURS)
def test_idle_equals_share_alike(name: str) -> None:
    candidates = [deployment(id) for id in "abcd"]
    found = drawn(strategies.find(name), candidates)

    assert all(found[id] / found.total() == pytest.approx(0.25, abs=0.04) for id in "abcd")


@pytest.mark.parametrize("name", OURS)
def test_a_thousand_are_no_trouble(name: str) -> None:
    candidates = [deployment(str(i), weight=i + 1.0) for i in range(1000)]
    stats = dict.fromkeys((d.id for d in candidates), IDLE)

    assert strategies.find(name)(candidates, stats, Random(1)) in candidates


def _of_some_weight(candidates: list[Deployment]) -> list[Deployment]:
    upto = Pool(candidates).weights
    if not upto:
        return candidates
    return [
        c for c, (before, to) in zip(candidates, pairwise((0.0, *upto)), strict=True) if to > before
    ]

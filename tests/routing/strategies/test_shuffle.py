from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from routing.deployment import IDLE, Deployment
from routing.strategies.shuffle import simple_shuffle
from tests.routing.worlds import deployment


def drawn(candidates: list[Deployment], *, times: int = 2000, seed: int = 1) -> Counter[str]:
    stats = {candidate.id: IDLE for candidate in candidates}
    rng = Random(seed)
    return Counter(simple_shuffle(candidates, stats, rng).id for _ in range(times))


def group(**facts: dict[str, Any]) -> list[Deployment]:
    return [deployment(id, **given) for id, given in facts.items()]


CASES: dict[str, tuple[dict[str, dict[str, Any]], dict[str, float]]] = {
    "without weights all are equally likely": ({"a": {}, "b": {}}, {"a": 0.5, "b": 0.5}),
    "weights are shares": ({"a": {"weight": 3}, "b": {"weight": 1}}, {"a": 0.75, "b": 0.25}),
    "weights need not be whole": (
        {"a": {"weight": 0.9}, "b": {"weight": 0.1}},
        {"a": 0.9, "b": 0.1},
    ),
    "rpm are shares where nobody has a weight": (
        {"a": {"rpm": 900}, "b": {"rpm": 100}},
        {"a": 0.9, "b": 0.1},
    ),
    "tpm are shares where nobody has a weight or rpm": (
        {"a": {"tpm": 900}, "b": {"tpm": 100}},
        {"a": 0.9, "b": 0.1},
    ),
    "one weight makes rpm count for nothing": (
        {"a": {"weight": 1}, "b": {"rpm": 1000}},
        {"a": 1.0},
    ),
    "one rpm makes tpm count for nothing": ({"a": {"rpm": 1}, "b": {"tpm": 1000}}, {"a": 1.0}),
    "a weight of 0 is never drawn beside a weight": (
        {"a": {"weight": 0}, "b": {"weight": 1}},
        {"b": 1.0},
    ),
    "weights of 0 only are no weights": (
        {"a": {"weight": 0, "rpm": 3}, "b": {"weight": 0, "rpm": 1}},
        {"a": 0.75, "b": 0.25},
    ),
    "nothing but zeros is a draw among equals": (
        {"a": {"weight": 0}, "b": {"rpm": 0}},
        {"a": 0.5, "b": 0.5},
    ),
}


@pytest.mark.parametrize(("facts", "shares"), CASES.values(), ids=CASES)
def test_shares_of_a_draw(facts: dict[str, dict[str, Any]], shares: dict[str, float]) -> None:
    found = drawn(group(**facts))

    assert found.keys() == shares.keys()
    for id, share in shares.items():
        assert found[id] / found.total() == pytest.approx(share, abs=0.04)


def test_the_same_chance_draws_the_same() -> None:
    candidates = group(a={}, b={}, c={})

    assert drawn(candidates, times=20, seed=7) == drawn(candidates, times=20, seed=7)
    assert drawn(candidates, times=20, seed=7) != drawn(candidates, times=20, seed=8)


@given(
    weights=some.lists(some.none() | some.just(0.0) | some.floats(0.001, 1e6), min_size=1),
    seed=some.integers(0, 2**32),
)
def test_nobody_without_weight_is_drawn_when_a_sibling_has_some(
    weights: list[float | None], seed: int
) -> None:
    candidates = [deployment(str(i), weight=weight) for i, weight in enumerate(weights)]

    chosen = simple_shuffle(candidates, {d.id: IDLE for d in candidates}, Random(seed))

    assert chosen in candidates
    assert chosen.weight or not any(weights)

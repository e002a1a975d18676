from typing import Any

import pytest

from routing.deployment import Stats
from routing.strategies import find
from routing.strategies.adaptive import adaptive
from tests.routing.strategies.draws import drawn
from tests.routing.worlds import A, B, deployment

BETTER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "who begins sooner": ({"ttft": 0.2, "per_token": 0.01}, {"ttft": 1.0, "per_token": 0.01}),
    "who goes on faster": ({"ttft": 1.0, "per_token": 0.01}, {"ttft": 0.5, "per_token": 0.02}),
    "who has less under way": ({"in_flight": 1}, {"in_flight": 2}),
    "twice as fast and not twice as busy": (
        {"ttft": 1.0, "in_flight": 2},
        {"ttft": 2.0, "in_flight": 1},
    ),
    "who has not failed": ({}, {"failures": 1}),
    "whose provider has more left": ({"left": 0.3}, {"left": 0.1}),
    "who is idle, if the other alone is measured": ({}, {"ttft": 0.1, "in_flight": 1}),
    "who is measured and idle": ({"ttft": 9.0}, {"in_flight": 1}),
}


@pytest.mark.parametrize(("better", "worse"), BETTER.values(), ids=BETTER)
def test_the_better_of_two_is_chosen(better: dict[str, Any], worse: dict[str, Any]) -> None:
    found = drawn(adaptive, [A, B], {"a": Stats(**better), "b": Stats(**worse)})

    assert found["a"] > 0.99 * found.total()  # but where the lot falls on one alone


EQUAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "with more than half left": ({"left": 1.0}, {"left": 0.6}),
    "where one is not measured": ({"ttft": 5.0, "per_token": 1.0}, {}),
    "where no time has passed": ({"ttft": 0.0}, {"ttft": 0.0}),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equals_share(one: dict[str, Any], other: dict[str, Any]) -> None:
    found = drawn(adaptive, [A, B], {"a": Stats(**one), "b": Stats(**other)})

    assert found["a"] / found.total() == pytest.approx(0.5, abs=0.04)


def test_one_of_many_that_is_slow_is_chosen_only_beside_itself() -> None:
    candidates = [deployment(id) for id in "abcdefghij"]
    stats = {d.id: Stats(ttft=1.0) for d in candidates} | {"a": Stats(ttft=9.0)}
    found = drawn(adaptive, candidates, stats)

    assert found["a"] == 0
    assert all(
        found[d.id] / found.total() == pytest.approx(1 / 9, abs=0.03) for d in candidates[1:]
    )


def test_weights_say_who_is_looked_at() -> None:
    candidates = [
        deployment("a", weight=8),
        deployment("b", weight=1),
        deployment("c", weight=1),
        deployment("never", weight=0),
    ]
    found = drawn(adaptive, candidates)

    assert found["a"] > found["b"]
    assert found["never"] == 0


def test_the_only_one_with_a_weight_has_all() -> None:
    candidates = [deployment("a", weight=1), deployment("b", weight=0)]

    assert drawn(adaptive, candidates, times=50) == {"a": 50}


def test_long_answers_make_each_token_count() -> None:
    stats = {"a": Stats(ttft=0.1, per_token=0.02), "b": Stats(ttft=1.0, per_token=0.01)}

    assert drawn(find("adaptive", {"usual_tokens": 10}), [A, B], stats)["b"] < 20
    assert drawn(find("adaptive", {"usual_tokens": 1000}), [A, B], stats)["a"] < 20

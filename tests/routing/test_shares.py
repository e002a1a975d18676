"""A process's part of what deployments may be used."""

from dataclasses import replace

import pytest

from adapters.types import Target
from routing.deployment import Budget, Deployment
from routing.shares import WHOLE, Share

PLAIN = Deployment("d", "m", Target("mock", "m"))


@pytest.mark.parametrize(
    ("limit", "of", "parts"),
    [
        (10, 2, [5, 5]),
        (10, 4, [2, 2, 3, 3]),  # together as much as there is
        (3, 2, [1, 2]),
        (1, 3, [1, 1, 1]),  # at least one, or a process would serve nobody
        (0, 2, [0, 0]),
        (None, 2, [None, None]),
    ],
)
def test_a_limit_is_dealt_out(limit: int | None, of: int, parts: list[int | None]) -> None:
    limited = replace(PLAIN, rpm=limit, tpm=limit, max_parallel=limit)

    got = [Share(number, of).deployment(limited) for number in range(of)]

    assert [d.rpm for d in got] == parts
    assert [d.tpm for d in got] == parts
    assert [d.max_parallel for d in got] == parts


def test_a_budget_is_dealt_out_and_everything_else_is_left() -> None:
    rich = replace(PLAIN, budget=Budget(1_001, 60.0), weight=3.0)

    got = Share(0, 2).deployment(rich)

    assert got == replace(rich, budget=Budget(501, 60.0))


def test_who_is_alone_has_all() -> None:
    assert WHOLE.deployment(PLAIN) is PLAIN

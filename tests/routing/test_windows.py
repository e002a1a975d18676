"""A sliding sum over a minute, which never tells too little."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as some

from routing.windows import Window


def filled(*entries: tuple[float, int]) -> Window:
    window = Window()
    for when, amount in entries:
        window.add(when, amount)
    return window


def test_what_happened_counts_for_a_minute() -> None:
    window = filled((100.0, 3), (130.0, 4))

    assert [window.total(now) for now in (130.0, 159.9, 161.0, 190.9, 191.0)] == [7, 7, 4, 4, 0]


@pytest.mark.parametrize(
    ("need", "limit", "wait"),
    [
        (1, 10, 0.0),
        (3, 10, 0.0),
        (4, 10, 31.0),  # the first three must be over a minute old
        (10, 10, 61.0),
        (11, 10, inf),
    ],
)
def test_the_wait_is_until_enough_is_forgotten(need: int, limit: int, wait: float) -> None:
    window = filled((100.0, 3), (130.0, 4))

    assert window.wait(130.0, need, limit) == wait


def test_whoever_waited_so_long_finds_room() -> None:
    window = filled((100.3, 3), (130.7, 4))
    wait = window.wait(131.0, 4, 7)

    assert window.wait(131.0 + wait, 4, 7) == 0.0


def test_a_correction_leaves_together_with_what_it_corrects() -> None:
    window = filled((100.0, 1000), (140.0, 50))

    window.correct(150.0, -900, ago=50.0)

    assert [window.total(now) for now in (150.0, 160.9, 161.0, 201.0)] == [150, 150, 50, 0]


def test_more_can_be_corrected_than_was_estimated() -> None:
    window = filled((100.0, 10))

    window.correct(101.0, 5, ago=1.0)

    assert window.total(101.0) == 15


def test_what_is_forgotten_cannot_be_taken_back() -> None:
    window = filled((100.0, 10))

    assert window.total(170.0) == 0
    window.correct(170.0, -10, ago=70.0)

    assert window.total(170.0) == 0


steps = some.lists(
    some.tuples(some.floats(0.0, 40.0), some.integers(0, 9), some.booleans()), max_size=40
)


@given(steps)
def test_no_minute_ever_holds_more_than_the_limit(steps: list[tuple[float, int, bool]]) -> None:
    limit, now = 10, 1000.0
    window, taken = Window(), []
    for passed, need, take_back in steps:
        now += passed
        if not window.wait(now, need, limit):
            window.add(now, need)
            taken.append((now, need))
            if take_back and need:
                window.correct(now, -1, ago=0.0)
                taken[-1] = (now, need - 1)

        for start, _ in taken:
            assert sum(amount for when, amount in taken if start <= when < start + 60.0) <= limit
        assert window.total(now) >= 0


def test_it_forgets_even_if_nobody_asks() -> None:
    window = filled(*((float(second), 1) for second in range(1000)))

    assert len(window._parts) <= 62


def test_what_the_sum_is_made_of_is_told_from_the_newest_on() -> None:
    window = filled((100.0, 3), (130.5, 4), (130.9, 1))

    assert window.parts(131.0) == [(1, 5), (31, 3)]
    assert window.parts(161.0) == [(31, 5)]

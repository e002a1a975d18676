"""What has been spent, as one process knows it."""

from math import inf

import pytest

from routing.state.purses import Purses
from routing.state.store import NOTHING, Spent

NO_END_MS = -1


def told(purses: Purses, now: float, *answer: tuple[int, int]) -> None:
    """The server answers to all that there is to say."""
    purses.heard(purses.words(now, every=True), answer, now)


def test_until_the_server_has_answered_spending_is_our_own_word() -> None:
    purses = Purses()
    purses.spend("p", 5, 60.0, now=0.0)
    words = purses.words(1.0, every=False)
    purses.spend("p", 2, 60.0, now=1.0)

    assert purses.spent("p", 1.0) == Spent(7, 59.0, untold=7)

    purses.heard(words, [(105, 30_000)], 2.0)
    assert purses.spent("p", 2.0) == Spent(107, 30.0, untold=2)


def test_what_got_no_answer_is_said_again_under_its_number_before_anything_new() -> None:
    purses = Purses()
    purses.spend("p", 5, 60.0, now=0.0)
    first = purses.words(0.0, every=False)
    purses.spend("p", 2, 60.0, now=0.0)
    again = purses.words(0.0, every=False)
    purses.heard(again, [(5, 60_000)], 0.0)
    then = purses.words(0.0, every=False)

    assert again == first
    assert (first.number, first.numbers[0]) == (1, 5)
    assert (then.number, then.numbers[0]) == (2, 2)


def test_where_nothing_is_new_it_is_only_asked() -> None:
    purses = Purses()

    assert (purses.watch("p"), purses.watch("p")) == (True, False)
    assert purses.words(0.0, every=False).keys == []
    assert purses.words(0.0, every=True).keys == ["p"]
    assert purses.words(0.0, every=True).number == 0


def test_what_is_told_late_belongs_to_the_period_that_it_began() -> None:
    purses = Purses()
    purses.spend("p", 5, 60.0, now=0.0)
    purses.spend("p", 5, 60.0, now=40.0)

    assert list(purses.words(50.0, every=False).numbers[:2]) == [10, 10_000]


@pytest.mark.parametrize("now", [60.0, 1000.0])
def test_what_belongs_to_a_period_that_is_over_is_dropped(now: float) -> None:
    purses = Purses()
    purses.spend("p", 5, 60.0, now=0.0)
    purses.words(0.0, every=False)  # nobody answers
    purses.spend("p", 3, 60.0, now=59.0)
    over = purses.spent("p", now)
    purses.spend("p", 1, 60.0, now=now)

    assert over == NOTHING
    assert purses.spent("p", now) == Spent(1, 60.0, untold=1)
    assert purses.words(now, every=False).numbers[0] == 0


def test_the_server_says_when_a_period_ends() -> None:
    purses = Purses()
    purses.watch("p")
    told(purses, 0.0, (50, 10_000))
    purses.spend("p", 5, 60.0, now=1.0)

    assert purses.spent("p", 1.0) == Spent(55, 9.0, untold=5)
    assert purses.spent("p", 10.0) == NOTHING


def test_a_period_may_have_no_end() -> None:
    purses = Purses()
    purses.spend("p", 5, inf, now=0.0)
    words = purses.words(0.0, every=False)
    purses.heard(words, [(5, NO_END_MS)], 0.0)

    assert list(words.numbers) == [5, NO_END_MS, 0, 0]
    assert purses.spent("p", 1e9) == Spent(5, inf)


def test_the_server_is_told_what_is_known_but_not_of_what_may_have_ended() -> None:
    purses = Purses()
    purses.watch("p")
    told(purses, 0.0, (50, 10_000))

    assert list(purses.words(5.0, every=True).numbers) == [0, 0, 50, 5_000]
    assert list(purses.words(9.0, every=True).numbers) == [0, 0, 0, 1_000]

"""The simulator plays, and what it is for holds in small. The whole table: `make simulate`."""

from collections.abc import Mapping

import pytest

from routing.strategies import Strategy
from tests.bench.sim.counts import Counts, FixedWindow, SlidingWindow
from tests.bench.sim.goals import Cell, load_goals
from tests.bench.sim.play import Scene, Seen, play
from tests.bench.sim.upstream import Says, State
from tests.bench.simulator import WEATHER, strategies

OURS: Mapping[str, Strategy] = strategies()
SHUFFLE = OURS["simple-shuffle"]


def well(seen: Seen) -> bool:
    return not (seen.limited or seen.failed)


@pytest.mark.parametrize(
    ("declared", "says"),
    [(True, Says.RETRY_AFTER), (False, Says.HEADERS)],
    ids=["declared", "told"],
)
@pytest.mark.parametrize("name", OURS)
def test_below_the_limits_nobody_is_refused(name: str, declared: bool, says: Says) -> None:
    seen = play(Scene(OURS[name], 0.9, says, declared, seconds=90.0))

    assert seen.calls > 900
    assert well(seen)
    assert seen.worst_window <= 1


@pytest.mark.parametrize("says", [Says.RETRY_AFTER, Says.NOTHING], ids=["when", "nothing"])
@pytest.mark.parametrize("load", [0.6, 0.9])
@pytest.mark.parametrize("name", OURS)
def test_limits_that_nobody_tells_are_learned_below_them_without_harm(
    name: str, load: float, says: Says
) -> None:
    """A refusal finds out; who had left before it was known could not be helped."""
    seen = play(Scene(OURS[name], load, says, seconds=150.0))

    assert well(seen)
    assert seen.worst_aware <= 1
    assert seen.wait(0.99) < 1.0


@pytest.mark.parametrize("counts", [FixedWindow, SlidingWindow])
@pytest.mark.parametrize("says", [Says.RETRY_AFTER, Says.NOTHING], ids=["when", "nothing"])
def test_they_are_learned_of_those_who_count_by_windows_too(says: Says, counts: Counts) -> None:
    """Only a second refusal tells that somebody counts by windows."""
    seen = play(Scene(SHUFFLE, 0.9, says, seconds=180.0, counts=counts))

    assert well(seen)
    assert seen.worst_aware <= 2


@pytest.mark.parametrize("says", [Says.RETRY_AFTER, Says.NOTHING], ids=["when", "nothing"])
def test_above_learned_limits_a_provider_is_seldom_asked_in_vain(says: Says) -> None:
    seen = play(Scene(SHUFFLE, 1.1, says, full=0.2, seconds=160.0))

    assert seen.refusals < 27
    assert seen.limited / seen.calls < 0.05


def test_the_goals_name_the_worst_of_all() -> None:
    fine, bad = Seen(calls=10), Seen(calls=10, limited=3)

    lines = list(
        load_goals(
            [
                Cell("told", "x", 0.6, fine),
                Cell("told", "y", 0.9, bad),
                Cell("told", "x", 1.1, fine),
            ]
        )
    )

    assert lines[0] == "- MISSED: below 100 %, clients' 429: at most 0; worst 3 (told, y, 90%)"
    assert not any("MISSED" in line for line in lines[1:])


def test_above_them_no_more_are_refused_than_must_be() -> None:
    seen = play(Scene(SHUFFLE, 1.4, Says.HEADERS, full=0.2, seconds=120.0))

    assert seen.limited
    assert seen.needless <= 5  # what a reply takes to arrive is kept in hand
    assert seen.limited / seen.calls < 0.3
    assert seen.worst_window <= 2


@pytest.mark.parametrize("weather", [name for name in WEATHER if name != "well"])
def test_one_of_three_out_of_order_fails_nobody(weather: str) -> None:
    seen = play(Scene(SHUFFLE, 0.5, Says.HEADERS, weather=WEATHER[weather], seconds=75.0))

    assert well(seen)
    assert max(seen.waits) < 0.2


def test_the_same_seed_plays_the_same() -> None:
    one, other, another = (
        play(Scene(SHUFFLE, 1.1, Says.NOTHING, full=0.2, seconds=40.0, seed=seed)).waits
        for seed in (3, 3, 4)
    )

    assert one == other != another


def test_the_weather_is_what_it_is_called() -> None:
    assert WEATHER["dead (refuses connections)"](100.0) is State.DEAD

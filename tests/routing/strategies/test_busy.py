from routing.deployment import Stats
from routing.strategies.busy import least_busy
from tests.routing.strategies.draws import drawn
from tests.routing.worlds import A, B, C


def test_who_has_the_fewest_calls_under_way_is_chosen() -> None:
    stats = {"a": Stats(in_flight=2), "b": Stats(in_flight=1), "c": Stats(in_flight=2)}

    assert drawn(least_busy, [A, B, C], stats) == {"b": 2000}


def test_equals_are_drawn_by_lot() -> None:
    stats = {"a": Stats(in_flight=1), "b": Stats(in_flight=1), "c": Stats(in_flight=2)}

    assert drawn(least_busy, [A, B, C], stats).keys() == {"a", "b"}

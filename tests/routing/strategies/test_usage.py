import pytest

from routing.deployment import Stats
from routing.strategies.usage import least_used
from tests.routing.strategies.draws import drawn
from tests.routing.worlds import A, B, C

CASES: dict[str, tuple[tuple[Stats, Stats, Stats], set[str]]] = {
    "the fewest tokens": ((Stats(tokens=3), Stats(tokens=2), Stats(tokens=9)), {"b"}),
    "whatever is under way": (
        (Stats(tokens=2, in_flight=9), Stats(tokens=3), Stats(tokens=3)),
        {"a"},
    ),
    "by lot among equals": ((Stats(tokens=2), Stats(tokens=3), Stats(tokens=2)), {"a", "c"}),
    "of these the fewest requests": (
        (Stats(tokens=2, requests=1), Stats(tokens=1, requests=7), Stats(tokens=1, requests=6)),
        {"c"},
    ),
    "tokens go before any number of requests": (
        (Stats(tokens=2), Stats(tokens=1, requests=1_000_000), Stats(tokens=2)),
        {"b"},
    ),
}


@pytest.mark.parametrize(("stats", "chosen"), CASES.values(), ids=CASES)
def test_who_has_used_the_least_is_chosen(
    stats: tuple[Stats, Stats, Stats], chosen: set[str]
) -> None:
    known = dict(zip("abc", stats, strict=True))

    assert drawn(least_used, [A, B, C], known, times=200).keys() == chosen

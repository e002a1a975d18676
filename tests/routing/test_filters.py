import pytest

from routing import filters
from routing.deployment import Deployment, Stats
from tests.routing.worlds import deployment

LEFT, RIGHT = deployment("left"), deployment("right")
OFF = deployment("off", off="OPENAI_API_KEY is not set")
HIGH = deployment("high", order=2)
NEGATIVE = deployment("negative", order=-1)


def test_what_is_switched_off_is_not_used() -> None:
    assert filters.enabled([LEFT, OFF, RIGHT]) == [LEFT, RIGHT]


def test_what_cools_down_is_left_alone() -> None:
    stats = {"left": Stats(cooling=0.5), "right": Stats(in_flight=9, failures=9)}

    assert filters.rested([LEFT, RIGHT], stats) == [RIGHT]


A, B, C, D, E = (deployment(id) for id in "abcde")
WELL = Stats()
ASKED = Stats(cooling=9.0)  # on its provider's word
EJECTED = Stats(cooling=9.0, ejected=True)
READY = Stats(ejected=True)  # it has rested
PROBING = Stats(ejected=True, probing=True)


RESTED = {
    "who is ejected is left alone": ([EJECTED, WELL, WELL], "bc", "bc"),
    "half of them may be": ([EJECTED, EJECTED, WELL, WELL], "cd", "cd"),
    "more than half are not believed to be ill": ([EJECTED, EJECTED, WELL], "abc", "c"),
    "all of them even less": ([EJECTED, EJECTED], "ab", ""),
    "a lone one even less": ([EJECTED], "a", ""),
    "what a provider asked is kept all the same": ([ASKED, EJECTED, EJECTED], "bc", ""),
    "and does not count as a guess": ([ASKED, ASKED, ASKED, EJECTED, WELL], "e", "e"),
    "the last that nobody asked to be left alone is used": ([ASKED, EJECTED], "b", ""),
    "all at rest on their providers' word are at rest": ([ASKED, ASKED], "", ""),
    "who has rested may be tried": ([READY, WELL], "ab", "ab"),
    "but not by two at the same time": ([PROBING, WELL], "b", "b"),
    "unless nobody else is there": ([PROBING, ASKED], "a", "a"),
}


@pytest.mark.parametrize(("seen", "last", "not_last"), RESTED.values(), ids=RESTED)
def test_who_has_rested(seen: list[Stats], last: str, not_last: str) -> None:
    group = [A, B, C, D, E][: len(seen)]
    stats = {deployment.id: what for deployment, what in zip(group, seen, strict=True)}

    assert "".join(d.id for d in filters.rested(group, stats)) == last
    assert "".join(d.id for d in filters.rested(group, stats, last=False)) == not_last


def test_what_was_tried_is_not_untried() -> None:
    assert filters.untried([LEFT, RIGHT], {"left": 0}) == [RIGHT]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param([], [], id="nobody is left as nobody"),
        pytest.param([LEFT, RIGHT], [LEFT, RIGHT], id="one order keeps its place"),
        pytest.param([HIGH, LEFT, RIGHT], [LEFT, RIGHT], id="the lowest order comes first"),
        pytest.param([LEFT, NEGATIVE], [NEGATIVE], id="orders may be negative"),
        pytest.param([HIGH], [HIGH], id="the lowest that is left may be a high one"),
    ],
)
def test_only_the_lowest_order_is_kept(group: list[Deployment], expected: list[Deployment]) -> None:
    assert filters.lowest_order(group) == expected

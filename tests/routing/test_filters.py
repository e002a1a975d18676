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

from hypothesis import given
from hypothesis import strategies as some

from routing import filters
from routing.deployment import Deployment
from routing.pool import Pool, pool
from tests.routing.worlds import deployment

DEPLOYMENTS = some.lists(
    some.builds(
        deployment,
        id=some.uuids().map(str),
        order=some.integers(0, 2),
        off=some.sampled_from(["", "no key"]),
    )
)


@given(DEPLOYMENTS)
def test_what_a_pool_knows_is_what_the_filters_find(deployments: list[Deployment]) -> None:
    group = Pool(deployments)

    assert list(group.enabled) == filters.enabled(list(group))
    assert list(group.lowest) == list(filters.lowest_order(list(group)))
    assert filters.enabled(group) is group.enabled


def test_a_pool_is_its_own_part_if_nobody_is_left_out() -> None:
    group = Pool((deployment("a"), deployment("b")))

    assert group.enabled is group
    assert group.lowest is group
    assert pool(group) is group
    assert group.weights == ()


def test_weights_are_summed_up() -> None:
    group = Pool((deployment("a", weight=1), deployment("b"), deployment("c", weight=2, rpm=9)))

    assert group.weights == (1, 1, 3)

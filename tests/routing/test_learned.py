"""What is found out from refusals, of providers that count in every way."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from routing.learned import Learned, Past, Refusal
from tests.bench.sim.counts import Bucket, Count, Counts, FixedWindow, SlidingWindow

KINDS: dict[str, Counts] = {
    "bucket": Bucket,
    "fixed minutes": FixedWindow,
    "sliding minutes": SlidingWindow,
}


def steady(seconds: int, each: int) -> list[tuple[int, int]]:
    return [(ago, each) for ago in range(seconds)]


def refused(past: Past, now: float = 100.0, **more: float) -> Learned:
    learned = Learned()
    learned.refused(now, Refusal(1, now - 0.1, **more), past)  # type: ignore[arg-type]
    return learned


FIRST: dict[str, tuple[Past, float, list[float]]] = {  # what was let in, asked for -> limits
    "a full bucket of 300 that was drained in 50 s": (Past(steady(51, 11)), 1.0, [290.6]),
    "a whole minute of 300 may be two halves of fixed ones": (Past(steady(60, 5)), 1.0, [143.7]),
    "a burst": (Past([(0, 50), (1, 50)]), 1.0, [93.4]),
    "long waits are for windows, which tell the limit": (Past(steady(30, 10)), 30.0, [285.0]),
    "tokens are bound alike": (Past(steady(60, 5), steady(60, 500)), 1.0, [143.7, 14369.7]),
    "too few say nothing": (Past(steady(10, 1)), 1.0, []),
}


@pytest.mark.parametrize("case", FIRST)
def test_the_first_refusal_bounds_the_limit_from_below(case: str) -> None:
    past, asked_s, limits = FIRST[case]

    learned = refused(past, asked_s=asked_s)

    assert learned.limits == pytest.approx(limits, rel=0.01)


def test_after_few_the_next_refusal_measures() -> None:
    """Of a provider that allows ten a minute."""
    learned = refused(Past(steady(10, 1)))
    for n in range(26):
        learned.took(106.0 + 6 * n, 10 + n, 0)

    learned.refused(256.0, Refusal(35, 255.9), Past([(6 * n, 1) for n in range(10)]))

    assert learned.limits == pytest.approx([25 / 156 * 60 * 0.97])


def test_refusals_under_way_with_the_first_teach_nothing_more() -> None:
    learned = refused(Past(steady(51, 11)))
    before = learned.limits

    learned.refused(100.1, Refusal(2, 99.95), Past(steady(51, 11)))

    assert learned.limits == before


def test_after_a_refusal_one_finds_out_whether_it_is_over() -> None:
    learned = refused(Past(steady(51, 11)))

    assert learned.wait(105.0, 0) == 0.0
    learned.took(105.0, 2, 0)
    assert learned.wait(105.0, 0) == pytest.approx(1.0)
    learned.answered(2)
    assert learned.wait(105.1, 0) == 0.0


def test_silence_says_that_it_is_over_as_well() -> None:
    learned = refused(Past(steady(51, 11)))

    learned.took(105.0, 2, 0)

    assert learned.wait(106.0, 0) == 0.0  # a refusal would have come by now


def test_a_guess_is_respected_at_first_and_then_tested_one_at_a_time() -> None:
    learned = emptied(at=106.0)

    assert learned.wait(106.0, 0) > 0
    assert not learned.dares(106.0)
    assert learned.dares(121.0)
    learned.took(121.0, 1000, 0)
    for n in range(400):
        learned.took(121.0, 1001 + n, 0)
    assert not learned.dares(121.0)


def test_who_would_not_be_served_tests_it_earlier() -> None:
    learned = emptied(at=106.0)

    assert learned.dares(106.0, urgent=True)


def test_what_is_let_in_against_the_guess_raises_it() -> None:
    learned = emptied(at=170.0)
    before = learned.limits[0]

    learned.took(170.0, 1000, 0)
    learned.answered(1000)

    assert before < learned.limits[0] < before + 2


def test_a_test_that_fails_takes_nothing_off() -> None:
    learned = emptied(at=125.0)
    learned.took(125.0, 1000, 0)
    before = learned.limits

    learned.refused(125.1, Refusal(1000, 125.0), Past())

    assert learned.limits == pytest.approx(before)
    assert not learned.dares(134.0, urgent=True)  # twice as long as before the first
    assert learned.dares(136.0, urgent=True)


def test_who_lets_nothing_in_where_a_bucket_would_counts_by_windows() -> None:
    learned = refused(Past(steady(30, 10)), minute_ends_s=30.0)
    learned.took(110.0, 2, 0)

    learned.refused(110.1, Refusal(2, 110.0, minute_ends_s=19.9), Past())

    assert learned.limits == pytest.approx([285.0], rel=0.01)
    assert 19.9 <= learned.wait(110.1, 0) < 24.0


def test_it_is_forgotten_when_it_is_not_used() -> None:
    learned = refused(Past(steady(51, 11)))

    assert not learned.over(900.0)
    assert learned.over(1100.0)


def emptied(at: float) -> Learned:
    """One whose guess leaves no room at that time."""
    learned = refused(Past(steady(51, 11)))
    learned.took(at - 2.0, 2, 0)
    learned.answered(2)
    number = 3
    while not learned.wait(at - 0.1, 0):
        learned.took(at - 0.1, number, 0)
        number += 1
    while not learned.wait(at, 0):
        learned.took(at, number, 0)
        number += 1
    return learned


class World:
    """One client of one provider, who sends what the guess allows and tests it where it dares."""

    def __init__(self, count: Count, tells: bool) -> None:
        self.count, self.tells = count, tells
        self.learned: Learned | None = None
        self.rests_until = 0.0
        self.sent: list[float] = []
        self.served = 0
        self.refusals: list[float] = []

    def want(self, now: float) -> None:
        learned = self.learned
        if now < self.rests_until or (learned and learned.wait(now, 0) and not learned.dares(now)):
            return
        number = len(self.sent) + len(self.refusals) + 1
        if learned:
            learned.took(now, number, 0)
        wait = self.count.wait(now, 1)
        if wait <= 0:
            self.count.take(now, 1)
            self.sent.append(now)
            self.served += 1
            if learned:
                learned.answered(number)
            return
        self.refusals.append(now)
        self.learned = learned or Learned()
        asked_s = float(int(wait) + 1) if self.tells else 0.0
        past = Past([(int(now - at), 1) for at in reversed(self.sent) if at > now - 60])
        refusal = Refusal(number, now, 0, asked_s, 60 - now % 60)
        self.learned.refused(now + 0.001, refusal, past)
        self.rests_until = now + (asked_s or 5.0)


def played(counts: Counts, tells: bool, load: Callable[[float], float], seed: int) -> World:
    """Twelve minutes; 120 a minute are allowed, `load` is the share of it that is wanted."""
    world, rng, now = World(counts(120, 1.0), tells), Random(seed), 0.0
    while now < 720:
        now += rng.expovariate(2.0 * load(now))
        world.want(now)
    return world


@pytest.mark.parametrize("tells", [True, False], ids=["says when", "says nothing"])
@pytest.mark.parametrize("kind", KINDS)
def test_more_than_is_allowed_is_wanted_for_long(kind: str, tells: bool) -> None:
    world = played(KINDS[kind], tells, lambda _: 1.5, 1)

    settled = [at for at in world.refusals if at > 240]
    assert len(settled) <= 12  # of eight minutes
    assert world.served > 0.85 * 120 * 12


@settings(max_examples=40, deadline=None)
@given(
    some.sampled_from(sorted(KINDS)),
    some.booleans(),
    some.floats(0.7, 3.0),
    some.integers(0, 1000),
)
def test_limits_are_found_whoever_counts_and_however_much_is_wanted(
    kind: str, tells: bool, load: float, seed: int
) -> None:
    world = played(KINDS[kind], tells, lambda _: load, seed)

    minutes = [sum(at // 60 == minute for at in world.refusals) for minute in range(12)]
    assert sum(minutes) <= 36
    assert world.served >= 0.7 * min(load, 1.0) * 120 * 12
    if world.learned and world.learned.limits:
        assert 40 <= world.learned.limits[0] <= 260


def test_a_provider_that_allows_more_from_now_on_is_believed() -> None:
    world = played(Bucket, True, lambda _: 1.5, 1)
    assert world.learned
    before = world.learned.limits[0]

    world.count, rng, now = Bucket(360), Random(2), 720.0
    while now < 1440:
        now += rng.expovariate(5.0)
        world.want(now)

    assert world.learned.limits[0] > 1.8 * before

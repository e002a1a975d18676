from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Kind
from routing.health import Health
from routing.latency import MOST_SAMPLES, SAMPLES_S, TIMED_OUT_S, Average, Timing
from routing.policy import RestRules
from tests.fakes import FakeClock
from tests.routing.worlds import A, failure

AVERAGES: dict[str, tuple[list[tuple[float, float]], float, float | None]] = {
    "never measured": ([], 0, None),
    "one sample": ([(0, 2.0)], 0, 2.0),
    "half the way up, however soon": ([(0, 2.0), (0, 4.0)], 0, 3.0),
    "a tenth of the way down, if soon": ([(0, 2.0), (0, 1.0)], 0, 1.9),
    "more of the way down after a while": ([(0, 2.0), (30, 1.0)], 30, 1.0 + 0.3679),
    "as it was for half a minute": ([(0, 2.0)], 30, 2.0),
    "half of it a minute later": ([(0, 2.0)], 90, 1.0),
    "a quarter after two": ([(0, 2.0)], 150, 0.5),
    "a new sample counts from what is left": ([(0, 4.0), (150, 1.0)], 150, 1.0),
}


@pytest.mark.parametrize(("samples", "at", "expected"), AVERAGES.values(), ids=AVERAGES)
def test_a_moving_average(
    samples: list[tuple[float, float]], at: float, expected: float | None
) -> None:
    average = Average()
    for when, sample in samples:
        average.note(when, sample)

    found = average.value(at)
    assert found is None if expected is None else found == pytest.approx(expected, rel=1e-3)


@given(
    samples=some.lists(
        some.tuples(some.floats(0, 100), some.floats(0.001, 1000)), min_size=1, max_size=20
    ),
    later=some.floats(0, 1e5),
)
def test_an_average_is_never_above_what_was_measured_nor_below_nothing(
    samples: list[tuple[float, float]], later: float
) -> None:
    average, now = Average(), 0.0
    for pause, sample in samples:
        now += pause
        average.note(now, sample)

    found = average.value(now + later)
    assert found is not None
    assert 0.0 <= found <= max(sample for _, sample in samples) * (1 + 1e-9)


ANSWERS: dict[str, tuple[float | None, float, int, tuple[float | None, float | None]]] = {
    "a stream": (0.5, 2.5, 21, (0.5, 0.1)),
    "a stream of one token": (0.5, 0.5, 1, (0.5, None)),
    "a stream that told no usage": (0.5, 9.0, 0, (0.5, None)),
    "an answer at once": (None, 3.0, 30, (None, 0.1)),
    "an embedding": (None, 0.2, 0, (None, 0.2)),
    "a clock that stood still": (0.5, 0.4, 11, (0.5, 0.0)),
}


@pytest.mark.parametrize(("first", "took", "output", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_an_answer_says(
    first: float | None, took: float, output: int, expected: tuple[float | None, float | None]
) -> None:
    timing = Timing()
    timing.timed(100, first, took, output)

    assert (timing.first.value(100), timing.per_token.value(100)) == pytest.approx(expected)
    assert timing.latencies.seconds(100) == (took / max(1, output),)
    assert timing.firsts.seconds(100) == (() if first is None else (first,))


def test_a_time_out_counts_as_very_slow() -> None:
    timing = Timing()
    timing.timed(100, 0.5, 2.5, 21)
    timing.timed_out(200, 60.0)

    assert timing.latencies.seconds(200) == (2.5 / 21, TIMED_OUT_S)
    assert timing.firsts.seconds(200) == (0.5, TIMED_OUT_S)
    assert (timing.first.value(200) or 0) > 30


def test_a_time_out_of_what_does_not_stream_says_nothing_of_streams() -> None:
    timing = Timing()
    timing.timed(100, None, 2.0, 20)
    timing.timed_out(100, 60.0)

    assert timing.firsts.seconds(100) == ()


def test_the_newest_samples_are_kept_for_an_hour() -> None:
    timing = Timing()
    for i in range(MOST_SAMPLES + 5):
        timing.timed(i, None, i, 1)

    assert timing.latencies.seconds(105) == tuple(float(i) for i in range(5, MOST_SAMPLES + 5))
    assert timing.latencies.ages(105)[-1] == 1.0
    assert timing.latencies.seconds(SAMPLES_S + 103.5) == (104.0,)
    assert timing.latencies.ages(SAMPLES_S + 200) == ()


def test_health_notes_and_tells() -> None:
    clock = FakeClock()
    health = Health(RestRules(), clock, Random(1))
    health.timed(A, 0.5, 2.5, 21)
    clock.t += 5
    seen = health.stats([A])["a"]

    assert (seen.ttft, seen.per_token) == pytest.approx((0.5, 0.1))
    assert (seen.latencies, seen.latency_ages) == ((2.5 / 21,), (5.0,))
    assert (seen.first_tokens, seen.first_token_ages) == ((0.5,), (5.0,))


def test_only_a_time_out_among_failures_is_slow() -> None:
    health = Health(RestRules(), FakeClock(), Random(1))
    health.failed(A, failure(Kind.TRANSIENT), lone=True)
    before = health.stats([A])["a"].latencies
    health.failed(A, failure(Kind.TIMEOUT), lone=True)

    assert before == ()
    assert health.stats([A])["a"].latencies == (TIMED_OUT_S,)

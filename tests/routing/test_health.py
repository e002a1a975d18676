import pytest

from adapters.errors import Kind
from routing.deployment import IDLE, Deployment, Stats
from routing.health import Health
from routing.policy import RestRules
from tests.fakes import FakeClock
from tests.routing.worlds import deployment, failure

ONE, OTHER = deployment("one"), deployment("other")


class Ward:
    """Health, and the clock that it looks at."""

    def __init__(self, *, allowed_fails: int = 3) -> None:
        self.clock = FakeClock()
        self.health = Health(RestRules(allowed_fails=allowed_fails, cooldown=5.0), self.clock)

    def fail(self, kind: Kind = Kind.TRANSIENT, *, asked: float | None = None) -> float:
        return self.health.failed(ONE, failure(kind, retry_after=asked), lone=False)

    def see(self, what: Deployment = ONE) -> Stats:
        return self.health.stats([ONE, OTHER])[what.id]


def test_who_was_never_used_is_idle() -> None:
    assert Ward().see() == IDLE


def test_calls_are_in_flight_from_their_start_to_their_end() -> None:
    ward = Ward()

    ward.health.started(ONE)
    ward.health.started(ONE)
    ward.health.ended(ONE)

    assert ward.see().in_flight == 1
    assert ward.see(OTHER).in_flight == 0


def test_failures_are_counted_and_rest_comes_with_one_too_many() -> None:
    ward = Ward(allowed_fails=2)

    assert [ward.fail(), ward.fail(), ward.fail()] == [0.0, 0.0, 5.0]
    assert ward.see() == Stats(failures=3, cooling=5.0)
    assert ward.see(OTHER) == IDLE


@pytest.mark.parametrize("kind", [Kind.CALLER, Kind.TOO_LONG, Kind.BLOCKED])
def test_callers_who_ask_wrongly_make_no_deployment_suspect(kind: Kind) -> None:
    ward = Ward(allowed_fails=1)
    for _ in range(50):
        ward.fail(kind)

    assert ward.see() == IDLE
    assert ward.fail() == 0.0  # the first of its own


def test_failures_are_forgotten_after_a_minute() -> None:
    ward = Ward(allowed_fails=1)
    ward.fail()
    ward.clock.t += 60.1

    assert ward.fail() == 0.0
    assert ward.see().failures == 1


def test_failures_are_forgotten_though_nobody_fails_again() -> None:
    ward = Ward()
    ward.fail()

    ward.clock.t += 59.9
    assert ward.see().failures == 1
    ward.clock.t += 0.2
    assert ward.see().failures == 0


def test_a_success_clears_what_failed_before() -> None:
    ward = Ward(allowed_fails=1)
    ward.fail()
    ward.health.succeeded(ONE)

    assert ward.see().failures == 0
    assert ward.fail() == 0.0


def test_a_success_does_not_end_a_rest_that_the_provider_asked_for() -> None:
    ward = Ward()
    ward.fail(Kind.RATE_LIMIT, asked=30.0)
    ward.health.succeeded(ONE)  # a call that had begun before

    assert ward.see().cooling == 30.0


def test_a_rest_gets_shorter_and_ends() -> None:
    ward = Ward()
    ward.fail(Kind.RATE_LIMIT, asked=30.0)

    ward.clock.t += 20
    assert ward.see().cooling == pytest.approx(10.0)
    ward.clock.t += 10
    assert ward.see().cooling == 0.0


def test_whoever_wakes_a_few_milliseconds_early_has_slept_enough() -> None:
    ward = Ward()
    ward.fail(Kind.RATE_LIMIT, asked=30.0)
    ward.clock.t += 29.995

    assert ward.see().cooling == 0.0


def test_a_shorter_rest_does_not_cut_a_longer_one() -> None:
    ward = Ward()
    ward.fail(Kind.QUOTA)
    ward.fail(Kind.RATE_LIMIT, asked=2.0)

    assert ward.see().cooling == 300.0


def test_only_so_many_failures_are_remembered() -> None:
    ward = Ward()
    for _ in range(1500):
        ward.fail()

    assert ward.see().failures == 1000

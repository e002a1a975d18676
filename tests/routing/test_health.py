from random import Random

import pytest

from adapters.errors import Kind
from routing.breaker import COLD
from routing.deployment import IDLE, Deployment, Stats
from routing.health import Health
from routing.policy import RestRules
from tests.fakes import FakeClock
from tests.routing.worlds import deployment, failure

ONE, OTHER = deployment("one"), deployment("other")


class Ward:
    """Health, and the clock that it looks at."""

    def __init__(self, *, allowed_fails: int = 3, rules: RestRules | None = None) -> None:
        self.clock = FakeClock()
        self.told: list[tuple[str, float]] = []
        self.health = Health(
            rules or RestRules(allowed_fails=allowed_fails, cooldown=5.0),
            self.clock,
            Random(1),
            told=lambda id, seconds: self.told.append((id, seconds)),
        )

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
    assert ward.see() == Stats(failures=3, cooling=5.0, ejected=True, warmth=COLD)
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


# The circuit breaker


def ejected(*, allowed_fails: int = 0) -> Ward:
    ward = Ward(allowed_fails=allowed_fails)
    for _ in range(allowed_fails + 1):
        ward.fail()
    return ward


def test_without_litellms_keys_five_failures_in_a_row_eject_for_a_while() -> None:
    ward = Ward(rules=RestRules())

    *borne, rest = [ward.fail() for _ in range(5)]

    assert borne == [0.0] * 4
    assert 2.5 <= rest <= 5.0
    assert ward.see().ejected


def test_rate_limits_are_none_of_the_failures_in_a_row() -> None:
    ward = Ward(rules=RestRules())
    for kind in [Kind.TRANSIENT] * 4 + [Kind.RATE_LIMIT] * 4:
        ward.fail(kind, asked=0.001)

    assert not ward.see().ejected


def test_half_of_all_is_too_much_even_with_successes_in_between() -> None:
    ward = Ward(rules=RestRules())
    for _ in range(4):
        ward.health.succeeded(ONE)
        assert ward.fail() == 0.0
    ward.health.succeeded(ONE)

    assert ward.fail() > 0


def test_after_its_rest_one_request_is_a_probe() -> None:
    ward = ejected()
    ward.clock.t += 5.0
    assert ward.see() == Stats(failures=1, ejected=True, warmth=COLD)

    ward.health.started(ONE)
    assert ward.see().probing


def test_a_probe_whose_client_leaves_makes_way_for_the_next() -> None:
    ward = ejected()
    ward.clock.t += 5.0
    ward.health.started(ONE)
    ward.health.ended(ONE)

    assert ward.see() == Stats(failures=1, ejected=True, warmth=COLD)


def test_a_probe_that_is_answered_ends_the_ejection_before_its_stream_does() -> None:
    ward = ejected()
    ward.clock.t += 5.0
    ward.health.started(ONE)
    ward.health.answered(ONE)
    assert (ward.see().ejected, ward.see().probing, ward.see().warmth) == (False, False, COLD)

    ward.clock.t += 15.0
    assert ward.see().warmth == pytest.approx(0.5)
    ward.clock.t += 15.0
    assert ward.see().warmth == 1.0


def test_a_probe_that_fails_ejects_again_for_longer() -> None:
    ward = Ward(rules=RestRules())
    for _ in range(5):
        ward.fail()
    ward.clock.t += 5.0
    ward.health.started(ONE)

    assert 5.0 <= ward.fail() <= 10.0
    assert ward.see().cooling >= 5.0


def test_late_failures_from_before_do_not_lengthen_the_rest() -> None:
    ward = ejected()
    began = ward.clock.t - 1.0
    ward.clock.t += 3.0
    ward.health.failed(ONE, failure(Kind.TIMEOUT), lone=False, began=began)
    assert ward.see().cooling == pytest.approx(2.0)

    ward.clock.t += 3.0
    ward.health.failed(ONE, failure(Kind.TIMEOUT), lone=False, began=began)
    assert ward.see().cooling == 0.0


def test_late_successes_from_before_do_not_end_the_rest() -> None:
    ward = ejected()
    ward.health.succeeded(ONE, began=ward.clock.t - 1.0)

    assert ward.see().cooling == 5.0


def test_a_rest_that_the_provider_asked_for_ends_with_normal_use() -> None:
    ward = Ward()
    ward.fail(Kind.RATE_LIMIT, asked=30.0)
    assert not ward.see().ejected

    ward.clock.t += 30.0
    ward.health.started(ONE)
    assert ward.see() == Stats(in_flight=1, failures=1)


def test_what_the_provider_asks_of_an_ejected_one_is_no_guess() -> None:
    ward = ejected()
    ward.fail(Kind.RATE_LIMIT, asked=2.0)
    assert (ward.see().cooling, ward.see().ejected) == (5.0, False)

    ward.clock.t += 2.0
    assert (ward.see().cooling, ward.see().ejected) == (3.0, True)


def test_what_strategies_ask_is_known_of_everybody() -> None:
    ward = ejected()
    ward.health.started(ONE)

    assert (ward.health.in_flight("one"), ward.health.in_flight("other")) == (1, 0)
    assert (ward.health.warmth("one"), ward.health.warmth("other")) == (COLD, 1.0)


def test_those_who_are_not_well_are_known_without_asking_for_everybody() -> None:
    ward = ejected()
    assert ward.health.unwell() == {"one": ward.see()}

    ward.clock.t += 5.0
    assert ward.health.unwell()["one"].ejected
    ward.health.succeeded(ONE)
    assert ward.health.unwell() == {}


def test_a_time_out_is_measured_as_one() -> None:
    ward = Ward()
    failed = failure(Kind.TIMEOUT)
    ward.health.failed(ONE, failed, lone=False, began=ward.clock.t - 60.0)

    timing = ward.health.timing("one")
    assert timing is not None
    assert timing.first.value(ward.clock.t) == 60.0


# Other processes


def test_every_rest_is_told() -> None:
    ward = Ward(allowed_fails=1)
    ward.fail()
    ward.fail()
    ward.fail(Kind.RATE_LIMIT, asked=30.0)

    assert ward.told == [("one", 5.0), ("one", 30.0)]


def test_the_early_end_of_a_rest_is_told() -> None:
    ward = ejected()
    ward.clock.t += 1.0
    ward.health.succeeded(ONE)

    assert ward.told[1:] == [("one", 0.0)]


def test_the_early_end_of_a_guess_is_not_told_while_the_provider_wants_a_rest() -> None:
    ward = ejected()
    ward.fail(Kind.QUOTA)
    ward.health.succeeded(ONE)

    assert ward.told == [("one", 5.0), ("one", 300.0)]


def test_the_rest_of_another_process_is_kept_here_as_a_guess_and_not_told_again() -> None:
    ward = Ward()
    ward.health.learn("one", 7.0)

    assert ward.see() == Stats(cooling=7.0, ejected=True, warmth=COLD)
    assert ward.told == []


def test_no_rest_is_nothing_to_learn() -> None:
    ward = ejected()
    ward.health.learn("one", 0.0)
    ward.health.learn("other", 0.0)

    assert ward.see().cooling == 5.0
    assert ward.see(OTHER) == IDLE


def test_nothing_is_learnt_where_nobody_rests() -> None:
    ward = Ward(rules=RestRules(enabled=False))
    ward.health.learn("one", 7.0)

    assert ward.see() == IDLE

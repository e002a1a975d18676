import pytest
from hypothesis import given
from hypothesis import strategies as some

from routing.breaker import COLD, WARM_UP_S, Breaker, Outcomes, Phase

NOW = 1000.0


def ejected(seconds: float = 5.0) -> Breaker:
    breaker = Breaker()
    breaker.eject(NOW, seconds)
    return breaker


def returned(at: float) -> Breaker:
    """Ejected, and back at that time."""
    breaker = ejected()
    breaker.started(at)
    breaker.answered(at, at)
    return breaker


def test_it_is_closed_until_somebody_opens_it() -> None:
    breaker = Breaker()
    for _ in range(100):
        breaker.failed(NOW)

    assert breaker.phase(NOW) is Phase.CLOSED
    assert breaker.warmth(NOW) == 1.0


def test_it_is_open_for_its_rest_and_half_open_afterwards() -> None:
    breaker = ejected(5.0)

    assert [breaker.phase(NOW + s) for s in (0.0, 4.9, 5.0, 999.0)] == [
        *[Phase.OPEN] * 2,
        *[Phase.HALF_OPEN] * 2,
    ]
    assert breaker.left(NOW + 2.0) == 3.0


def test_whoever_wakes_a_few_milliseconds_early_finds_it_half_open() -> None:
    assert ejected(5.0).phase(NOW + 4.995) is Phase.HALF_OPEN


def test_a_request_in_the_half_open_is_a_probe_until_it_ends() -> None:
    breaker = ejected(5.0)
    breaker.started(NOW + 5)

    assert breaker.probing
    breaker.ended(NOW + 5)  # its client has left: nobody knows more than before
    assert not breaker.probing
    assert breaker.phase(NOW + 6) is Phase.HALF_OPEN


def test_the_end_of_what_began_before_ends_no_probe() -> None:
    breaker = ejected(5.0)
    breaker.started(NOW + 5)
    breaker.ended(NOW - 60)

    assert breaker.probing


def test_an_answer_closes_it() -> None:
    breaker = ejected(5.0)

    assert breaker.answered(NOW + 6, NOW + 5) == 0.0
    assert breaker.phase(NOW + 6) is Phase.CLOSED


def test_an_answer_while_it_is_open_ends_the_rest() -> None:
    breaker = ejected(5.0)

    assert breaker.answered(NOW + 2, NOW + 1) == 3.0
    assert breaker.phase(NOW + 2) is Phase.CLOSED


def test_an_answer_to_what_began_before_says_nothing() -> None:
    breaker = ejected(5.0)

    assert breaker.answered(NOW + 2, NOW - 1) == 0.0
    assert breaker.phase(NOW + 2) is Phase.OPEN
    assert breaker.phase_for(NOW + 9, NOW - 1) is Phase.OPEN
    assert breaker.phase_for(NOW + 9, NOW + 8) is Phase.HALF_OPEN


def test_who_returns_gets_its_share_little_by_little() -> None:
    breaker = returned(NOW + 5)
    seen = [breaker.warmth(NOW + 5 + s) for s in (0, 1, 6, 15, 30, 300)]

    assert seen == pytest.approx([COLD, COLD, 0.2, 0.5, 1.0, 1.0])
    assert ejected().warmth(NOW) == COLD


def test_ejections_in_a_row_are_counted() -> None:
    breaker = Breaker()
    seen = []
    for _ in range(3):
        seen.append(breaker.ejections(NOW))
        breaker.eject(NOW, 5.0)

    assert seen == [0, 1, 2]


@pytest.mark.parametrize(("well_for", "ejections"), [(0.0, 1), (29.0, 1), (WARM_UP_S, 0)])
def test_who_was_well_for_long_begins_anew(well_for: float, ejections: int) -> None:
    assert returned(NOW + 5).ejections(NOW + 5 + well_for) == ejections


def test_failures_before_a_rest_are_not_held_against_it_afterwards() -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker.failed(NOW)
    breaker.eject(NOW, 5.0)

    assert breaker.in_a_row == 0
    assert breaker.outcomes.total(NOW) == (0, 0)


def test_a_success_ends_the_row_but_not_the_share() -> None:
    breaker = Breaker()
    breaker.failed(NOW)
    breaker.succeeded(NOW)

    assert breaker.in_a_row == 0
    assert breaker.outcomes.total(NOW) == (2, 1)


def test_another_process_s_word_opens_it() -> None:
    breaker = Breaker()
    breaker.learn(NOW, 7.0)

    assert breaker.left(NOW) == 7.0
    assert breaker.ejections(NOW) == 0


def test_another_process_s_word_may_lengthen_a_rest_but_not_shorten_it() -> None:
    breaker = ejected(5.0)
    breaker.learn(NOW, 2.0)
    assert breaker.left(NOW) == 5.0

    breaker.learn(NOW, 9.0)
    assert breaker.left(NOW) == 9.0


def test_outcomes_are_forgotten_after_half_a_minute() -> None:
    outcomes = Outcomes()
    outcomes.add(NOW, failures=1)
    outcomes.add(NOW + 10, failures=0)

    assert [outcomes.total(NOW + s) for s in (10, 29.9, 30, 40)] == [(2, 1), (2, 1), (1, 0), (0, 0)]


@given(some.lists(some.tuples(some.floats(0, 5), some.booleans()), max_size=60))
def test_outcomes_are_as_many_as_there_were(events: list[tuple[float, bool]]) -> None:
    outcomes, now = Outcomes(), NOW
    noted = []
    for pause, failed in events:
        now += pause
        outcomes.add(now, failures=int(failed))
        noted.append((int(now), failed))

    recent = [failed for second, failed in noted if second > int(now) - 30]
    assert outcomes.total(now) == (len(recent), sum(recent))
    assert len(outcomes._parts) <= 60

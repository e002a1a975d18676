"""What a provider told, played forward."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.quota import Counted, Told
from routing.learned import Past, Refusal
from routing.quota import Need, Quota

REQUESTS, TOKENS = Counted.REQUESTS, Counted.TOKENS
ONE = Need(prompt=100, output=20, most=50)


def quota(*allowances: Told, number: int = 1) -> Quota:
    told = Quota()
    told.told(0.0, number, allowances)
    return told


def test_an_allowance_that_refills_comes_back_little_by_little() -> None:
    told = quota(Told(REQUESTS, 0, 60, 60.0, refills=True))

    assert told.wait(0.0, ONE) == pytest.approx(1.0)
    assert told.wait(0.5, ONE) == pytest.approx(0.5)
    assert told.wait(1.0, ONE) == 0.0
    assert told.left(30.0) == pytest.approx(0.5)


def test_another_comes_back_all_at_once() -> None:
    told = quota(Told(REQUESTS, 0, 60, 30.0))

    assert told.wait(29.0, ONE) == pytest.approx(1.0)
    assert told.left(29.0) == 0.0
    assert told.wait(30.0, ONE) == 0.0
    assert told.left(30.0) == 1.0


def test_what_has_left_since_is_taken_off() -> None:
    told = quota(Told(REQUESTS, 2, 60, 30.0))

    told.took(1.0, 2, ONE)
    told.took(1.0, 3, ONE)

    assert told.wait(1.0, ONE) == pytest.approx(29.0)


def test_a_reply_knows_of_its_own_request_and_those_before_it_only() -> None:
    told = Quota()
    for number in (1, 2, 3):
        told.took(0.0, number, ONE)

    told.told(1.0, 2, [Told(REQUESTS, 1, 60, 30.0)])

    assert told.wait(1.0, ONE) == pytest.approx(30.0)  # the third is not in it
    told.told(1.0, 3, [Told(REQUESTS, 1, 60, 30.0)])
    assert told.wait(1.0, ONE) == 0.0


def test_a_late_reply_to_an_early_request_tells_nothing_new() -> None:
    told = quota(Told(REQUESTS, 0, 60, 30.0), number=5)

    told.told(1.0, 4, [Told(REQUESTS, 50, 60, 30.0)])

    assert told.wait(1.0, ONE) == pytest.approx(29.0)


def test_a_prompt_larger_than_the_limit_needs_all_of_it() -> None:
    told = quota(Told(TOKENS, 50, 100, 30.0, refills=True))

    assert told.wait(0.0, Need(1000, 10, 10)) == pytest.approx(30.0)
    assert told.wait(30.0, Need(1000, 10, 10)) == 0.0


@pytest.mark.parametrize(
    ("counted", "wait"),
    [(REQUESTS, 0.0), (Counted.INPUT, 10.0), (Counted.OUTPUT, 0.0), (TOKENS, 10.0)],
)
def test_each_counts_its_own(counted: Counted, wait: float) -> None:
    assert quota(Told(counted, 60, 120, 10.0)).wait(0.0, ONE) == wait


def test_without_a_limit_the_most_that_was_ever_left_stands_for_it() -> None:
    told = quota(Told(REQUESTS, 60, refills=True))

    told.told(1.0, 2, [Told(REQUESTS, 0, refills=True)])

    assert told.wait(1.0, ONE) == pytest.approx(1.0)


def test_who_wants_to_be_left_alone_is() -> None:
    told = Quota()

    told.refused(0.0, 5.0)

    assert told.wait(1.0, ONE) == pytest.approx(4.0)
    assert told.left(1.0) == 0.0
    assert told.wait(4.995, ONE) == 0.0


def test_output_that_is_counted_by_itself_is_taken_off_when_it_is_known() -> None:
    told = quota(Told(Counted.OUTPUT, 100, 6000, 60.0, refills=True))

    told.spent(1, 200)

    assert told.wait(0.0, ONE) > 1.0


MINUTE = Past([(ago, 2) for ago in range(60)], [(ago, 200) for ago in range(60)])


def learned(past: Past = MINUTE) -> Quota:
    """One that was refused at 100 after so much."""
    told = Quota()
    told.learn(100.0, Refusal(1, 99.9, 100), past)
    return told


def test_where_nothing_is_told_a_refusal_teaches_the_limit() -> None:
    told = learned()

    assert told.wait(101.0, ONE) > 0
    assert told.wait(103.0, ONE) == 0.0
    assert told.left(100.0) < 0.1
    assert told.fits(100.0, 60.0, ONE) == pytest.approx(50.3, rel=0.1)  # tokens are scarcer


def test_what_was_learned_gives_way_to_what_is_told_and_to_time() -> None:
    told, old = learned(), learned()

    told.told(101.0, 8, [Told(TOKENS, 1000, 1000, 0.0, refills=True)])

    assert told.wait(101.0, ONE) == 0.0
    assert old.wait(1100.0, ONE) == 0.0


def test_a_refusal_after_few_requests_teaches_nothing_yet() -> None:
    assert learned(Past([(1, 5)])).wait(100.0, ONE) == 0.0


def test_only_a_guess_is_tested_and_not_while_somebody_said_so() -> None:
    guessed, closed = learned(), learned()
    closed.refused(100.0, 90.0)
    nothing = Quota()
    for number in range(2, 80):
        guessed.took(150.0, number, ONE)
        guessed.told(150.5, number, [])

    assert guessed.wait(151.0, ONE) > 0
    assert guessed.dares(151.0, ONE, urgent=False)
    assert not closed.dares(151.0, ONE, urgent=True)
    assert not nothing.dares(151.0, ONE, urgent=True)


def test_tokens_that_were_not_used_are_given_back() -> None:
    told = learned()
    told.took(103.0, 2, ONE)
    told.told(103.5, 2, [])
    before = told.wait(103.5, ONE)

    told.settled(104.0, 103.0, 120)

    assert told.wait(103.5, ONE) <= before


def test_replies_that_say_nothing_do_not_make_it_mute_while_something_was_learned() -> None:
    told = learned()

    told.told(101.0, 2, [])

    assert not told.mute


class Bucket:
    """A provider's own count."""

    def __init__(self, limit: int, level: float) -> None:
        self.limit, self.level, self.at = limit, level, 0.0

    def let_in(self, now: float) -> bool:
        self.level = min(self.limit, self.level + self.limit / 60.0 * (now - self.at))
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def told(self) -> Told:
        missing = self.limit - self.level
        return Told(REQUESTS, int(self.level), self.limit, missing / self.limit * 60, refills=True)


@settings(max_examples=60)
@given(
    some.integers(10, 300),
    some.floats(0.1, 1.0),
    some.lists(some.tuples(some.floats(0.0, 3.0), some.floats(0.0, 5.0)), max_size=200),
)
def test_nobody_is_sent_where_a_bucket_would_refuse_once_it_has_told(
    limit: int, level: float, calls: list[tuple[float, float]]
) -> None:
    """Calls come after so long, and their replies so long after them; told as of their arrival."""
    bucket, told = Bucket(limit, limit * level), Quota()
    replies: list[tuple[float, int, Told]] = []
    now = 0.0
    bucket.let_in(now)
    told.took(now, 1, ONE)
    told.told(now, 1, [bucket.told()])
    for number, (passed, latency) in enumerate(calls, 2):
        now += passed
        for at, of, said in sorted(replies):
            if at <= now:
                told.told(at, of, [said])
        replies = [reply for reply in replies if reply[0] > now]
        if told.wait(now, ONE):
            continue
        told.took(now, number, ONE)
        assert bucket.let_in(now)
        replies.append((now + latency, number, bucket.told()))


def test_a_busy_bucket_is_used_to_its_limit_all_the_same() -> None:
    bucket, told = Bucket(60, 60.0), Quota()
    served = number = 0
    replies: list[tuple[float, int, Told]] = []
    for tick in range(6000):  # ten minutes, by tenths of a second; replies after two
        now = tick / 10
        while replies and replies[0][0] <= now:
            at, of, said = replies.pop(0)
            told.told(at, of, [said])
        if not told.wait(now, ONE):  # ten calls a second want to go where one may
            number += 1
            told.took(now, number, ONE)
            served += bucket.let_in(now)
            replies.append((now + 2.0, number, bucket.told()))

    assert served >= 0.98 * 60 * 10
    assert number == served


def test_of_replies_that_tell_of_plenty_at_the_same_moment_one_is_enough() -> None:
    quota = Quota()
    plenty = Told(Counted.REQUESTS, 90, 100, 6.0, refills=True)
    little = plenty._replace(remaining=40)

    assert quota.listens(0.0)
    quota.told(0.0, 1, [plenty])
    assert not quota.listens(0.01)
    assert quota.listens(0.03)
    quota.told(0.03, 2, [little])
    assert quota.listens(0.031)


def test_after_a_refusal_every_reply_may_be_news() -> None:
    quota = Quota()
    quota.told(0.0, 1, [Told(Counted.REQUESTS, 90, 100, 6.0, refills=True)])

    quota.refused(0.01, 1.0)

    assert quota.listens(0.011)

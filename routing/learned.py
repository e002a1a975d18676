"""What a provider lets in, found out from its refusals where it tells nothing. Pure.

Nobody says how it counts. To let no more pass within any minute than it allows within one suits
every provider: those with buckets, with windows by the clock, and with sliding ones. So that is
what is kept here, for requests and for tokens, because nobody says either which of them is limited.

- The first refusal bounds the limit from below: a bucket gives what it holds, a minute's worth, and
  what refills meanwhile; a window by the clock may have begun anew within the last minute.
- The minute before a first refusal may have seen more than the limit. So for a minute after it
  calls may go at the rate at which a bucket refills, unless the provider shows that it has none.
- Later refusals measure. In calm times the limit grows while it is in the way (additive increase,
  multiplicative decrease).
- It is a guess, so it is put to the test where it would cost a client something: after a while a
  call may go although nothing should be left. If it is let in the guess was too low; if not, one
  refusal was its price.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from routing.guess import Guess, least_of
from routing.probation import QUICK_S, Since
from routing.windows import SPAN_S, Parts

_TELLING = 20  # requests, before a refusal says anything of a limit
_ENOUGH = 5  # requests between two refusals, to measure anything
_SOON_S = 0.01  # timers may wake so much early
_SAFETY = 0.95  # of a bound
_EXACT = 0.97  # of what was measured
_EQUAL = 0.2  # of a limit, between two that were as full
_FEW = 3  # tests at the same time, after as many were let in
_TESTED = 0.01  # or so much of the limit
_LONG_S = 5.0  # who wants to be left alone for no longer may count by anything
_UNSURE_S = 20.0  # how long a bound is respected
_SURE_S = 60.0  # the same for what was measured; twice as long after each test that failed
_URGENT_S = 5.0  # the same for both where nobody else would serve a call
_LONGEST_S = 480.0
_WRONG = 0.1  # of a limit, let in as tests: it is too low, so nothing is gained by respecting it
_UNSURE_GROWTH = 0.2 / 60.0  # by so much a second
_SURE_GROWTH = 0.1 / 60.0
_FORGOTTEN_S = 900.0


class Past(NamedTuple):
    """What was let in within the last minute."""

    requests: Parts = ()
    tokens: Parts = ()


class Refusal(NamedTuple):
    """The provider has refused a request."""

    number: int
    sent: float  # when it left
    tokens: int = 0  # that it may have cost
    asked_s: float = 0.0  # how long the provider wants to be left alone
    minute_ends_s: float = SPAN_S  # until the clock begins another one


class Learned:
    """What one credential seems to be allowed for one model."""

    def __init__(self) -> None:
        self._limits: list[Guess] = []  # of requests, then of tokens if any were counted
        self._at = 0.0  # until when they are played
        self._since = Since(-inf)
        self._sure = False  # they were measured, not only bounded
        self._windows = False  # surely no bucket
        self._opens_at = -inf  # the next one
        self._minute_at = 0.0  # the clock's begins, and every other one
        self._calm_s = _UNSURE_S  # after a refusal, before the guess is tested
        self._urgent_s = _URGENT_S  # the same for who would not be served at all

    @property
    def limits(self) -> Sequence[float]:
        """Requests, and tokens, a minute; nothing if that is not known yet."""
        return [limit.most for limit in self._limits]

    def over(self, now: float) -> bool:
        """Whether all of it is too old to say anything."""
        last = self._since.left_at if self._limits else self._since.refused_at
        return now > last + _FORGOTTEN_S

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until a request of so many tokens may be expected to be let in."""
        if not self._limits:
            return 0.0
        self._play(now)
        refills = self._refills(now)
        wait = max(self._since.quiet_until, self._opens_at) - now
        for limit, need in self._needs(tokens):
            wait = max(wait, limit.wait(now, need, refills=refills))
        return wait if wait > _SOON_S else 0.0

    def dares(self, now: float, *, urgent: bool = False) -> bool:
        """Whether a request may go all the same, to test the guess: one at a time, and the more at
        a time the more were let in. `urgent`: it would not be served at all otherwise.
        """
        since = self._since
        calm_s = min(self._calm_s, self._urgent_s) if urgent else self._calm_s
        if not self._limits:
            return False
        if self._wrong():
            calm_s = 0.0
        if now < max(since.refused_at + calm_s, since.quiet_until):
            return False
        many = max(_FEW, self._limits[0].most * _TESTED)
        under_way = sum(now < test.at + QUICK_S for test in since.tests.values())
        return under_way <= min(since.passed, many)

    def took(self, now: float, number: int, tokens: int) -> None:
        """A request has left. Numbers grow."""
        test = self.wait(now, tokens) > 0
        for limit, need in self._needs(tokens):
            limit.take(now, need)
        proves: Sequence[float] = ()
        if test:
            begun_s = SPAN_S - (self._minute_at - now) % SPAN_S
            refills = self._refills(now)
            proves = [limit.proves(now, begun_s, refills=refills) for limit in self._limits]
        self._since.took(now, number, tokens, proves)

    def answered(self, number: int) -> None:
        """That request was let in."""
        since = self._since
        if number > since.number:
            since.let_in, since.quiet_until = True, -inf
        if test := since.tests.pop(number, None):
            since.passed += 1
            self._opens_at = -inf
            for limit, proved in zip(self._limits, test.proves, strict=True):
                limit.lift(proved)

    def settled(self, now: float, sent: float, tokens: int) -> None:
        """A request that left then was taken for so many tokens too much."""
        if sent > self._since.refused_at:
            self._since.tokens -= tokens
            for limit in self._limits[1:]:
                limit.take_back(now, tokens, now - sent)

    def refused(self, now: float, refusal: Refusal, past: Past) -> None:
        """The provider has refused. `past`: what it has let in of late."""
        since = self._since
        for limit, need in self._needs(refusal.tokens):
            limit.take_back(now, need, now - refusal.sent)
        if refusal.sent <= since.refused_at:  # it had left before we knew
            return
        if since.refused_at > -inf:
            since.requests -= 1
            since.tokens -= refusal.tokens
        if self._limits:
            self._play(now)
            if now > since.refused_at + _LONGEST_S:
                self._urgent_s = _URGENT_S
            elif refusal.number in since.tests and not self._wrong():
                self._urgent_s = min(_LONGEST_S, 2 * self._urgent_s)
            self._again(now, refusal)
        elif not self._first(now, refusal, past):
            return
        for limit in self._limits:
            limit.level = 0.0
        self._minute_at = now + refusal.minute_ends_s
        self._since = Since(now, refusal.number, left_at=now)

    def left(self, now: float) -> float:
        """The share that is left."""
        self._play(now)
        return 1.0 - max((limit.full(now) for limit in self._limits), default=0.0)

    def fits(self, now: float, seconds: float, tokens: int) -> float:
        """How many requests of that size may be expected to be let in within so many seconds."""
        self._play(now)
        if now + seconds < self._opens_at:
            return 0.0
        refills, needs = self._refills(now), self._needs(tokens)
        each = (limit.fits(now, seconds, need, refills=refills) for limit, need in needs)
        return min(each, default=inf)

    def _needs(self, tokens: int) -> Iterator[tuple[Guess, int]]:
        return zip(self._limits, (1, tokens), strict=False)

    def _refills(self, now: float) -> bool:
        """Whether it may have a bucket, and the last minute says too little of it."""
        return not self._windows and now < self._since.refused_at + SPAN_S

    def _play(self, now: float) -> None:
        seconds = now - self._at
        if seconds > 0:
            growing = now - max(self._at, self._since.refused_at + max(SPAN_S, self._calm_s))
            growth = (_SURE_GROWTH if self._sure else _UNSURE_GROWTH) * max(0.0, growing)
            for limit in self._limits:
                limit.play(now, seconds, growth)
            self._at = now

    def _first(self, now: float, refusal: Refusal, past: Past) -> bool:
        """Whether it tells a limit. If too little was served it is remembered all the same: what is
        served from then on until another one will tell.
        """
        since = self._since
        if sum(amount for _, amount in past.requests) >= _TELLING:
            limits = [least_of(parts) * _SAFETY for parts in past]
        elif since.refused_at == -inf:
            self._since = Since(now, refusal.number, left_at=now)
            return False
        elif since.requests < _TELLING:
            return False
        else:
            seconds = now - since.refused_at
            limits = [n / seconds * SPAN_S * _EXACT for n in (since.requests, since.tokens)]
            self._trust(refusal)
        self._limits = [
            Guess(now, limit, parts) for limit, parts in zip(limits, past, strict=True) if limit > 0
        ]
        self._at = now
        if self._asks_long(refusal):
            self._suspect(now, refusal)
        return True

    def _again(self, now: float, refusal: Refusal) -> None:
        """Less than we thought, of what was the fullest; unless nothing was let in since the last
        time, which says more of how the provider counts.
        """
        tested = refusal.number in self._since.tests
        shut = not tested and self._shut(refusal)
        if shut or (self._asks_long(refusal) and not self._windows):
            self._suspect(now, refusal)
            return
        if not tested and self._refills(now):  # a bucket should have had something
            self._windows = any(limit.wait(now, n) for limit, n in self._needs(refusal.tokens))
        before = self._limits[0].most
        shares = [limit.full(now) for limit in self._limits]
        measured = self._rates(now, tested=tested)
        for limit, rate, share in zip(self._limits, measured, shares, strict=False):
            if tested and self._since.passed:
                limit.more(rate)
            elif not tested and share >= max(shares) - _EQUAL:
                limit.less(rate)
        self._trust(refusal)
        if self._limits[0].most > before / _SAFETY:
            self._sure, self._calm_s = False, _UNSURE_S

    def _wrong(self) -> bool:
        return self._since.passed > max(_WRONG * self._limits[0].most, 2 * _FEW)

    def _trust(self, refusal: Refusal) -> None:
        """What was measured is tested the less often, the more tests have failed. One that fails
        at once measures nothing.
        """
        if refusal.number in self._since.tests and not self._since.passed:
            if self._sure:
                self._calm_s = min(_LONGEST_S, 2 * self._calm_s)
        else:
            self._sure, self._calm_s = True, _SURE_S

    def _suspect(self, now: float, refusal: Refusal) -> None:
        """It counts by windows, so no more was let in within this one than there may be."""
        ends_s = refusal.asked_s or refusal.minute_ends_s
        for limit in self._limits:
            within = limit.within(now, SPAN_S - ends_s)
            if self._windows:
                limit.most = max(min(limit.most, within * _EXACT), limit.most * _SAFETY)
            else:
                limit.most = max(limit.most, within * _SAFETY)
        self._opens_at = now + ends_s
        self._windows, self._sure, self._calm_s = True, False, _UNSURE_S

    def _rates(self, now: float, *, tested: bool) -> Sequence[float | None]:
        """What was let in within a minute; None if that is too little to tell. What tests have used
        may be what a bucket had saved up, so then both of two measures must say so.
        """
        since = self._since
        seconds = now - since.refused_at
        totals = [limit.window.total(now) for limit in self._limits]
        served = [n / seconds * SPAN_S for n in (since.requests, since.tokens)]
        if tested:
            return [min(pair) for pair in zip(totals, served, strict=False)]
        if self._windows or seconds >= SPAN_S:
            return totals
        return served if since.requests >= _ENOUGH else [None, None]

    def _shut(self, refusal: Refusal) -> bool:
        """Whether nothing was let in since the last refusal, although there should have been."""
        since = self._since
        seconds = refusal.sent - since.refused_at
        needs = self._needs(refusal.tokens)
        enough = all(seconds >= 2 * limit.refill_s(need) for limit, need in needs)
        return enough and not since.let_in and refusal.sent < since.quiet_until

    def _asks_long(self, refusal: Refusal) -> bool:
        needs = self._needs(refusal.tokens)
        return refusal.asked_s > _LONG_S + 2 * max(limit.refill_s(need) for limit, need in needs)

"""What is left of a provider's allowance, projected from what it told. Pure: time is an argument.

A provider counts a request when it arrives and tells what is left in its reply. So a reply knows of
its own request and of those before it; what has left since is taken off. Between replies each
allowance is played forward as the provider would: it refills, little by little or at its end, and
whatever leaves takes its share.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from adapters.quota import Counted, Told
from routing.learned import Learned, Past, Refusal

_MINUTE_S = 60.0
_MOMENT_S = 0.02
_PLENTY = 0.5  # of an allowance
_NEAR = 0.001  # of a token: sums of fractions are not exact
_SOON_S = 0.01  # timers may wake so much early


class Need(NamedTuple):
    """Tokens that a request may cost."""

    prompt: int = 0
    output: int = 0  # as far as experience tells
    most: int = 0  # the most that the client allows: many take that off at first

    @property
    def tokens(self) -> int:
        return self.prompt + self.output


_COSTS: Mapping[Counted, Callable[[Need], int]] = {
    Counted.REQUESTS: lambda _: 1,
    Counted.TOKENS: lambda need: need.prompt + need.most,
    Counted.INPUT: lambda need: need.prompt,
    Counted.OUTPUT: lambda need: need.output,
}


class _Left(NamedTuple):
    """A request that has left, and of which no reply tells yet."""

    number: int
    at: float
    need: Need


class _Allowance:
    """One of them, played forward. `level`: what is left, as far as we know."""

    __slots__ = ("_at", "_ends", "_rate", "cost", "counted", "level", "limit")

    def __init__(self, now: float, said: Told, most: float) -> None:
        """`most`: the most that was ever left, where no limit is told."""
        self.counted = said.counted
        self.cost = _COSTS[said.counted]
        self.limit = most if said.limit is None else float(said.limit)
        self.level = float(said.remaining)
        self._at = now
        self._ends = inf
        self._rate = 0.0  # a second
        missing = self.limit - self.level
        if said.refills:
            resets_s = said.resets_s or 0.0
            usual = self.limit / _MINUTE_S
            self._rate = missing / resets_s if resets_s and missing > 0 else usual
        else:
            self._ends = now + (_MINUTE_S if said.resets_s is None else said.resets_s)

    def play(self, now: float) -> None:
        """Let it refill until now."""
        if self._rate:
            refilled = self.level + self._rate * (now - self._at)
            self.level = min(max(self.limit, self.level), refilled)
            self._at = now
        elif now >= self._ends - _SOON_S:
            self.level = self.limit
            self._ends = now + _MINUTE_S  # a guess; the next reply knows better

    def wait(self, now: float, need: float) -> float:
        """Seconds until there is so much, or all that there can be."""
        self.play(now)
        missing = min(need, self.limit) - self.level
        if missing <= _NEAR:
            return 0.0
        return missing / self._rate if self._rate else self._ends - now

    def fits(self, now: float, seconds: float, need: float) -> float:
        """How many requests of that size have room within so many seconds."""
        if not need:
            return inf
        self.play(now)
        more = self._rate * seconds if self._rate else 0.0
        if now + seconds >= self._ends:
            more = self.limit - self.level
        return max(0.0, (self.level + more) / min(need, self.limit or need))


class Quota:
    """The allowances of one credential for one model."""

    def __init__(self) -> None:
        self._allowances: dict[tuple[str, str], _Allowance] = {}
        self._told_of = 0  # the newest request whose reply has told
        self._since: deque[_Left] = deque()  # those after it, in order
        self._closed_until = 0.0
        self._learned: Learned | None = None  # where nothing is told
        self._heard_at = -inf  # when something was told, and there was plenty
        self.mute = False  # replies come, and none says anything: there is nothing to keep

    def left(self, now: float) -> float:
        """The smallest share that is left of any allowance; 1 if nothing was told."""
        if now < self._closed_until:
            return 0.0
        least = self._learned.left(now) if self._learned else 1.0
        for allowance in self._allowances.values():
            allowance.play(now)
            if allowance.limit:
                least = min(least, allowance.level / allowance.limit)
        return max(0.0, least)

    def wait(self, now: float, need: Need) -> float:
        """Seconds until a request that needs so much may be expected to be let in."""
        wait = self._told_wait(now, need)
        if self._learned:
            if self._learned.over(now):
                self._learned = None
            else:
                wait = max(wait, self._learned.wait(now, need.tokens))
        return wait if wait > _SOON_S else 0.0

    def dares(self, now: float, need: Need, *, urgent: bool) -> bool:
        """Whether only a guess of ours stands against a request, and it is time to test that."""
        if not self._learned or self._told_wait(now, need) > _SOON_S:
            return False
        return self._learned.dares(now, urgent=urgent)

    def took(self, now: float, number: int, need: Need) -> None:
        """A request has left. Numbers grow."""
        since = self._since
        since.append(_Left(number, now, need))
        while since[0].at < now - _MINUTE_S:  # forgotten by now, even if nobody answers
            since.popleft()
        for allowance in self._allowances.values():
            allowance.play(now)
            allowance.level -= allowance.cost(need)
        if self._learned:
            self._learned.took(now, number, need.tokens)

    def listens(self, now: float) -> bool:
        """Whether what a reply tells may be news. Of many replies that tell of plenty at the same
        moment one is enough, for to read what they tell costs more than to count along.
        """
        return now > self._heard_at + _MOMENT_S

    def told(self, now: float, number: int, allowances: Sequence[Told]) -> None:
        """The reply to that request says so. An older one's word than we have is worth nothing."""
        if self._learned:
            if allowances:  # its own word is better
                self._learned = None
            else:
                self._learned.answered(number)
        if number <= self._told_of:
            return
        self._told_of = number
        while self._since and self._since[0].number <= number:
            self._since.popleft()
        known = allowances or self._allowances or self._learned
        self.mute = not (known or now < self._closed_until)
        for said in allowances:
            key = said.counted, said.span
            before = self._allowances.get(key)
            most = max(before.limit if before else 0.0, float(said.remaining))
            allowance = self._allowances[key] = _Allowance(now, said, most)
            for left in self._since:
                allowance.level -= allowance.cost(left.need)
        plenty = allowances and all(a.level > _PLENTY * a.limit for a in self._allowances.values())
        self._heard_at = now if plenty else -inf

    def refused(self, now: float, seconds: float) -> None:
        """The provider has said slow down, and to leave it alone for so long."""
        self._closed_until = max(self._closed_until, now + seconds)
        self._heard_at = -inf
        self.mute = False

    def learn(self, now: float, refusal: Refusal, past: Past) -> None:
        """A request was refused, after so much was let in. Where nothing is told, that teaches."""
        if not self._allowances:
            self._learned = self._learned or Learned()
            self._learned.refused(now, refusal, past)

    def settled(self, now: float, sent: float, tokens: int) -> None:
        """A request that left then was taken for so many tokens too much."""
        if self._learned:
            self._learned.settled(now, sent, tokens)

    def spent(self, number: int, output: int) -> None:
        """That request's answer has ended, with so many tokens. Who counts output by itself counts
        it as it comes, so what the reply told at its beginning was without it.
        """
        if number <= self._told_of:
            for allowance in self._allowances.values():
                if allowance.counted is Counted.OUTPUT:
                    allowance.level -= output

    def fits(self, now: float, seconds: float, need: Need) -> float:
        """How many requests of that size may be expected to be let in within so many seconds."""
        if now + seconds < self._closed_until:
            return 0.0
        each = (a.fits(now, seconds, a.cost(need)) for a in self._allowances.values())
        fits = min(each, default=inf)
        return min(fits, self._learned.fits(now, seconds, need.tokens)) if self._learned else fits

    def _told_wait(self, now: float, need: Need) -> float:
        wait = self._closed_until - now
        for allowance in self._allowances.values():
            needed = allowance.cost(need)
            if allowance.level < needed:  # nothing takes away but we
                wait = max(wait, allowance.wait(now, needed))
        return wait

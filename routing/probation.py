"""What has happened since a provider refused. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

QUICK_S = 1.0  # a refusal comes sooner, so silence means that a request was let in
_MOST_TESTS = 1000  # under way; nobody tells of those that broke off


class Test(NamedTuple):
    """A request that went against the guess."""

    at: float
    proves: Sequence[float]  # of each limit, how much it is at least if it is let in


@dataclass(slots=True)
class Since:
    """Of one refusal."""

    refused_at: float
    number: int = 0  # of the request that was refused
    left_at: float = -inf  # the last that has left
    requests: int = 0  # that have left, but for those that were refused
    tokens: float = 0.0
    let_in: bool = False  # one of them was answered
    quiet_until: float = -inf  # one finds out whether it is over
    tests: dict[int, Test] = field(default_factory=dict)  # under way, by number
    passed: int = 0

    def took(self, now: float, number: int, tokens: int, proves: Sequence[float]) -> None:
        self.left_at = now
        if not self.requests and not self.let_in:
            self.quiet_until = now + QUICK_S
        self.requests += 1
        self.tokens += tokens
        if proves:
            self.tests[number] = Test(now, proves)
            if len(self.tests) > _MOST_TESTS:
                del self.tests[next(iter(self.tests))]

"""What to do next, after what has happened so far. Pure: no I/O, no clock, no logging."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from math import inf
from random import Random
from typing import Any, TypeAlias

from adapters.errors import (
    Failure,
    Full,
    GatewayError,
    Kind,
    Resting,
    UnknownModel,
)
from routing.exceptions import exception_of
from routing.policy import OTHERWISE, Chains, Fallback, Policy
from routing.rules import FINAL, ONCE_MORE, Rule, rule_of

_MOMENT_S = 0.01  # an attempt that must end sooner than this is not worth making


class Untried(Enum):
    """What the alias still has that was not tried for this call and may be used now."""

    NONE = auto()  # nothing; something that was tried may be used again
    FULL = auto()  # somebody, but without room; all that was tried is cooling down
    RESTING = auto()  # nothing, and all that was tried is cooling down
    SIBLING = auto()  # of the same order
    NEXT_ORDER = auto()  # only of a higher order


@dataclass(slots=True)
class Try:
    """Make an attempt. `pause` seconds must pass first if a deployment has to be used again."""

    alias: str
    pause: float = 0.0
    patience: float = 0.0  # seconds that the call may queue for room
    override: Mapping[str, Any] | None = None
    again: bool = False  # nobody is left who was not used: this is what the retry budget is for


@dataclass(frozen=True, slots=True)
class GiveUp:
    error: GatewayError


Step: TypeAlias = Try | GiveUp


class Plan:
    """The attempts for one call, decided one at a time.

    It ends: each alias is entered once, and has as many attempts as retries and orders allow. All
    that failed, the error of the alias that was asked for is the client's: the others are our own
    choice, and their errors would speak of models that nobody asked for.
    """

    __slots__ = (
        "_error",
        "_lined_up",
        "_origin",
        "_policy",
        "_retries",
        "_rng",
        "_seen",
        "_step",
        "_time_left",
        "_urged",
        "_waited",
    )

    def __init__(self, alias: str, policy: Policy, rng: Random) -> None:
        self._policy = policy
        self._rng = rng
        self._origin = alias
        self._step = Try(alias)
        self._seen = [alias]
        self._retries = 0
        self._waited = False
        self._urged = False
        self._time_left = inf
        self._lined_up = 0.0  # the time that was left when it first stood in line
        self._error: GatewayError | None = None

    @property
    def fallbacks(self) -> int:
        """How many aliases were entered after the one asked for."""
        return len(self._seen) - 1

    @property
    def last(self) -> bool:
        """Whether no other alias could be asked after the present one."""
        chains = self._policy.fallbacks
        return not chains or self._following(chains) is None

    def start(self) -> Try:
        return self._step

    def after(
        self,
        error: GatewayError,
        untried: Untried,
        own_retries: int | None = None,
        *,
        time_left: float = inf,
        affordable: bool = True,
    ) -> Step:
        """What follows when an attempt, or the choice of a deployment, has failed so.

        `own_retries`: `num_retries` of the deployment that failed, if it has one.
        `time_left`: seconds until the call's deadline; no pause reaches it, no attempt follows it.
        `affordable`: whether the retry budget allows that a deployment is used again.
        """
        self._time_left = time_left
        rule = self._rule(error)
        if self._step.alias == self._origin:
            if not (isinstance(error, Resting | Full) and isinstance(self._error, Failure)):
                self._error = error  # what happened says more than the rest that came of it
            if isinstance(error, UnknownModel):  # no fallback makes a misspelt name right
                rule = FINAL
        if time_left < _MOMENT_S:
            return GiveUp(self._error or error)
        left = self._retries < self._allowed(error, own_retries)
        step = self._sibling(rule, untried, left=left)
        if not step and self._elsewhere_first(error, untried):
            step = self._next_alias(error)
        step = step or self._queue(rule, untried, left=left and affordable)
        step = step or self._again(error, rule, untried, left=left and affordable)
        step = step or (self._next_alias(error) if rule.fallback else None)
        step = step or self._wait(error)
        if not step:
            return GiveUp(self._error or error)
        self._step = step
        return step

    def _rule(self, error: GatewayError) -> Rule:
        """The rule of its kind, unless a policy names it for retries; then those are made, but not
        before another alias that was chosen for this kind of failure.
        """
        rule = rule_of(error)
        if not isinstance(error, Failure):
            return rule
        if error.kind not in self._policy.fallbacks_by_kind and self._named(exception_of(error)):
            rule = rule._replace(sibling=True, again=True)
        return rule if error.again is None else self._heeded(rule, error)

    def _heeded(self, rule: Rule, failure: Failure) -> Rule:
        """The rule, as the provider's own word changes it: a no is about that deployment alone."""
        if not failure.again:
            return rule._replace(again=False)
        if failure.kind not in ONCE_MORE or self._urged:
            return rule
        self._urged = True
        return rule._replace(sibling=True, again=True)

    def _allowed(self, error: GatewayError, own_retries: int | None) -> int:
        name = exception_of(error) if isinstance(error, Failure) else OTHERWISE
        policy = self._policy
        words = (policy.retries_asked, self._named(name, OTHERWISE), own_retries, policy.retries)
        return next(retries for retries in words if retries is not None)

    def _named(self, *names: str) -> int | None:
        """Retries that policies say: the alias's own before everybody's, each by the first name
        that it has.
        """
        own = self._policy.retries_by_alias.get(self._step.alias, {})
        for said in (own, self._policy.retries_by_error):
            for name in names:
                if name in said:
                    return said[name]
        return None

    def _sibling(self, rule: Rule, untried: Untried, *, left: bool) -> Try | None:
        """Another deployment of the same alias, at once. A higher order costs no retry."""
        if not rule.sibling:
            return None
        if untried is Untried.NEXT_ORDER:
            self._retries = 0
            return self._same_alias()
        if untried is Untried.SIBLING and left:
            self._retries += 1
            return self._same_alias()
        return None

    def _elsewhere_first(self, error: GatewayError, untried: Untried) -> bool:
        """Whether another alias is better than the same deployment again: it is at rest, or has
        asked to be left alone.
        """
        limited = isinstance(error, Failure) and error.kind is Kind.RATE_LIMIT
        resting = isinstance(error, Failure) and untried is Untried.RESTING
        return limited or (resting and rule_of(error).fallback)

    def _queue(self, rule: Rule, untried: Untried, *, left: bool) -> Try | None:
        """In line for whoever is free first: a sibling with room, or who was tried, well again."""
        if not (rule.sibling and left) or untried is not Untried.FULL:
            return None
        step = self._in_line()
        if step.patience < _MOMENT_S:
            return None
        self._retries += 1
        return replace(step, again=True)

    def _again(
        self, error: GatewayError, rule: Rule, untried: Untried, *, left: bool
    ) -> Try | None:
        """The same deployment once more, after a pause; a rest says by itself how long it takes."""
        if not (rule.again and left) or untried in {Untried.SIBLING, Untried.NEXT_ORDER}:
            return None
        resting = untried is Untried.RESTING
        pause = (error.retry_after or 0.0) if resting else self._pause(error)
        if not self._bearable(pause):
            return None
        self._retries += 1
        return replace(self._same_alias(pause), again=True)

    def _wait(self, error: GatewayError) -> Try | None:
        """Nobody else is left: wait once, for room or, if that is bearable, a rest's end."""
        wait = error.retry_after
        if not isinstance(error, Resting | Full) or wait is None or self._waited:
            return None
        if isinstance(error, Resting) and not self._bearable(wait):
            return None
        self._waited = True
        return self._in_line(wait if isinstance(error, Resting) else 0.0)

    def _in_line(self, pause: float = 0.0) -> Try:
        """With what is left of the client's patience, all of its waiting in lines together."""
        self._lined_up = max(self._lined_up, self._time_left)
        passed = self._lined_up - self._time_left if self._time_left < inf else 0.0
        patience = min(self._policy.patience - passed, self._time_left) - pause
        return replace(self._same_alias(pause), patience=max(0.0, patience))

    def _bearable(self, pause: float) -> bool:
        return pause <= self._policy.patience and pause < self._time_left - _MOMENT_S

    def _same_alias(self, pause: float = 0.0) -> Try:
        return Try(self._step.alias, pause, override=self._step.override)

    def _pause(self, error: GatewayError) -> float:
        """Seconds to wait: full jitter, but never less than the provider asked for.

        Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        policy = self._policy
        ceiling = min(policy.backoff_max, policy.backoff * 2**self._retries)
        return max(self._rng.uniform(0, ceiling), error.retry_after or 0.0, policy.backoff_min)

    def _next_alias(self, error: GatewayError) -> Try | None:
        """From the chain made for this kind of failure, else from the general one."""
        kind = error.kind if isinstance(error, Failure) else None
        special = self._policy.fallbacks_by_kind.get(kind, {}) if kind else {}
        fallback = self._following(special) or self._following(self._policy.fallbacks)
        if fallback is None:
            return None
        self._seen.append(fallback.alias)
        self._retries = 0
        return Try(fallback.alias, override=fallback.override or None)

    def _following(self, chains: Chains) -> Fallback | None:
        """The next of a chain; the present alias's own comes before that of the one asked for."""
        if not chains or self.fallbacks >= self._policy.max_fallbacks:
            return None
        candidates = (*_chain(chains, self._step.alias), *_chain(chains, self._origin))
        return next((found for found in candidates if found.alias not in self._seen), None)


def _chain(chains: Chains, alias: str) -> Sequence[Fallback]:
    return chains.get(alias, chains.get("*", ()))

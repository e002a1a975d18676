"""Whether a deployment rests after a failure, and for how long. Pure.

Where LiteLLM's `allowed_fails`, `allowed_fails_policy` or `cooldown_time` are set they decide.
Otherwise what Envoy and Finagle do: ejected after so many failures in a row, or too large a share
of them, for a time that doubles with each ejection in a row.

Sources (read 2026-11): https://docs.litellm.ai/docs/routing#cooldowns,
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier,
https://twitter.github.io/finagle/guide/Clients.html#circuit-breaking,
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (equal jitter)
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from adapters.errors import Failure, Kind
from routing.breaker import Phase
from routing.deployment import Deployment
from routing.exceptions import exception_of
from routing.policy import RestRules

IN_A_ROW = 5  # failures that eject
LEAST_OUTCOMES = 10  # within 30 s, before their share says anything
FAILING_SHARE = 0.5
FIRST_REST_S = 5.0
LONGEST_REST_S = 300.0

_CREDENTIAL_REST_S = 60.0  # somebody must change a key or pay a bill
_GONE_REST_S = 300.0  # somebody must change the configuration

NOT_ITS_FAULT = frozenset({Kind.CALLER, Kind.TOO_LONG, Kind.BLOCKED})
ILL = frozenset({Kind.TRANSIENT, Kind.TIMEOUT, Kind.BROKEN})  # the deployment itself is not well
_LONG_REST_S = {
    Kind.CREDENTIAL: _CREDENTIAL_REST_S,
    Kind.QUOTA: _GONE_REST_S,
    Kind.MODEL_GONE: _GONE_REST_S,
}


class Rest(NamedTuple):
    """How long a deployment is left alone, in seconds; 0: it may be used at once.

    An `ejection` is our own guess, so it ends with a probe. Any other rest is a schedule.
    """

    seconds: float
    ejection: bool = False


NO_REST = Rest(0.0)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a deployment, the failure at hand included."""

    recent: int = 1  # failures since the last success, within a minute
    same: int = 1  # of these, of the same exception class
    in_a_row: int = 1  # since the last success, of those that say it is not well
    outcomes: int = 1  # attempts that ended within 30 s
    failures: int = 1  # of these
    ejections: int = 0  # in a row
    phase: Phase = Phase.CLOSED  # for the attempt that failed


def rest_of(
    failure: Failure,
    record: Record,
    rules: RestRules,
    deployment: Deployment,
    *,
    lone: bool,
    rng: Random,
) -> Rest:
    """What follows from a failure.

    A deployment that is `lone` in its group does not rest for long on one word of its provider
    unless that says how long, or the operator's policy names the failure. An ejection is noted for
    it as well, but refuses nobody who has no other alias (`filters.rested`): that would turn a few
    failures into an outage.
    """
    if not rules.enabled or _told(rules, deployment) == 0 or failure.kind in NOT_ITS_FAULT:
        return NO_REST
    if failure.kind is Kind.RATE_LIMIT and (asked_s := failure.retry_after) and asked_s > 0:
        return Rest(asked_s)
    allowed, named = _allowed(failure, rules, deployment)
    if failure.kind not in ILL:
        if lone and not named:
            return NO_REST
        forgiven = named and allowed is not None and record.same <= allowed
        return NO_REST if forgiven else Rest(_scheduled_s(failure.kind, rules, deployment))
    if not _ejects(record, allowed, named=named):
        return NO_REST
    return Rest(
        _ejection_s(record.ejections, rules, deployment, rng), ejection=not (lone and named)
    )


def _allowed(failure: Failure, rules: RestRules, deployment: Deployment) -> tuple[int | None, bool]:
    """Failures that are forgiven, None: nobody says; and whether a policy names this one."""
    name = exception_of(failure)
    if name in deployment.allowed_fails_policy:
        return deployment.allowed_fails_policy[name], True
    if deployment.allowed_fails is not None:
        return deployment.allowed_fails, False
    if name in rules.allowed_fails_policy:
        return rules.allowed_fails_policy[name], True
    return rules.allowed_fails, False


def _ejects(record: Record, allowed: int | None, *, named: bool) -> bool:
    match record.phase:
        case Phase.OPEN:  # it rests already
            return False
        case Phase.HALF_OPEN:  # the probe has failed
            return True
    if allowed is not None:
        return (record.same if named else record.recent) > allowed
    share = record.failures / record.outcomes
    return record.in_a_row >= IN_A_ROW or (
        record.outcomes >= LEAST_OUTCOMES and share >= FAILING_SHARE
    )


def _scheduled_s(kind: Kind, rules: RestRules, deployment: Deployment) -> float:
    if kind in _LONG_REST_S:
        return max(_LONG_REST_S[kind], deployment.cooldown_s or 0.0)
    told = _told(rules, deployment)
    return FIRST_REST_S if told is None else told


def _ejection_s(ejections: int, rules: RestRules, deployment: Deployment, rng: Random) -> float:
    """As long as the operator says; else longer each time, with equal jitter."""
    told = _told(rules, deployment)
    if told is not None:
        return told
    half = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(ejections, 10)) / 2
    return half + rng.uniform(0, half)


def _told(rules: RestRules, deployment: Deployment) -> float | None:
    return rules.cooldown if deployment.cooldown_s is None else deployment.cooldown_s

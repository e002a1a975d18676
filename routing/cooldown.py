"""How long a deployment rests after a failure. Pure."""

from adapters.errors import Failure, Kind
from routing.policy import RestRules

_CREDENTIAL_REST_S = 60.0  # somebody must change a key or pay a bill
_GONE_REST_S = 300.0  # somebody must change the configuration

NOT_ITS_FAULT = frozenset({Kind.CALLER, Kind.TOO_LONG, Kind.BLOCKED})
_LONG_REST_S = {
    Kind.CREDENTIAL: _CREDENTIAL_REST_S,
    Kind.QUOTA: _GONE_REST_S,
    Kind.MODEL_GONE: _GONE_REST_S,
}


def rest_s(
    failure: Failure, *, recent: int, rules: RestRules, own_s: float | None, lone: bool
) -> float:
    """Seconds that a deployment is left alone; 0: it may be used at once.

    `recent` counts its failures within a minute, this one included; `own_s` is its own
    `cooldown_time`. A deployment that is `lone` in its group rests only when its provider has said
    how long: to refuse callers on our own guess would turn one failure into an outage.
    """
    if not rules.enabled or own_s == 0 or failure.kind in NOT_ITS_FAULT:
        return 0.0
    if failure.kind is Kind.RATE_LIMIT:
        asked_s = failure.retry_after
        return asked_s if asked_s is not None and asked_s > 0 else _unless(lone, own_s, rules)
    if long_s := _LONG_REST_S.get(failure.kind):
        return 0.0 if lone else max(long_s, own_s or 0.0)
    return 0.0 if recent <= rules.allowed_fails else _unless(lone, own_s, rules)


def _unless(lone: bool, own_s: float | None, rules: RestRules) -> float:
    if lone:
        return 0.0
    return rules.cooldown if own_s is None else own_s

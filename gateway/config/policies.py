"""`retry_policy`, `allowed_fails_policy`: numbers by the name of LiteLLM's exception class.

Source: https://docs.litellm.ai/docs/routing#advanced-custom-retries-cooldowns-based-on-error-type
(read 2026-11).
"""

from collections.abc import Mapping

from gateway.config.findings import Findings, Where
from gateway.config.keys import nearest
from routing.exceptions import NAMED
from routing.policy import OTHERWISE

_RETRIES = "Retries"
_FAILS = "AllowedFails"
_NEVER_REST = frozenset({"BadRequestError", "ContentPolicyViolationError"})

Written = Mapping[str, int | None]


def retries(written: Written | None, where: Where, findings: Findings) -> dict[str, int]:
    """`{RateLimitErrorRetries: 3, DefaultRetries: 1}`."""
    return _read(written, _RETRIES, (*NAMED, OTHERWISE), where, findings)


def retries_of_groups(
    written: Mapping[str, Written] | None, where: Where, findings: Findings
) -> dict[str, dict[str, int]]:
    """The same for each model group."""
    return {
        group: retries(policy, (*where, group), findings)
        for group, policy in (written or {}).items()
    }


def allowed_fails(written: Written | None, where: Where, findings: Findings) -> dict[str, int]:
    """`{TimeoutErrorAllowedFails: 12}`."""
    read = _read(written, _FAILS, NAMED, where, findings)
    for name in _NEVER_REST & read.keys():
        said = "has no effect: a deployment never rests for what callers have done wrong"
        findings.warn((*where, name + _FAILS), said)
    return read


def _read(
    written: Written | None, ending: str, names: tuple[str, ...], where: Where, findings: Findings
) -> dict[str, int]:
    known = {name + ending: name for name in names}
    read = {}
    for key, number in (written or {}).items():
        if key not in known:
            findings.problem((*where, key), f"unknown key{nearest(key, known)}")
        elif number is not None:
            read[known[key]] = number
    return read

"""`x-sluicegate-route`: one line that says who was tried for a request, and what came of it.

    route   = ( "-" / attempt *( "," attempt ) ) [ ";q=" seconds ] [ ";est=" tokens ]
    attempt = [ "+" ] alias "/" deployment ":" outcome ":" seconds / "*" number
    outcome = "ok" / "lost" / kind of failure, as in adapters/errors.py
    seconds = digits "." 2digits "s"

    gpt-4o/a1b2c3:rate_limit:0.21s,gpt-4o/d4e5f6:ok:0.53s;q=0.40s;est=1200

Attempts stand in their order; `+` marks the second of two that were made side by side, and the
slower of them has lost. `-`: nobody could be tried. `*3`: so many are left out here. `q`: waited in
the queue for room; `est`: tokens that were reserved; each only where there was something to say.

Names are percent-encoded but for letters, digits and `-._~@=()!`, an alias's `/` too; those longer
than 60 characters end with `*` instead. Always ASCII, and at most 1024 bytes.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from routing.journey import Attempt, Journey

LONGEST = 1024  # bytes
_LONGEST_NAME = 60
_ENOUGH = _LONGEST_NAME + 1  # characters of a name: what is longer ends with `*` whatever follows
_TAIL = 60  # bytes, at most, of what follows the attempts, and of what stands for those left out
_PLAIN = re.compile(r"[A-Za-z0-9._~@=()!-]{1,60}")
_PLAIN_ALIAS = re.compile(r"[A-Za-z0-9._~@=()!/-]{1,60}")
_SAFE = "-._~@=()!"


def trail(journey: Journey) -> bytes:
    """The line for a journey that has come to an answer, or to its end."""
    attempts = journey.attempts
    told = _one(attempts[0]) if len(attempts) == 1 else _all(attempts)
    if journey.queued:
        told += f";q={journey.queued:.2f}s"
    if journey.estimate:
        told += f";est={journey.estimate}"
    return told.encode()


def _one(attempt: Attempt) -> str:
    told = _names(attempt.alias[:_ENOUGH], attempt.deployment.id[:_ENOUGH])
    failure = attempt.failure
    outcome = failure.kind.value if failure else "lost" if attempt.lost else "ok"
    beside = "+" if attempt.hedge else ""
    return f"{beside}{told}:{outcome}:{attempt.took:.2f}s"


@lru_cache(1_000)
def _names(alias: str, deployment: str) -> str:
    if not _PLAIN_ALIAS.fullmatch(alias):
        alias = _short(quote(alias, safe=_SAFE + "/", errors="replace"))
    if not _PLAIN.fullmatch(deployment):
        deployment = _short(quote(deployment, safe=_SAFE, errors="replace"))
    return f"{alias}/{deployment}"


def _all(attempts: Sequence[Attempt]) -> str:
    """Where there is no room for all of them, the first ones and the last."""
    if not attempts:
        return "-"
    told = [_one(attempt) for attempt in attempts]
    left = LONGEST - 2 * _TAIL - len(told[-1])
    kept = 0
    while kept < len(told) - 1 and left > len(told[kept]):
        left -= len(told[kept]) + 1
        kept += 1
    if out := len(told) - 1 - kept:
        told[kept:-1] = [f"*{out}"]
    return ",".join(told)


def _short(name: str) -> str:
    """Never cut within an escape."""
    if len(name) <= _LONGEST_NAME:
        return name
    cut = name[: _LONGEST_NAME - 1]
    return cut[: cut.rindex("%")] + "*" if "%" in cut[-2:] else cut + "*"

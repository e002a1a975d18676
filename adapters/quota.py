"""What a provider says of its limits in the headers of a reply. Pure.

    OpenAI, Groq     x-ratelimit-remaining-requests: 14397, -reset-requests: 17.56s   refills
    Anthropic        anthropic-ratelimit-tokens-remaining, -reset: 2026-01-01T18:01:24Z   refills
    Azure            -renewalperiod-requests: 60; -reset- is in seconds here, in ms there   refills
    Azure, xAI       no reset at all: taken for an allowance of a minute   refills
    Cerebras         -remaining-tokens-minute, -requests-day, -reset- in seconds   jumps
    Mistral, Kong    -remaining-req-minute: by the calendar, so until the minute ends   jumps
    Together, OpenRouter, Replicate   one x-ratelimit-remaining for requests   jumps

An allowance that refills comes back little by little, the reset being when it is whole; the others
come back all at once. Google and Bedrock tell nothing.

Sources (read 2026-11): https://platform.openai.com/docs/guides/rate-limits,
https://docs.claude.com/en/api/rate-limits, https://console.groq.com/docs/rate-limits,
https://inference-docs.cerebras.ai/support/rate-limits,
https://docs.fireworks.ai/serverless/rate-limits, and replies that others have recorded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

_MINUTE_S = 60.0
_LONGEST_S = 86_400.0
_TEXTS = 1000  # whose meaning is remembered
_UNLIMITED = 2**62  # who says so many says: none


class Counted(StrEnum):
    """What an allowance counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    INPUT = "input tokens"
    OUTPUT = "output tokens"


class Told(NamedTuple):
    """One allowance, as it was when the reply left."""

    counted: Counted
    remaining: int
    limit: int | None = None
    resets_s: float | None = None  # until it is whole again
    refills: bool = False  # little by little until then, not all at once at its end
    span: str = ""  # which of several that count the same: `day`, `project`


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """What the headers of one allowance have in common; they share it."""

    counted: Counted
    span: str = ""
    calendar_s: float = 0.0  # it is renewed whenever the calendar begins another so many seconds
    bucket: bool = False


def told(headers: Mapping[str, str], *, now_wall: float) -> Sequence[Told]:
    """The allowances in a reply's headers (names in lower case). `now_wall`: Unix seconds.

    What makes no sense is left out; nothing in a header is an error here.
    """
    if _NAMES.keys().isdisjoint(headers):
        return ()
    found: dict[_Form, dict[str, str]] = {}
    for name, text in headers.items():
        if known := _NAMES.get(name):
            found.setdefault(known[0], {})[known[1]] = text
    here = _Here(headers, now_wall)
    allowances = (_allowance(form, fields, here) for form, fields in found.items())
    return [allowance for allowance in allowances if allowance]


class _Here:
    """What else a reply says that its allowances may need."""

    def __init__(self, headers: Mapping[str, str], now_wall: float) -> None:
        self.reset = headers.get("x-ratelimit-reset", "")
        self.now_wall = now_wall
        self._date = headers.get("date", "")
        self._clock: float | None = None

    def clock(self) -> float:
        """Unix seconds by the provider's clock, if it tells: clocks need not agree."""
        if self._clock is None:
            try:
                self._clock = parsedate_to_datetime(self._date).timestamp()
            except (ValueError, OverflowError):
                self._clock = self.now_wall
        return self._clock


def _allowance(form: _Form, fields: Mapping[str, str], here: _Here) -> Told | None:
    remaining, limit = _whole(fields.get("remaining")), _whole(fields.get("limit"))
    if remaining is None or remaining >= _UNLIMITED:
        return None
    if limit is not None and remaining > limit:  # Together: 30 a second, 59 are left
        limit = None
    resets_s, refills = _reset(form, fields, limit, remaining, here)
    return Told(form.counted, remaining, limit, resets_s, refills, form.span)


def _reset(
    form: _Form, fields: Mapping[str, str], limit: int | None, remaining: int, here: _Here
) -> tuple[float | None, bool]:
    """Seconds until the allowance is whole, and whether it refills on the way."""
    period = _whole(fields.get("period"))
    if period and limit:
        return (limit - remaining) / limit * period, True
    text = fields.get("reset") or (here.reset if form.bucket else "")
    if text:
        number = _number(text)
        seconds = _seconds(text, here) if number is None else _until(number, here)
        if seconds is not None:
            return min(max(seconds, 0.0), _LONGEST_S), form.bucket and number is None
    if form.calendar_s:
        return form.calendar_s - here.now_wall % form.calendar_s, False
    if form.bucket and limit:
        return (limit - remaining) / limit * _MINUTE_S, True
    return None, form.bucket


def _until(number: float, here: _Here) -> float:
    """Of seconds, or of an epoch in seconds or milliseconds."""
    if number > 1e11:
        number /= 1000
    return number - here.clock() if number > 1e9 else number


def _seconds(text: str, here: _Here) -> float | None:
    """`6m0s`, or RFC 3339."""
    if text[4:5] != "-":
        return _duration(text)
    try:
        return datetime.fromisoformat(text).timestamp() - here.clock()
    except (ValueError, OverflowError):
        return None


@lru_cache(_TEXTS)
def _duration(text: str) -> float | None:
    parts = _DURATION.findall(text)
    return sum(float(amount) * _UNITS[unit] for amount, unit in parts) if parts else None


@lru_cache(_TEXTS)
def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


_NUMBER = re.compile(r"\d{1,15}(?:\.\d{0,20})?", re.ASCII)
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{0,20})?)(ms|h|m|s)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


_FIELDS = {"limit": "limit", "remaining": "remaining", "reset": "reset", "renewalperiod": "period"}
_COUNTS = {
    "requests": Counted.REQUESTS,
    "req": Counted.REQUESTS,
    "tokens": Counted.TOKENS,
    "tokens-prompt": Counted.INPUT,
    "tokens-generated": Counted.OUTPUT,
    "input-tokens": Counted.INPUT,
    "output-tokens": Counted.OUTPUT,
}
_CALENDAR = {"10-second": 10.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}


def _names() -> Iterator[tuple[str, _Form, str]]:
    """Each header that means something: what it belongs to, and which field of that it is."""
    for what, counted in _COUNTS.items():
        bucket, project = _Form(counted, bucket=True), _Form(counted, "project", bucket=True)
        calendar = {span: _Form(counted, span, seconds) for span, seconds in _CALENDAR.items()}
        for written, field in _FIELDS.items():
            yield f"x-ratelimit-{written}-{what}", bucket, field
            yield f"anthropic-ratelimit-{what}-{written}", bucket, field
            yield f"x-ratelimit-{written}-project-{what}", project, field
            for span, form in calendar.items():
                yield f"x-ratelimit-{written}-{what}-{span}", form, field
        yield f"x-ratelimit-{what}", bucket, "limit"  # Anthropic, in OpenAI's dialect
    jumps = _Form(Counted.REQUESTS, "all")
    for written, field in _FIELDS.items():
        yield f"x-ratelimit-{written}", jumps, field
        yield f"ratelimit-{written}", jumps, field


_NAMES: Mapping[str, tuple[_Form, str]] = {name: (form, field) for name, form, field in _names()}

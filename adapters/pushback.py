"""How long a provider asks us to stay away, `retry-after` in all its spellings; and whether it
wants to see the request again.

Sources (read 2026-11): https://www.rfc-editor.org/rfc/rfc9110#field.retry-after,
https://platform.openai.com/docs/guides/rate-limits, https://docs.claude.com/en/api/rate-limits,
https://cloud.google.com/apis/design/errors (RetryInfo),
https://github.com/openai/openai-python and https://github.com/anthropics/anthropic-sdk-python
(`x-should-retry`).
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 3600.0  # seconds; who asks for more is asked again after that
_DURATION = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|h(?:ours?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)"
)
_AGAIN = {"true": True, "false": False}
_UNITS = {"ms": 0.001, "mi": 60.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_IN_TEXT = re.compile(
    r"(?:(?:try again|retry) (?:in|after)|expected available in|please wait) "
    r"((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+)",
    re.IGNORECASE,
)


def wait(
    headers: Mapping[str, str], *, told: str, text: str, now_wall: float, status: int
) -> float | None:
    """Seconds to wait, within [0, 3600]; None if nothing says so.

    `headers` in lower case; `told`: Gemini's RetryInfo, if any; `text`: the provider's wording;
    `now_wall`: Unix seconds. A date counts from the answer's own `date`, so that clocks need not
    agree. What can be read both ways is read as the longer wait: a proxy that says 0 milliseconds
    and 1 second means the second.
    """
    asked = _from_header(headers, now_wall)
    if asked is None:
        asked = _duration(told)
    if asked is None and (found := _IN_TEXT.search(text)):
        asked = _duration(found[1])
    if asked is None and status == 429:
        asked = _from_resets(headers, _here(headers, now_wall))
    return None if asked is None else min(max(asked, 0.0), LONGEST_WAIT)


def again(headers: Mapping[str, str]) -> bool | None:
    """Whether the request is worth repeating there; None if the provider does not say.

    OpenAI's and Anthropic's SDKs obey it whatever the status, and know these two words only.
    `headers` in lower case.
    """
    return _AGAIN.get(headers.get("x-should-retry", ""))


def _from_header(headers: Mapping[str, str], now_wall: float) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is None and (date := _date(text)) is not None:
        seconds = max(0.0, date - _here(headers, now_wall))
    return milliseconds if seconds is None else seconds


def _from_resets(headers: Mapping[str, str], here: float) -> float | None:
    """When what is used up will be there again; if nothing says it is, the earliest reset."""
    resets: list[float] = []
    spent: list[float] = []
    for name, text in headers.items():
        if "ratelimit" not in name or "reset" not in name:
            continue
        wait = _reset(text, here)
        if wait is None:
            continue
        resets.append(wait)
        if _number(headers.get(name.replace("reset", "remaining"), "")) == 0:
            spent.append(wait)
    return max(spent) if spent else min(resets, default=None)


def _reset(text: str, here: float) -> float | None:
    """`6m0s`, seconds, a date, or an epoch in seconds or milliseconds."""
    number = _number(text)
    if number is None:
        date = _date(text)
        return _duration(text) if date is None else max(0.0, date - here)
    if number > 1e11:
        number /= 1000
    return max(0.0, number - here) if number > 1e9 else number


def _here(headers: Mapping[str, str], now_wall: float) -> float:
    date = _date(headers.get("date", ""))
    return now_wall if date is None else date


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(text: str) -> float | None:
    """Unix seconds of an HTTP or RFC 3339 date."""
    if len(text) < 19:
        return None
    try:
        rfc3339 = text[0].isdigit()
        when = datetime.fromisoformat(text) if rfc3339 else parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _duration(text: str) -> float | None:
    """Seconds in `1h2m3.5s`, `174ms`, `12 seconds`."""
    parts = _DURATION.findall(text.lower())
    if not parts:
        return None
    return sum(float(amount) * _UNITS.get(unit[:2], _UNITS[unit[0]]) for amount, unit in parts)

"""What providers say of their limits, in every form that was found in recorded replies."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.quota import Counted, Told, told

REQUESTS, TOKENS = Counted.REQUESTS, Counted.TOKENS
INPUT, OUTPUT = Counted.INPUT, Counted.OUTPUT
NOW = 1_760_396_498.1  # 2025-10-13 23:01:38.1 UTC
DATE = {"date": "Thu, 01 Jan 2026 18:01:24 GMT"}


def x(what: str, remaining: object, limit: object = None, reset: object = None) -> dict[str, str]:
    fields = {"remaining": remaining, "limit": limit, "reset": reset}
    return {f"x-ratelimit-{n}-{what}": str(v) for n, v in fields.items() if v is not None}


def anthropic(what: str, remaining: int, limit: int, reset: str) -> dict[str, str]:
    fields = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"anthropic-ratelimit-{what}-{name}": str(v) for name, v in fields.items()}


CASES: dict[str, tuple[Mapping[str, str], list[Told]]] = {
    "nothing": ({"content-type": "application/json", "retry-after": "3"}, []),
    "OpenAI": (
        x("requests", 4999, 5000, "12ms") | x("tokens", 799815, 800000, "13ms"),
        [
            Told(REQUESTS, 4999, 5000, 0.012, True),
            Told(TOKENS, 799815, 800000, pytest.approx(0.013), True),
        ],
    ),
    "OpenAI, all of it there": (
        x("requests", 14999, 15000, "4ms") | x("tokens", 40000000, 40000000, "0s"),
        [Told(REQUESTS, 14999, 15000, 0.004, True), Told(TOKENS, 40000000, 40000000, 0.0, True)],
    ),
    "OpenAI, long ago": (
        x("requests", 2999, 3000, "20ms"),
        [Told(REQUESTS, 2999, 3000, 0.02, True)],
    ),
    "OpenAI, minutes": (x("requests", 0, 60, "6m0s"), [Told(REQUESTS, 0, 60, 360.0, True)]),
    "OpenAI, a project's": (
        x("project-tokens", 149999507, 150000000, "0s"),
        [Told(TOKENS, 149999507, 150000000, 0.0, True, "project")],
    ),
    "OpenAI, pictures": (x("input-images", 49999, 50000, "1ms"), []),
    "Groq: a day of requests": (
        x("requests", 987, 1000, "18m43.2s") | x("tokens", 3799, 6000, "22.01s"),
        [Told(REQUESTS, 987, 1000, 1123.2, True), Told(TOKENS, 3799, 6000, 22.01, True)],
    ),
    "Groq, fractions": (
        x("requests", 14397, 14400, "17.563999999s"),
        [Told(REQUESTS, 14397, 14400, 17.563999999, True)],
    ),
    "Azure tells the period, and its reset in milliseconds": (
        x("requests", 119, 120, 500) | {"x-ratelimit-renewalperiod-requests": "60"},
        [Told(REQUESTS, 119, 120, 0.5, True)],
    ),
    "Azure's other door: in seconds": (
        x("tokens", 49362, 50000, 0) | {"x-ratelimit-renewalperiod-tokens": "60"},
        [Told(TOKENS, 49362, 50000, pytest.approx(0.7656), True)],
    ),
    "Azure without a reset": (
        x("requests", 99, 100) | x("tokens", 99994, 100000),
        [Told(REQUESTS, 99, 100, 0.6, True), Told(TOKENS, 99994, 100000, 0.0036, True)],
    ),
    "Azure without a limit": (x("requests", 117), [Told(REQUESTS, 117, None, None, True)]),
    "xAI": (x("requests", 1779, 1800), [Told(REQUESTS, 1779, 1800, pytest.approx(0.7), True)]),
    "Cerebras": (
        x("tokens-minute", 998198, 1000000, "21.91296648979187")
        | x("requests-day", 1439965, 1440000, "3501.912966489792"),
        [
            Told(TOKENS, 998198, 1000000, 21.91296648979187, False, "minute"),
            Told(REQUESTS, 1439965, 1440000, 3501.912966489792, False, "day"),
        ],
    ),
    "Mistral: by the calendar": (
        x("req-minute", 98, 100) | x("tokens-minute", 98308, 100000),
        [
            Told(REQUESTS, 98, 100, pytest.approx(21.9), False, "minute"),
            Told(TOKENS, 98308, 100000, pytest.approx(21.9), False, "minute"),
        ],
    ),
    "Mistral, ten seconds, and a month that is none of our business": (
        x("req-10-second", 52, 60) | x("tokens-month", 9999999893, 10000000000),
        [Told(REQUESTS, 52, 60, pytest.approx(1.9), False, "10-second")],
    ),
    "Hugging Face: as good as unlimited": (
        x("requests-minute", 1999) | x("tokens-minute", 9223372036854767616),
        [Told(REQUESTS, 1999, None, pytest.approx(21.9), False, "minute")],
    ),
    "Kong": (
        {"ratelimit-limit": "400", "ratelimit-remaining": "398", "ratelimit-reset": "18"},
        [Told(REQUESTS, 398, 400, 18.0, False, "all")],
    ),
    "Replicate": (
        {"ratelimit-remaining": "2999", "ratelimit-reset": "1"},
        [Told(REQUESTS, 2999, None, 1.0, False, "all")],
    ),
    "Together: more is left than the limit of a second": (
        {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "59", "x-ratelimit-reset": "2"}
        | x("tokens", 3000, 3000),
        [
            Told(REQUESTS, 59, None, 2.0, False, "all"),
            Told(TOKENS, 3000, 3000, 2.0, False),
        ],
    ),
    "OpenRouter: milliseconds since 1970, by its own clock": (
        {
            "x-ratelimit-limit": "16",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "1759845420000",
            "date": "Tue, 07 Oct 2025 13:56:45 GMT",
        },
        [Told(REQUESTS, 0, 16, 15.0, False, "all")],
    ),
    "Anthropic": (
        anthropic("requests", 3999, 4000, "2026-01-01T18:01:24Z")
        | anthropic("input-tokens", 90000, 100000, "2026-01-01T18:01:30Z")
        | anthropic("output-tokens", 800000, 800000, "2026-01-01T18:01:23Z")
        | DATE,
        [
            Told(REQUESTS, 3999, 4000, 0.0, True),
            Told(INPUT, 90000, 100000, 6.0, True),
            Told(OUTPUT, 800000, 800000, 0.0, True),
        ],
    ),
    "Anthropic, speaking OpenAI's dialect": (
        {"x-ratelimit-requests": "4000"} | x("requests", 3999, None, "0s"),
        [Told(REQUESTS, 3999, 4000, 0.0, True)],
    ),
    "Fireworks": (
        x("tokens-prompt", 3500000, 3600000) | x("tokens-generated", 36000, 36000),
        [
            Told(INPUT, 3500000, 3600000, pytest.approx(1.667, abs=0.001), True),
            Told(OUTPUT, 36000, 36000, 0.0, True),
        ],
    ),
    "LiteLLM's own, which may be below zero": (x("requests", -1, 10), []),
    "nonsense": (x("requests", "many", "lots", "soon"), []),
    "a reset that is nonsense": (
        x("requests", 5, 10, "soon"),
        [Told(REQUESTS, 5, 10, 30.0, True)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_allowance_is_understood(case: str) -> None:
    headers, expected = CASES[case]

    assert list(told(headers, now_wall=NOW)) == expected


names = some.sampled_from(
    [name for headers, _ in CASES.values() for name in headers] + ["date", "x-other"]
)
texts = some.text(max_size=30) | some.sampled_from(
    [value for headers, _ in CASES.values() for value in headers.values()]
)


@given(some.dictionaries(names, texts, max_size=12))
def test_no_header_makes_it_fail(headers: dict[str, str]) -> None:
    for said in told(headers, now_wall=NOW):
        assert said.remaining >= 0
        assert said.limit is None or said.limit >= said.remaining
        assert said.resets_s is None or 0 <= said.resets_s <= 86_400

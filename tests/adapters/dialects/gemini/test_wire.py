"""How the moments and facts of a Gemini stream are recognised."""

import pytest

from adapters.classify import classify_error
from adapters.dialects.gemini.wire import WIRE
from adapters.errors import Kind
from adapters.types import Json, Usage

USAGE = {
    "usage is prompt and answer": (
        {"promptTokenCount": 5, "candidatesTokenCount": 7},
        Usage(input=5, output=7),
    ),
    "thoughts are part of the output": (
        {"promptTokenCount": 5, "candidatesTokenCount": 7, "thoughtsTokenCount": 11},
        Usage(input=5, output=18, reasoning=11),
    ),
    "what Google's tools have read is part of the input": (
        {"promptTokenCount": 25, "toolUsePromptTokenCount": 1130, "candidatesTokenCount": 1},
        Usage(input=1155, output=1),
    ),
    "cached tokens are part of the prompt already": (
        {"promptTokenCount": 100, "cachedContentTokenCount": 80},
        Usage(input=100, cache_read=80),
    ),
    "a kind of traffic is no usage": ({"trafficType": "ON_DEMAND"}, None),
    "no counts, no usage": ("x", None),
}
CONTENT = {
    "a text": ({"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}, True),
    "a thought": (
        {"candidates": [{"content": {"parts": [{"text": "Hm", "thought": True}]}}]},
        True,
    ),
    "a call": ({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]}, True),
    "an end": ({"candidates": [{"finishReason": "STOP"}]}, True),
    "an empty text": ({"candidates": [{"content": {"parts": [{"text": ""}]}}]}, False),
    "a role alone": ({"candidates": [{"content": {"role": "model"}}]}, False),
    "a signature alone": (
        {"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": "x"}]}}]},
        False,
    ),
    "usage alone": ({"usageMetadata": {"promptTokenCount": 3}}, False),
    "parts of no shape": ({"candidates": [{"content": {"parts": "x"}}, 7]}, False),
}


@pytest.mark.parametrize(("raw", "told"), USAGE.values(), ids=USAGE)
def test_usage_is_told(raw: Json, told: Usage | None) -> None:
    assert WIRE.usage({"usageMetadata": raw}) == told


@pytest.mark.parametrize(("event", "says"), CONTENT.values(), ids=CONTENT)
def test_content_is_told_from_preamble(event: Json, says: bool) -> None:
    assert WIRE.content(event) is says


@pytest.mark.parametrize("reason", ["SAFETY", "MODEL_ARMOR", "NEW_REASON", 1])
def test_a_blocked_prompt_is_an_error_of_the_kind_blocked(reason: str | int) -> None:
    found = WIRE.error({"promptFeedback": {"blockReason": reason, "blockReasonMessage": "No."}})

    assert found
    failure = classify_error("gemini", found)
    assert failure.kind is Kind.BLOCKED
    assert failure.message == f"No. ({reason})"


def test_feedback_that_blocks_nothing_is_no_error() -> None:
    assert WIRE.error({"promptFeedback": {"safetyRatings": []}, "candidates": [{}]}) is None


def test_an_error_event_is_an_error() -> None:
    quota = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Slow down"}}

    found = WIRE.error(quota)

    assert found
    assert classify_error("gemini", found).kind is Kind.RATE_LIMIT


@pytest.mark.parametrize("told", [b'"finishReason": "STOP"', b'"finishReason":1'])
def test_an_end_is_seen_in_the_bytes(told: bytes) -> None:
    assert WIRE.finish.search(b'{"candidates":[{%b}]}' % told)


@pytest.mark.parametrize("told", [b'"finishReason": null', b'"finishReason": ""'])
def test_no_end_is_seen_where_there_is_none(told: bytes) -> None:
    assert not WIRE.finish.search(told)

"""The pivot's moments and facts, in every shape that providers send them."""

from typing import Any

import pytest

from adapters.dialects.chat import WIRE, error, has_content, is_usage_only, usage
from adapters.sse import events
from adapters.types import Json, Usage
from tests.adapters.samples import HI, ROLE, STOP, chunk, tokens

USAGE: dict[str, tuple[Json, Usage | None]] = {
    "OpenAI tells in detail": (
        {
            "usage": {
                "prompt_tokens": 20,
                "completion_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 6},
            }
        },
        Usage(input=20, output=10, cache_read=8, reasoning=6),
    ),
    "DeepSeek tells hits and misses": (
        {
            "usage": {
                **tokens(20, 10),
                "prompt_cache_hit_tokens": 15,
                "prompt_cache_miss_tokens": 5,
            }
        },
        Usage(input=20, output=10, cache_read=15),
    ),
    "LiteLLM passes on what was written to the cache": (
        {"usage": {**tokens(20, 10), "cache_creation_input_tokens": 4}},
        Usage(input=20, output=10, cache_write=4),
    ),
    "so do others, in the details": (
        {"usage": {**tokens(20, 10), "prompt_tokens_details": {"cache_creation_tokens": 4}}},
        Usage(input=20, output=10, cache_write=4),
    ),
    "Groq tells streams in a place of its own": (
        {"choices": [], "x_groq": {"id": "req_1", "usage": tokens(20, 10)}},
        Usage(input=20, output=10),
    ),
    "Groq may tell twice": (
        {"usage": tokens(20, 10), "x_groq": {"usage": tokens(20, 10)}},
        Usage(input=20, output=10),
    ),
    "details may be null": (
        {"usage": {**tokens(1, 2), "prompt_tokens_details": None}},
        Usage(input=1, output=2),
    ),
    "counts may be null, negative or missing": (
        {"usage": {"prompt_tokens": -5, "completion_tokens": None}},
        Usage(),
    ),
    "counts that are no numbers are none": (
        {"usage": {"prompt_tokens": "many", "completion_tokens": [1]}},
        Usage(),
    ),
    "null says nothing": ({"usage": None}, None),
    "neither does its absence": ({"choices": []}, None),
    "nor Groq's id alone": ({"x_groq": {"id": "req_1"}}, None),
    "nor null in its place": ({"x_groq": None}, None),
}


@pytest.mark.parametrize("case", USAGE)
def test_usage(case: str) -> None:
    document, expected = USAGE[case]

    assert usage(document) == expected


ERRORS: dict[str, tuple[Json, Json | None]] = {
    "an object": ({"error": {"message": "no", "code": 502}}, {"message": "no", "code": 502}),
    "a text": ({"error": "no"}, {"message": "no"}),
    "null": ({"error": None, "choices": []}, None),
    "nothing": ({"choices": []}, None),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error(case: str) -> None:
    document, expected = ERRORS[case]

    assert error(document) == expected


def _delta(**delta: Any) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


CONTENT: dict[str, tuple[Json, bool]] = {
    "text": (_delta(content="Hi"), True),
    "a space": (_delta(content=" "), True),
    "typed parts": (_delta(content=[{"type": "thinking"}]), True),
    "thinking": (_delta(reasoning_content="hm"), True),
    "OpenRouter's thinking": (_delta(role="assistant", content="", reasoning="hm"), True),
    "a refusal": (_delta(refusal="no"), True),
    "a tool call": (_delta(tool_calls=[{"index": 0, "id": "t"}]), True),
    "a field that we do not know": (_delta(hologram="x"), True),
    "a finish": ({"choices": [{"delta": {}, "finish_reason": "length"}]}, True),
    "the second choice": ({"choices": [{"delta": {}}, {"delta": {"content": "Hi"}}]}, True),
    "a message where a delta should be": ({"choices": [{"message": {"content": "Hi"}}]}, True),
    "the role": (_delta(role="assistant"), False),
    "the role with empty fields": (
        _delta(role="assistant", content="", refusal=None, tool_calls=[]),
        False,
    ),
    "an empty delta": (_delta(), False),
    "no delta": ({"choices": [{"delta": None}]}, False),
    "an empty finish": ({"choices": [{"delta": {"content": ""}, "finish_reason": ""}]}, False),
    "Azure's verdict on the prompt": (
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0}], "id": "", "model": ""},
        False,
    ),
    "usage": ({"choices": [], "usage": tokens(1, 1)}, False),
    "no choices": ({"choices": None}, False),
}


@pytest.mark.parametrize("case", CONTENT)
def test_content_is_what_a_client_waits_for(case: str) -> None:
    document, expected = CONTENT[case]

    assert has_content(document) is expected


ONLY: dict[str, tuple[Json, bool]] = {
    "usage alone": ({"choices": [], "usage": tokens(1, 1)}, True),
    "no choices at all": ({"usage": tokens(1, 1)}, True),
    "usage on a chunk with choices": ({**_delta(content="Hi"), "usage": tokens(1, 1)}, False),
    "null beside choices": ({**_delta(content="Hi"), "usage": None}, False),
    "Azure's first chunk": ({"choices": [], "prompt_filter_results": []}, False),
    "Azure's first chunk with null": ({"choices": [], "usage": None}, False),
}


@pytest.mark.parametrize("case", ONLY)
def test_only_a_chunk_of_usage_alone_is_there_for_the_usage(case: str) -> None:
    document, expected = ONLY[case]

    assert is_usage_only(document) is expected


FINISH = {
    "a finish": (STOP, True),
    "with spaces, as some write JSON": (b'data: {"finish_reason" : "stop"}\n\n', True),
    "none yet": (ROLE + HI, False),
    "a text about it": (chunk({"content": '"finish_reason": "stop"'}), False),
    "arguments about it": (
        chunk({"tool_calls": [{"function": {"arguments": '{"finish_reason":"stop"}'}}]}),
        False,
    ),
}


@pytest.mark.parametrize("case", FINISH)
def test_a_finish_is_seen_in_the_bytes(case: str) -> None:
    raw, expected = FINISH[case]

    assert bool(WIRE.finish.search(raw)) is expected


def test_the_end_is_one_event_that_opens_as_the_last_one_does() -> None:
    assert WIRE.end.startswith(WIRE.last)
    assert [each.data for each in events(WIRE.end)] == [b"[DONE]"]

"""Edits of outgoing bodies: what they change, and that they change nothing else."""

from copy import deepcopy

import pytest

from adapters.quirks import QUIRKS
from adapters.types import Json

MARK = {"type": "ephemeral"}


def _says(role: str, content: object = "hi", **rest: object) -> Json:
    return {"role": role, "content": content, **rest}


EDITS: dict[str, tuple[str, Json, Json]] = {
    "the older word for the limit": (
        "max_tokens_only",
        {"model": "m", "max_completion_tokens": 5},
        {"model": "m", "max_tokens": 5},
    ),
    "both words: the older one is believed": (
        "max_tokens_only",
        {"max_completion_tokens": 5, "max_tokens": 7},
        {"max_tokens": 7},
    ),
    "the newer word for the limit": (
        "max_completion_tokens_only",
        {"model": "o3-mini", "max_tokens": 5},
        {"model": "o3-mini", "max_completion_tokens": 5},
    ),
    "gpt-5 too": (
        "max_completion_tokens_only",
        {"model": "openai/gpt-5.2-pro", "max_tokens": 5, "max_completion_tokens": None},
        {"model": "openai/gpt-5.2-pro", "max_completion_tokens": 5},
    ),
    "no stream options": ("no_stream_options", {"a": 1, "stream_options": {}}, {"a": 1}),
    "the developer is the system": (
        "developer_as_system",
        {"messages": [_says("developer"), _says("user")]},
        {"messages": [_says("system"), _says("user")]},
    ),
    "cache marks, wherever they are": (
        "no_cache_control",
        {
            "messages": [
                _says("system", [{"type": "text", "text": "a", "cache_control": MARK}]),
                _says("user", cache_control=MARK),
            ],
            "tools": [
                {"type": "function", "function": {"name": "f"}, "cache_control": MARK},
                {"type": "function", "function": {"name": "g", "cache_control": MARK}},
            ],
        },
        {
            "messages": [_says("system", [{"type": "text", "text": "a"}]), _says("user")],
            "tools": [
                {"type": "function", "function": {"name": "f"}},
                {"type": "function", "function": {"name": "g"}},
            ],
        },
    ),
    "thinking as other dialects need it": (
        "no_thinking_blocks",
        {
            "messages": [
                _says(
                    "assistant",
                    thinking_blocks=[],
                    reasoning_content="hm",
                    tool_calls=[
                        {"id": "1", "provider_specific_fields": {"thought_signature": "x"}}
                    ],
                )
            ]
        },
        {"messages": [_says("assistant", reasoning_content="hm", tool_calls=[{"id": "1"}])]},
    ),
    "thinking as text": (
        "no_reasoning_content",
        {"messages": [_says("assistant", reasoning_content="hm", annotations=[])]},
        {"messages": [_says("assistant")]},
    ),
    "parts of text": (
        "content_as_text",
        {
            "messages": [
                _says("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])
            ]
        },
        {"messages": [_says("user", "ab")]},
    ),
    "a short model name": (
        "fireworks_model_path",
        {"model": "llama-v3p1-8b-instruct"},
        {"model": "accounts/fireworks/models/llama-v3p1-8b-instruct"},
    ),
}


@pytest.mark.parametrize(("quirk", "body", "edited"), EDITS.values(), ids=EDITS)
def test_a_quirk_edits_what_it_is_named_for(quirk: str, body: Json, edited: Json) -> None:
    before = deepcopy(body)

    assert QUIRKS[quirk](body) == edited
    assert body == before


@pytest.mark.parametrize(("quirk", "body", "edited"), EDITS.values(), ids=EDITS)
def test_a_quirk_has_nothing_left_to_do_the_second_time(
    quirk: str, body: Json, edited: Json
) -> None:
    assert QUIRKS[quirk](edited) is edited


ORDINARY: Json = {
    "model": "accounts/a/models/gpt-4o",
    "max_tokens": 5,
    "messages": [
        _says("system"),
        _says("user", [{"type": "image_url", "image_url": {"url": "x"}}]),
        _says("assistant", None, tool_calls=[{"id": "1", "function": {"name": "f"}}]),
        _says("tool", "ok", tool_call_id="1"),
    ],
    "tools": [{"type": "function", "function": {"name": "f"}}],
}


@pytest.mark.parametrize("name", QUIRKS)
def test_an_ordinary_body_is_returned_itself(name: str) -> None:
    assert QUIRKS[name](ORDINARY) is ORDINARY


ODD: dict[str, Json] = {
    "nothing": {},
    "messages that are no list": {"messages": "hi", "tools": None},
    "messages that are no objects": {"messages": ["hi", None], "tools": [1]},
    "parts that are no objects": {"messages": [{"role": "user", "content": ["hi", 1]}]},
    "no parts": {"messages": [{"role": "user", "content": []}]},
    "a text that is none": {"messages": [{"content": [{"type": "text", "text": None}]}]},
    "a model that is no name": {"model": 1, "max_tokens": 1},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", QUIRKS)
def test_what_is_malformed_is_left_to_the_provider(name: str, body: Json) -> None:
    assert QUIRKS[name](body) is body


def test_what_did_not_change_is_not_copied() -> None:
    large = _says("user", "x" * 1000)
    body = {"messages": [large, _says("developer")]}

    edited = QUIRKS["developer_as_system"](body)

    assert edited["messages"][0] is large


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1", "o3like", "gpt-5-chat", "foo-o3", ""])
def test_other_models_keep_the_older_word(model: str) -> None:
    body = {"model": model, "max_tokens": 5}

    assert QUIRKS["max_completion_tokens_only"](body) is body


def test_a_picture_keeps_its_message_in_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]
    body = {"messages": [_says("user", parts)]}

    assert QUIRKS["content_as_text"](body) is body

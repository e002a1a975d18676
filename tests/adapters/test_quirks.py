"""Edits of outgoing bodies: what they change, and that they change nothing else."""

from copy import deepcopy

import pytest

from adapters.provider import Quirk
from adapters.quirks import MARKS, QUIRKS, in_words
from adapters.types import Json

MARK = {"type": "ephemeral"}
SIGNED = "call_1__thought__CiQBjz1rX"
LONG = "call_" + "x" * 50
GOOGLES = {"google": {"thought_signature": "CiQB"}}
OPENAIS = {"type": "thinking", "thinking": "Hm", "signature": "responses#gAAA"}


def _says(role: str, content: object = "hi", **rest: object) -> Json:
    return {"role": role, "content": content, **rest}


def _loop(id_: str, **call: object) -> list[Json]:
    """A call and its result."""
    return [
        _says("assistant", None, tool_calls=[{"id": id_, "type": "function", **call}]),
        _says("tool", tool_call_id=id_),
    ]


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
    "a signature in an id": (
        "plain_call_ids",
        {"messages": _loop(SIGNED)},
        {"messages": _loop("call_1")},
    ),
    "the same, with all that others cannot use": (
        "no_thinking_blocks",
        {
            "messages": _loop(
                SIGNED,
                function={"name": "f", "provider_specific_fields": {}},
                provider_specific_fields={},
                extra_content=GOOGLES,
            )
        },
        {"messages": _loop("call_1", function={"name": "f"})},
    ),
    "but what a Gemini behind it wants": (
        "no_thinking_blocks",
        {"model": "gemini-3", "messages": _loop(SIGNED, extra_content=GOOGLES)},
        {"model": "gemini-3", "messages": _loop("call_1", extra_content=GOOGLES)},
    ),
    "an id that is too long": (
        "call_ids_up_to_40",
        {"messages": _loop(LONG)},
        {"messages": _loop("call_xxxxxxxxxxxxxxxxxxxxxxxxxx_ad5af623")},
    ),
    "thinking goes back to Magistral": (
        "reasoning_content_as_thinking",
        {"model": "magistral-medium", "messages": [_says("assistant", reasoning_content="Hm")]},
        {
            "model": "magistral-medium",
            "messages": [
                _says(
                    "assistant",
                    [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                        {"type": "text", "text": "hi"},
                    ],
                )
            ],
        },
    ),
    "and to those that were asked to think": (
        "reasoning_content_as_thinking",
        {
            "reasoning_effort": "high",
            "messages": [_says("assistant", None, reasoning_content="Hm")],
        },
        {
            "reasoning_effort": "high",
            "messages": [
                _says(
                    "assistant",
                    [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}],
                )
            ],
        },
    ),
    "what OpenAI has signed is nothing for Claude": (
        "thinking_blocks_as_reasoning_details",
        {"messages": [_says("assistant", thinking_blocks=[OPENAIS])]},
        {"messages": [_says("assistant")]},
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
    "the seed as Mistral calls it": (
        "seed_as_random_seed",
        {"model": "mistral-small-latest", "seed": 7},
        {"model": "mistral-small-latest", "random_seed": 7},
    ),
    "who speaks, but not which tool": (
        "no_names",
        {
            "messages": [
                _says("system", name="setup"),
                _says("user", name="ann"),
                _says("assistant", name="bot"),
                _says("tool", "ok", name="f", tool_call_id="1"),
            ]
        },
        {
            "messages": [
                _says("system"),
                _says("user"),
                _says("assistant"),
                _says("tool", "ok", name="f", tool_call_id="1"),
            ]
        },
    ),
    "ids of tool calls, in calls and results alike": (
        "short_tool_ids",
        {
            "messages": [
                _says("assistant", None, tool_calls=[{"id": "call_49c8"}, {"id": "D681PevKs"}]),
                _says("tool", "ok", tool_call_id="call_49c8"),
                _says("tool", "ok", tool_call_id="D681PevKs"),
            ]
        },
        {
            "messages": [
                _says("assistant", None, tool_calls=[{"id": "a904a73e2"}, {"id": "D681PevKs"}]),
                _says("tool", "ok", tool_call_id="a904a73e2"),
                _says("tool", "ok", tool_call_id="D681PevKs"),
            ]
        },
    ),
    "an answer that has begun": (
        "begun_answer",
        {"messages": [_says("user"), _says("assistant", "It is")]},
        {"messages": [_says("user"), _says("assistant", "It is", prefix=True)]},
    ),
    "no thinking": (
        "no_effort_as_no_thinking",
        {"reasoning_effort": "none"},
        {"thinking": {"type": "disabled"}},
    ),
    "no effort beside a word of its own for thinking": (
        "no_effort_as_no_thinking",
        {"reasoning_effort": "none", "thinking": {"type": "enabled"}},
        {"thinking": {"type": "enabled"}},
    ),
    "no thinking at DashScope": (
        "effort_as_enable_thinking",
        {"reasoning_effort": "none"},
        {"enable_thinking": False},
    ),
    "thinking at DashScope": (
        "effort_as_enable_thinking",
        {"reasoning_effort": "high"},
        {"reasoning_effort": "high", "enable_thinking": True},
    ),
    "some tool is demanded": (
        "forced_tool_without_thinking",
        {"tool_choice": "required"},
        {"tool_choice": "required", "thinking": {"type": "disabled"}},
    ),
    "one tool is demanded": (
        "forced_tool_without_thinking",
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        {
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "thinking": {"type": "disabled"},
        },
    ),
    "a tool is demanded of a Kimi that thinks by itself": (
        "forced_tool_without_kimi_thinking",
        {"model": "kimi-k2.6", "tool_choice": "required"},
        {"model": "kimi-k2.6", "tool_choice": "required", "thinking": {"type": "disabled"}},
    ),
    "thinking that was lost from a tool loop": (
        "reasoning_in_tool_loops",
        {
            "messages": [
                _says("user"),
                _says("assistant", None, tool_calls=[{"id": "1"}]),
                _says("tool", "ok", tool_call_id="1"),
                _says("assistant", "so", reasoning_content=""),
                _says("assistant", "so", reasoning_content="hm"),
            ]
        },
        {
            "messages": [
                _says("user"),
                _says("assistant", None, tool_calls=[{"id": "1"}], reasoning_content=" "),
                _says("tool", "ok", tool_call_id="1"),
                _says("assistant", "so", reasoning_content=" "),
                _says("assistant", "so", reasoning_content="hm"),
            ]
        },
    ),
    "thinking by another name": (
        "reasoning_content_as_reasoning",
        {
            "model": "openai/gpt-oss-120b",
            "messages": [_says("assistant", reasoning_content="hm", annotations=[])],
        },
        {"model": "openai/gpt-oss-120b", "messages": [_says("assistant", reasoning="hm")]},
    ),
    "thinking that this model does not read": (
        "reasoning_content_as_reasoning",
        {
            "model": "llama-3.3-70b-versatile",
            "messages": [_says("assistant", reasoning_content="hm", annotations=[])],
        },
        {"model": "llama-3.3-70b-versatile", "messages": [_says("assistant")]},
    ),
    "Claude's thinking, signed": (
        "thinking_blocks_as_reasoning_details",
        {
            "messages": [
                _says(
                    "assistant",
                    thinking_blocks=[
                        {"type": "thinking", "thinking": "hm", "signature": "EqU"},
                        {"type": "redacted_thinking", "data": "x9"},
                        {"type": "thinking", "thinking": "ah"},
                    ],
                )
            ]
        },
        {
            "messages": [
                _says(
                    "assistant",
                    reasoning_details=[
                        {
                            "type": "reasoning.text",
                            "text": "hm",
                            "format": "anthropic-claude-v1",
                            "index": 0,
                            "signature": "EqU",
                        },
                        {
                            "type": "reasoning.encrypted",
                            "data": "x9",
                            "format": "anthropic-claude-v1",
                            "index": 1,
                        },
                        {
                            "type": "reasoning.text",
                            "text": "ah",
                            "format": "anthropic-claude-v1",
                            "index": 2,
                        },
                    ],
                )
            ]
        },
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
        _says("assistant", None, tool_calls=[{"id": "D681PevKs", "function": {"name": "f"}}]),
        _says("tool", "ok", tool_call_id="D681PevKs"),
    ],
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "thinking": {"type": "disabled"},
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


LEFT_ALONE: dict[str, tuple[str, Json]] = {
    "an answer begun and marked": (
        "begun_answer",
        {"messages": [_says("assistant", "It is", prefix=False)]},
    ),
    "a turn that calls tools": (
        "begun_answer",
        {"messages": [_says("assistant", None, tool_calls=[{"id": "1"}])]},
    ),
    "an effort that is one": ("no_effort_as_no_thinking", {"reasoning_effort": "low"}),
    "a switch that is set": (
        "effort_as_enable_thinking",
        {"reasoning_effort": "none", "enable_thinking": True},
    ),
    "a tool that may be called": ("forced_tool_without_thinking", {"tool_choice": "auto"}),
    "thinking that was asked for": (
        "forced_tool_without_thinking",
        {"tool_choice": "required", "thinking": {"type": "enabled"}},
    ),
    "effort that was asked for": (
        "forced_tool_without_thinking",
        {"tool_choice": "required", "reasoning_effort": "high"},
    ),
    "thinking for a model that does not": (
        "reasoning_content_as_thinking",
        {"model": "mistral-large", "messages": [_says("assistant", reasoning_content="Hm")]},
    ),
    "thinking that says nothing": (
        "reasoning_content_as_thinking",
        {"model": "magistral-medium", "messages": [_says("assistant", reasoning_content=" ")]},
    ),
    "an id of 40": ("call_ids_up_to_40", {"messages": _loop("x" * 40)}),
    "an id that is all mark": ("plain_call_ids", {"messages": _loop("__thought__CiQB")}),
    "a Kimi that always thinks": (
        "forced_tool_without_kimi_thinking",
        {"model": "kimi-k3.1-pro", "tool_choice": "required"},
    ),
    "a history without tool calls": (
        "reasoning_in_tool_loops",
        {"messages": [_says("user"), _says("assistant")]},
    ),
    "a tool loop without thinking": (
        "reasoning_in_tool_loops",
        {
            "thinking": {"type": "disabled"},
            "messages": [_says("assistant", None, tool_calls=[{"id": "1"}])],
        },
    ),
    "details that are there already": (
        "thinking_blocks_as_reasoning_details",
        {"messages": [_says("assistant", thinking_blocks=[{}], reasoning_details=[])]},
    ),
}


@pytest.mark.parametrize(("quirk", "body"), LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_a_quirk_does_not_mean_is_left_alone(quirk: str, body: Json) -> None:
    assert QUIRKS[quirk](body) is body


WORDS: list[Json] = [
    {"messages": []},
    {"messages": [_says("system", "Be brief."), _says("user", "cache_control, tool_calls")]},
    {"model": "gemini-magistral", "messages": [_says("user"), _says("assistant")], "max_tokens": 1},
]


@pytest.mark.parametrize("quirk", MARKS, ids=lambda quirk: quirk.__name__)
@pytest.mark.parametrize("body", WORDS)
def test_what_is_said_in_words_has_nothing_for_quirks_that_look_for_a_mark(
    quirk: Quirk, body: Json
) -> None:
    assert in_words(body)
    assert quirk(body) == body


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": "hi"},
        {"messages": ["hi"]},
        {"messages": [_says("user"), None]},
        {"messages": [_says("user")], "tools": []},
        {"messages": [_says("user"), _says("developer")]},
        {"messages": [_says("user"), _says(["user"])]},  # type: ignore[arg-type]  # clients may
        {"messages": [_says("user", [{"type": "text", "text": "hi"}])]},
        {"messages": [_says("assistant", None)]},
        {"messages": [_says("user", name="Ann")]},
        {"messages": [_says("user", cache_control=MARK)]},
        {"messages": [{"role": "user", "cache_control": MARK}]},
        {"messages": _loop(LONG)},
    ],
)
def test_whatever_else_is_there_is_more_than_words(body: Json) -> None:
    assert not in_words(body)

"""Details of speaking the Responses API for an OpenAI client that the golden files do not show."""

from typing import Any

import pytest

from adapters.dialects.responses import FROM_CHAT
from adapters.errors import BadRequest
from adapters.types import Json


def _chat(**fields: Any) -> Json:
    return {"model": "gpt-5.4", "messages": [{"role": "user", "content": "Hi"}], **fields}


def _said(**fields: Any) -> Json:
    return FROM_CHAT.request(_chat(**fields))


REFUSED: dict[str, Json] = {  # param: what is wrong
    "messages": {"messages": "Hi"},
    "messages[0]": {"messages": ["Hi"]},
    "messages[0].role": {"messages": [{"role": "oracle", "content": "Hi"}]},
    "messages[0].content": {"messages": [{"role": "user", "content": 7}]},
    "messages[0].content[0]": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]
    },
    "messages[0].content[0].file": {
        "messages": [{"role": "user", "content": [{"type": "file", "file": {"filename": "a"}}]}]
    },
    "messages[0].tool_calls": {"messages": [{"role": "assistant", "tool_calls": 7}]},
    "messages[0].tool_calls[0]": {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]},
    "tools": {"tools": 7},
    "tools[0]": {"tools": [{}]},
    "tools[0].function.name": {"tools": [{"type": "function", "function": {}}]},
    "functions[0].name": {"functions": [{}]},
    "reasoning": {"reasoning": "hard"},
    "reasoning_effort": {"reasoning_effort": 7},
    "response_format": {"response_format": "json"},
}


@pytest.mark.parametrize("param", REFUSED)
def test_what_cannot_be_said_is_refused_by_name(param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        _said(**REFUSED[param])

    assert caught.value.param == param


FIELDS: dict[str, tuple[Json, Json]] = {  # chat's fields -> those of the Responses API
    "a limit": ({"max_tokens": 50}, {"max_output_tokens": 50}),
    "a limit too small to be taken": ({"max_tokens": 1}, {"max_output_tokens": 16}),
    "the newer word wins": (
        {"max_tokens": 50, "max_completion_tokens": 60},
        {"max_output_tokens": 60},
    ),
    "effort alone asks for no summary": (
        {"reasoning_effort": "high"},
        {"reasoning": {"effort": "high"}},
    ),
    "effort as an object": (
        {"reasoning_effort": {"effort": "high", "summary": "auto"}},
        {"reasoning": {"effort": "high", "summary": "auto"}},
    ),
    "its own reasoning wins": (
        {"reasoning_effort": "high", "reasoning": {"effort": "low", "summary": "concise"}},
        {"reasoning": {"effort": "low", "summary": "concise"}},
    ),
    "a schema without a name": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        {"text": {"format": {"type": "json_schema", "name": "answer", "schema": {}}}},
    ),
    "a named function": (
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tool_choice": {"type": "function", "name": "f"}},
    ),
    "a custom tool": (
        {"tool_choice": {"type": "custom", "custom": {"name": "c"}}},
        {"tool_choice": {"type": "custom", "name": "c"}},
    ),
    "a choice of its own": (
        {"tool_choice": {"type": "web_search"}},
        {"tool_choice": {"type": "web_search"}},
    ),
    "a function in its own words is not made strict": (
        {"tools": [{"type": "function", "name": "f", "parameters": {}}]},
        {"tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}]},
    ),
    "usage is told anyway": ({"stream_options": {"include_usage": True}}, {}),
    "neutral values": (
        {"n": 1, "presence_penalty": 0, "logprobs": False, "modalities": ["text"], "stop": None},
        {},
    ),
    "what the model is told to do anyway": ({"frequency_penalty": 0.0, "logit_bias": {}}, {}),
    "what has no word": ({"n": 2, "stop": ["x"]}, {"n": 2, "stop": ["x"]}),
}
ALWAYS = {
    "model": "gpt-5.4",
    "input": [{"role": "user", "content": "Hi"}],
    "include": ["reasoning.encrypted_content"],
    "store": False,
}


@pytest.mark.parametrize(("fields", "said"), FIELDS.values(), ids=FIELDS)
def test_a_field_is_said_as(fields: Json, said: Json) -> None:
    assert _said(**fields) == {**ALWAYS, **said}


INCLUDED: dict[str, tuple[Json, list[str]]] = {
    "a model that reasons": ({"model": "gpt-5.4"}, ["reasoning.encrypted_content"]),
    "a model that does not would refuse": ({"model": "gpt-4o"}, []),
    "an unknown one only if it is told to reason": (
        {"model": "prod", "reasoning_effort": "low"},
        ["reasoning.encrypted_content"],
    ),
    "what is stored need not travel": ({"store": True}, []),
    "log probabilities": (
        {"model": "gpt-4o", "logprobs": True},
        ["message.output_text.logprobs"],
    ),
    "asked for already": (
        {"include": ["reasoning.encrypted_content"]},
        ["reasoning.encrypted_content"],
    ),
}


@pytest.mark.parametrize(("fields", "included"), INCLUDED.values(), ids=INCLUDED)
def test_the_answer_is_to_hold(fields: Json, included: list[str]) -> None:
    assert _said(**fields).get("include", []) == included


def test_nothing_is_stored_unless_it_is_asked_for() -> None:
    assert _said()["store"] is False
    assert _said(store=True)["store"] is True


def test_what_it_has_no_word_for_may_be_dropped() -> None:
    assert {"n", "stop", "seed", "logit_bias", "audio"} <= FROM_CHAT.droppable(_chat())
    assert "temperature" not in FROM_CHAT.droppable(_chat())
    assert "temperature" in FROM_CHAT.droppable(_chat(model="o3-pro"))


OUTPUT: list[Json] = [
    {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "secret-1"},
    {"id": "ws_1", "type": "web_search_call", "status": "completed"},
    {
        "id": "rs_2",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "So."}],
        "encrypted_content": "secret-2",
    },
    {
        "id": "m_1",
        "type": "message",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
    },
]


def _again(message: Json) -> list[Json]:
    said: list[Json] = _said(messages=[{"role": "user", "content": "Hi"}, message])["input"][1:]
    return said


def test_what_was_thought_goes_round() -> None:
    reply = FROM_CHAT.reply({"status": "completed", "output": OUTPUT}, _chat(), 0)

    assert _again(reply["choices"][0]["message"]) == [
        *OUTPUT[:2],
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "So."}],
            "encrypted_content": "secret-2",
        },
        {"role": "assistant", "content": "Hello", "phase": "final_answer"},
    ]


def test_thinking_alone_goes_round_too() -> None:
    """All that a client of Anthropic's dialect sends back."""
    reply = FROM_CHAT.reply({"status": "completed", "output": OUTPUT}, _chat(), 0)
    message = reply["choices"][0]["message"]
    del message["provider_specific_fields"]

    said = _again(message)

    assert [item.get("encrypted_content") for item in said] == ["secret-1", "secret-2", None]
    assert not any("id" in item for item in said)


def test_thinking_of_others_is_left_out() -> None:
    block = {"type": "thinking", "thinking": "Hm.", "signature": "EqQBCkYIBxgC"}

    assert _again({"role": "assistant", "content": "Hi", "thinking_blocks": [block]}) == [
        {"role": "assistant", "content": "Hi"}
    ]


FINISHES: dict[str, tuple[Json, str]] = {
    "an end": ({"status": "completed"}, "stop"),
    "too long": (
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        "length",
    ),
    "filtered": (
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        "content_filter",
    ),
    "a call": ({"status": "completed", "output": [{"type": "function_call"}]}, "tool_calls"),
    "a server that says no status": ({}, "stop"),
}


@pytest.mark.parametrize(("document", "finish"), FINISHES.values(), ids=FINISHES)
def test_it_finished_for(document: Json, finish: str) -> None:
    said = FROM_CHAT.reply({"output": [], **document}, _chat(), 0)

    assert said["choices"][0]["finish_reason"] == finish


def test_a_server_that_answers_in_chat_is_believed() -> None:
    document = {"object": "chat.completion", "choices": [], "usage": {}}

    assert FROM_CHAT.reply(document, _chat(), 0) == document


def test_a_status_that_chat_does_not_know_is_kept_aside() -> None:
    said = FROM_CHAT.reply({"status": "queued", "output": []}, _chat(), 7)

    assert said["choices"][0]["message"]["provider_specific_fields"] == {"status": "queued"}
    assert said["created"] == 7

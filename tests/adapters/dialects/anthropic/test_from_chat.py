"""Details of speaking Anthropic for an OpenAI client that the golden files do not show."""

from typing import Any

import orjson
import pytest

from adapters.dialects.anthropic import FROM_CHAT
from adapters.dialects.anthropic.models import claude
from adapters.errors import BadRequest, Failure, Kind
from adapters.sse import Event
from adapters.types import Json


def _chat(**fields: Any) -> Json:
    messages = [{"role": "user", "content": "Hi"}]
    return {"model": "claude-sonnet-4-5", "messages": messages, **fields}


def _said(*messages: Json) -> Json:
    return FROM_CHAT.request(_chat(messages=list(messages)))


REFUSED: dict[str, Json] = {  # param: what is wrong
    "messages[0].content[0]": {"role": "user", "content": [{"type": "input_audio"}]},
    "messages[0].content[0].image_url.url": {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "cat.png"}}],
    },
    "messages[0].content[0].file": {
        "role": "user",
        "content": [{"type": "file", "file": {"filename": "a.pdf"}}],
    },
    "messages[0].content": {"role": "user", "content": 7},
    "messages[0].role": {"role": "oracle", "content": "Hi"},
    "messages[0].tool_calls[1].function.arguments": {
        "role": "assistant",
        "tool_calls": [
            {"id": "1", "function": {"name": "f", "arguments": "{}"}},
            {"id": "2", "function": {"name": "f", "arguments": "{oops"}},
        ],
    },
}


@pytest.mark.parametrize("param", REFUSED)
def test_what_cannot_be_said_is_refused_by_name(param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        _said(REFUSED[param])

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"tools": 7}, "tools"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        (
            {"tools": [{"function": {"name": "f"}}], "tool_choice": {"type": "custom"}},
            "tool_choice",
        ),
        ({"reasoning_effort": "heroic"}, "reasoning_effort"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        FROM_CHAT.request(_chat(**fields))

    assert caught.value.param == param


@pytest.mark.parametrize("arguments", ["", "  ", "null", "{}", None, {}])
def test_no_arguments_are_an_empty_object(arguments: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    said = _said({"role": "assistant", "content": None, "tool_calls": [call]})

    assert said["messages"][0]["content"] == [
        {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    ]


def test_messages_with_nothing_in_them_are_left_out() -> None:
    said = _said(
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": "Two"}]},
    )

    assert said["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": t} for t in ("One", "Two")]}
    ]


def test_thinking_that_nobody_signed_is_not_sent() -> None:
    inner = [{"type": "text", "text": "Hm."}]
    said = _said(
        {
            "role": "assistant",
            "reasoning_content": "Hm.",
            "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": ""}],
            "content": [{"type": "thinking", "thinking": inner}, {"type": "text", "text": "Yes."}],
        },
    )

    assert said["messages"][0]["content"] == [{"type": "text", "text": "Yes."}]


def test_results_of_tools_come_before_what_the_user_adds() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said = _said(
        {"role": "assistant", "tool_calls": [call, {**call, "id": "d"}]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
        {"role": "user", "content": "Wait"},
        {"role": "tool", "tool_call_id": "d", "content": "2"},
    )

    assert said["messages"][1]["content"] == [
        {"type": "tool_result", "tool_use_id": "c"},
        {"type": "tool_result", "tool_use_id": "d", "content": "2"},
        {"type": "text", "text": "Wait"},
    ]


def test_what_server_tools_said_goes_back_to_where_it_came_from() -> None:
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    kept = {"blocks": [{"index": 0, **block}]}
    said = _said({"role": "assistant", "content": "Found.", "provider_specific_fields": kept})

    assert said["messages"][0]["content"] == [block, {"type": "text", "text": "Found."}]


THINKING: dict[str, tuple[Json, Any, Any, Any]] = {  # fields: thinking, output_config, max_tokens
    "a budget": (
        {"reasoning_effort": "high"},
        {"type": "enabled", "budget_tokens": 4096},
        None,
        32000,
    ),
    "a budget on top of a small limit": (
        {"reasoning_effort": "low", "max_tokens": 500},
        {"type": "enabled", "budget_tokens": 1024},
        None,
        1524,
    ),
    "an effort": (
        {"model": "claude-sonnet-4-6", "reasoning_effort": "minimal"},
        {"type": "adaptive"},
        {"effort": "low"},
        32000,
    ),
    "an effort the model does not know": (
        {"model": "anthropic.claude-opus-4-6-v1:0", "reasoning_effort": "xhigh"},
        {"type": "adaptive"},
        {"effort": "high"},
        32000,
    ),
    "an effort of a model that hides its thinking": (
        {"model": "claude-opus-5-5", "reasoning_effort": "max"},
        {"type": "adaptive", "display": "summarized"},
        {"effort": "max"},
        32000,
    ),
    "none": ({"reasoning_effort": "none"}, None, None, 32000),
    "none where it is the habit": (
        {"model": "claude-opus-5", "reasoning_effort": "none"},
        {"type": "disabled"},
        None,
        32000,
    ),
    "none where it is only less": (
        {"model": "claude-sonnet-5-5", "reasoning_effort": "disable"},
        {"type": "between_tools"},
        None,
        32000,
    ),
    "none where there is no such thing": (
        {"model": "claude-fable-5-1", "reasoning_effort": "none"},
        None,
        {"effort": "low"},
        32000,
    ),
    "Anthropic's own words": (
        {"thinking": {"type": "enabled", "budget_tokens": 9000}, "reasoning_effort": "low"},
        {"type": "enabled", "budget_tokens": 9000},
        None,
        32000,
    ),
    "a forced tool forbids it": (
        {
            "reasoning_effort": "low",
            "tools": [{"function": {"name": "f"}}],
            "tool_choice": "required",
        },
        None,
        None,
        32000,
    ),
    "nothing asked": ({"model": "claude-3-haiku-20240307"}, None, None, 4096),
}


@pytest.mark.parametrize("case", THINKING)
def test_effort_is_said_as_the_model_understands_it(case: str) -> None:
    fields, thinking, output_config, max_tokens = THINKING[case]
    said = FROM_CHAT.request(_chat(**fields))

    assert said.get("thinking") == thinking
    assert said.get("output_config") == output_config
    assert said["max_tokens"] == max_tokens
    assert "reasoning_effort" not in said


def test_a_model_with_a_budget_does_not_think_on_without_its_first_thoughts() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turn = {"role": "assistant", "tool_calls": [call]}
    signed = {**turn, "thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}
    result = {"role": "tool", "tool_call_id": "c", "content": "1"}

    without = FROM_CHAT.request(_chat(messages=[turn, result], reasoning_effort="low"))
    with_them = FROM_CHAT.request(_chat(messages=[signed, result], reasoning_effort="low"))
    adaptive = FROM_CHAT.request(
        _chat(model="claude-opus-4-6", messages=[turn, result], reasoning_effort="low")
    )

    assert "thinking" not in without
    assert with_them["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert adaptive["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize("user", ["ann@example.com", "+49 170 1234567", "", None])
def test_a_personal_user_is_not_told(user: Any) -> None:
    assert "metadata" not in FROM_CHAT.request(_chat(user=user))


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
TOOLS = [{"type": "function", "function": {"name": "f"}}]


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, {"type": "tool", "name": "json_tool_call"}),
        ({"tools": TOOLS}, {"type": "any"}),
        ({"tools": TOOLS, "tool_choice": "none"}, {"type": "tool", "name": "json_tool_call"}),
        (
            {"tools": TOOLS, "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"type": "auto"}),
    ],
)
def test_an_old_model_answers_by_a_tool(fields: Json, choice: Json) -> None:
    said = FROM_CHAT.request(_chat(model="claude-3-7-sonnet", response_format=FORMAT, **fields))

    assert said["tools"][-1]["name"] == "json_tool_call"
    assert said["tool_choice"] == choice
    assert "response_format" not in said


def test_more_strict_tools_than_anthropic_takes_are_not_strict() -> None:
    tools = [
        {"type": "function", "function": {"name": f"f{i}", "strict": True, "parameters": SCHEMA}}
        for i in range(21)
    ]

    few = FROM_CHAT.request(_chat(tools=tools[:20]))["tools"]
    many = FROM_CHAT.request(_chat(tools=tools))["tools"]

    assert all(tool["strict"] for tool in few)
    assert not any("strict" in tool for tool in many)


@pytest.mark.parametrize(
    ("model", "family", "version"),
    [
        ("claude-opus-4-20250514", "opus", (4, 0)),
        ("claude-3-5-haiku-latest", "haiku", (3, 5)),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "sonnet", (4, 5)),
        ("claude-opus-4-1@20250805", "opus", (4, 1)),
        ("anthropic/claude-opus-4.6", "opus", (4, 6)),
        ("claude-mythos-preview", "mythos", (99, 0)),
        ("MiniMax-M2", "", (0, 0)),
    ],
)
def test_a_model_is_known_by_its_name(model: str, family: str, version: tuple[int, int]) -> None:
    found = claude(model)

    assert (found.family, found.version) == (family, version)


STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
    "pause_turn": "stop",
    "tool_use": "stop",  # without a call there is none to wait for
    "something_new": "stop",
}


@pytest.mark.parametrize("reason", STOPS)
def test_the_reason_to_stop_has_a_word(reason: str) -> None:
    document = {"content": [{"type": "text", "text": "Hi"}], "stop_reason": reason}
    said = FROM_CHAT.reply(document, _chat())

    assert said["choices"][0]["finish_reason"] == STOPS[reason]


ERRORS = {
    "overloaded_error": Kind.TRANSIENT,
    "api_error": Kind.TRANSIENT,
    "rate_limit_error": Kind.RATE_LIMIT,
    "invalid_request_error": Kind.CALLER,
    "authentication_error": Kind.CREDENTIAL,
    "timeout_error": Kind.TIMEOUT,
    "something_new": Kind.TRANSIENT,
}


@pytest.mark.parametrize("word", ERRORS)
def test_an_error_in_the_stream_is_a_failure_of_its_kind(word: str) -> None:
    error = {"type": "error", "error": {"type": word, "message": "Sorry"}}

    with pytest.raises(Failure) as caught:
        FROM_CHAT.stream(_chat()).feed(Event(orjson.dumps(error), "error"))

    assert caught.value.kind is ERRORS[word]
    assert caught.value.message == "Sorry"


def test_an_event_that_is_no_json_is_broken() -> None:
    with pytest.raises(Failure) as caught:
        FROM_CHAT.stream(_chat()).feed(Event(b'{"type":'))

    assert caught.value.kind is Kind.BROKEN


def test_usage_is_told_only_to_those_who_asked() -> None:
    start = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 3}}}
    end = {"type": "message_stop"}

    def last(asked: Json) -> list[bytes]:
        machine = FROM_CHAT.stream(asked)
        machine.feed(Event(orjson.dumps(start)))
        return [event.data for event in machine.feed(Event(orjson.dumps(end)))]

    silent = last(_chat(stream=True))
    told = last(_chat(stream=True, stream_options={"include_usage": True}))

    assert silent == [b"[DONE]"]
    assert orjson.loads(told[0])["choices"] == []
    assert orjson.loads(told[0])["usage"]["prompt_tokens"] == 3
    assert told[1:] == [b"[DONE]"]


SAMPLING = {  # model -> (fields of the request, those that may be dropped)
    "claude-3-7-sonnet-20250219": ({"temperature": 0.2, "top_p": 0.9}, set()),
    "claude-sonnet-4-5": ({"temperature": 0.2, "top_p": 0.9}, {"top_p"}),
    "claude-haiku-4-5": ({"top_p": 0.9}, set()),
    "claude-opus-4-7": ({"temperature": 0, "top_p": 0.9}, {"temperature", "top_p"}),
    "some-other-model": ({"temperature": 0.2, "top_p": 0.9}, set()),
}


@pytest.mark.parametrize("model", SAMPLING)
def test_sampling_that_a_model_refuses_may_be_dropped(model: str) -> None:
    fields, dropped = SAMPLING[model]
    asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}

    assert FROM_CHAT.droppable(asked) & fields.keys() == dropped
    assert fields.items() <= FROM_CHAT.request(asked).items()  # unless config says so, it is sent


def test_sampling_as_the_model_does_it_anyway_is_left_out() -> None:
    messages = [{"role": "user", "content": "Hi"}]

    sent = FROM_CHAT.request(
        {"model": "claude-opus-4-8", "messages": messages, "temperature": 1, "top_p": 1.0}
    )

    assert not sent.keys() & {"temperature", "top_p"}

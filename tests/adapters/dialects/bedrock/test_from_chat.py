"""Details of speaking Converse for an OpenAI client that the golden files do not show."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dialects.bedrock import FROM_CHAT
from adapters.dialects.bedrock.wire import WIRE
from adapters.errors import BadRequest, Failure, Kind
from adapters.sse import Event
from adapters.types import Json, Usage
from tests.adapters.dialects.bedrock.converse import objections
from tests.adapters.dialects.golden import REQUESTS, Case

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
PERSON: Json = {"type": "object", "properties": {"name": {"type": "string"}}}
SCHEMA: Json = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def _chat(**fields: Any) -> Json:
    return {"model": SONNET, "messages": [{"role": "user", "content": "Hi"}], **fields}


def _request(**fields: Any) -> Json:
    return FROM_CHAT.request(_chat(**fields))


def _own(**fields: Any) -> Json:
    """The model's own fields."""
    found: Json = _request(**fields).get("additionalModelRequestFields", {})
    return found


def _turns(*messages: Json, **fields: Any) -> list[Json]:
    turns: list[Json] = _request(messages=list(messages), **fields)["messages"]
    return turns


def _user(content: Any, **fields: Any) -> Json:
    return {"role": "user", "content": content, **fields}


def _call(id_: str, name: str = "f", arguments: Any = "{}") -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


# What AWS itself says of our bodies


@pytest.mark.parametrize(
    "case", [case for case in REQUESTS if "bedrock" in case.path.parts], ids=str
)
def test_awss_own_description_finds_no_fault_with_a_golden_request(case: Case) -> None:
    assert objections(FROM_CHAT.request(case.asked)) == []


def test_awss_own_description_can_find_a_fault() -> None:
    body = _request()
    body["messages"][0]["content"][0]["image"] = {"format": "bmp", "source": {"bytes": "eA=="}}

    assert len(objections(body)) == 2  # two in a union, and no such format


names = st.text(min_size=1, max_size=90)


@settings(deadline=None)
@given(tools=st.lists(names, min_size=1, max_size=6, unique=True), id_=st.text(max_size=90))
def test_any_name_and_any_id_fits_and_comes_back(tools: list[str], id_: str) -> None:
    given_tools = [{"type": "function", "function": {"name": name}} for name in tools]
    calls = [{"role": "assistant", "tool_calls": [_call(id_, name) for name in tools]}]
    asked = _chat(tools=given_tools, messages=[_user("Hi"), *calls])
    body = FROM_CHAT.request(asked)
    sent = [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]]
    uses = [{"toolUse": {"toolUseId": "t", "name": name, "input": {}}} for name in sent]
    document = {"output": {"message": {"content": uses}}, "stopReason": "tool_use"}

    message = FROM_CHAT.reply(document, asked, 0)["choices"][0]["message"]

    assert objections(body) == []
    assert len(set(sent)) == len(tools)
    assert [call["function"]["name"] for call in message["tool_calls"]] == tools


scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(fields=st.dictionaries(st.text(min_size=1).map(lambda n: f"x_{n}"), values, min_size=1))
def test_unknown_fields_reach_the_model_itself(fields: Json) -> None:
    assert _own(**fields) == fields


# Conversations


def test_calls_that_are_answered_one_by_one_are_answered_in_one_turn() -> None:
    turns = _turns(
        _user("Go"),
        {"role": "assistant", "content": None, "tool_calls": [_call("a"), _call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        _user("And?"),
        tools=[TOOL],
    )

    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [next(iter(block)) for block in turns[2]["content"]] == ["toolResult"] * 2 + ["text"]


def test_a_cache_point_stays_behind_the_result_it_marks() -> None:
    turns = _turns(
        _user("Go"),
        {"role": "assistant", "tool_calls": [_call("a")]},
        _user("Wait"),
        {"role": "tool", "tool_call_id": "a", "content": "1", "cache_control": {"type": "x"}},
        tools=[TOOL],
    )

    assert [next(iter(block)) for block in turns[2]["content"]] == [
        *("toolResult", "cachePoint", "text")
    ]


def test_models_that_cache_nothing_are_sent_no_cache_points() -> None:
    marked = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    tool = {**TOOL, "cache_control": {"type": "ephemeral"}}

    assert b"cache" in orjson.dumps(_request(messages=[_user([marked])], tools=[tool]))
    assert b"cache" not in orjson.dumps(
        _request(model=LLAMA, messages=[_user([marked])], tools=[tool])
    )


def test_an_arn_that_tells_nothing_may_cache() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mi1dadi0g15f"
    asked = [_user("Hi", cache_control={"type": "ephemeral"})]

    assert b"cachePoint" in orjson.dumps(_request(model=arn, messages=asked))


def test_older_function_calls_are_tool_calls() -> None:
    turns = _turns(
        _user("Go"),
        {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
        {"role": "function", "name": "f", "content": "1"},
        functions=[{"name": "f"}],
    )

    assert turns[1]["content"] == [{"toolUse": {"toolUseId": "call_1", "name": "f", "input": {}}}]
    assert turns[2]["content"][0]["toolResult"]["toolUseId"] == "call_1"


def test_where_all_is_system_the_last_of_it_is_the_users() -> None:
    body = _request(messages=[{"role": "system", "content": t} for t in ("One", "Two")])

    assert body["system"] == [{"text": "One"}]
    assert body["messages"] == [_user([{"text": "Two"}])]


def test_messages_that_say_nothing_are_left_out() -> None:
    assert _turns(_user("Hi"), {"role": "assistant", "content": ""}, _user(" ")) == [
        _user([{"text": "Hi"}])
    ]


REFUSED: dict[str, Json] = {  # param: what is wrong
    "messages[0].content[0]": _user([{"type": "input_audio"}]),
    "messages[0].content[0].image_url.url": _user(
        [{"type": "image_url", "image_url": {"url": "cat.png"}}]
    ),
    "messages[0].content[0].file.file_id": _user([{"type": "file", "file": {"file_id": "f-1"}}]),
    "messages[0].content[0].file": _user([{"type": "file", "file": {"filename": "a.pdf"}}]),
    "messages[0].content": _user(7),
    "messages[0].role": {"role": "oracle", "content": "Hi"},
    "messages[0].tool_calls[0].function.arguments": {
        "role": "assistant",
        "tool_calls": [_call("1", arguments="{oops")],
    },
}


@pytest.mark.parametrize("param", REFUSED)
def test_what_cannot_be_said_is_refused_by_name(param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        _request(messages=[REFUSED[param]])

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"tools": 7}, "tools"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [TOOL], "tool_choice": {"type": "custom"}}, "tool_choice"),
        ({"reasoning_effort": "heroic"}, "reasoning_effort"),
        ({"reasoning_effort": 3}, "reasoning_effort"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        _request(**fields)

    assert caught.value.param == param


# Tools


CALLED: list[Json] = [
    _user("Go"),
    {"role": "assistant", "tool_calls": [_call("a")]},
    {"role": "tool", "tool_call_id": "a", "content": "1"},
]
CHOICES: dict[str, tuple[Any, Any]] = {  # OpenAI's choice, Converse's
    "nothing": (None, None),
    "auto": ("auto", None),
    "required": ("required", {"any": {}}),
    "one": ({"type": "function", "function": {"name": "f"}}, {"tool": {"name": "f"}}),
    "converse's own": ({"any": {}}, {"any": {}}),
}


@pytest.mark.parametrize("case", CHOICES)
def test_choices_are_said_in_converses_words(case: str) -> None:
    choice, expected = CHOICES[case]

    assert _request(tools=[TOOL], tool_choice=choice)["toolConfig"].get("toolChoice") == expected


def test_calling_none_is_having_none_until_one_has_been_called() -> None:
    assert "toolConfig" not in _request(tools=[TOOL], tool_choice="none")

    kept = _request(tools=[TOOL], tool_choice="none", messages=CALLED)["toolConfig"]

    assert kept.keys() == {"tools"}


def test_only_allowed_tools_are_sent() -> None:
    other = {"type": "function", "function": {"name": "g"}}
    only = {"tools": [{"type": "function", "name": "g"}], "mode": "required"}
    choice = {"type": "allowed_tools", "allowed_tools": only}

    config = _request(tools=[TOOL, other], tool_choice=choice)["toolConfig"]

    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == ["g"]
    assert config["toolChoice"] == {"any": {}}


# The answer's form


@pytest.mark.parametrize(
    ("model", "native"),
    [
        (SONNET, True),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", False),
        ("us.anthropic.claude-opus-4-6-v1", True),
        ("us.anthropic.claude-sonnet-4-6", False),
        ("us.anthropic.claude-sonnet-5", True),
        ("google.gemma-3-27b-it", True),
        ("openai.gpt-oss-120b-1:0", True),
        (NOVA_2, False),
        (LLAMA, False),
    ],
)
def test_a_schema_is_a_format_or_a_tool(model: str, native: bool) -> None:
    body = _request(model=model, response_format=SCHEMA)

    assert ("outputConfig" in body, "toolConfig" in body) == (native, not native)
    assert objections(body) == []


def test_the_tool_for_the_answer_is_forced_where_it_can_be() -> None:
    def choice(**fields: Any) -> Any:
        return _request(response_format=SCHEMA, **fields)["toolConfig"].get("toolChoice")

    assert choice(model=NOVA_2) == {"tool": {"name": "json_tool_call"}}
    assert choice(model=NOVA_2, tools=[TOOL]) == {"any": {}}
    assert choice(model=LLAMA) is None
    thinking = {"type": "enabled", "budget_tokens": 1024}
    assert choice(model="anthropic.claude-3-7-sonnet-20250219-v1:0", thinking=thinking) is None


def test_json_object_forces_nothing() -> None:
    body = _request(response_format={"type": "json_object"})

    assert body.keys() == {"messages"}


# Thinking


EFFORTS: dict[str, tuple[Json, Json]] = {  # the request's fields -> the model's own
    "a budget": (
        {"reasoning_effort": "low"},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    ),
    "none, of a model that does not think unasked": ({"reasoning_effort": "none"}, {}),
    "adaptive": (
        {"reasoning_effort": "medium", "model": "us.anthropic.claude-sonnet-4-6"},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}},
    ),
    "shown": (
        {"reasoning_effort": {"effort": "xhigh"}, "model": "global.anthropic.claude-opus-4-8"},
        {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "xhigh"},
        },
    ),
    "Anthropic's own word wins": (
        {"reasoning_effort": "low", "thinking": {"type": "disabled"}},
        {"thinking": {"type": "disabled"}},
    ),
    "a forced tool comes first": (
        {"reasoning_effort": "low", "tools": [TOOL], "tool_choice": "required"},
        {},
    ),
    "thinking that was lost": (
        {"reasoning_effort": "low", "tools": [TOOL], "messages": CALLED},
        {},
    ),
    "Nova": (
        {"reasoning_effort": "high", "model": NOVA_2},
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
    ),
    "Nova with limits": (
        {"reasoning_effort": "xhigh", "model": NOVA_2, "max_tokens": 99},
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
    ),
    "Nova, not": (
        {"reasoning_effort": "none", "model": NOVA_2},
        {"reasoningConfig": {"type": "disabled"}},
    ),
    "gpt-oss": (
        {"reasoning_effort": "minimal", "model": "openai.gpt-oss-20b-1:0"},
        {"reasoning_effort": "low"},
    ),
    "whoever has no word for it": (
        {"reasoning_effort": "low", "model": LLAMA},
        {"reasoning_effort": "low"},
    ),
}


@pytest.mark.parametrize("case", EFFORTS)
def test_effort_is_said_as_the_family_says_it(case: str) -> None:
    fields, expected = EFFORTS[case]

    assert _own(**fields) == expected


def test_a_budget_is_put_on_top_of_a_limit_it_leaves_no_room_for() -> None:
    assert _request(reasoning_effort="low", max_tokens=100)["inferenceConfig"] == {
        "maxTokens": 1124
    }


# Fields


def test_neutral_values_are_left_out() -> None:
    neutral = {"n": 1, "logprobs": False, "presence_penalty": 0, "seed": None, "store": False}

    assert _request(**neutral, user="u", stream=True, parallel_tool_calls=True).keys() == {
        "messages"
    }


def test_newer_claudes_are_not_told_to_sample_as_they_do_anyway() -> None:
    opus = "us.anthropic.claude-opus-4-7"

    assert "inferenceConfig" not in _request(model=opus, temperature=1, top_p=1.0)
    assert _request(model=opus, temperature=0)["inferenceConfig"] == {"temperature": 0}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (SONNET, {"top_k": 5}),
        (NOVA_2, {"inferenceConfig": {"topK": 5}}),
        ("cohere.command-r-v1:0", {"k": 5}),
    ],
)
def test_top_k_is_spelt_as_the_family_spells_it(model: str, expected: Json) -> None:
    assert _own(model=model, top_k=5) == expected


def test_what_may_be_dropped_depends_on_the_model() -> None:
    assert "reasoning_effort" in FROM_CHAT.droppable({"model": LLAMA})
    assert not {"reasoning_effort", "temperature"} & FROM_CHAT.droppable({"model": SONNET})
    assert "temperature" in FROM_CHAT.droppable({"model": "us.anthropic.claude-opus-4-7"})
    assert "top_p" in FROM_CHAT.droppable({"model": SONNET, "temperature": 0})
    assert "web_search_options" not in FROM_CHAT.droppable({"model": NOVA_2})


# Answers


def _reply(reason: str = "end_turn", *content: Json, **asked: Any) -> Json:
    document = {"output": {"message": {"content": list(content)}}, "stopReason": reason}
    return FROM_CHAT.reply(document, _chat(**asked), 7)


FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "stop",
    "something_new": "stop",
}


@pytest.mark.parametrize("reason", FINISH)
def test_why_it_stopped_is_told_in_openais_words(reason: str) -> None:
    assert _reply(reason, {"text": "x"})["choices"][0]["finish_reason"] == FINISH[reason]


def test_a_call_is_a_call_even_at_the_end_of_a_turn() -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}

    assert _reply("end_turn", use)["choices"][0]["finish_reason"] == "tool_calls"


def test_the_same_question_at_the_same_time_has_the_same_id() -> None:
    one, again, other = _reply(), _reply(), _reply(messages=[_user("Ho")])

    assert one["id"] == again["id"] != other["id"]
    assert one["created"] == 7


def test_thinking_comes_back_as_it_went() -> None:
    content: list[Json] = [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
        {"text": "So."},
    ]
    message = _reply("end_turn", *content)["choices"][0]["message"]

    assert _turns(_user("Why?"), message, _user("And?"))[1]["content"] == content


def test_a_router_tells_which_model_it_has_chosen() -> None:
    document = {
        "output": {"message": {"content": []}},
        "trace": {"promptRouter": {"invokedModelId": "arn:aws:bedrock:chosen"}},
    }

    assert FROM_CHAT.reply(document, _chat(), 0)["model"] == "arn:aws:bedrock:chosen"


# Streams


def _feed(*documents: Json, **asked: Any) -> list[Json]:
    machine = FROM_CHAT.stream(_chat(**asked), 0)
    said = [out for d in documents for out in machine.feed(Event(orjson.dumps(d)))]
    return [*map(_read, said), *map(_read, machine.close())]


def _read(event: Event) -> Json:
    if event.data == b"[DONE]":
        return {"done": True}
    chunk: Json = orjson.loads(event.data)
    return chunk


STOP: Json = {"stopReason": "end_turn"}
METADATA: Json = {"usage": {"inputTokens": 3, "outputTokens": 4}, "metrics": {"latencyMs": 1}}


@pytest.mark.parametrize("order", [(STOP, METADATA), (METADATA, STOP)])
def test_the_end_is_told_once_whatever_comes_first(order: tuple[Json, Json]) -> None:
    said = _feed({"role": "assistant"}, *order, stream_options={"include_usage": True})

    assert [chunk["choices"][0]["finish_reason"] for chunk in said[:2]] == [None, "stop"]
    assert said[2]["usage"]["total_tokens"] == 7
    assert said[3] == {"done": True}


def test_a_stream_without_metadata_ends_all_the_same() -> None:
    said = _feed(STOP)

    assert said[0]["choices"][0]["finish_reason"] == "stop"
    assert said[1] == {"done": True}


def test_a_stream_that_was_cut_has_no_end() -> None:
    assert _feed({"role": "assistant"})[-1]["choices"][0]["finish_reason"] is None


def test_nothing_counts_after_the_end() -> None:
    assert _feed(STOP, METADATA, {"delta": {"text": "x"}, "contentBlockIndex": 0}) == _feed(
        STOP, METADATA
    )


def test_an_exception_in_the_stream_is_a_failure() -> None:
    machine = FROM_CHAT.stream(_chat(), 0)
    error = {"error": {"type": "modelStreamErrorException", "message": "Oops"}}

    with pytest.raises(Failure) as caught:
        machine.feed(Event(orjson.dumps(error), "error"))

    assert "Oops" in caught.value.message


def test_what_is_no_json_is_broken() -> None:
    with pytest.raises(Failure) as caught:
        FROM_CHAT.stream(_chat(), 0).feed(Event(b"{"))

    assert caught.value.kind is Kind.BROKEN


# The wire


def test_usage_counts_cached_tokens_as_input() -> None:
    told = {"inputTokens": 6, "outputTokens": 3, "cacheReadInputTokens": 90}

    assert WIRE.usage({"usage": told}) == Usage(input=96, output=3, cache_read=90)
    assert WIRE.usage({"usage": {**told, "cacheWriteInputTokens": 5}}) == Usage(101, 3, 90, 5)
    assert WIRE.usage({"metrics": {}}) is None


def test_preamble_is_no_content() -> None:
    assert not WIRE.content({"role": "assistant", "p": "abc"})
    assert not WIRE.content({"contentBlockIndex": 0})
    assert WIRE.content({"contentBlockIndex": 0, "delta": {"text": "x"}})
    assert WIRE.content({"contentBlockIndex": 0, "start": {"toolUse": {}}})
    assert WIRE.content({"stopReason": "end_turn"})


def test_an_operation_that_does_not_exist_is_an_error_though_the_status_is_200() -> None:
    told = {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}}

    error = WIRE.error(told)

    assert error is not None
    assert error["type"] == "UnknownOperationException"
    assert WIRE.error({"output": {}, "stopReason": "end_turn"}) is None

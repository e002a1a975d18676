"""Details of speaking OpenAI chat for an Anthropic client that the golden files do not show."""

from typing import Any

import orjson
import pytest

from adapters.dialects.anthropic import TO_CHAT
from adapters.errors import BadRequest, Failure, Kind
from adapters.sse import Event
from adapters.types import Json


def _asked(**fields: Any) -> Json:
    messages = [{"role": "user", "content": "Hi"}]
    return {"model": "gpt-5.2", "max_tokens": 10, "messages": messages, **fields}


def _chunk(delta: Json, finish: str | None = None, **fields: Any) -> Event:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return Event(orjson.dumps({"id": "c1", "model": "m", "choices": choices, **fields}))


def _stream(*events: Event) -> list[Json]:
    machine = TO_CHAT.stream(_asked())
    said = [out for event in events for out in machine.feed(event)]
    return [orjson.loads(event.data) for event in [*said, *machine.close()]]


DONE = Event(b"[DONE]")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "computer_20250124", "name": "computer"}]}, "tools[0].type"),
        ({"tools": [{"name": "f"}]}, "tools[0]"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [{"role": "oracle", "content": "Hi"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]},
            "messages[0].content[0].type",
        ),
        ({"system": 7}, "system"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        TO_CHAT.request(_asked(**fields))

    assert caught.value.param == param


EFFORTS: dict[str, tuple[Json, str | None]] = {
    "an effort": ({"output_config": {"effort": "low"}}, "low"),
    "an effort not all models know": ({"output_config": {"effort": "max"}}, "high"),
    "a small budget": ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
    "a large budget": ({"thinking": {"type": "enabled", "budget_tokens": 31999}}, "high"),
    "adaptive alone": ({"thinking": {"type": "adaptive"}}, None),
    "disabled": (
        {"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}},
        None,
    ),
    "a model that does not reason": (
        {"model": "gpt-4o", "output_config": {"effort": "high"}},
        None,
    ),
    "a model that chats only": (
        {"model": "gpt-5-chat-latest", "output_config": {"effort": "high"}},
        None,
    ),
    "the operator's own": (
        {"reasoning_effort": "minimal", "output_config": {"effort": "high"}},
        "minimal",
    ),
}


@pytest.mark.parametrize("case", EFFORTS)
def test_effort_is_told_to_models_that_reason(case: str) -> None:
    fields, expected = EFFORTS[case]
    said = TO_CHAT.request(_asked(**fields))

    assert said.get("reasoning_effort") == expected
    assert "thinking" not in said
    assert "output_config" not in said


def test_housekeeping_is_left_out() -> None:
    fields = {"context_management": {"edits": []}, "betas": ["b"], "cache_control": {}}

    assert TO_CHAT.request(_asked(**fields)) == TO_CHAT.request(_asked())


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {}}, False),
        (
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            False,
        ),
    ],
)
def test_an_answer_is_strict_where_openai_takes_it(schema: Json, strict: bool) -> None:
    wanted = {"format": {"type": "json_schema", "schema": schema}}
    said = TO_CHAT.request(_asked(output_config=wanted))

    assert said["response_format"]["json_schema"]["strict"] is strict


@pytest.mark.parametrize(
    ("finish", "message", "expected"),
    [
        ("stop", {"content": "Hi"}, "end_turn"),
        ("length", {"content": "Hi"}, "max_tokens"),
        ("content_filter", {"content": ""}, "refusal"),
        ("eos", {"content": "Hi"}, "end_turn"),
        ("stop", {"tool_calls": [{"id": "c", "function": {"name": "f"}}]}, "tool_use"),
        ("length", {"tool_calls": [{"id": "c", "function": {"name": "f"}}]}, "max_tokens"),
        ("tool_calls", {"content": "Hi"}, "end_turn"),
        ("function_call", {"function_call": {"name": "f"}}, "tool_use"),
        (None, {"content": "Hi"}, "end_turn"),
    ],
)
def test_the_reason_to_stop_has_a_word(finish: str, message: Json, expected: str) -> None:
    document = {"id": "c", "choices": [{"message": message, "finish_reason": finish}]}

    assert TO_CHAT.reply(document, _asked())["stop_reason"] == expected


def test_a_reply_without_choices_is_an_empty_message() -> None:
    said = TO_CHAT.reply({"id": "c", "choices": []}, _asked())

    assert (said["content"], said["model"]) == ([], "gpt-5.2")


def test_the_end_waits_for_the_usage() -> None:
    machine = TO_CHAT.stream(_asked())
    machine.feed(_chunk({"content": "Hi"}))
    finished = machine.feed(_chunk({}, "stop"))
    usage = Event(b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}')
    told = [*machine.feed(usage), *machine.feed(DONE)]

    assert [event.name for event in finished] == ["content_block_stop"]
    assert [event.name for event in told] == ["message_delta", "message_stop"]
    assert orjson.loads(told[0].data)["usage"]["input_tokens"] == 7
    assert machine.close() == []


def test_a_stream_without_done_ends_where_it_closes() -> None:
    said = _stream(_chunk({"content": "Hi"}), _chunk({}, "stop"))

    assert said[-1] == {"type": "message_stop"}


def test_a_stream_cut_short_is_not_ended_for_it() -> None:
    said = _stream(_chunk({"content": "Hi"}))

    assert [event["type"] for event in said] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
    ]


def test_other_choices_are_not_mixed_in() -> None:
    second = {"choices": [{"index": 1, "delta": {"content": "No"}, "finish_reason": "stop"}]}
    said = _stream(_chunk({"content": "Yes"}), Event(orjson.dumps(second)), _chunk({}, "stop"))

    deltas = [event["delta"] for event in said if event["type"] == "content_block_delta"]
    assert deltas == [{"type": "text_delta", "text": "Yes"}]


def test_a_call_waits_for_its_name() -> None:
    def call(**function: str) -> Event:
        return _chunk({"tool_calls": [{"index": 0, "id": "t", "function": function}]})

    machine = TO_CHAT.stream(_asked())
    machine.feed(_chunk({"role": "assistant"}))
    before = machine.feed(call(arguments="{"))
    after = [orjson.loads(event.data) for event in machine.feed(call(name="f", arguments="}"))]

    assert before == []
    assert after[0]["content_block"] == {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    assert "".join(event["delta"]["partial_json"] for event in after[1:]) == "{}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "slow down", "code": "rate_limit_exceeded"}, Kind.RATE_LIMIT),
        ({"message": "no money", "type": "insufficient_quota"}, Kind.QUOTA),
        ({"message": "upstream", "code": 502}, Kind.TRANSIENT),
        ({"message": "too long", "code": "context_length_exceeded"}, Kind.TOO_LONG),
        ({"message": "odd", "code": "tool_use_failed"}, Kind.TRANSIENT),
        ("just a word", Kind.TRANSIENT),
    ],
)
def test_an_error_in_the_stream_is_a_failure_of_its_kind(error: Any, kind: Kind) -> None:
    with pytest.raises(Failure) as caught:
        _stream(Event(orjson.dumps({"error": error})))

    assert caught.value.kind is kind

"""Details of speaking Ollama for an OpenAI client that the golden files do not show."""

from typing import Any

import orjson
import pytest

from adapters.dialects.ollama import FROM_CHAT
from adapters.dialects.ollama.wire import WIRE
from adapters.errors import BadRequest, Failure, Kind
from adapters.sse import Event
from adapters.types import Json, Usage

TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
OTHER: Json = {"type": "function", "function": {"name": "g", "parameters": {"type": "object"}}}


def _chat(**fields: Any) -> Json:
    return {"model": "qwen3:4b", "messages": [{"role": "user", "content": "Hi"}], **fields}


def _said(content: Any) -> Json:
    message: Json = FROM_CHAT.request(_chat(messages=[{"role": "user", "content": content}]))
    first: Json = message["messages"][0]
    return first


THOUGHT: dict[str, tuple[Json, Any]] = {  # fields -> think
    "nothing": ({}, None),
    "an effort": ({"reasoning_effort": "high"}, True),
    "no effort": ({"reasoning_effort": "none"}, False),
    "an effort of gpt-oss": ({"model": "gpt-oss:20b", "reasoning_effort": "minimal"}, "low"),
    "more than gpt-oss has": ({"model": "gpt-oss:120b", "reasoning_effort": "max"}, "high"),
    "an effort as Responses spells it": ({"reasoning_effort": {"effort": "low"}}, True),
    "Anthropic's word": ({"thinking": {"type": "enabled", "budget_tokens": 9}}, True),
    "Anthropic's no": ({"thinking": {"type": "disabled"}, "reasoning_effort": "high"}, False),
    "Ollama's own word": ({"think": "medium", "reasoning_effort": "none"}, "medium"),
    "Ollama's own no": ({"think": False, "reasoning_effort": "high"}, False),
}


@pytest.mark.parametrize("case", THOUGHT)
def test_thinking_is_asked_for_in_words_that_the_model_has(case: str) -> None:
    fields, think = THOUGHT[case]

    said = FROM_CHAT.request(_chat(**fields))

    assert said.get("think") == think
    assert not {"reasoning_effort", "thinking"} & said.keys()


CHOICES: dict[str, tuple[Any, list[str], Any]] = {  # tool_choice -> tools offered, choice sent
    "auto": ("auto", ["f", "g"], None),
    "none": ("none", [], None),
    "required": ("required", ["f", "g"], "required"),
    "one": (
        {"type": "function", "function": {"name": "g"}},
        ["g"],
        {"type": "function", "function": {"name": "g"}},
    ),
    "some": (
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}},
        ["f"],
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}},
    ),
}


@pytest.mark.parametrize("case", CHOICES)
def test_a_choice_of_tools_is_made_by_what_is_offered(case: str) -> None:
    choice, offered, sent = CHOICES[case]

    said = FROM_CHAT.request(_chat(tools=[TOOL, OTHER], tool_choice=choice))

    assert [tool["function"]["name"] for tool in said.get("tools", [])] == offered
    assert said.get("tool_choice") == sent


@pytest.mark.parametrize("stream", [True, False, None])
def test_whether_to_stream_is_always_said(stream: Any) -> None:
    assert FROM_CHAT.request(_chat(stream=stream))["stream"] is (stream is True)


def test_the_clients_own_options_win() -> None:
    said = FROM_CHAT.request(_chat(temperature=0.1, num_ctx=1, options={"num_ctx": 2}))

    assert said["options"] == {"temperature": 0.1, "num_ctx": 2}


def test_a_limit_that_is_no_limit_is_kept() -> None:
    assert FROM_CHAT.request(_chat(max_tokens=-1))["options"] == {"num_predict": -1}


def test_neutral_fields_are_left_out_and_others_named_as_droppable() -> None:
    asked = _chat(n=1, logit_bias={}, user=None, logprobs=False, tool_choice="auto", service_tier=1)

    said = FROM_CHAT.request(asked)

    assert said.keys() == {"model", "messages", "stream", "service_tier"}
    assert "service_tier" in FROM_CHAT.droppable(asked)
    assert "tool_choice" not in FROM_CHAT.droppable(asked)
    assert "tool_choice" in FROM_CHAT.droppable(_chat(tool_choice="required"))


REFUSED: dict[str, Json] = {  # param -> a message or a field that cannot be said
    "messages[0].content[0]": {"content": [{"type": "input_audio", "input_audio": {}}]},
    "messages[0].content[1].image_url.url": {
        "content": ["Hi", {"type": "image_url", "image_url": {"url": "https://a.test/cat.png"}}]
    },
    "messages[0].content[0].file.file_data": {
        "content": [{"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg=="}}]
    },
    "messages[0].content": {"content": 7},
    "messages[0].role": {"role": "oracle"},
    "messages[0].tool_calls[0].function.arguments": {
        "role": "assistant",
        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[1]"}}],
    },
    "messages[0].tool_calls[0]": {"role": "assistant", "tool_calls": [{"id": "1"}]},
}


@pytest.mark.parametrize("param", REFUSED)
def test_what_cannot_be_said_is_refused_by_name(param: str) -> None:
    message = {"role": "user", "content": "Hi", **REFUSED[param]}

    with pytest.raises(BadRequest) as caught:
        FROM_CHAT.request(_chat(messages=[message]))

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"tools": 7}, "tools"),
        ({"options": []}, "options"),
        ({"reasoning_effort": 7}, "reasoning_effort"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        FROM_CHAT.request(_chat(**fields))

    assert caught.value.param == param


def test_texts_stay_apart_and_images_stand_beside_them() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}

    said = _said([{"type": "text", "text": "One"}, image, {"type": "text", "text": "two"}])

    assert said == {"role": "user", "content": "One\ntwo", "images": ["AAAA"]}


def test_calls_without_an_id_get_one_each_and_the_same_answer_the_same() -> None:
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    document = {
        "created_at": "2026-08-04T19:58:15Z",
        "message": {"tool_calls": [call, call]},
        "done": True,
    }

    first = FROM_CHAT.reply(document, _chat(), 1)["choices"][0]["message"]["tool_calls"]
    again = FROM_CHAT.reply(document, _chat(), 2)["choices"][0]["message"]["tool_calls"]

    assert len({call["id"] for call in first}) == 2
    assert first == again
    assert all(call["id"].startswith("call_") for call in first)


@pytest.mark.parametrize("reason", ["stop", "load", "unload", None, "something new"])
def test_any_other_reason_to_end_is_a_stop(reason: Any) -> None:
    document = {"message": {"content": ""}, "done": True, "done_reason": reason}

    assert FROM_CHAT.reply(document, _chat(), 0)["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00Z", "yesterday", None])
def test_an_answer_without_a_time_is_of_now(when: Any) -> None:
    said = FROM_CHAT.reply({"created_at": when, "message": {}}, _chat(), 5)

    assert said["created"] == 5


def test_an_error_in_the_stream_is_a_failure_in_ollamas_words() -> None:
    machine = FROM_CHAT.stream(_chat(), 0)

    with pytest.raises(Failure, match="model runner has unexpectedly stopped") as caught:
        machine.feed(Event(b'{"error":"model runner has unexpectedly stopped"}'))

    assert caught.value.kind is Kind.TRANSIENT


def test_nothing_follows_the_last_event() -> None:
    machine = FROM_CHAT.stream(_chat(), 0)
    last = Event(b'{"model":"m","message":{"content":""},"done":true,"done_reason":"stop"}')

    assert machine.feed(last)[-1].data == b"[DONE]"
    assert [*machine.feed(last), *machine.close()] == []


ENDS = {
    b'{"message":{},"done_reason":"stop","done":true,"total_duration":1}': True,
    b'{"message":{},"done":true,"total_duration":1}': True,
    b'{"done": true, "done_reason": "length", "message": {}}': True,
    b'{"message":{},"done":true}\n\n': True,
    b'{"message":{"content":""},"done":false}': False,
    b'{"message":{"tool_calls":[{"function":{"arguments":{"done":true}}}]},"done":false}': False,
    b'{"message":{"content":"{\\"done\\":true,\\"done_reason\\":1"},"done":false}': False,
}


@pytest.mark.parametrize("event", ENDS)
def test_the_end_is_told_from_arguments_that_look_like_it(event: bytes) -> None:
    assert bool(WIRE.finish.search(event)) is ENDS[event]


@pytest.mark.parametrize(
    ("document", "content"),
    [
        ({"message": {"role": "assistant", "content": ""}, "done": False}, False),
        ({"message": {"role": "assistant", "content": "", "thinking": "Hm"}}, True),
        ({"message": {"role": "assistant", "tool_calls": [{}]}}, True),
        ({"message": {"role": "assistant", "content": ""}, "done": True}, True),
        ({"status": "loading model"}, False),
    ],
)
def test_content_is_told_from_preamble(document: Json, content: bool) -> None:
    assert WIRE.content(document) is content


def test_usage_is_told_by_the_last_event_alone() -> None:
    last = {"prompt_eval_count": 9, "prompt_eval_cached_count": 4, "eval_count": 3}

    assert WIRE.usage(last) == Usage(input=9, output=3, cache_read=4)
    assert WIRE.usage({"message": {}, "done": False}) is None
    assert WIRE.tells.search(orjson.dumps(last))

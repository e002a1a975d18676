"""What the golden files do not say of Cohere's chat: refusals, moments of a stream, failures."""

from typing import Any

import orjson
import pytest

from adapters.dialects.cohere import FROM_CHAT
from adapters.dialects.cohere.wire import WIRE
from adapters.errors import BadRequest, Failure, Kind
from adapters.sse import Event
from adapters.types import Json, Usage

USER = {"role": "user", "content": "Hi"}
MODEL = "command-a-03-2025"


def asked(**more: Any) -> Json:
    return {"model": MODEL, "messages": [USER], **more}


def event(type_: str, **more: Any) -> Json:
    return {"type": type_, **more}


def message(**said: Any) -> Json:
    return {"delta": {"message": said}}


def ended(reason: str, **more: Any) -> Json:
    return event("message-end", delta={"finish_reason": reason, **more})


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
REFUSED: dict[str, tuple[Json, str]] = {
    "no messages": (asked(messages=None), "messages"),
    "a message that is none": (asked(messages=["x"]), "messages[0]"),
    "a role nobody has": (asked(messages=[{"role": "bot"}]), "messages[0].role"),
    "content of no kind": (asked(messages=[{**USER, "content": 7}]), "messages[0].content"),
    "a part that is none": (asked(messages=[{**USER, "content": [7]}]), "messages[0].content[0]"),
    "audio": (
        asked(messages=[{**USER, "content": [{"type": "input_audio"}]}]),
        "messages[0].content[0]",
    ),
    "a file": (
        asked(messages=[USER, {**USER, "content": [{"type": "file", "file": {}}]}]),
        "messages[1].content[0]",
    ),
    "a call without a name": (
        asked(messages=[{"role": "assistant", "tool_calls": [{"function": {}}]}]),
        "messages[0].tool_calls[0]",
    ),
    "calls that are no list": (
        asked(messages=[{"role": "assistant", "tool_calls": "x"}]),
        "messages[0].tool_calls",
    ),
    "tools that are no list": (asked(tools={}), "tools"),
    "a tool that is none": (asked(tools=["x"]), "tools[0]"),
    "a function without a name": (asked(tools=[{"function": {}}]), "tools[0].function"),
    "a custom tool": (asked(tools=[TOOL, {"type": "custom", "custom": {}}]), "tools[1]"),
    "a choice of another tool": (
        asked(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}),
        "tool_choice",
    ),
    "a choice of no kind": (asked(tools=[TOOL], tool_choice=["f"]), "tool_choice"),
    "a schema left out": (
        asked(response_format={"type": "json_schema"}),
        "response_format.json_schema",
    ),
    "an effort nobody knows": (asked(reasoning_effort="fierce"), "reasoning_effort"),
}


@pytest.mark.parametrize(("chat", "param"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_said_is_refused_by_its_place(chat: Json, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        FROM_CHAT.request(chat)

    assert refused.value.param == param


CHOICES: list[tuple[Any, str | None]] = [
    ("auto", None),
    ("none", "NONE"),
    ("required", "REQUIRED"),
    ("any", "REQUIRED"),
    ("REQUIRED", "REQUIRED"),
    ({"type": "function", "function": {"name": "f"}}, "REQUIRED"),
]


@pytest.mark.parametrize(("choice", "said"), CHOICES)
def test_a_choice_is_said_in_capitals_or_not_at_all(choice: Any, said: str | None) -> None:
    assert FROM_CHAT.request(asked(tools=[TOOL], tool_choice=choice)).get("tool_choice") == said


def test_a_choice_without_tools_is_none() -> None:
    assert "tool_choice" not in FROM_CHAT.request(asked(tool_choice="required"))


EFFORTS: list[tuple[str, Json, Json]] = [
    ("command-a-reasoning-08-2025", {"reasoning_effort": "none"}, {"type": "disabled"}),
    (
        "command-a-plus-05-2026",
        {"reasoning_effort": "high"},
        {"type": "enabled", "token_budget": 4096},
    ),
    ("command-b-of-tomorrow", {"reasoning_effort": "xhigh"}, {"type": "enabled"}),
    (
        "command-a-reasoning-08-2025",
        {"reasoning_effort": {"effort": "low"}},
        {"type": "enabled", "token_budget": 1024},
    ),
    (
        "command-a-plus-05-2026",
        {"thinking": {"type": "adaptive"}, "reasoning_effort": "low"},
        {"type": "enabled"},
    ),
]


@pytest.mark.parametrize(("model", "given", "thinking"), EFFORTS)
def test_an_effort_is_a_budget_of_tokens(model: str, given: Json, thinking: Json) -> None:
    said = FROM_CHAT.request({**asked(**given), "model": model})

    assert said["thinking"] == thinking
    assert "reasoning_effort" not in said


@pytest.mark.parametrize(
    "model", [MODEL, "command-r-08-2024", "command-r7b-12-2024", "command-a-vision-07-2025"]
)
def test_a_model_without_reasoning_is_not_asked_to_think(model: str) -> None:
    chat = {**asked(reasoning_effort="low"), "model": model}

    assert "reasoning_effort" in FROM_CHAT.droppable(chat)
    assert "thinking" not in FROM_CHAT.request(chat)
    assert "thinking" not in FROM_CHAT.request({**chat, "reasoning_effort": "none"})


@pytest.mark.parametrize(("given", "said"), [(0, 0.01), (0.3, 0.3), (1, 0.99), (True, True)])
def test_a_nucleus_is_kept_within_what_cohere_takes(given: Any, said: Any) -> None:
    assert FROM_CHAT.request(asked(top_p=given))["p"] == said


def test_refusable_fields_are_sent_for_cohere_to_refuse() -> None:
    given = {"n": 2, "top_logprobs": 3, "service_tier": "flex", "store": True}

    assert given.items() <= FROM_CHAT.request(asked(**given)).items()
    assert given.keys() <= FROM_CHAT.droppable(asked(**given))


CONTENT: list[tuple[Json, bool]] = [
    (event("message-start", **message(role="assistant", content=[])), False),
    (event("content-start", index=0, **message(content={"type": "text", "text": ""})), False),
    (event("content-start", index=0, **message(content={"type": "text", "text": "Hi"})), True),
    (event("content-delta", index=0, **message(content={"text": "Hi"})), True),
    (event("content-delta", index=0, **message(content={"thinking": "Hm"})), True),
    (event("tool-plan-delta", **message(tool_plan="I")), True),
    (event("tool-call-start", index=0), True),
    (event("citation-start", index=0), True),
    (event("content-end", index=0), False),
    (ended("COMPLETE"), True),
    (event("new"), False),
]


@pytest.mark.parametrize(("said", "counts"), CONTENT)
def test_content_begins_with_the_first_word(said: Json, counts: bool) -> None:
    assert WIRE.content(said) is counts


TOKENS = {"input_tokens": 30, "output_tokens": 8, "image_tokens": 259, "reasoning_tokens": 5}
BILLED = {"input_tokens": 6, "output_tokens": 4}
USAGES: list[tuple[Json, Usage | None]] = [
    (
        {"usage": {"billed_units": BILLED, "tokens": TOKENS, "cached_tokens": 16}},
        Usage(input=289, output=8, cache_read=16, reasoning=5),
    ),
    (ended("COMPLETE", usage={"tokens": TOKENS}), Usage(input=289, output=8, reasoning=5)),
    ({"usage": {"billed_units": BILLED}}, Usage(input=6, output=4)),
    (ended("ERROR", usage={}), None),
    ({"id": "x"}, None),
]


@pytest.mark.parametrize(("said", "usage"), USAGES)
def test_tokens_are_counted_with_the_images(said: Json, usage: Usage | None) -> None:
    assert WIRE.usage(said) == usage


ERRORS: dict[str, tuple[Json, Kind]] = {
    "in a stream": (
        ended("ERROR", usage={}, error="invalid tools", error_type="INVALID_TOOL_GENERATION"),
        Kind.TRANSIENT,
    ),
    "without a word": (ended("ERROR"), Kind.TRANSIENT),
    "too slow": (ended("TIMEOUT"), Kind.TIMEOUT),
}


@pytest.mark.parametrize(("said", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_answer_that_broke_off_is_a_failure(said: Json, kind: Kind) -> None:
    machine = FROM_CHAT.stream(asked(), 0)

    with pytest.raises(Failure) as failed:
        machine.feed(Event(orjson.dumps(said)))

    assert failed.value.kind is kind
    assert WIRE.error(said)
    assert WIRE.error({"id": "x", **said["delta"]})


def test_an_answer_that_was_cut_short_is_no_failure() -> None:
    assert WIRE.error(ended("MAX_TOKENS")) is None
    assert WIRE.error({"finish_reason": "COMPLETE", "message": {}}) is None


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("ERROR_TOXIC", "content_filter")],
)
def test_the_end_has_openais_words(reason: str, finish: str) -> None:
    said = FROM_CHAT.reply({"message": {"content": []}, "finish_reason": reason}, asked(), 5)

    assert said["choices"][0]["finish_reason"] == finish
    assert said["created"] == 5


def test_a_stream_ends_once_with_done_or_without() -> None:
    for last in ([Event(b"[DONE]")], []):
        machine = FROM_CHAT.stream(asked(), 0)
        said = [
            *machine.feed(Event(orjson.dumps(ended("COMPLETE")))),
            *(out for event in last for out in machine.feed(event)),
            *machine.close(),
        ]

        assert [out.data for out in said].count(b"[DONE]") == 1
        assert said[-1].data == b"[DONE]"


def test_what_was_planned_comes_back_as_a_plan() -> None:
    call = {"id": "f_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    theirs = {"role": "assistant", "tool_plan": "I will call f.", "tool_calls": [call]}
    document = {"id": "x", "message": theirs, "finish_reason": "TOOL_CALL", "usage": {}}

    ours = FROM_CHAT.reply(document, asked(), 0)["choices"][0]["message"]

    assert (ours["content"], ours["reasoning_content"]) == (None, "I will call f.")
    assert FROM_CHAT.request(asked(messages=[ours]))["messages"] == [theirs]


def test_what_was_thought_comes_back_as_thinking() -> None:
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "So."}]
    theirs = {"role": "assistant", "content": content}
    document = {"id": "x", "message": theirs, "finish_reason": "COMPLETE", "usage": {}}

    ours = FROM_CHAT.reply(document, asked(), 0)["choices"][0]["message"]

    assert (ours["content"], ours["reasoning_content"]) == ("So.", "Hm.")
    assert FROM_CHAT.request(asked(messages=[ours]))["messages"] == [theirs]

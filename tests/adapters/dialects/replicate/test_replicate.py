"""Details of speaking Replicate for an OpenAI client that the golden files do not show."""

from typing import Any

import orjson
import pytest

from adapters.dialects.replicate import FROM_CHAT, WIRE
from adapters.errors import BadRequest
from adapters.sse import Event
from adapters.types import Json, Usage

MODEL = "meta/meta-llama-3-8b-instruct"
USER = {"role": "user", "content": "Hi"}


def _asked(*messages: Json, **fields: Any) -> Json:
    return {"model": MODEL, "messages": list(messages), **fields}


PROMPTS: dict[str, tuple[list[Json], str]] = {
    "one question": ([USER], "Hi"),
    "a conversation": (
        [USER, {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Why?"}],
        "User: Hi\n\nAssistant: Yes?\n\nUser: Why?\n\nAssistant:",
    ),
    "an answer that has begun": (
        [USER, {"role": "assistant", "content": "Well,"}],
        "User: Hi\n\nAssistant: Well,",
    ),
}


@pytest.mark.parametrize("case", PROMPTS)
def test_a_conversation_is_written_out(case: str) -> None:
    messages, prompt = PROMPTS[case]

    assert FROM_CHAT.request(_asked(*messages)) == {"prompt": prompt}


IMAGE = {"type": "image_url", "image_url": {"url": "https://a.test/cat.png"}}


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ("Hi", "messages"),
        (["Hi"], "messages[0]"),
        ([{"role": "oracle", "content": "Hi"}], "messages[0].role"),
        ([{"role": "user", "content": 7}], "messages[0].content"),
        ([{"role": "user", "content": [{"type": "input_audio"}]}], "messages[0].content[0]"),
        ([{"role": "user", "content": [IMAGE, IMAGE]}], "messages"),
        ([{"role": "tool", "tool_call_id": "1", "content": "1"}], "messages[0]"),
        ([{"role": "assistant", "tool_calls": [{"id": "1"}]}], "messages[0]"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(messages: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        FROM_CHAT.request({"model": MODEL, "messages": messages})

    assert caught.value.param == param


def test_tools_are_sent_on_unless_the_operator_drops_them() -> None:
    asked = _asked(USER, tools=[{"type": "function"}])

    assert FROM_CHAT.request(asked)["tools"] == [{"type": "function"}]
    assert "tools" in FROM_CHAT.droppable(asked)


OUTPUTS: dict[str, tuple[Any, str]] = {
    "pieces": (["Hel", "lo", "!"], "Hello!"),
    "text": ("Hello!", "Hello!"),
    "files": (
        ["https://replicate.delivery/a.png", "https://replicate.delivery/b.png"],
        "https://replicate.delivery/a.png\nhttps://replicate.delivery/b.png",
    ),
    "an object": ({"a": 1}, '{"a":1}'),
    "nothing": (None, ""),
    "no pieces": ([], ""),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_any_output_becomes_text(case: str) -> None:
    output, text = OUTPUTS[case]
    said = FROM_CHAT.reply({"id": "p", "status": "succeeded", "output": output}, _asked(USER), 5)

    assert said["choices"][0]["message"]["content"] == text
    assert said["created"] == 5


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_prediction_that_came_to_nothing_is_an_error(status: str) -> None:
    found = WIRE.error({"id": "p", "status": status, "error": "CUDA out of memory", "output": []})

    assert found == {"message": "CUDA out of memory"}


def test_a_prediction_that_went_well_is_none() -> None:
    document = {"status": "succeeded", "error": None, "output": ["Hi"]}

    assert WIRE.error(document) is None


def test_tokens_are_counted_where_the_model_counts_them() -> None:
    metrics = {"input_token_count": 9, "output_token_count": 3, "predict_time": 1.0}

    assert WIRE.usage({"metrics": metrics}) == Usage(9, 3)
    assert WIRE.usage({"metrics": {"predict_time": 1.0}}) is None


def test_a_prediction_may_come_as_an_event() -> None:
    asked = _asked(USER, stream_options={"include_usage": True})
    machine = FROM_CHAT.stream(asked, 5)
    document = {"id": "p", "output": ["Hi"], "metrics": {"input_token_count": 1}}

    said = [*machine.feed(Event(orjson.dumps(document))), *machine.close()]

    assert said[-1].data == b"[DONE]"
    assert orjson.loads(said[0].data)["choices"][0]["delta"]["content"] == "Hi"
    assert orjson.loads(said[-2].data)["usage"]["prompt_tokens"] == 1

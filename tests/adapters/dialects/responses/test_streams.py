"""Streams of servers that leave things out, say them twice, or break off."""

from typing import Any

import orjson
import pytest

from adapters.dialects.responses import FROM_CHAT
from adapters.dialects.responses.wire import WIRE
from adapters.errors import Failure, Kind
from adapters.relay import Relay, interpreted
from adapters.sse import Event, encode, events
from adapters.types import Json, Receipt, Usage

MESSAGE: Json = {
    "id": "m_1",
    "type": "message",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
CALL: Json = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "f",
    "arguments": '{"a":1}',
}
USAGE: Json = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 5},
}


def _event(kind: str, **fields: Any) -> Json:
    return {"type": f"response.{kind}", **fields}


def _done(*output: Json) -> Json:
    response = {"id": "r", "status": "completed", "output": list(output), "usage": USAGE}
    return _event("completed", response=response)


def _deltas(*said: Json, options: Json | None = None) -> list[Json]:
    """The deltas that come of these events."""
    machine = FROM_CHAT.stream({"model": "m", "stream_options": options}, 0)
    out = [out for event in said for out in machine.feed(Event(orjson.dumps(event)))]
    out += machine.close()

    assert out[-1].data == b"[DONE]"
    chunks = [orjson.loads(event.data) for event in out[:-1]]
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


def _text(deltas: list[Json]) -> str:
    return "".join(delta.get("content", "") for delta in deltas)


def _arguments(deltas: list[Json]) -> str:
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    return "".join(call["function"].get("arguments", "") for call in calls)


def _says(text: str, **place: Any) -> Json:
    return _event("output_text.delta", delta=text, **{"output_index": 0, **place})


TELLINGS: dict[str, list[Json]] = {  # of the one message
    "piece by piece": [_says("Hel", content_index=0), _says("lo", content_index=0)],
    "the rest with the text": [
        _says("Hel", content_index=0),
        _event("output_text.done", output_index=0, content_index=0, text="Hello"),
    ],
    "the rest with the item": [
        _says("Hel", content_index=0),
        _event("output_item.done", output_index=0, item=MESSAGE),
    ],
    "the rest with the response": [_says("Hel", content_index=0)],
    "nothing but the response": [],
    "parts counted from 1": [
        _event("content_part.added", output_index=0, content_index=1),
        _says("Hello", content_index=1),
        _event("output_item.done", output_index=0, item=MESSAGE),
    ],
    "an item numbered otherwise than in the response": [
        _says("Hello", output_index=3, content_index=0),
        _event("output_item.done", output_index=3, item=MESSAGE),
    ],
    "an item done twice": [
        _event("output_item.done", output_index=0, item=MESSAGE),
        _event("output_item.done", output_index=0, item=MESSAGE),
    ],
}


@pytest.mark.parametrize("said", TELLINGS.values(), ids=TELLINGS)
def test_a_message_is_told_once(said: list[Json]) -> None:
    assert _text(_deltas(*said, _done(MESSAGE))) == "Hello"


def test_a_response_that_repeats_nothing_is_no_loss() -> None:
    item = _event("output_item.done", output_index=0, item=MESSAGE)

    assert _text(_deltas(item, _done())) == "Hello"


@pytest.mark.parametrize(
    "said",
    [
        [_event("output_item.added", output_index=0, item={**CALL, "arguments": ""})],
        [_event("output_item.done", output_index=0, item=CALL)],
        [],
    ],
)
def test_a_call_is_told_once(said: list[Json]) -> None:
    deltas = _deltas(*said, _done(CALL))

    assert _arguments(deltas) == '{"a":1}'
    assert [c["id"] for d in deltas for c in d.get("tool_calls", []) if "id" in c] == ["call_1"]


def test_text_that_ends_otherwise_than_it_flowed_is_not_mended() -> None:
    """What the client has seen cannot be taken back."""
    assert _text(_deltas(_says("Hi there", content_index=0), _done(MESSAGE))) == "Hi there"


def test_nothing_follows_the_end() -> None:
    machine = FROM_CHAT.stream({"model": "m"}, 0)
    machine.feed(Event(orjson.dumps(_done(MESSAGE))))

    assert machine.feed(Event(orjson.dumps(_says("more")))) == []
    assert machine.feed(Event(b"[DONE]")) == []
    assert machine.close() == []


FAILURES: dict[str, tuple[Json, Kind]] = {
    "an error with its words inside": (
        {"type": "error", "error": {"code": "insufficient_quota", "message": "Pay"}},
        Kind.QUOTA,
    ),
    "an error with its words beside the type": (
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow down"},
        Kind.RATE_LIMIT,
    ),
    "a response that failed": (
        _event("failed", response={"status": "failed", "error": {"code": "server_error"}}),
        Kind.TRANSIENT,
    ),
    "one that does not say why": (
        _event("failed", response={"status": "failed", "error": None}),
        Kind.TRANSIENT,
    ),
}


@pytest.mark.parametrize(("event", "kind"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("before", [[], [_says("Hel")]], ids=["at once", "in the middle"])
def test_an_error_in_a_stream_is_a_failure(event: Json, kind: Kind, before: list[Json]) -> None:
    with pytest.raises(Failure) as caught:
        _deltas(*before, event)
    relay, _ = _relayed(*before, event)

    assert caught.value.kind is kind
    assert relay.failure is not None
    assert relay.failure.kind is kind


def _relayed(*said: Json) -> tuple[Relay, Receipt]:
    receipt = Receipt()
    relay = Relay(WIRE, receipt, "openai", interpreted(FROM_CHAT.stream({}, 0)))
    relay.feed(b"".join(encode(Event(orjson.dumps(event), event["type"])) for event in said))
    return relay, receipt


def test_a_stream_is_complete_when_its_body_ends() -> None:
    relay, receipt = _relayed(_says("Hello"), _done(MESSAGE))
    relay.close()

    assert receipt.finish
    assert receipt.complete
    assert receipt.usage == Usage(input=20, output=9, cache_read=8, cache_write=4, reasoning=5)


def test_a_stream_that_breaks_off_is_broken() -> None:
    relay, _ = _relayed(_says("Hello"))

    with pytest.raises(Failure, match="before it was finished"):
        relay.close()


SILENT: list[Json] = [
    _event("created", response={}),
    _event("in_progress", response={}),
    _event("queued", response={}),
    _event("output_item.added", item={"type": "message"}),
    _event("output_item.added", item={"type": "reasoning"}),
    _event("content_part.added", part={}),
    _event("reasoning_summary_part.added", part={}),
    _says(""),
    {"type": "keepalive"},
    {},
]
TELLING: list[Json] = [
    _says("H"),
    _event("refusal.delta", delta="I"),
    _event("reasoning_summary_text.delta", delta="Hm"),
    _event("output_item.added", item={"type": "function_call"}),
    _event("output_item.added", item={"type": "web_search_call"}),
    _event("completed", response={}),
    _event("incomplete", response={}),
]


@pytest.mark.parametrize("event", SILENT)
def test_the_preamble_is_no_content(event: Json) -> None:
    assert not WIRE.content(event)


@pytest.mark.parametrize("event", TELLING)
def test_words_and_work_are_content(event: Json) -> None:
    assert WIRE.content(event)


DOCUMENTS: dict[str, tuple[Json, Json | None]] = {
    "an answer": ({"status": "completed", "error": None}, None),
    "an error": ({"error": {"message": "No"}}, {"message": "No"}),
    "an error as text": ({"error": "No"}, {"message": "No"}),
    "a failed response": (
        {"status": "failed", "error": {"code": "server_error"}},
        {"code": "server_error"},
    ),
    "a failed one without reason": ({"status": "failed"}, {"message": "the response failed"}),
}


@pytest.mark.parametrize(("document", "error"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_error_of_a_document_is(document: Json, error: Json | None) -> None:
    assert WIRE.error(document) == error


def test_usage_is_told_only_where_the_client_wants_it() -> None:
    asked: Json = {"stream_options": {"include_usage": True}}
    machine = FROM_CHAT.stream(asked, 0)
    said = machine.feed(Event(orjson.dumps(_done(MESSAGE))))
    without = FROM_CHAT.stream({}, 0).feed(Event(orjson.dumps(_done(MESSAGE))))

    assert orjson.loads(said[-2].data)["usage"]["total_tokens"] == 29
    assert not any(b'"usage"' in event.data for event in without)
    assert events(b"".join(map(encode, said))) == said

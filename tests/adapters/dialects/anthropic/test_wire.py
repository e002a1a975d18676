"""The moments and facts of an Anthropic stream."""

import orjson
import pytest

from adapters.dialects.anthropic.wire import WIRE, usage
from adapters.sse import Event, encode, events
from adapters.types import Json, Usage

START: Json = {"type": "message_start", "message": {"stop_reason": None, "usage": {}}}
FINISH: Json = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}}


def _block(**block: object) -> Json:
    return {"type": "content_block_start", "index": 0, "content_block": block}


CONTENT: dict[str, tuple[Json, bool]] = {
    "the greeting": (START, False),
    "a ping": ({"type": "ping"}, False),
    "the end of a block": ({"type": "content_block_stop", "index": 0}, False),
    "an empty text block": (_block(type="text", text=""), False),
    "a text block with text": (_block(type="text", text="Hi"), True),
    "an empty thinking block": (_block(type="thinking", thinking="", signature=""), False),
    "redacted thinking": (_block(type="redacted_thinking", data="Emw"), True),
    "a tool": (_block(type="tool_use", id="t", name="n", input={}), True),
    "a server tool": (_block(type="server_tool_use", id="t", name="n", input={}), True),
    "text": (
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "H"}},
        True,
    ),
    "the finish": (FINISH, True),
    "usage alone": ({"type": "message_delta", "delta": {"stop_reason": None}}, False),
    "something new": ({"type": "weather_forecast"}, False),
}


@pytest.mark.parametrize("case", CONTENT)
def test_content_is_what_a_client_waits_for(case: str) -> None:
    event, expected = CONTENT[case]

    assert WIRE.content(event) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(FINISH, True, id="a reason"),
        pytest.param(START, False, id="no reason yet"),
        pytest.param(
            {
                "type": "content_block_delta",
                "delta": {"type": "text_delta", "text": '"stop_reason":"end_turn"'},
            },
            False,
            id="text about a reason",
        ),
    ],
)
def test_finish_is_seen_in_the_bytes(event: Json, expected: bool) -> None:
    compact = encode(Event(orjson.dumps(event)))
    spacious = encode(Event(orjson.dumps(event, option=orjson.OPT_INDENT_2)))

    assert bool(WIRE.finish.search(compact)) is expected
    assert bool(WIRE.finish.search(spacious)) is expected


def test_the_end_is_one_event_that_opens_as_the_last_one_does() -> None:
    assert WIRE.end.startswith(WIRE.last)
    assert events(WIRE.end) == [Event(b'{"type":"message_stop"}', "message_stop")]


def test_an_error_is_found_in_documents_and_events_alike() -> None:
    told = {"type": "overloaded_error", "message": "Overloaded"}

    assert WIRE.error({"type": "error", "error": told, "request_id": "req_1"}) == told
    assert WIRE.error({"type": "message", "content": []}) is None
    assert WIRE.error({"type": "error", "error": "down"}) == {"message": "down"}


def test_input_counts_the_cached_tokens_too() -> None:
    told = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 3},
    }
    expected = Usage(input=130, output=5, cache_read=100, cache_write=20, reasoning=3)

    assert usage({"type": "message", "usage": told}) == expected
    assert usage({"type": "message_start", "message": {"usage": told}}) == expected
    assert usage({"type": "message_delta", "delta": {}, "usage": told}) == expected


@pytest.mark.parametrize(
    "document", [{"type": "ping"}, {"type": "message_start", "message": {"usage": None}}]
)
def test_usage_is_none_where_nothing_is_said(document: Json) -> None:
    assert usage(document) is None


def test_counts_that_are_null_or_negative_are_zero() -> None:
    assert usage({"usage": {"input_tokens": None, "output_tokens": -1}}) == Usage()

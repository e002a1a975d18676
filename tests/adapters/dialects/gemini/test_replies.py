"""What becomes of an answer; the golden files hold the whole, here are the forks."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from adapters.dialects.gemini import FROM_CHAT
from adapters.errors import Failure, Kind
from adapters.sse import Event
from adapters.types import Json

ASKED: Json = {"model": "gemini-3.5-flash", "messages": []}


def document(*parts: Json, finish: Any = "STOP", **more: Any) -> Json:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
    return {"candidates": [{**candidate, **more}], "responseId": "r1"}


def choice(*parts: Json, finish: Any = "STOP", **more: Any) -> Json:
    said = FROM_CHAT.reply(document(*parts, finish=finish, **more), ASKED, 7)
    ChatCompletion.model_validate(said)
    found: Json = said["choices"][0]
    return found


def chunks(*documents: Json, **asked: Any) -> list[Json]:
    machine = FROM_CHAT.stream({**ASKED, **asked}, 7)
    said = [out for one in documents for out in machine.feed(Event(orjson.dumps(one)))]
    *events, done = [*said, *machine.close()]

    assert done.data == b"[DONE]"
    return [orjson.loads(event.data) for event in events]


CALL: Json = {"functionCall": {"name": "f", "args": {"a": 1}}}
FINISHES = {
    "an end": ("STOP", [{"text": "Hi"}], "stop"),
    "an end by number": (1, [{"text": "Hi"}], "stop"),
    "too long": ("MAX_TOKENS", [{"text": "Hi"}], "length"),
    "a call": ("STOP", [CALL], "tool_calls"),
    "a call that was cut off": ("MAX_TOKENS", [CALL], "length"),
    "a call nobody offered": ("UNEXPECTED_TOOL_CALL", [CALL], "tool_calls"),
    "a call that went wrong": ("MALFORMED_FUNCTION_CALL", [], "stop"),
    "safety": ("SAFETY", [], "content_filter"),
    "quoting": ("RECITATION", [{"text": "Hi"}], "content_filter"),
    "a word of tomorrow": ("NEW_REASON", [{"text": "Hi"}], "stop"),
    "no word": (None, [{"text": "Hi"}], "stop"),
}


@pytest.mark.parametrize(("reason", "parts", "finish"), FINISHES.values(), ids=FINISHES)
def test_why_it_ended_is_said_in_openais_words(reason: Any, parts: Any, finish: str) -> None:
    assert choice(*parts, finish=reason)["finish_reason"] == finish


def test_an_unusual_reason_is_kept_beside() -> None:
    found = choice(finish="MALFORMED_FUNCTION_CALL", finishMessage="print(")

    aside = {"finish_reason": "MALFORMED_FUNCTION_CALL", "finish_message": "print("}
    assert found["message"]["provider_specific_fields"] == aside


NO_ANSWERS: dict[str, tuple[Json, Kind]] = {
    "no candidates": ({"usageMetadata": {}}, Kind.BROKEN),
    "an empty list of them": ({"candidates": []}, Kind.BROKEN),
    "a candidate that says nothing": ({"candidates": [{"content": {}}]}, Kind.BROKEN),
    "something else": ({"this": [{"is": "no answer"}]}, Kind.BROKEN),
    "a blocked prompt": ({"promptFeedback": {"blockReason": "SAFETY"}}, Kind.BLOCKED),
    "an error": ({"error": {"code": 503, "status": "UNAVAILABLE"}}, Kind.TRANSIENT),
}


@pytest.mark.parametrize(("told", "kind"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_is_a_failure(told: Json, kind: Kind) -> None:
    with pytest.raises(Failure) as document_failed:
        FROM_CHAT.reply(told, ASKED, 0)
    with pytest.raises(Failure) as stream_failed:
        chunks(told)

    assert document_failed.value.kind is kind
    assert stream_failed.value.kind is kind


@pytest.mark.parametrize("data", [b"{", b"[]", b"7"])
def test_an_event_that_is_no_object_breaks_the_stream(data: bytes) -> None:
    with pytest.raises(Failure) as failed:
        FROM_CHAT.stream(ASKED, 0).feed(Event(data))

    assert failed.value.kind is Kind.BROKEN


def test_a_stream_without_an_end_is_broken() -> None:
    unfinished = document({"text": "Hi"}, finish=None)

    with pytest.raises(Failure) as failed:
        chunks(unfinished)

    assert failed.value.kind is Kind.BROKEN


def test_an_end_that_is_told_too_early_does_not_end_the_stream() -> None:
    said = chunks(document({"text": "One "}), document({"text": "two"}), document(finish="STOP"))

    assert [c["choices"][0]["delta"].get("content") for c in said] == ["One ", "two", None]
    assert [c["choices"][0]["finish_reason"] for c in said] == [None, None, "stop"]


def test_usage_comes_only_if_asked_for_and_the_last_word_counts() -> None:
    first = {**document({"text": "Hi"}), "usageMetadata": {"promptTokenCount": 5}}
    last = {**document(), "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2}}

    plain = chunks(first, last)
    told = chunks(first, last, stream_options={"include_usage": True})

    assert not any("usage" in chunk for chunk in plain)
    assert told[-1]["choices"] == []
    assert told[-1]["usage"]["total_tokens"] == 7


def test_ids_of_calls_are_the_same_whenever_they_are_made() -> None:
    parts = [CALL, CALL]

    ids = [call["id"] for call in choice(*parts)["message"]["tool_calls"]]
    again = [call["id"] for call in choice(*parts)["message"]["tool_calls"]]

    assert ids == again == ["call_r1_0", "call_r1_1"]


def test_an_answer_without_an_id_gets_one_of_its_own() -> None:
    one, other = ({"candidates": document({"text": text})["candidates"]} for text in ("a", "b"))

    ids = {FROM_CHAT.reply(told, ASKED, 0)["id"] for told in (one, one, other)}

    assert len(ids) == 2


def test_a_source_is_found_by_its_wording_where_googles_count_is_off() -> None:
    support = {"segment": {"startIndex": 90, "endIndex": 95, "text": "Bern"}}
    found = choice(
        {"text": "In Bern."},
        groundingMetadata={
            "groundingChunks": [
                {"retrievedContext": {"text": "no address"}},
                {"web": {"uri": "u"}},
            ],
            "groundingSupports": [{**support, "groundingChunkIndices": [0, 1, 9]}],
        },
    )

    (note,) = found["message"]["annotations"]
    assert note["url_citation"] == {"start_index": 3, "end_index": 7, "title": "", "url": "u"}


def test_parts_count_from_where_they_begin() -> None:
    segment = {"partIndex": 1, "startIndex": 0, "endIndex": 2, "text": "ö"}
    found = choice(
        {"text": "öö "},
        {"text": "ö!"},
        groundingMetadata={
            "groundingChunks": [{"web": {"uri": "u"}}],
            "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
        },
    )

    cited = found["message"]["annotations"][0]["url_citation"]
    assert (cited["start_index"], cited["end_index"]) == (3, 4)


signatures = st.binary(min_size=1).map(lambda raw: "AY89" + raw.hex() * 4)
parts = st.lists(
    st.fixed_dictionaries(
        {"functionCall": st.fixed_dictionaries({"name": st.just("f"), "args": st.just({})})},
        optional={"thoughtSignature": signatures},
    ),
    min_size=1,
    max_size=3,
)


@settings(deadline=None)
@given(calls=parts, text=st.text(min_size=1, alphabet="abc "), signature=signatures)
def test_signatures_come_back_as_they_went(calls: list[Json], text: str, signature: str) -> None:
    told = document({"text": text, "thoughtSignature": signature}, *calls)
    message = FROM_CHAT.reply(told, ASKED, 0)["choices"][0]["message"]
    asked = {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "?"}, message]}

    assert (
        FROM_CHAT.request(asked)["contents"][1]["parts"]
        == told["candidates"][0]["content"]["parts"]
    )


@settings(deadline=None)
@given(calls=parts)
def test_the_id_alone_brings_a_signature_back(calls: list[Json]) -> None:
    message = choice(*calls)["message"]
    bare = [
        {name: call[name] for name in ("id", "type", "function")} for call in message["tool_calls"]
    ]
    asked = {"model": "gemini-2.5-flash", "messages": [{"role": "assistant", "tool_calls": bare}]}

    assert FROM_CHAT.request(asked)["contents"][0]["parts"] == calls

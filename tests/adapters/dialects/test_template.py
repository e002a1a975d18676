"""Events of which only one text changes, and the short cuts of the streams that use them."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialects import Machine, Translation, Wire
from adapters.dialects.anthropic import FROM_CHAT as FROM_ANTHROPIC
from adapters.dialects.anthropic import TO_CHAT
from adapters.dialects.anthropic.wire import WIRE as ANTHROPIC
from adapters.dialects.chat import WIRE as CHAT
from adapters.dialects.chat import chunk
from adapters.dialects.gemini import FROM_CHAT as FROM_GEMINI
from adapters.dialects.gemini.wire import WIRE as GEMINI
from adapters.dialects.template import Template
from adapters.hops import Interpreter
from adapters.sse import Event, encode
from adapters.types import Json

ASKED: Json = {"model": "m", "stream_options": {"include_usage": True}}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_a_template_is_written_as_the_event_would_be(name: str, text: str) -> None:
    head = {"id": name, "nothing": ""}

    filled = Template(chunk(head, {"content": ""}, index=2), "said").filled(text)

    document = chunk(head, {"content": text}, index=2)
    assert filled == b"event: said\ndata: %b\n\n" % orjson.dumps(document)


WORD: Json = {"content": " so"}
CHUNKS: dict[str, Json] = {
    "text": chunk({}, WORD),
    "text with a role": chunk({}, {"role": "assistant", **WORD}),
    "text beside fields that say nothing": chunk({}, {**WORD, "tool_calls": None, "refusal": ""}),
    "text and usage": {**chunk({}, WORD), "usage": {"prompt_tokens": 7, "completion_tokens": 3}},
    "text and Groq's usage": {**chunk({}, WORD), "x_groq": {"usage": {"prompt_tokens": 9}}},
    "text and the end": chunk({}, WORD, "stop"),
    "the text of another choice": chunk({}, WORD, index=1),
    "two choices": {"choices": [*chunk({}, WORD)["choices"], *chunk({}, WORD)["choices"]]},
    "no text": chunk({}, {"content": ""}),
    "text in parts": chunk({}, {"content": [{"type": "text", "text": " so"}]}),
    "a thought and text": chunk({}, {**WORD, "reasoning_content": "hm"}),
    "a refusal": chunk({}, {"refusal": "no"}),
    "a source": chunk({}, {"annotations": [{"url_citation": {"url": "u", "end_index": 3}}]}),
    "a call": chunk({}, {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]}),
    "usage alone": {"choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": 4}},
    "shapes of no kind": {"choices": [{"delta": {"content": 7}}]},
    "no choices": {"choices": {"delta": " so"}},
}


def _document(*parts: Json, told: Json | None = None, **more: Any) -> Json:
    model = {"modelVersion": "gemini-1", "responseId": "r"}
    candidate = {"index": 0, "content": {"role": "model", "parts": list(parts)}, **more}
    return {**model, "candidates": [candidate], "usageMetadata": told or {"promptTokenCount": 7}}


SAYS: Json = {"text": " so"}
DOCUMENTS: dict[str, Json] = {
    "text": _document(SAYS),
    "two texts": _document(SAYS, SAYS),
    "no text": _document({"text": ""}),
    "a thought": _document({"text": "hm", "thought": True}),
    "signed text": _document({"text": " so", "thoughtSignature": "abc="}),
    "text and the end": _document(SAYS, finishReason="STOP"),
    "text and chances": _document(SAYS, logprobsResult={"chosenCandidates": [{"token": " so"}]}),
    "the second candidate": _document(SAYS, index=1),
    "no candidate's number": _document(SAYS, index=None),
    "another model": {**_document(SAYS), "modelVersion": "gemini-2"},
    "no model": {**_document(SAYS), "modelVersion": None},
    "a tier": _document(SAYS, told={"serviceTier": "priority"}),
    "a call": _document({"functionCall": {"name": "f", "args": {}}}),
    "no parts": _document(content={"role": "model"}),
    "parts of no kind": _document(content={"parts": " so"}),
    "a source": _document(
        groundingMetadata={
            "groundingChunks": [{"web": {"uri": "u"}}],
            "groundingSupports": [{"segment": {"endIndex": 3}, "groundingChunkIndices": [0]}],
        }
    ),
}


def _delta(delta: Json, index: Any = 0, **more: Any) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": delta, **more}


SPOKEN: Json = {"type": "text_delta", "text": " so"}
DELTAS: dict[str, Json] = {
    "text": _delta(SPOKEN),
    "the text of the second block": _delta(SPOKEN, index=1),
    "the text of no block": _delta(SPOKEN, index=7),
    "a block without number": _delta(SPOKEN, index=None),
    "a number of no kind": _delta(SPOKEN, index=[]),
    "no text": _delta({"type": "text_delta", "text": ""}),
    "text of no kind": _delta({"type": "text_delta", "text": 7}),
    "text and usage": _delta(SPOKEN, usage={"output_tokens": 3}),
    "text and more": _delta({**SPOKEN, "annotation": "x"}),
    "a thought": _delta({"type": "thinking_delta", "thinking": "hm"}),
    "a signature": _delta({"type": "signature_delta", "signature": "abc="}),
    "a source": _delta({"type": "citations_delta", "citation": {"url": "u", "title": "t"}}),
    "arguments": _delta({"type": "input_json_delta", "partial_json": "{}"}),
    "a block": {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "text", "text": ""},
    },
    "a block's end": {"type": "content_block_stop", "index": 1},
    "another type": {**_delta(SPOKEN), "type": "content_block_something"},
    "a ping": {"type": "ping"},
    "no delta": {"type": "content_block_delta", "index": 0},
}
GREETING: list[Json] = [
    {"type": "message_start", "message": {"id": "msg", "model": "claude-1", "usage": {}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
]
BYE: list[Json] = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]


def _fed(translation: Translation, documents: list[Json]) -> bytes:
    """What a machine says that must be fed all of it."""
    machine = translation.stream(ASKED, 0)
    said = [out for event in _events(documents) for out in machine.feed(event)]
    return b"".join(map(encode, [*said, *machine.close()]))


def _cut_short(translation: Translation, wire: Wire, documents: list[Json]) -> bytes:
    """The same by way of its short cut, which it takes only past documents that tell nothing."""
    machine = translation.stream(ASKED, 0)
    said: list[bytes] = []
    for event in _events(documents):
        quick = machine.go_on(orjson.loads(event.data))
        said += map(encode, machine.feed(event)) if quick is None else [quick]
        if quick is not None:
            assert not wire.finish.search(event.data)
            assert not wire.error(orjson.loads(event.data))
            assert wire.counts_on or not wire.usage(orjson.loads(event.data))
    return b"".join([*said, *map(encode, machine.close())])


def _events(documents: list[Json]) -> list[Event]:
    return [Event(orjson.dumps(document)) for document in documents]


@given(st.lists(st.sampled_from(list(CHUNKS)), max_size=9))
def test_chunks_that_say_only_text_are_said_as_all_are(names: list[str]) -> None:
    begun = [CHUNKS["text"], *(CHUNKS[name] for name in names), CHUNKS["text and the end"]]
    documents = [{"id": "c1", "model": "m-1", **document} for document in begun]

    assert _cut_short(TO_CHAT, CHAT, documents) == _fed(TO_CHAT, documents)


@given(st.lists(st.sampled_from(list(DOCUMENTS)), max_size=9))
def test_documents_that_say_only_text_are_said_as_all_are(names: list[str]) -> None:
    documents = [*(DOCUMENTS[name] for name in names), _document(finishReason="STOP")]

    assert _cut_short(FROM_GEMINI, GEMINI, documents) == _fed(FROM_GEMINI, documents)


@given(st.lists(st.sampled_from(list(DELTAS)), max_size=9))
def test_deltas_that_say_only_text_are_said_as_all_are(names: list[str]) -> None:
    documents = [*GREETING, *(DELTAS[name] for name in names), *BYE]

    assert _cut_short(FROM_ANTHROPIC, ANTHROPIC, documents) == _fed(FROM_ANTHROPIC, documents)


@given(st.lists(st.sampled_from(list(DOCUMENTS)), max_size=9))
def test_two_short_cuts_in_a_row_are_one(names: list[str]) -> None:
    documents = [*(DOCUMENTS[name] for name in names), _document(finishReason="STOP")]
    both = replace(FROM_GEMINI, stream=lambda _, now: _chain(now))

    assert _cut_short(both, GEMINI, documents) == _fed(both, documents)


def _chain(now: int) -> Machine:
    """From Gemini to a client of Anthropic's."""
    spoken = Interpreter([TO_CHAT, FROM_GEMINI], asked=[{"model": "m"}, ASKED])
    return spoken.machine(now)


SHORT = {
    "an event of Anthropic's": (FROM_ANTHROPIC, [*GREETING, DELTAS["text"]]),
    "a chunk of OpenAI's": (TO_CHAT, [CHUNKS["text"], CHUNKS["text"]]),
    "a document of Gemini's": (FROM_GEMINI, [DOCUMENTS["text"], DOCUMENTS["text"]]),
}


@pytest.mark.parametrize("case", SHORT)
def test_there_is_a_short_cut_for(case: str) -> None:
    translation, documents = SHORT[case]
    machine = translation.stream(ASKED, 0)
    for event in _events(documents[:-1]):
        machine.feed(event)

    said = machine.go_on(documents[-1])

    assert said
    assert b'" so"' in said

"""JSON of which only one text changes, and the quick ways of the streams that use it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialects import Translation
from adapters.dialects.anthropic import TO_CHAT
from adapters.dialects.anthropic.to_chat import streams as to_chat
from adapters.dialects.chat import DONE, chunk
from adapters.dialects.gemini import FROM_CHAT as GEMINI
from adapters.dialects.gemini import streams as gemini
from adapters.dialects.template import Template
from adapters.sse import Event
from adapters.types import Json

ASKED: Json = {"model": "m", "stream_options": {"include_usage": True}}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_a_template_says_what_the_document_would(name: str, text: str) -> None:
    head = {"id": name, "nothing": ""}

    filled = Template(chunk(head, {"content": ""}, index=2)).filled(text)

    assert filled == orjson.dumps(chunk(head, {"content": text}, index=2))


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


def _said(translation: Translation, documents: list[Json], end: bytes = b"") -> list[Event]:
    machine = translation.stream(ASKED, 0)
    heard = [*map(orjson.dumps, documents), *([end] if end else [])]
    said = [out for data in heard for out in machine.feed(Event(data))]
    return [*said, *machine.close()]


@given(st.lists(st.sampled_from(list(CHUNKS)), max_size=9))
def test_chunks_that_say_only_text_are_said_as_all_are(names: list[str]) -> None:
    documents = [{"id": "c1", "model": "m-1", **CHUNKS[name]} for name in names]

    quick = _said(TO_CHAT, documents, DONE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(to_chat, "_only_text", lambda chunk: "")
        assert quick == _said(TO_CHAT, documents, DONE)


@given(st.lists(st.sampled_from(list(DOCUMENTS)), max_size=9))
def test_documents_that_say_only_text_are_said_as_all_are(names: list[str]) -> None:
    documents = [*(DOCUMENTS[name] for name in names), _document(finishReason="STOP")]

    quick = _said(GEMINI, documents)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gemini._Lane, "go_on", lambda lane, candidate: "")
        assert quick == _said(GEMINI, documents)

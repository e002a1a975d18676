"""Golden files: one input and one snapshot per output. `GOLDEN=write` writes the snapshots anew."""

import json
import os
from pathlib import Path

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import TypeAdapter

from adapters.types import Json
from tests.adapters.dialects.golden import (
    DIRECTIONS,
    REPLIES,
    REQUESTS,
    STREAMS,
    Case,
    read,
    translated,
)
from tests.decoder import Decoder

NO_STREAM = {"replicate/from_chat"}  # a document, cut into events
WRITING = os.environ.get("GOLDEN") == "write"


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_a_request_is_said_as_the_golden_file_says(case: Case) -> None:
    said = case.direction.translation.request(read(case.path))

    _compare(case.path.with_name(f"request.{case.direction.theirs}.json"), _pretty(said))


@pytest.mark.parametrize("case", REPLIES, ids=str)
def test_a_reply_is_said_as_the_golden_file_says(case: Case) -> None:
    said = case.direction.translation.reply(read(case.path), case.asked, 0)

    (ChatCompletion if case.direction.ours == "chat" else Message).model_validate(said)
    _compare(case.path.with_name(f"reply.{case.direction.ours}.json"), _pretty(said))


@pytest.mark.parametrize("case", STREAMS, ids=str)
def test_a_stream_is_said_as_the_golden_file_says(case: Case) -> None:
    said = translated(case.direction.translation, case.asked, case.path.read_bytes())

    ours = case.direction.ours
    model = TypeAdapter(ChatCompletionChunk if ours == "chat" else RawMessageStreamEvent)
    for event in Decoder().feed(said):
        if event.data != b"[DONE]":
            model.validate_json(event.data)
    _compare(case.path.with_name(f"stream.{ours}.sse"), said.decode())


def test_there_are_golden_files_for_every_direction() -> None:
    for cases in (REQUESTS, REPLIES, STREAMS):
        folders = {"/".join(case.path.parts[-4:-2]) for case in cases}
        assert folders | (NO_STREAM if cases is STREAMS else set()) == set(DIRECTIONS)


def _pretty(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _compare(path: Path, said: str) -> None:
    if WRITING:
        path.write_text(said)
    assert path.exists(), f"no golden file {path.name}; GOLDEN=write makes it"
    assert said == path.read_text()

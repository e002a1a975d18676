"""Golden files: one input and one snapshot per output. `GOLDEN=write` writes the snapshots anew."""

import json
import os
from pathlib import Path

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import TypeAdapter

from adapters.types import Json
from tests.adapters.dialects.anthropic.golden import (
    DIRECTIONS,
    REPLIES,
    REQUESTS,
    STREAMS,
    Case,
    read,
    translated,
)
from tests.decoder import Decoder

WRITING = os.environ.get("GOLDEN") == "write"


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_a_request_is_said_as_the_golden_file_says(case: Case) -> None:
    said = case.direction.translation.request(read(case.path))

    _compare(case.path.with_name(f"request.{case.direction.theirs}.json"), _pretty(said))


@pytest.mark.parametrize("case", REPLIES, ids=str)
def test_a_reply_is_said_as_the_golden_file_says(case: Case) -> None:
    said = case.direction.translation.reply(read(case.path), case.asked)

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


def test_there_are_golden_files_for_both_directions() -> None:
    for cases in (REQUESTS, REPLIES, STREAMS):
        assert {case.path.parts[-3] for case in cases} == set(DIRECTIONS)


def _pretty(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _compare(path: Path, said: str) -> None:
    if WRITING:
        path.write_text(said)
    assert path.exists(), f"no golden file {path.name}; GOLDEN=write makes it"
    assert said == path.read_text()

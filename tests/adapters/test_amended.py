"""Answers that are nearly OpenAI's are put right; all others keep their bytes."""

import re
from collections.abc import Mapping, Sequence

import orjson
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from adapters.amended import Amended, Amendment, Amends, Rewords
from adapters.amends import AMENDS
from adapters.catalog import find, names
from adapters.errors import Failure, Kind
from adapters.provider import Answer, Upstream
from adapters.sse import EVENT_LIMIT, events
from adapters.types import Json, Timeouts
from tests.fakes import FakeClock

ASKED = Upstream("https://x", b'{"model": "m-1"}', {"x-request-id": "req-1"})
DONE = b"data: [DONE]\n\n"
CHUNK: Json = {
    "id": "c",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Köln"}, "finish_reason": None}],
}
COMPLETION: Json = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": 'Say "object":"" and "service_tier": "on_demand"',
            },
            "finish_reason": "stop",
        }
    ],
}
CALL: Json = {"id": "dD4CBBuGy", "function": {"name": "f", "arguments": "{}"}}
THOUGHT: list[Json] = [
    {
        "type": "thinking",
        "thinking": [{"type": "text", "text": "Hm"}, {"type": "text", "text": "m."}],
    },
    {"type": "text", "text": "Köln"},
]


class Played:
    """An answer from memory, in the pieces in which it arrives."""

    def __init__(self, pieces: Sequence[bytes], status: int = 200) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {"x-from": "there"}
        self.closed: list[bool] = []
        self.watched = False
        self._pieces = list(pieces)

    async def document(self) -> bytes:
        return b"".join(self._pieces)

    def watch(self) -> None:
        self.watched = True

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    async def close(self, *, finished: bool) -> None:
        self.closed.append(finished)

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        return self


async def _answer(played: Played, *amendments: Amendment) -> Answer:
    transport = Amended(amendments)(played, FakeClock())
    return await transport.post(ASKED, Timeouts(), "")


async def _document(body: Json, *amendments: Amendment) -> bytes:
    answer = await _answer(Played([orjson.dumps(body)]), *amendments)
    return await answer.document()


async def _stream(pieces: Sequence[bytes], *amendments: Amendment) -> bytes:
    answer = await _answer(Played(pieces), *amendments)
    reads = []
    while data := await answer.read():
        reads.append(data)
    return b"".join(reads)


def _sse(*documents: Json, end: bytes = b"\n\n") -> bytes:
    return b"".join(b"data: " + orjson.dumps(document) + end for document in documents)


def _chunk(**more: object) -> Json:
    return {**CHUNK, **more}


def _choice(part: str, said: Json, reason: str | None = None) -> list[Json]:
    return [{"index": 0, part: said, "finish_reason": reason}]


def _without(document: Json, *fields: str) -> Json:
    return {name: value for name, value in document.items() if name not in fields}


WRONG: Mapping[str, tuple[str, Json, Json]] = {  # amendment, what came, what it has to be
    "Groq's tier": (
        "service_tier_of_openai",
        {**COMPLETION, "service_tier": "on_demand"},
        {**COMPLETION, "service_tier": "default"},
    ),
    "its faster tier": (
        "service_tier_of_openai",
        _chunk(service_tier="performance"),
        _chunk(service_tier="priority"),
    ),
    "Google's tier": (
        "service_tier_of_openai",
        {**COMPLETION, "service_tier": "provisioned"},
        {**COMPLETION, "service_tier": "scale"},
    ),
    "Together's end": (
        "finish_reason_of_openai",
        {**COMPLETION, "choices": _choice("message", {"role": "assistant", "content": ""}, "eos")},
        {**COMPLETION, "choices": _choice("message", {"role": "assistant", "content": ""}, "stop")},
    ),
    "DeepSeek's end": (
        "finish_reason_of_openai",
        _chunk(choices=_choice("delta", {}, "insufficient_system_resource")),
        _chunk(choices=_choice("delta", {}, "length")),
    ),
    "Azure's first event": (
        "object_of_chunks",
        {"choices": [], "created": 0, "id": "", "model": "", "object": ""},
        {"choices": [], "created": 0, "id": "", "model": "", "object": "chat.completion.chunk"},
    ),
    "Perplexity's last event": (
        "object_of_chunks",
        _chunk(object="chat.completion.done"),
        CHUNK,
    ),
    "Perplexity's events of old": ("object_of_chunks", _chunk(object="chat.completion"), CHUNK),
    "what Azure's filter took": (
        "message_of_filtered",
        {**COMPLETION, "choices": [{"index": 0, "finish_reason": "content_filter"}]},
        {
            **COMPLETION,
            "choices": _choice("message", {"role": "assistant", "content": None}, "content_filter"),
        },
    ),
    "the same in a stream": (
        "message_of_filtered",
        _chunk(choices=[{"index": 0, "finish_reason": "content_filter"}]),
        _chunk(choices=_choice("delta", {}, "content_filter")),
    ),
    "Z.ai's document": (
        "no_missing_fields",
        _without(COMPLETION, "object"),
        COMPLETION,
    ),
    "Z.ai's chunk": ("no_missing_fields", _without(CHUNK, "object"), CHUNK),
    "AI21's document": (
        "no_missing_fields",
        _without(COMPLETION, "object", "created", "model", "id"),
        {**COMPLETION, "created": 1_700_001_000, "model": "m-1", "id": "chatcmpl-req-1"},
    ),
    "a choice without index, reason and total": (
        "no_missing_fields",
        {
            **COMPLETION,
            "choices": [{"message": {"role": "assistant", "content": "Hi"}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4},
        },
        {
            **COMPLETION,
            "choices": _choice("message", {"role": "assistant", "content": "Hi"}, "stop"),
            "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
        },
    ),
    "a number for chances": (
        "no_odd_logprobs",
        {**COMPLETION, "choices": [{**COMPLETION["choices"][0], "logprobs": -1.79e-06}]},
        {**COMPLETION, "choices": [{**COMPLETION["choices"][0], "logprobs": None}]},
    ),
    "Mistral's calls": (
        "whole_tool_calls",
        {
            **COMPLETION,
            "choices": _choice(
                "message", {"role": "assistant", "tool_calls": [CALL]}, "tool_calls"
            ),
        },
        {
            **COMPLETION,
            "choices": _choice(
                "message",
                {"role": "assistant", "tool_calls": [{"type": "function", **CALL}]},
                "tool_calls",
            ),
        },
    ),
    "Mistral's calls in a stream": (
        "whole_tool_calls",
        _chunk(choices=_choice("delta", {"tool_calls": [CALL, CALL]})),
        _chunk(
            choices=_choice("delta", {"tool_calls": [{"index": 0, **CALL}, {"index": 1, **CALL}]})
        ),
    ),
    "Magistral's thinking": (
        "thinking_out_of_content",
        {
            **COMPLETION,
            "choices": _choice("message", {"role": "assistant", "content": THOUGHT}, "stop"),
        },
        {
            **COMPLETION,
            "choices": _choice(
                "message",
                {"role": "assistant", "content": "Köln", "reasoning_content": "Hmm."},
                "stop",
            ),
        },
    ),
    "Magistral's thinking in a stream": (
        "thinking_out_of_content",
        _chunk(choices=_choice("delta", {"content": THOUGHT[:1]})),
        _chunk(choices=_choice("delta", {"content": None, "reasoning_content": "Hmm."})),
    ),
    "Mistral's references": (
        "thinking_out_of_content",
        _chunk(
            choices=_choice(
                "delta", {"content": [THOUGHT[1], {"type": "reference", "reference_ids": [1]}]}
            )
        ),
        _chunk(
            choices=_choice(
                "delta",
                {
                    "content": "Köln",
                    "provider_specific_fields": {
                        "content": [{"type": "reference", "reference_ids": [1]}]
                    },
                },
            )
        ),
    ),
}

every_wrong = pytest.mark.parametrize("case", WRONG)


def _is_chunk(wanted: Json) -> bool:
    return str(wanted["object"]) == "chat.completion.chunk"


@every_wrong
async def test_what_is_wrong_is_put_right(case: str) -> None:
    name, came, wanted = WRONG[case]

    if _is_chunk(wanted):
        [event, _] = events(await _stream([_sse(came) + DONE], AMENDS[name]))
        found = event.data
        ChatCompletionChunk.model_validate_json(found)
    else:
        found = await _document(came, AMENDS[name])
        ChatCompletion.model_validate_json(found)

    assert orjson.loads(found) == wanted


@pytest.mark.parametrize("case", [case for case in WRONG if _is_chunk(WRONG[case][2])])
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"], ids=["LF", "CRLF"])
async def test_it_is_put_right_however_the_network_has_cut_it(case: str, end: bytes) -> None:
    name, came, _ = WRONG[case]
    body = _sse(CHUNK, came, CHUNK, end=end) + DONE
    whole = events(await _stream([body], AMENDS[name]))

    for at in range(1, len(body)):
        assert events(await _stream([body[:at], body[at:]], AMENDS[name])) == whole


@pytest.mark.parametrize("name", AMENDS)
async def test_what_is_right_keeps_its_bytes(name: str) -> None:
    spaced = b'{ "id": "c", "object": "chat.completion", "created": 1e0, "model": "m",' + (
        b' "choices": [ {"index": 0, "message": {"content": null}, "finish_reason": "stop"} ] }'
    )
    odd = (
        *(b'{"choices": "none"}', b'{"error": {"message": "no"}}', b"[1]", b"<html>", b'"choices"'),
        b'{"data": [], "usage": {}}',
    )
    stream = b": hello\n\n" + _sse(CHUNK) + b"data: {broken\n\nevent: x\ndata: 1\n\n" + DONE

    for document in (spaced, orjson.dumps(COMPLETION), *odd):
        assert await (await _answer(Played([document]), AMENDS[name])).document() == document
    assert await _stream([stream], AMENDS[name]) == stream


async def test_amendments_follow_each_other() -> None:
    came = _without({**COMPLETION, "service_tier": "on_demand"}, "object")

    found = await _document(came, AMENDS["no_missing_fields"], AMENDS["service_tier_of_openai"])

    assert orjson.loads(found) == {**COMPLETION, "service_tier": "default"}


async def test_an_event_whose_end_was_left_out_is_put_right_too() -> None:
    came = _sse(CHUNK) + _sse(_chunk(service_tier="on_demand")).rstrip()

    assert b'"default"' in await _stream([came], AMENDS["service_tier_of_openai"])


async def test_a_refusal_is_not_touched() -> None:
    played = Played([b'{"service_tier":"on_demand"}'], status=400)

    assert await _answer(played, AMENDS["service_tier_of_openai"]) is played


async def test_everything_else_goes_through() -> None:
    played = Played([b"{}"])
    answer = await _answer(played, AMENDS["no_missing_fields"])

    answer.watch()
    await answer.close(finished=True)

    assert (answer.status, answer.headers) == (200, {"x-from": "there"})
    assert (played.watched, played.closed) == (True, [True])


async def test_an_endless_event_is_a_broken_answer() -> None:
    answer = await _answer(Played([b"x" * (EVENT_LIMIT + 1)]), AMENDS["object_of_chunks"])

    with pytest.raises(Failure) as caught:
        await answer.read()

    assert caught.value.kind is Kind.BROKEN


async def test_a_word_that_nobody_knows_becomes_nothing() -> None:
    odd = Rewords(re.compile(rb'"tier":("\w+")'), {b'"a"': b'"b"'})

    assert await _document({"tier": "a", "choices": []}, odd) == b'{"tier":"b","choices":[]}'
    assert await _document({"tier": "z", "choices": []}, odd) == b'{"tier":null,"choices":[]}'


async def test_only_chat_is_amended() -> None:
    other = {"type": "response.completed", "response": {"service_tier": "on_demand", "object": ""}}

    for amendment in AMENDS.values():
        assert await _stream([_sse(other)], amendment) == _sse(other)
        assert await _document(other, amendment) == orjson.dumps(other)


async def test_one_event_may_become_several() -> None:
    twice = Amends(lambda: lambda said: [said, {**said, "id": "d"}], re.compile(rb'"id"'))

    found = [
        orjson.loads(event.data)["id"] for event in events(await _stream([_sse(CHUNK)], twice))
    ]

    assert found == ["c", "d"]


async def test_what_is_amended_may_remember_its_answer_and_no_other() -> None:
    def counting() -> object:
        seen: list[Json] = []

        def amend(said: Json) -> list[Json]:
            seen.append(said)
            return [{**said, "created": len(seen)}]

        return amend

    amends = Amends(counting, re.compile(rb'"choices"'))  # type: ignore[arg-type]

    for _ in range(2):
        out = events(await _stream([_sse(CHUNK, CHUNK)], amends))
        assert [orjson.loads(event.data)["created"] for event in out] == [1, 2]


def test_rows_name_amendments_that_are_used() -> None:
    used = [
        amendment
        for name in names()
        if (row := find(name)) and isinstance(row.transport, Amended)
        for amendment in row.transport.amendments
    ]

    assert [name for name, amendment in AMENDS.items() if amendment not in used] == []

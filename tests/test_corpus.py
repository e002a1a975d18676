"""A sample of recorded provider traffic, replayed; `make corpus` replays all of it.

The recordings lie beside the project, not in it. What the harness itself has to see does not need
them.
"""

from collections.abc import Callable

import orjson
import pytest

from adapters.http import Http
from adapters.provider import Upstream
from adapters.types import Dialect, Json, Timeouts
from tests.corpus import cuts, wire
from tests.corpus.checks import differences, heard, invalid
from tests.corpus.features import proven
from tests.corpus.oracles.frames import aws
from tests.corpus.records import folder, read
from tests.corpus.report import lines
from tests.corpus.run import everything, judged
from tests.corpus.server import ReplayServer, Reply
from tests.corpus.trials import Excluded, Trial, trial
from tests.corpus.verdicts import Verdict

EVERY = 20  # so manieth recording of each provider's kind is replayed

MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [
        {"type": "text", "text": "Grüß Gott"},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Köln"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 4},
}
CHUNK: Json = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-4o",
    "choices": [{"index": 0, "delta": {"content": "Köln"}, "finish_reason": "stop"}],
}
STREAM = b"data: %b\r\n\r\ndata: [DONE]\r\n\r\n" % orjson.dumps(CHUNK)


def _trial(provider: str, kind: str, body: str, **rest: object) -> Trial:
    raw = {"id": "0", "provider": provider, "kind": kind, "fidelity": "wire", "source": "here"}
    found = trial(read({**raw, "status": 200, "response_body": body, **rest}))
    assert isinstance(found, Trial)
    return found


async def _verdict(one: Trial) -> Verdict:
    (verdict,) = await judged([one])
    return verdict


@pytest.mark.skipif(folder() is None, reason="no recorded provider traffic beside the project")
@pytest.mark.filterwarnings("ignore")  # the SDKs warn of what providers send
async def test_a_sample_of_what_providers_have_sent_comes_out_right() -> None:
    within = folder()
    assert within

    verdicts, excluded = await everything(within, every=EVERY)

    assert {what for verdict in verdicts for what in verdict.wrong} == set()
    assert len(verdicts) > 300
    assert len({verdict.trial.record.provider for verdict in verdicts}) > 35
    assert sum(verdict.cut for verdict in verdicts) > 500
    assert all(left.reason for left in excluded)


async def test_a_recorded_message_passes_for_clients_of_both_dialects() -> None:
    verdict = await _verdict(_trial("anthropic", "messages", orjson.dumps(MESSAGE).decode()))

    assert (verdict.wrong, verdict.journeys, verdict.untouched) == ([], 2, 1)
    assert proven([verdict]) == {"anthropic": {"chat": 1, "tools": 1, "cache": 1}}


async def test_a_recorded_stream_is_cut_at_every_kind_of_place() -> None:
    verdict = await _verdict(_trial("openai", "chat_completions", STREAM.decode(), streaming=True))

    assert verdict.wrong == []
    assert verdict.cut == len(cuts.kinds(STREAM, binary=False)) == 10


async def test_a_refusal_that_nobody_has_thought_about_fails() -> None:
    body = '{"error": {"message": "never seen before"}}'

    verdict = await _verdict(_trial("openai", "chat_completions", body, status=418))

    assert len(verdict.wrong) == 1
    assert "instead of a decision" in verdict.wrong[0]


async def test_a_reply_without_an_end_has_to_be_a_failure() -> None:
    begun = STREAM.partition(b"data: [DONE]")[0].replace(b'"stop"', b"null")
    verdict = await _verdict(_trial("openai", "chat_completions", begun.decode(), streaming=True))

    assert verdict.wrong == []


def _text(message: Json) -> Json:
    return {**message, "content": "Gruß Gott"}


def _arguments(message: Json) -> Json:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    return {**message, "tool_calls": [call]}


def _silence(message: Json) -> Json:
    return {"role": "assistant", "content": None}


CHANGES: dict[str, tuple[Callable[[Json], Json], str]] = {
    "a letter": (_text, "text: 'Gruß Gott' instead of 'Grüß Gott'"),
    "arguments": (_arguments, "tool calls"),
    "all of it": (_silence, "text"),
}


@pytest.mark.parametrize(("change", "blamed"), CHANGES.values(), ids=CHANGES)
def test_what_is_not_as_recorded_is_noticed(change: Callable[[Json], Json], blamed: str) -> None:
    wanted = _trial("anthropic", "messages", orjson.dumps(MESSAGE).decode()).said
    assert wanted
    call = {"name": "weather", "arguments": '{"city": "Köln"}'}
    message = {
        "role": "assistant",
        "content": "Grüß Gott",
        "tool_calls": [{"id": "c", "type": "function", "function": call}],
    }
    details = {"cached_tokens": 4}
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "prompt_tokens_details": details}

    def found(message: Json) -> list[str]:
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        body = orjson.dumps({"choices": [choice], "usage": usage})
        said = heard(body, Dialect.OPENAI_CHAT, stream=False)
        return list(differences(wanted, said, Dialect.OPENAI_CHAT))

    assert found(message) == []
    assert found(change(message))[0].startswith(blamed)


def test_what_the_sdk_does_not_accept_is_noticed() -> None:
    body = orjson.dumps({**CHUNK, "object": "chunk"})

    wrong = invalid(b"data: %b\n\n" % body, Dialect.OPENAI_CHAT, stream=True)

    assert wrong == "object: Input should be 'chat.completion.chunk'"


async def test_each_piece_is_read_by_itself() -> None:
    pieces = [STREAM[at : at + 1] for at in range(40)]
    async with ReplayServer() as server, Http() as http:
        address = server.serve(Reply(200, {}, pieces))
        answer = await http.post(Upstream(address, b"{}"), Timeouts(), "")
        reads = []
        while data := await answer.read():
            reads.append(data)
        await answer.close(finished=True)

    assert b"".join(reads) == b"".join(pieces)
    assert len(reads) > 20


def test_frames_made_here_are_frames_to_amazons_own_reader() -> None:
    framed = wire.event_frame("messageStart", b'{"role":"assistant"}')

    ((headers, payload),) = aws(framed + b"")

    assert headers[":event-type"] == "messageStart"
    assert payload == b'{"role":"assistant"}'


def test_the_report_counts_what_was_left_out_and_why() -> None:
    left = trial(read({**_RAW, "kind": "moderations"}))
    assert isinstance(left, Excluded)

    told = "\n".join(lines([], [left]))

    assert "     1  moderations: not an operation of this release" in told
    assert "recorded 1, excluded 1\ntried 0, passed 0, failed 0" in told


_RAW: Json = {"id": "1", "provider": "openai", "fidelity": "wire", "source": "x", "status": 200}

"""One attempt for one document: what leaves, what is believed, and what an error says."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapters.auth.keys import header
from adapters.dialects import TRANSLATIONS
from adapters.errors import BadRequest, Failure, GatewayError, Kind
from adapters.merge import merged
from adapters.provider import Endpoint, Provider, Upstream
from adapters.quirks.messages import no_cache_control
from adapters.send import RowAdapter
from adapters.types import Call, Json, Reply, Target, Timeouts, Usage
from tests.adapters.samples import (
    ANTHROPIC,
    CHAT,
    COMPLETION,
    KEY,
    MESSAGE,
    STREAM,
    call,
    target,
)
from tests.fakes import FakeAnswer, FakeClock, FakeTransport

ROW = Provider("acme")
CLAUDES = Provider(
    "claudes",
    speaks={ANTHROPIC: Endpoint("/v1/messages", headers={"anthropic-version": "2023-06-01"})},
    auth=header("x-api-key", ()),
)


def _answer(document: Any = COMPLETION, status: int = 200, **headers: str) -> FakeAnswer:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return FakeAnswer(body, status=status, headers=headers)


async def _send(
    asked: Call,
    answer: FakeAnswer | None = None,
    *,
    row: Provider = ROW,
    to: Target | None = None,
) -> tuple[Reply, Upstream]:
    """The reply, and the request that left."""
    transport = FakeTransport(answer or _answer())
    reply = await RowAdapter(row, transport, FakeClock()).send(asked, to or target())
    return reply, transport.requests[0]


async def _left(asked: Call, *, row: Provider = ROW, to: Target | None = None) -> Upstream:
    answer = _answer(MESSAGE if row is CLAUDES else COMPLETION)
    if asked.stream:
        answer = FakeAnswer(*STREAM)
    return (await _send(asked, answer, row=row, to=to))[1]


async def _failed(answer: FakeAnswer, asked: Call | None = None, row: Provider = ROW) -> Failure:
    with pytest.raises(Failure) as caught:
        await _send(asked or call(), answer, row=row)
    return caught.value


async def _outcome(asked: Call, answer: FakeAnswer) -> object:
    """What becomes of a call that is translated: served, or the status of its error."""
    try:
        reply, _ = await _send(asked, answer, row=CLAUDES)
    except GatewayError as error:
        return error.status
    return "served" if isinstance(reply.body, bytes) else reply.body


# --- what is asked ----------------------------------------------------------------------------

MERGED: dict[str, tuple[Json, dict[str, Any], Json]] = {  # the client's, more of a target, asked
    "the provider's model name": ({"model": "alias"}, {}, {"model": "m-1"}),
    "unknown fields": ({"x": {"y": [None]}}, {}, {"x": {"y": [None]}, "model": "m-1"}),
    "a default": ({}, {"params": {"top_p": 0.5}}, {"model": "m-1", "top_p": 0.5}),
    "the client's word wins": (
        {"top_p": 0},
        {"params": {"top_p": 0.5}},
        {"top_p": 0, "model": "m-1"},
    ),
    "even if it is null": (
        {"top_p": None},
        {"params": {"top_p": 0.5}},
        {"top_p": None, "model": "m-1"},
    ),
    "a default cannot name another model": ({}, {"params": {"model": "x"}}, {"model": "m-1"}),
    "tools are joined, the deployment's first": (
        {"tools": [1]},
        {"params": {"tools": [2, 3]}},
        {"tools": [2, 3, 1], "model": "m-1"},
    ),
    "tools may be the deployment's alone": (
        {},
        {"params": {"tools": [2]}},
        {"model": "m-1", "tools": [2]},
    ),
    "fields never to send": (
        {"user": "u", "seed": 1},
        {"drop_fields": ("user", "none"), "params": {"user": "v"}},
        {"seed": 1, "model": "m-1"},
    ),
}


@pytest.mark.parametrize("case", MERGED)
def test_a_request_is_merged(case: str) -> None:
    body, more, expected = MERGED[case]
    before = orjson.dumps(body)

    assert merged(body, target(**more)) == expected
    assert orjson.dumps(body) == before


def test_the_order_of_fields_stays() -> None:
    asked = merged({"b": 1, "model": "alias", "a": 2}, target(params={"c": 3}))

    assert list(asked) == ["b", "model", "a", "c"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_deployments_tools_are_not_changed_by_a_call(*, stream: bool) -> None:
    tools = [{"type": "function"}]
    to = target(params={"tools": tools})

    for _ in range(2):
        left = await _left(call(stream=stream, tools=[{"type": "other"}]), to=to)

        assert len(orjson.loads(left.body)["tools"]) == 2
    assert tools == [{"type": "function"}]


async def test_a_call_is_value_identical_but_for_its_model() -> None:
    asked = call(
        seed=1, metadata={"a": "b"}, messages=[{"role": "user", "content": "gr\u00fc\u00df"}]
    )

    left = await _left(asked)

    assert orjson.loads(left.body) == {**asked.body, "model": "m-1"}


async def test_usage_of_a_stream_is_always_asked_for() -> None:
    left = await _left(call(stream=True, stream_options={"include_obfuscation": False}))

    assert orjson.loads(left.body)["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }


async def test_usage_is_not_asked_for_where_the_operator_says_never() -> None:
    left = await _left(call(stream=True), to=target(drop_fields=("stream_options",)))

    assert "stream_options" not in orjson.loads(left.body)


async def test_documents_tell_their_usage_unasked() -> None:
    assert "stream_options" not in orjson.loads((await _left(call())).body)


async def test_quirks_come_after_our_own_additions() -> None:
    def deaf(body: Json) -> Json:
        return {name: value for name, value in body.items() if name != "stream_options"}

    left = await _left(call(stream=True), row=Provider("acme", quirks=(deaf,)))

    assert "stream_options" not in orjson.loads(left.body)


@pytest.mark.parametrize("raw", [rb'{"cache_control":1}', rb'{"cache\u005fcontrol":1}', b""])
async def test_a_quirk_finds_its_word_however_the_client_wrote_it(raw: bytes) -> None:
    part = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    asked = replace(call(messages=[{"role": "user", "content": [part]}]), raw=raw)

    left = await _left(asked, row=Provider("acme", quirks=(no_cache_control,)))

    assert b"cache_control" not in left.body


async def test_claude_is_not_sent_what_others_have_thought_though_nothing_is_translated() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "responses#gAAA"}
    said = [thought, {"type": "text", "text": "Hi"}]
    asked = call(ANTHROPIC, messages=[{"role": "assistant", "content": said}])
    claude = replace(target(), model="claude-sonnet-4-5")

    left = await _left(asked, row=CLAUDES, to=claude)

    assert orjson.loads(left.body)["messages"] == [{"role": "assistant", "content": said[1:]}]


async def test_parameters_without_a_word_are_sent_on() -> None:
    left = await _left(call(seed=1, temperature=0.5), row=CLAUDES)

    assert orjson.loads(left.body)["seed"] == 1


async def test_parameters_without_a_word_are_dropped_where_config_says_so() -> None:
    to = target(drop_params=True, params={"logit_bias": {}})

    left = await _left(call(seed=1, temperature=0.5, x_new=True), row=CLAUDES, to=to)

    body = orjson.loads(left.body)
    assert not {"seed", "logit_bias"} & set(body)
    assert (body["temperature"], body["x_new"]) == (0.5, True)


async def test_nothing_is_dropped_from_a_call_in_the_providers_own_dialect() -> None:
    left = await _left(call(seed=1), to=target(drop_params=True))

    assert orjson.loads(left.body)["seed"] == 1


async def test_a_lone_surrogate_is_the_callers_mistake() -> None:
    with pytest.raises(BadRequest, match="JSON"):
        await _left(call(messages=[{"role": "user", "content": "\ud800"}]))


@pytest.mark.parametrize(
    "messages", [[{"role": "user", "content": [7]}], [None], "text", [{"role": []}]]
)
async def test_a_request_that_cannot_be_translated_is_no_crash(messages: Any) -> None:
    assert await _outcome(call(messages=messages), _answer(MESSAGE)) in {"served", 400}


async def test_a_translator_that_trips_over_a_request_blames_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TRANSLATIONS, (CHAT, ANTHROPIC), "tests.adapters.samples:TRIPS_AT_REQUEST")

    with pytest.raises(BadRequest, match=r"cannot be translated.*unforeseen"):
        await _left(call(), row=CLAUDES)


# --- where it goes, and with what -------------------------------------------------------------


async def test_the_headers_that_leave_are_these() -> None:
    left = await _left(call())

    assert left.headers == {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "accept": "application/json",
        "user-agent": "sluicegate",
        "x-request-id": "req-1",
        "authorization": f"Bearer {KEY}",
    }


async def test_a_stream_is_asked_for_as_one() -> None:
    assert (await _left(call(stream=True))).headers["accept"] == "text/event-stream"


def _forwarding(asked: Call, **headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(asked.dialect, asked.model, asked.body, asked.stream, named, asked.id)


async def test_what_is_forwarded_stays_within_its_dialect() -> None:
    beta = {"anthropic_beta": "context-1m-2025-08-07"}
    same = await _left(_forwarding(call(ANTHROPIC), **beta), row=CLAUDES)
    other = await _left(_forwarding(call(ANTHROPIC), **beta))

    assert same.headers["anthropic-beta"] == "context-1m-2025-08-07"
    assert "anthropic-beta" not in other.headers


async def test_a_client_may_ask_for_another_version() -> None:
    default = await _left(call(ANTHROPIC), row=CLAUDES)
    asked = await _left(_forwarding(call(ANTHROPIC), anthropic_version="2099-01-01"), row=CLAUDES)

    assert default.headers["anthropic-version"] == "2023-06-01"
    assert asked.headers["anthropic-version"] == "2099-01-01"


@pytest.mark.parametrize("row", [ROW, CLAUDES])
async def test_nobody_but_config_decides_with_which_key(row: Provider) -> None:
    sneaky = _forwarding(call(), authorization="Bearer theirs", x_api_key="theirs")
    to = target(headers={"authorization": "Bearer old", "x-team": "blue"})

    left = await _left(sneaky, row=row, to=to)

    assert left.headers["x-team"] == "blue"
    name = "x-api-key" if row is CLAUDES else "authorization"
    assert left.headers[name].endswith(KEY)


async def test_the_model_may_be_in_the_path() -> None:
    row = Provider(
        "acme",
        speaks={CHAT: Endpoint("/d/{model}/chat?v={version}", "/d/{model}/stream?v={version}")},
        options={"version": "1"},
    )
    to = Target("acme", "a/b c", "https://x/", options={"version": "2"})

    assert (await _left(call(), row=row, to=to)).url == "https://x/d/a%2Fb%20c/chat?v=2"
    assert (await _left(call(stream=True), row=row, to=to)).url.startswith(
        "https://x/d/a%2Fb%20c/s"
    )


async def test_secrets_divide_the_connections() -> None:
    transport = FakeTransport(_answer(), _answer(), _answer())
    adapter = RowAdapter(ROW, transport, FakeClock())

    for key in ("one", "one", "two"):
        await adapter.send(call(), Target("acme", "m", "https://x", secrets={"api_key": key}))

    first, second, third = transport.credentials
    assert first == second != third


# --- what comes back --------------------------------------------------------------------------


async def test_a_document_passes_byte_by_byte() -> None:
    raw = orjson.dumps(COMPLETION, option=orjson.OPT_INDENT_2) + b"\n"
    answer = FakeAnswer(raw[:9], raw[9:], headers={"x-request-id": "their-1"})

    reply, _ = await _send(call(), answer)

    assert reply.body == raw
    assert reply.headers == {"x-request-id": "their-1"}
    assert (reply.receipt.usage, reply.receipt.model) == (Usage(7, 3), "m-1")
    assert (reply.receipt.finish, reply.receipt.complete) == (True, True)
    assert answer.closed == [True]


async def test_a_document_without_usage_is_one_all_the_same() -> None:
    reply, _ = await _send(call(), _answer({"choices": [{"index": 0}]}))

    assert reply.receipt.usage == Usage()


async def test_another_dialect_is_translated_and_counted() -> None:
    reply, left = await _send(call(), _answer(MESSAGE), row=CLAUDES)

    assert isinstance(reply.body, bytes)
    assert orjson.loads(reply.body)["choices"][0]["message"]["content"] == "Hi"
    assert orjson.loads(left.body)["model"] == "m-1"
    assert (reply.receipt.usage, reply.receipt.model) == (Usage(7, 3), "claude-1")


UNBELIEVABLE = {
    "a web page": b"<html>Log in</html>",
    "nothing": b"",
    "half a document": b'{"choices": [',
    "a list": b"[{}]",
    "a text": b'"hello"',
    "not UTF-8": b'{"a": "\xff"}',
}


@pytest.mark.parametrize("case", UNBELIEVABLE)
async def test_a_success_that_is_none_is_broken(case: str) -> None:
    failure = await _failed(_answer(UNBELIEVABLE[case]))

    assert (failure.kind, failure.provider) == (Kind.BROKEN, "acme")
    assert "Log in" not in failure.message


SHAPES: list[Json] = [
    {"content": 7, "usage": []},
    {"content": [7], "usage": {"input_tokens": {}}},
    {"content": [{"type": "tool_use"}], "stop_reason": [], "usage": "much"},
    {"message": "busy", "usage": None},
    {},
]


@pytest.mark.parametrize("document", SHAPES)
async def test_a_shape_that_nobody_foresaw_is_no_crash(document: Json) -> None:
    assert await _outcome(call(), _answer(document)) in {"served", 502}


ODD_USAGE: list[Any] = [[], "much", 7, {"prompt_tokens_details": "many"}, {"prompt_tokens": {}}]


@pytest.mark.parametrize("usage", ODD_USAGE)
@pytest.mark.parametrize("asked", [call(), call(ANTHROPIC)], ids=["chat", "anthropic"])
async def test_usage_of_an_odd_shape_is_no_crash(usage: Any, asked: Call) -> None:
    reply, _ = await _send(asked, _answer({**COMPLETION, "usage": usage}))

    assert reply.receipt.usage.input == 0


async def test_a_translator_that_trips_over_an_answer_makes_it_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TRANSLATIONS, (CHAT, ANTHROPIC), "tests.adapters.samples:TRIPS_AT_REPLY")

    failure = await _failed(_answer(MESSAGE), row=CLAUDES)

    assert failure.kind is Kind.BROKEN
    assert "cannot be translated" in failure.message


REFUSALS: dict[str, tuple[int, Json, Kind]] = {
    "our key": (401, {"error": {"message": "bad key", "code": "invalid_api_key"}}, Kind.CREDENTIAL),
    "our pace": (429, {"error": {"message": "slow down"}}, Kind.RATE_LIMIT),
    "an error in a success": (
        200,
        {"error": {"message": "slow down", "code": "rate_limit_exceeded"}},
        Kind.RATE_LIMIT,
    ),
    "an error in a success, by number": (
        200,
        {"error": {"message": "x", "code": 502}},
        Kind.TRANSIENT,
    ),
    "the prompt": (
        400,
        {"error": {"message": "x", "code": "context_length_exceeded"}},
        Kind.TOO_LONG,
    ),
    "a redirect": (302, {}, Kind.BROKEN),
    "an informal status": (599, {}, Kind.TRANSIENT),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_is_classified(case: str, *, stream: bool) -> None:
    status, body, kind = REFUSALS[case]
    answer = FakeAnswer(
        orjson.dumps(body), status=status, headers={"content-type": "application/json"}
    )

    failure = await _failed(answer, call(stream=stream))

    assert (failure.kind, failure.provider) == (kind, "acme")
    assert answer.closed == [False]


async def test_a_refusal_may_say_for_how_long() -> None:
    for status, error in ((429, {"message": "x"}), (200, {"code": "rate_limit_exceeded"})):
        answer = FakeAnswer(
            orjson.dumps({"error": error}), status=status, headers={"retry-after": "7"}
        )

        assert (await _failed(answer)).retry_after == 7


async def test_a_failed_post_says_whose_it_was() -> None:
    transport = FakeTransport(Failure(Kind.TRANSIENT, "refused the connection"))

    with pytest.raises(Failure) as caught:
        await RowAdapter(ROW, transport, FakeClock()).send(call(), target())

    assert caught.value.provider == "acme"


async def test_an_answer_is_waited_for_so_long_and_no_longer() -> None:
    answer = FakeAnswer(b'{"choices"', stalls=True)
    to = target(timeouts=Timeouts(total=0.02))

    with pytest.raises(Failure, match=r"acme gave no answer within 0\.02 s") as caught:
        await _send(call(), answer, to=to)

    assert caught.value.kind is Kind.TIMEOUT
    assert answer.closed == [False]


QUOTING: list[tuple[int, Any]] = [
    (401, {"error": {"message": f"Incorrect API key: {KEY}"}}),
    (400, {"error": f"who is {KEY}?"}),
    (403, f"unauthorised {KEY}".encode()),
    (200, {"error": {"message": f"{KEY} is over its limit"}}),
]


@pytest.mark.parametrize(("status", "body"), QUOTING)
async def test_no_error_text_holds_a_secret(status: int, body: Any) -> None:
    failure = await _failed(_answer(body, status))

    for text in (failure.message, str(failure), repr(failure), str(failure.__cause__)):
        assert KEY not in text
        assert KEY[:12] not in text


def test_nothing_that_is_printed_holds_a_secret() -> None:
    request = Upstream("https://x", b"{}", {"authorization": f"Bearer {KEY}"})

    assert KEY not in repr(request)
    assert KEY not in repr(target(headers={"x-key": KEY}))

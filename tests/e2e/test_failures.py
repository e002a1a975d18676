"""Providers that fail: nobody notices where somebody else can answer, and nobody takes half an
answer for a whole one.
"""

import asyncio
from typing import Any

import orjson
import pytest

from tests.e2e import said
from tests.e2e.conftest import PROVIDER_KEYS
from tests.e2e.process import Gateway
from tests.e2e.raw import BEARER, connected, exchange
from tests.upstream import End, Script, Seen, Upstream, Wire, document, events, hang_up

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"

OPENAI_ERROR = b'data: {"error":{"message":"overloaded","type":"server_error","code":502}}\n\n'
ANTHROPIC_ERROR = said.event("error", error={"type": "overloaded_error", "message": "Overloaded"})

HALF_CHAT = said.chat_words("Good", " day")
HALF_MESSAGE = said.message_stream("Good", " day")[:2]

DEATHS: dict[str, tuple[End, bool, bytes]] = {  # how it ends, whether it says why, and what else
    "a FIN": ("cut", False, b""),
    "a RST": ("reset", False, b""),
    "a clean end before the end": ("clean", False, b""),
    "an error event": ("clean", True, b""),
    "an error event and silence": ("stall", True, b""),
    "an event that is no JSON": ("stall", False, b'data: {"usage":{broken\n\n'),
}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize(
    ("path", "model"),
    [(CHAT, "gpt"), (CHAT, "claude"), (MESSAGES, "claude"), (MESSAGES, "gpt")],
    ids=["openai", "openai from anthropic", "anthropic", "anthropic from openai"],
)
async def test_a_stream_that_breaks_off_ends_in_an_error_and_uncleanly(
    gateway: Gateway, one: Upstream, path: str, model: str, death: str
) -> None:
    half, error = (HALF_CHAT, OPENAI_ERROR) if model == "gpt" else (HALF_MESSAGE, ANTHROPIC_ERROR)
    end, says_why, other = DEATHS[death]
    last = [word for word in (error * says_why, other) if word]
    die = asyncio.Event()
    one.play(_mortal(half, die, events(last, end=end, head=False)))

    got = b""
    async with connected(gateway.port) as client:
        await client.ask(path, said.asked(model, stream=True))
        head = await client.head()
        while b'" day"' not in got:
            got += await client.piece()
        die.set()
        rest, clean = await client.rest()

    whole = got + rest
    assert head.status == 200
    assert not clean
    assert b"[DONE]" not in whole
    assert b"message_stop" not in whole
    _assert_is_error_event(whole.rstrip().rpartition(b"\n\n")[2], path)


def _mortal(half: list[bytes], die: asyncio.Event, death: Script) -> Script:
    """Half an answer, and the rest when told so."""

    async def play(wire: Wire, seen: Seen) -> None:
        await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        for piece in half:
            await wire.chunk(piece)
        await die.wait()
        await death(wire, seen)

    return play


def _assert_is_error_event(last: bytes, path: str) -> None:
    """An error event in the dialect of the path."""
    name, data = last.split(b"\n") if path == MESSAGES else (b"", last)
    told: Any = orjson.loads(data.removeprefix(b"data: "))
    if path == MESSAGES:
        assert name == b"event: error"
        assert told["type"] == "error"
        assert told["error"]["type"] == "api_error"
        assert told["request_id"]
    else:
        assert told["error"]["type"] == "upstream_error"
        assert told["error"]["code"] in {"upstream_broken", "upstream_unavailable"}
    assert told["error"]["message"]


FALLS: dict[str, Script] = {
    "500": document(said.openai_error("oops", "server_error"), 500),
    "429": document(said.openai_error("slow down", "rate_limit_error"), 429),
    "401": document(said.openai_error("wrong key", code="invalid_api_key"), 401),
    "a web page": document(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"}),
    "a login page with 200": document(b"<html>Log in</html>", 200, {"content-type": "text/html"}),
    "a hang-up": hang_up(),
    "a stream that only says hello": events([said.delta(role="assistant", content="")], end="cut"),
    "a stream that says nothing": events([], end="clean"),
    "a stream of comments": events([b": processing\n\n"] * 3, end="reset"),
    "an error as the first event": events([OPENAI_ERROR], end="clean"),
    "hello, then an error": events([said.delta(role="assistant", content=""), OPENAI_ERROR]),
    "an error with 200": document(said.openai_error("not today", "server_error")),
    "rubbish": events([b"data: {broken\n\n"]),
}


@pytest.mark.parametrize("fall", FALLS)
async def test_a_stream_that_fails_before_its_first_word_is_replaced_unseen(
    gateway: Gateway, one: Upstream, two: Upstream, fall: str
) -> None:
    stream = said.chat_stream("From", " the", " second")
    one.play(FALLS[fall])
    two.play(events(stream))

    asked = said.asked("pair", stream=True, stream_options={"include_usage": True})
    got = await exchange(gateway.port, CHAT, asked)

    assert got.status == 200
    assert got.body == b"".join(stream)
    assert got.clean
    assert one.requests
    assert len(two.requests) == 1


@pytest.mark.parametrize("fall", ["500", "429", "401", "a web page", "a hang-up"])
async def test_a_document_is_replaced_as_well(
    gateway: Gateway, one: Upstream, two: Upstream, fall: str
) -> None:
    one.play(FALLS[fall])
    two.play(document(said.completion("From the second")))

    got = await exchange(gateway.port, CHAT, said.asked("pair"))

    assert got.status == 200
    assert got.json["choices"][0]["message"]["content"] == "From the second"


async def test_an_anthropic_stream_that_fails_early_is_replaced_unseen(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    stream = said.message_stream("From", " the", " second")
    one.play(events([said.opening(), said.event("ping"), ANTHROPIC_ERROR]))
    two.play(events(stream))

    got = await exchange(gateway.port, MESSAGES, said.asked("duo", stream=True))

    assert got.body == b"".join(stream)
    assert got.clean


async def test_a_fallback_answers_under_another_name_and_the_headers_say_so(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    one.play(document(said.openai_error("oops"), 500))
    two.play(document(said.completion()))

    got = await exchange(gateway.port, CHAT, said.asked("plan-a"), _with_id("fallback-1"))

    line = await gateway.line("request.finished", request_id="fallback-1")
    failed = await gateway.line("attempt.failed", request_id="fallback-1")
    assert got.status == 200
    assert got.headers["x-litellm-model-group"] == "plan-b"
    assert got.headers["x-litellm-attempted-fallbacks"] == "1"
    assert two.requests[0].json["model"] == "gpt-y"
    assert (line["alias"], line["attempts"], line["fallbacks"]) == ("plan-a", 2, 1)
    assert (failed["kind"], failed["upstream_status"]) == ("transient", 500)


async def test_what_no_other_deployment_would_serve_is_not_sent_there(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    one.play(document(said.openai_error("bad field", param="foo"), 400))

    got = await exchange(gateway.port, CHAT, said.asked("pair"))

    assert got.status == 400
    assert not two.requests


REFUSALS = {  # what the provider says -> what the client is told: status, type, code
    "its mistake": (400, "invalid_request_error", None, 400, "invalid_request_error", None),
    "our key": (401, "x", "invalid_api_key", 502, "upstream_error", "upstream_credential"),
    "our purse": (429, "x", "insufficient_quota", 502, "upstream_error", "upstream_quota"),
    "too fast": (429, "tokens", "rate_limit_exceeded", 429, "tokens", "rate_limit_exceeded"),
    "no such model": (404, "x", "model_not_found", 404, "invalid_request_error", "model_not_found"),
    "it is ill": (500, "x", "y", 502, "upstream_error", "upstream_unavailable"),
    "it is late": (504, "x", "y", 504, "timeout_error", "upstream_timeout"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_keeps_its_words_and_gets_the_status_that_says_who_must_act(
    gateway: Gateway, one: Upstream, refusal: str
) -> None:
    status, kind, code, told_status, told_kind, told_code = REFUSALS[refusal]
    one.play(document(said.openai_error("The provider's own words.", kind, code=code), status))

    chat = await exchange(gateway.port, CHAT, said.asked("gpt"))
    messages = await exchange(gateway.port, MESSAGES, said.asked("gpt"))

    error = chat.json["error"]
    assert chat.status == messages.status == told_status
    assert (error["type"], error["code"]) == (told_kind, told_code)
    assert error["message"] == "The provider's own words."
    assert messages.json["type"] == "error"
    assert messages.json["error"]["message"] == "The provider's own words."
    assert messages.json["request_id"] == messages.headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"retry-after": "7"}, {"retry-after": "7", "retry-after-ms": "7000"}),
        ({"retry-after-ms": "1500"}, {"retry-after": "2", "retry-after-ms": "1500"}),
        ({"retry-after": "3000"}, {"x-should-retry": "false"}),
        ({}, {}),
    ],
)
async def test_clients_are_told_when_to_come_back_unless_it_is_too_long_to_sleep(
    gateway: Gateway, one: Upstream, given: dict[str, str], told: dict[str, str]
) -> None:
    one.play(document(said.openai_error("slow down"), 429, given))

    got = await exchange(gateway.port, CHAT, said.asked("gpt"))

    names = ("retry-after", "retry-after-ms", "x-should-retry")
    assert got.status == 429
    assert {name: got.headers[name] for name in names if name in got.headers} == told


async def test_what_a_provider_says_of_its_limits_is_passed_on_and_nothing_else(
    gateway: Gateway, one: Upstream
) -> None:
    given = {
        "x-ratelimit-remaining-requests": "5000",
        "x-request-id": "req_of_theirs",
        "set-cookie": "a=b",
        "openai-organization": "org-secret",
        "server": "cloudflare",
    }
    one.play(document(said.completion(), 200, given))

    got = await exchange(gateway.port, CHAT, said.asked("gpt"), _with_id("mine-1"))

    assert got.headers["x-ratelimit-remaining-requests"] == "5000"
    assert got.headers["llm_provider-x-request-id"] == "req_of_theirs"
    assert got.headers["x-request-id"] == "mine-1"
    assert not {"set-cookie", "openai-organization", "server"} & got.headers.keys()


async def test_a_key_that_the_provider_repeats_is_seen_by_nobody(
    gateway: Gateway, one: Upstream
) -> None:
    said_aloud = f"Incorrect API key provided: {PROVIDER_KEYS[0]}. See the docs."
    one.play(document(said.openai_error(said_aloud, code="invalid_api_key"), 401))

    got = await exchange(gateway.port, CHAT, said.asked("gpt"), _with_id("echoed-1"))

    await gateway.line("request.finished", request_id="echoed-1")
    assert got.status == 502
    assert PROVIDER_KEYS[0].encode() not in got.body
    assert PROVIDER_KEYS[0] not in gateway.log


async def test_after_a_failure_the_next_request_on_the_same_connection_is_fine(
    gateway: Gateway, one: Upstream
) -> None:
    one.play(document(said.openai_error("oops"), 500), document(said.completion()))

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("gpt"))
        bad = await client.whole()
        await client.ask(CHAT, said.asked("gpt"))
        good = await client.whole()

    assert (bad.status, good.status) == (502, 200)


async def test_a_connection_that_the_provider_closed_while_idle_is_no_failure(
    gateway: Gateway, one: Upstream
) -> None:
    async def answer_and_close(wire: Any, seen: Any) -> None:
        await document(said.completion())(wire, seen)
        await asyncio.sleep(0.05)
        wire.close()

    one.play(answer_and_close)
    ids = [f"idle-{number}" for number in range(5)]

    got = [await exchange(gateway.port, CHAT, said.asked("gpt"), _with_id(each)) for each in ids]

    for each in ids:
        await gateway.line("request.finished", request_id=each, attempts=1)
    assert [each.status for each in got] == [200] * 5


def _with_id(request_id: str) -> dict[str, str]:
    return {**BEARER, "x-request-id": request_id}

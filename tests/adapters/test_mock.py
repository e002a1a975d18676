"""The provider that answers by itself, through the same door as anybody's."""

from typing import Any

import orjson
import pytest

from adapters.errors import Failure, Kind
from adapters.providers.mock import PROVIDER, MockTransport
from adapters.send import RowAdapter
from adapters.types import Body, Call, Dialect, Json, Reply, Target, Usage
from tests.adapters.samples import ANTHROPIC, CHAT, call
from tests.fakes import FakeClock


async def _asked(
    asked: Call, model: str = "demo", script: str = "", clock: FakeClock | None = None
) -> Reply:
    clock = clock or FakeClock()
    options = {"mock_response": script} if script else {}
    target = Target("mock", model, options=options)
    return await RowAdapter(PROVIDER, MockTransport(clock), clock).send(asked, target)


async def _whole(reply: Reply) -> bytes:
    assert not isinstance(reply.body, bytes)
    body: Body = reply.body
    whole = b"".join([chunk async for chunk in body])
    await body.aclose()
    return whole


def _text(stream: bytes) -> str:
    said: list[str] = []
    for line in stream.splitlines():
        if line.startswith(b"data: {"):
            chunk: Json = orjson.loads(line[6:])
            said += [choice["delta"].get("content") or "" for choice in chunk["choices"]]
    return "".join(said)


def _document(reply: Reply) -> Any:
    assert isinstance(reply.body, bytes)
    return orjson.loads(reply.body)


async def test_it_says_a_few_words_of_its_own() -> None:
    document = _document(await _asked(call()))

    assert document["choices"][0]["message"]["content"].startswith("Hello from Sluicegate.")
    assert document["choices"][0]["finish_reason"] == "stop"
    assert document["model"] == "demo"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("good morning", "good morning"),
        ([{"type": "text", "text": "good"}, {"type": "text", "text": "morning"}], "good morning"),
        (None, ""),
    ],
)
async def test_echo_says_what_the_user_said_last(content: Any, expected: str) -> None:
    messages = [
        {"role": "user", "content": "first"},
        {"role": "user", "content": content},
        {"role": "assistant", "content": "an answer"},
    ]

    document = _document(await _asked(call(messages=messages), "echo"))

    assert document["choices"][0]["message"]["content"] == expected


async def test_a_script_is_what_is_said() -> None:
    document = _document(await _asked(call(), "echo", script="as told"))

    assert document["choices"][0]["message"]["content"] == "as told"


async def test_a_stream_says_the_same_as_a_document() -> None:
    document = _document(await _asked(call(), script="word by word"))
    stream = await _whole(await _asked(call(stream=True), script="word by word"))

    assert _text(stream) == document["choices"][0]["message"]["content"] == "word by word"
    assert stream.endswith(b"data: [DONE]\n\n")


async def test_a_stream_comes_at_the_pace_of_a_model() -> None:
    clock = FakeClock()

    await _whole(await _asked(call(stream=True), script="one two three", clock=clock))

    assert len(clock.slept) >= 3
    assert 0 < max(clock.slept) < 1


async def test_instant_does_not_keep_anybody_waiting() -> None:
    clock = FakeClock()

    await _whole(await _asked(call(stream=True), "instant", clock=clock))

    assert clock.slept == []


@pytest.mark.parametrize("wanted", [True, False])
async def test_usage_is_told_to_who_asks_and_counted_always(*, wanted: bool) -> None:
    asked = call(stream=True, stream_options={"include_usage": wanted})
    reply = await _asked(asked, script="one two three")

    stream = await _whole(reply)

    assert (b'"usage":' in stream) is wanted
    assert reply.receipt.usage.output == 3
    assert reply.receipt.usage.input > 0


async def test_a_document_counts_too() -> None:
    reply = await _asked(call(), script="one two three")

    assert reply.receipt.usage == Usage(
        _document(reply)["usage"]["prompt_tokens"], _document(reply)["usage"]["completion_tokens"]
    )
    assert reply.receipt.usage.output == 3


FAILURES = {
    "litellm.RateLimitError": Kind.RATE_LIMIT,
    "litellm.ContextWindowExceededError": Kind.TOO_LONG,
    "litellm.ContentPolicyViolationError": Kind.BLOCKED,
    "litellm.AuthenticationError": Kind.CREDENTIAL,
    "litellm.InternalServerError": Kind.TRANSIENT,
    "litellm.ServiceUnavailableError": Kind.TRANSIENT,
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("script", FAILURES)
async def test_it_fails_on_request(script: str, *, stream: bool) -> None:
    with pytest.raises(Failure) as caught:
        await _asked(call(stream=stream), script=script)

    assert (caught.value.kind, caught.value.provider) == (FAILURES[script], "mock")


async def test_every_answer_has_an_id_of_its_own() -> None:
    clock = FakeClock()
    adapter = RowAdapter(PROVIDER, MockTransport(clock), clock)
    target = Target("mock", "demo")

    ids = [_document(await adapter.send(call(), target))["id"] for _ in range(3)]

    assert len(set(ids)) == 3


@pytest.mark.parametrize("dialect", [CHAT, ANTHROPIC])
async def test_clients_of_every_dialect_are_served(dialect: Dialect) -> None:
    whole = await _whole(await _asked(call(dialect, stream=True), script="Hi you"))
    document = _document(await _asked(call(dialect), script="Hi you"))

    expected = {
        CHAT: (b"data: [DONE]\n\n", "choices"),
        ANTHROPIC: (b'data: {"type":"message_stop"}\n\n', "content"),
    }
    end, field = expected[dialect]
    assert whole.endswith(end)
    assert document[field]

"""Streams that break off, or are slow to begin, with a gateway that may ask somebody else."""

from collections.abc import AsyncIterator

import anthropic
import openai
import pytest
import pytest_asyncio

from adapters.types import Json
from tests.e2e import said
from tests.e2e.process import MASTER_KEY, Gateway
from tests.e2e.raw import exchange
from tests.upstream import Upstream, events, silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
WORDS = ("Good", " day", ", dear", " reader", ".", " How", " are", " you?")
TEXT = "".join(WORDS)
CUT = {CHAT: said.chat_words(*WORDS[:5]), MESSAGES: said.message_stream(*WORDS)[:5]}
WHOLE = {CHAT: said.chat_stream(*WORDS), MESSAGES: said.message_stream(*WORDS)}
CALLING = {CHAT: said.chat_tool_stream()[:2], MESSAGES: said.message_tool_stream()[:6]}
BOTH = pytest.mark.parametrize(("path", "model"), [(CHAT, "pair"), (MESSAGES, "duo")])


@pytest.fixture(scope="module")
def extra() -> Json:
    return {
        "router_settings": {
            "mid_stream_fallback": "continue",
            "hedging": {"enabled": True, "percentile": 100, "max_share": 1.0},
        }
    }


@pytest_asyncio.fixture(loop_scope="module")
async def chat(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=0, timeout=10
    ) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def claude(gateway: Gateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=gateway.url, api_key=MASTER_KEY, max_retries=0, timeout=10
    ) as client:
        yield client


async def test_openai_s_sdk_reads_the_whole_text_once(
    gateway: Gateway, chat: openai.AsyncOpenAI, one: Upstream, two: Upstream
) -> None:
    one.play(events(CUT[CHAT], end="cut"))
    two.play(events(WHOLE[CHAT]))

    stream = await chat.chat.completions.create(
        model="pair",
        messages=[{"role": "user", "content": "Hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT
    assert len({chunk.id for chunk in chunks}) == 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    usage = chunks[-1].usage
    assert usage
    assert usage.prompt_tokens > 11
    assert usage.completion_tokens > 7

    told = await gateway.line("stream.resumed", alias="pair")
    assert told["characters"] == len("".join(WORDS[:5]))
    done = await gateway.line("request.finished", request_id=told["request_id"])
    assert done["resumed_on"] == told["deployment"]
    assert (done["input_tokens"], done["output_tokens"]) == (
        usage.prompt_tokens,
        usage.completion_tokens,
    )


async def test_anthropic_s_sdk_reads_the_whole_text_once(
    gateway: Gateway, claude: anthropic.AsyncAnthropic, one: Upstream, two: Upstream
) -> None:
    one.play(events(CUT[MESSAGES], end="reset"))
    two.play(events(WHOLE[MESSAGES]))

    async with claude.messages.stream(
        model="duo", max_tokens=64, messages=[{"role": "user", "content": "Hello"}]
    ) as stream:
        got = await stream.get_final_message()
    assert [block.type for block in got.content] == ["text"]
    assert got.content[0].type == "text"
    assert got.content[0].text == TEXT
    assert got.stop_reason == "end_turn"
    assert (got.usage.input_tokens, got.usage.output_tokens) == (22, 14)

    assert (await gateway.line("stream.resumed", alias="duo"))["kind"] == "broken"


@BOTH
async def test_the_client_sees_one_stream_and_a_comment(
    gateway: Gateway, one: Upstream, two: Upstream, path: str, model: str
) -> None:
    one.play(events(CUT[path], end="cut"))
    two.play(events(WHOLE[path]))

    got = await exchange(gateway.port, path, said.asked(model, stream=True))

    assert got.clean
    assert got.body.count(b": resumed on ") == 1
    assert got.body.count(b'"role":"assistant"') == 1
    assert got.body.count(b"[DONE]" if path == CHAT else b"event: message_stop") == 1
    assert two.requests[0].json["messages"] == said.HELLO


@BOTH
async def test_a_stream_that_dies_in_a_tool_call_ends_in_the_error(
    gateway: Gateway, one: Upstream, two: Upstream, path: str, model: str
) -> None:
    one.play(events(CALLING[path], end="cut"))
    two.play(events(WHOLE[path]))

    got = await exchange(gateway.port, path, said.asked(model, stream=True))

    assert not got.clean
    assert b'"error"' in got.body[-300:]
    assert b"[DONE]" not in got.body
    assert two.requests == []


@BOTH
async def test_a_continuation_that_does_not_fit_ends_in_the_error(
    gateway: Gateway, one: Upstream, two: Upstream, path: str, model: str
) -> None:
    other = ("Good", " night", ".")
    one.play(events(CUT[path], end="cut"))
    two.play(events(said.chat_stream(*other) if path == CHAT else said.message_stream(*other)))

    got = await exchange(gateway.port, path, said.asked(model, stream=True))

    assert not got.clean
    assert b"night" not in got.body
    assert b'"error"' in got.body[-300:]


async def test_a_stream_that_is_slow_to_begin_is_overtaken(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    one.play(*(events(WHOLE[CHAT]) for _ in range(20)), silence())
    two.play(events(WHOLE[CHAT]))
    asked = said.asked("pair", stream=True)
    for _ in range(20):
        await exchange(gateway.port, CHAT, asked)
    one.requests.clear()
    two.requests.clear()

    got = await exchange(gateway.port, CHAT, asked)
    assert got.body.endswith(said.DONE)
    assert got.headers["x-litellm-attempted-retries"] == "0"

    slow = await one.asked()
    await slow.closed.wait()
    done = await gateway.line(
        "request.finished", request_id=got.headers["x-request-id"], hedged=True
    )
    assert done["attempts"] == 2

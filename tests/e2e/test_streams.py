"""Streams through a real gateway: every token at once, not a byte changed, and no false end."""

import asyncio
from collections.abc import Callable

import orjson
import pytest

from tests.e2e import said
from tests.e2e.process import Gateway, until
from tests.e2e.raw import connected, exchange
from tests.upstream import Seen, Upstream, Wire, document, events, nodded

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
WORDS = ("Good", " day", ", dear", " reader", ".")


@pytest.mark.parametrize(
    ("path", "model", "pieces"),
    [
        (CHAT, "gpt", said.chat_stream(*WORDS)),
        (MESSAGES, "claude", said.message_stream(*WORDS)),
        (CHAT, "claude", said.message_stream(*WORDS)),
        (MESSAGES, "gpt", said.chat_stream(*WORDS)),
    ],
    ids=["openai", "anthropic", "openai from anthropic", "anthropic from openai"],
)
async def test_every_word_arrives_before_the_next_one_is_said(
    gateway: Gateway, one: Upstream, path: str, model: str, pieces: list[bytes]
) -> None:
    nod = asyncio.Event()
    one.play(nodded(pieces, nod))

    got = b""
    async with connected(gateway.port) as client:
        await client.ask(path, said.asked(model, stream=True))
        head = await client.head()
        for word in WORDS:  # the provider says the next one only when this one is here
            while orjson.dumps(word) not in got:
                got += await client.piece()
            nod.set()
        for _ in pieces[len(WORDS) :]:
            nod.set()
            await until(lambda: not nod.is_set())
        rest, clean = await client.rest()

    assert head.status == 200
    assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert head.headers["cache-control"] == "no-cache, no-transform"
    assert head.headers["x-accel-buffering"] == "no"
    assert "content-length" not in head.headers
    assert clean
    assert (b"[DONE]" if path == CHAT else b"message_stop") in rest


async def test_an_openai_stream_passes_byte_for_byte(gateway: Gateway, one: Upstream) -> None:
    odd = [
        b": a comment of the provider\n\n",
        b'data: {"choices" :[ {"delta":{"content":"Gr\\u00fc\xc3\x9fe"},"zz":1.0}],"x":null}\n\n',
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"new_field":{"a":[]}}\r\n\r\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n',
        said.DONE,
    ]
    one.play(events(odd))

    asked = said.asked("gpt", stream=True, stream_options={"include_usage": True})
    got = await exchange(gateway.port, CHAT, asked)

    assert got.body == b"".join(odd)
    assert got.clean


async def test_an_anthropic_stream_passes_byte_for_byte(gateway: Gateway, one: Upstream) -> None:
    odd = [
        *said.message_thinking_stream()[:-1],
        said.event("content_block_delta", index=7, delta={"type": "delta_of_the_future", "z": 1}),
        b'event: ping\ndata: {"type": "ping"   }\n\n',
        said.closing(),
    ]
    one.play(events(odd))

    got = await exchange(gateway.port, MESSAGES, said.asked("claude", stream=True))

    assert got.body == b"".join(odd)
    assert got.clean


async def test_how_the_network_cuts_a_stream_makes_no_difference(
    gateway: Gateway, one: Upstream
) -> None:
    stream = b"".join(said.message_stream(*WORDS))
    cuts = [stream[at : at + 7] for at in range(0, len(stream), 7)]
    one.play(events([stream]), events(cuts, gap_s=0.0005))

    at_once = await exchange(gateway.port, CHAT, said.asked("claude", stream=True))
    in_bits = await exchange(gateway.port, CHAT, said.asked("claude", stream=True))

    assert _texts(in_bits.body) == _texts(at_once.body) == list(WORDS)


async def test_a_document_passes_byte_for_byte(gateway: Gateway, one: Upstream) -> None:
    raw = orjson.dumps(said.completion("Grüße", extra_field=1.50), option=orjson.OPT_INDENT_2)
    one.play(document(raw))

    got = await exchange(gateway.port, CHAT, said.asked("gpt"))

    assert got.body == raw
    assert got.headers["content-length"] == str(len(raw))


async def test_a_request_reaches_the_provider_with_all_that_it_holds(
    gateway: Gateway, one: Upstream
) -> None:
    one.play(document(said.completion()))
    asked = said.asked("gpt", stream=False, unknown_field={"b": 1, "a": [None, 1e-7]}, seed=7)
    asked["max_completion_tokens"] = asked.pop("max_tokens")

    await exchange(gateway.port, CHAT, asked)

    assert one.requests[0].json == {**asked, "model": "gpt-x"}
    assert list(one.requests[0].json) == list(asked)
    assert one.requests[0].path == CHAT


async def test_a_client_that_reads_nothing_slows_the_provider_down(
    gateway: Gateway, one: Upstream
) -> None:
    """128 MB are offered. Kernel buffers take a few, and the gateway must take next to nothing."""
    piece = said.delta(content="x" * 65_536)
    offered = 0

    async def flood(wire: Wire, _: Seen) -> None:
        nonlocal offered
        await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        for _n in range(2_000):
            await wire.chunk(piece)
            offered += 1

    one.play(flood)
    before = gateway.resident_bytes
    async with connected(gateway.port, buffer_bytes=8_192) as client:
        await client.ask(CHAT, said.asked("gpt", stream=True))
        seen = await one.asked()
        await _stands_still(lambda: offered)
        grown = gateway.resident_bytes - before
        stood_at = offered
        client.reset()
        await asyncio.wait_for(seen.closed.wait(), 10)

    assert 0 < stood_at < 1_000
    assert grown < 24 * 2**20


def _texts(stream: bytes) -> list[str]:
    """What an OpenAI stream says, piece by piece."""
    documents = [orjson.loads(line[6:]) for line in stream.split(b"\n") if b"data: {" in line]
    deltas = [choice["delta"] for document in documents for choice in document["choices"]]
    return [delta["content"] for delta in deltas if delta.get("content")]


async def _stands_still(value: Callable[[], int]) -> None:
    """Wait until a count has not changed for half a second."""
    async with asyncio.timeout(20):
        last, since = -1, 0
        while since < 25:
            now = value()
            last, since = now, since + 1 if now == last and now else 0
            await asyncio.sleep(0.02)

"""While a model is silent its client hears that somebody is alive; failing over goes on."""

import asyncio

import pytest

from adapters.types import Json
from tests.e2e import said
from tests.e2e.process import Gateway
from tests.e2e.raw import connected
from tests.upstream import Script, Seen, Upstream, Wire, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
COMMENT = b": keep-alive\n\n"
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


@pytest.fixture(scope="module")
def extra() -> Json:
    return {
        "litellm_settings": {
            "sse_keepalive_ping_interval_seconds": 0.2,
            "anthropic_sse_ping_interval_seconds": 0.2,
        }
    }


@pytest.mark.parametrize(
    ("path", "model", "pieces", "beat"),
    [
        (CHAT, "gpt", said.chat_stream("Good", " day"), COMMENT),
        (MESSAGES, "claude", said.message_stream("Good", " day"), PING),
        (CHAT, "claude", said.message_stream("Good", " day"), COMMENT),
        (MESSAGES, "gpt", said.chat_stream("Good", " day"), PING),
    ],
    ids=["openai", "anthropic", "openai from anthropic", "anthropic from openai"],
)
async def test_silence_between_words_is_filled_with_what_the_client_understands(
    gateway: Gateway, one: Upstream, *, path: str, model: str, pieces: list[bytes], beat: bytes
) -> None:
    go_on = asyncio.Event()

    async def play(wire: Wire, seen: Seen) -> None:
        await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        await wire.chunk(pieces[0])
        await go_on.wait()
        for piece in pieces[1:]:
            await wire.chunk(piece)
        await wire.raw(b"0\r\n\r\n")

    one.play(play)
    async with connected(gateway.port) as client:
        await client.ask(path, said.asked(model, stream=True))
        await client.head()
        got = b""
        while got.count(beat) < 2 or b'"Good"' not in got:
            got += await client.piece()
        go_on.set()
        rest, clean = await client.rest()

    assert b'" day"' in rest
    assert clean


async def test_a_beat_never_tears_an_event_apart(gateway: Gateway, one: Upstream) -> None:
    go_on = asyncio.Event()
    whole = b"".join(said.chat_stream("Good", " day"))
    middle = len(said.chat_stream("Good")[0]) + 20

    async def play(wire: Wire, seen: Seen) -> None:
        await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        await wire.chunk(whole[:middle])
        await go_on.wait()
        await wire.chunk(whole[middle:])
        await wire.raw(b"0\r\n\r\n")

    one.play(play)
    asked = said.asked("gpt", stream=True, stream_options={"include_usage": True})
    async with connected(gateway.port) as client:
        await client.ask(CHAT, asked)
        await client.head()
        got = b""
        while COMMENT not in got:
            got += await client.piece()
        go_on.set()
        rest, _ = await client.rest()

    assert (got + rest).replace(COMMENT, b"") == whole


@pytest.mark.parametrize(("path", "beat"), [(CHAT, COMMENT), (MESSAGES, PING)])
async def test_before_the_first_word_the_stream_is_opened_early(
    gateway: Gateway, one: Upstream, path: str, beat: bytes
) -> None:
    go_on = asyncio.Event()
    one.play(_after(go_on, events(said.chat_stream("Good", " day"))))

    async with connected(gateway.port) as client:
        await client.ask(path, said.asked("gpt", stream=True))
        head = await client.head()
        first = await client.piece()
        go_on.set()
        rest, clean = await client.rest()

    assert head.status == 200
    assert first == beat
    assert b'"Good"' in rest
    assert clean


async def test_after_an_early_opening_another_deployment_may_still_answer(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    go_on = asyncio.Event()
    one.play(_after(go_on, document(said.openai_error("oops"), 500)))
    two.play(events(said.chat_stream("From", " the second")))

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("pair", stream=True))
        await client.head()
        await client.piece()
        go_on.set()
        rest, clean = await client.rest()

    assert b'" the second"' in rest
    assert b"oops" not in rest
    assert rest.endswith(said.DONE)
    assert clean


async def test_after_an_early_opening_a_refusal_is_an_event(
    gateway: Gateway, one: Upstream
) -> None:
    go_on = asyncio.Event()
    one.play(_after(go_on, document(said.openai_error("No such field"), 400)))

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("gpt", stream=True))
        await client.head()
        await client.piece()
        go_on.set()
        rest, clean = await client.rest()

    assert b'data: {"error":{"message":"No such field"' in rest
    assert b"[DONE]" not in rest
    assert not clean


async def test_a_quick_refusal_keeps_its_status(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.openai_error("No such field"), 400))

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("gpt", stream=True))
        got = await client.whole()

    assert got.status == 400
    assert got.clean


async def test_a_document_gets_no_beats(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.completion(), delay_s=0.7))

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("gpt"))
        got = await client.whole()

    assert got.json == said.completion()


def _after(release: asyncio.Event, then: Script) -> Script:
    """Silence until released, then something else."""

    async def play(wire: Wire, seen: Seen) -> None:
        await release.wait()
        await then(wire, seen)

    return play

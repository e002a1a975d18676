"""Clients that go: the provider's connection closes at once, because its meter is running."""

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.e2e import said
from tests.e2e.process import Gateway
from tests.e2e.raw import BEARER, Raw, connected, get
from tests.upstream import Seen, Upstream, Wire, events, silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
WAYS: dict[str, Callable[[Raw], None]] = {"FIN": Raw.leave, "RST": Raw.reset}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "document"])
@pytest.mark.parametrize(("path", "model"), [(CHAT, "gpt"), (MESSAGES, "claude"), (CHAT, "claude")])
async def test_a_client_that_goes_before_the_first_byte_takes_the_provider_with_it(
    gateway: Gateway, one: Upstream, *, path: str, model: str, stream: bool, way: str
) -> None:
    one.play(silence())
    name = f"early-{model}-{path[4:8]}-{stream}-{way}"

    async with connected(gateway.port) as client:
        await client.ask(path, said.asked(model, stream=stream), _with_id(name))
        seen = await one.asked()
        WAYS[way](client)
        await asyncio.wait_for(seen.closed.wait(), 10)

    line = await gateway.line("request.finished", request_id=name)
    assert line["client_left"] is True
    assert line["status"] == 499
    assert "error" not in line


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("path", "model", "pieces"),
    [
        (CHAT, "gpt", said.chat_words("Good")),
        (MESSAGES, "claude", said.message_stream("Good")[:1]),
        (CHAT, "claude", said.message_stream("Good")[:1]),
    ],
    ids=["openai", "anthropic", "openai from anthropic"],
)
async def test_a_client_that_goes_in_the_middle_does_so_too(
    gateway: Gateway, one: Upstream, *, path: str, model: str, pieces: list[bytes], way: str
) -> None:
    one.play(events(pieces, end="stall"))
    name = f"middle-{model}-{path[4:8]}-{way}"

    async with connected(gateway.port) as client:
        await client.ask(path, said.asked(model, stream=True), _with_id(name))
        await client.head()
        await client.piece()
        WAYS[way](client)
        seen = await one.asked()
        await asyncio.wait_for(seen.closed.wait(), 10)

    line = await gateway.line("request.finished", request_id=name)
    assert line["client_left"] is True
    assert line["status"] == 200
    assert "error" not in line


async def test_a_client_that_goes_while_the_provider_is_talking_is_noticed(
    gateway: Gateway, one: Upstream
) -> None:
    one.play(_endless)

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("gpt", stream=True), _with_id("chatty"))
        await client.head()
        await client.piece()
        client.leave()
        seen = await one.asked()
        await asyncio.wait_for(seen.closed.wait(), 10)

    line = await gateway.line("request.finished", request_id="chatty")
    assert line["client_left"] is True


async def test_nobody_else_is_asked_for_a_client_that_has_gone(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    one.play(silence())
    two.play(silence())

    async with connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("pair", stream=True), _with_id("no-sibling"))
        seen = await one.asked()
        client.leave()
        await asyncio.wait_for(seen.closed.wait(), 10)

    await gateway.line("request.finished", request_id="no-sibling")
    assert not two.requests
    assert not gateway.lines("attempt.failed", request_id="no-sibling")


async def test_a_client_that_goes_in_the_middle_of_its_request_asks_nobody(
    gateway: Gateway, one: Upstream
) -> None:
    one.play(silence())

    async with connected(gateway.port) as client:
        await client.ask(
            CHAT, b'{"model": "gpt", ', {**_with_id("half-body"), "content-length": "500"}
        )
        client.leave()
        line = await gateway.line("request.finished", request_id="half-body")

    assert line["status"] == 499
    assert not one.requests


async def test_many_that_go_at_once_leave_nothing_behind(gateway: Gateway, one: Upstream) -> None:
    one.play(_first_word)
    before = gateway.open_files

    async def visit(number: int, stream: bool) -> None:
        async with connected(gateway.port) as client:
            name = _with_id(f"many-{number}")
            await client.ask(CHAT, said.asked("gpt", stream=stream), name)
            await one.asked(20)
            WAYS["FIN" if number % 2 else "RST"](client)

    await asyncio.gather(*(visit(number, number % 3 == 0) for number in range(20)))

    await asyncio.wait_for(asyncio.gather(*(seen.closed.wait() for seen in one.requests)), 10)
    for number in range(20):
        await gateway.line("request.finished", request_id=f"many-{number}", client_left=True)
    metrics = (await get(gateway.port, "/metrics")).body.decode()
    in_flight = re.search(r"^litellm_in_flight_requests (\S+)$", metrics, re.MULTILINE)
    assert in_flight
    assert float(in_flight[1]) == 1.0  # the scrape itself
    assert gateway.open_files <= before + 2  # the scrape's own connection may still be closing


async def _first_word(wire: Wire, seen: Seen) -> None:
    """A word at once if a stream is asked for, then nothing."""
    if seen.json.get("stream"):
        await events(said.chat_words("Good"), end="stall")(wire, seen)
    await seen.closed.wait()


async def _endless(wire: Wire, seen: Seen) -> None:
    await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
    await wire.chunk(said.chat_words("Good")[0])
    while True:
        await wire.chunk(said.delta(content=" day"))
        await asyncio.sleep(0.001)


def _with_id(request_id: str) -> dict[str, str]:
    return {**BEARER, "x-request-id": request_id}

"""Going: whoever is being served is served to the end, and nobody new is invited."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e import said
from tests.e2e.conftest import configuration
from tests.e2e.process import Gateway
from tests.e2e.raw import BEARER, connected, get
from tests.upstream import Upstream, events, nodded, silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


@asynccontextmanager
async def started(
    folder: Path, one: Upstream, two: Upstream, *flags: str
) -> AsyncIterator[Gateway]:
    gateway = await Gateway.start(folder, configuration(one, two, {}), *flags)
    try:
        assert gateway.port, gateway.log
        yield gateway
    finally:
        await gateway.stop()


async def test_balancers_are_told_first_and_a_second_signal_cuts_at_once(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    nod = asyncio.Event()
    one.play(nodded(said.chat_stream("Good", " day"), nod))
    flags = ("--server", server, "--predrain", "30", "--drain", "30")

    async with (
        started(tmp_path, one, two, *flags) as gateway,
        connected(gateway.port) as idle,
        connected(gateway.port) as client,
    ):
        await idle.ask("/health/readiness", None, {}, method="GET")
        ready = await idle.whole()
        await client.ask(CHAT, said.asked("gpt", stream=True))
        await client.head()
        await client.piece()

        gateway.tell(signal.SIGTERM)
        await gateway.line("server.draining", in_flight=1)
        going = await get(gateway.port, "/health/readiness", {})
        await idle.ask(CHAT, said.asked("mocked"))
        still_served = await idle.whole()
        hung_up = await idle.closed()
        gateway.tell(signal.SIGTERM)  # do not wait for the balancers any longer: cut
        line = await gateway.line("server.cut")
        rest, clean = await client.rest()
        code = await gateway.ended()

    assert ready.status == 200
    assert "connection" not in ready.headers
    assert (going.status, going.json) == (503, {"status": "shutting_down"})
    assert going.headers["connection"] == "close"
    assert (still_served.status, still_served.headers["connection"]) == (200, "close")
    assert hung_up
    assert line["in_flight"] == 1
    assert b"server_shutting_down" in rest
    assert not clean
    assert code == 0


async def test_an_open_stream_is_finished_whole(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    nod = asyncio.Event()
    pieces = said.chat_stream("Good", " day", ".")
    one.play(nodded(pieces, nod))
    flags = ("--server", server, "--predrain", "0", "--drain", "30")

    async with started(tmp_path, one, two, *flags) as gateway, connected(gateway.port) as client:
        await client.ask(
            CHAT, said.asked("gpt", stream=True, stream_options={"include_usage": True})
        )
        await client.head()
        got = await client.piece()

        gateway.tell(signal.SIGTERM)
        await gateway.line("server.draining")
        await _refuses(gateway.port)
        while len(got) < len(b"".join(pieces)):
            nod.set()
            got += await client.piece()
        nod.set()
        rest, clean = await client.rest()
        code = await gateway.ended()

    assert got + rest == b"".join(pieces)
    assert clean
    assert code == 0
    assert not gateway.lines("server.cut")


@pytest.mark.parametrize(
    ("path", "model", "pieces", "word"),
    [
        (CHAT, "gpt", said.chat_words("Good"), b'"code":"server_shutting_down"'),
        (MESSAGES, "claude", said.message_stream("Good")[:1], b'"type":"overloaded_error"'),
    ],
)
async def test_a_stream_that_takes_too_long_is_told_so(
    tmp_path: Path,
    one: Upstream,
    two: Upstream,
    server: str,
    *,
    path: str,
    model: str,
    pieces: list[bytes],
    word: bytes,
) -> None:
    one.play(events(pieces, end="stall"))
    flags = ("--server", server, "--predrain", "0", "--drain", "5.2")

    async with started(tmp_path, one, two, *flags) as gateway, connected(gateway.port) as client:
        await client.ask(path, said.asked(model, stream=True), _with_id("cut-short"))
        await client.head()
        await client.piece()
        gateway.tell(signal.SIGTERM)
        rest, clean = await client.rest()
        seen = await one.asked()
        await asyncio.wait_for(seen.closed.wait(), 10)
        code = await gateway.ended()

    line = await gateway.line("request.finished", request_id="cut-short")
    assert word in rest
    assert b"[DONE]" not in rest
    assert b"message_stop" not in rest
    assert not clean
    assert code == 0
    assert line["error"] == "server_shutting_down"


async def test_who_waits_for_a_document_gets_an_answer_too(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    one.play(silence())
    flags = ("--server", server, "--predrain", "0", "--drain", "5.2")

    async with started(tmp_path, one, two, *flags) as gateway, connected(gateway.port) as client:
        await client.ask(CHAT, said.asked("gpt"))
        await one.asked()
        gateway.tell(signal.SIGTERM)
        got = await client.whole()
        code = await gateway.ended()

    assert got.status == 503
    assert got.json["error"]["code"] == "server_shutting_down"
    assert got.clean
    assert code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_without_anything_to_do_it_goes_at_once(
    tmp_path: Path, one: Upstream, two: Upstream, server: str, number: signal.Signals
) -> None:
    async with (
        started(tmp_path, one, two, "--server", server, "--predrain", "0") as gateway,
        connected(gateway.port) as idle,
    ):
        await idle.ask("/health/readiness", None, {}, method="GET")
        await idle.whole()
        gateway.tell(number)
        hung_up = await idle.closed()
        code = await gateway.ended()

    assert hung_up
    assert code == 0
    assert gateway.lines("server.stopped")
    assert "Traceback" not in gateway.log


async def _refuses(port: int) -> None:
    """Wait until nobody listens there any more."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with connected(port):
                    await asyncio.sleep(0.01)
            except OSError:
                return


def _with_id(request_id: str) -> dict[str, str]:
    return {**BEARER, "x-request-id": request_id}

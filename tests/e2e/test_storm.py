"""Everybody misbehaves at once, by chance that is drawn from a seed: clients send in pieces, break
off and leave; providers answer in pieces, hang up and reset. What must hold holds all the same.
"""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import orjson
import pytest

from tests.e2e import said
from tests.e2e.conftest import configuration
from tests.e2e.process import MASTER_KEY, Gateway, until
from tests.e2e.raw import Raw, Whole, connected, get
from tests.upstream import Script, Seen, Upstream, Wire

CLIENTS = 24
VISITS = 20
SPARE_FILES = 8  # connections to providers that are kept for a while
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer %b\r\n"
CUTS = (1, 3, 50, 700, 20_000)


def provider(rng: Random) -> Script:
    """Right most of the time."""

    async def play(wire: Wire, seen: Seen) -> None:
        fate = rng.random()
        if fate < 0.04:
            wire.reset()
            return
        whole = _stream(rng) if seen.json.get("stream") else _document()
        if fate < 0.1:
            whole = whole[: rng.randrange(len(whole))]
        for piece in _pieces(whole, rng, whole_share=0.7):
            await wire.raw(piece)
        if fate < 0.12:  # also after a whole answer
            wire.close()

    return play


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn"])
async def test_in_a_storm_everybody_gets_a_whole_answer_or_is_told(
    server: str, tmp_path: Path
) -> None:
    seen: Counter[str] = Counter()
    async with Upstream() as first, Upstream() as second:
        first.play(provider(Random("provider")))
        config = configuration(first, second, {})
        gateway = await Gateway.start(tmp_path, config, "--server", server, "--predrain", "0")
        try:
            await get(gateway.port, "/health/readiness")
            before = gateway.open_files
            await asyncio.gather(*(_visits(gateway.port, n, seen) for n in range(CLIENTS)))

            assert {"200", "502", "stream", "stream that broke off", "left"} <= set(seen)
            await until(lambda: gateway.open_files <= before + CLIENTS + SPARE_FILES)
            assert not gateway.lines("internal.error")
            serving = (await get(gateway.port, "/metrics")).body
            assert b"\nlitellm_in_flight_requests 1.0\n" in serving  # this one
        finally:
            await gateway.stop_now()
    assert gateway.process.returncode == 0
    assert [line for line in gateway.log.splitlines() if not line.startswith("{")] == []


async def _visits(port: int, number: int, seen: Counter[str]) -> None:
    rng = Random(number)
    for _ in range(VISITS):
        await visit(port, rng, seen)


async def visit(port: int, rng: Random, seen: Counter[str]) -> None:
    """One connection with some requests on it."""
    async with connected(port) as client:
        for _ in range(rng.randrange(1, 5)):
            request, fate = _request(rng), rng.random()
            if fate < 0.1:
                request = request[: rng.randrange(len(request))]
            try:
                for piece in _pieces(request, rng, whole_share=0.6):
                    await client.send(piece)
                    await asyncio.sleep(0)
            except ConnectionError:  # it was answered before it was all sent
                seen["closed early"] += 1
                return
            if fate < 0.2:
                client.reset() if fate < 0.15 else client.leave()
                seen["left"] += 1
                return
            if not await _answered(client, seen, leaves=fate > 0.9):
                return


async def _answered(client: Raw, seen: Counter[str], *, leaves: bool) -> bool:
    """Whether the connection is good for another request."""
    head = await client.head()
    if leaves:
        await client.piece()
        client.reset()
        seen["left in the middle"] += 1
        return False
    body, clean = await client.rest()
    reply = Whole(head.status, head.headers, body, clean)
    seen[_kind(reply)] += 1
    return clean and head.headers.get("connection") != "close"


def _kind(reply: Whole) -> str:
    """What a reply is; anything that no reply may be is an error of the gateway."""
    if reply.headers["content-type"].startswith("text/event-stream"):
        assert reply.status == 200
        told = reply.body.count(b'"error"')
        assert reply.clean is reply.body.endswith(said.DONE) is (told == 0)
        return "stream" if reply.clean else "stream that broke off"
    assert reply.clean
    assert ("error" in reply.json) is (reply.status != 200)
    assert reply.status in {200, 502}
    return str(reply.status)


def _request(rng: Random) -> bytes:
    body = said.asked("gpt", stream=rng.random() < 0.6, user="x" * rng.choice([1, 3_000, 90_000]))
    data = orjson.dumps(body)
    head = HEAD % MASTER_KEY.encode()
    if rng.random() < 0.15:
        return head + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    return head + b"content-length: %d\r\n\r\n%b" % (len(data), data)


def _document() -> bytes:
    data = orjson.dumps(said.completion())
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    return head % (len(data), data)


def _stream(rng: Random) -> bytes:
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    events = said.chat_stream(*(f"word{n} " for n in range(rng.randrange(1, 30))))
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
    return head + b"".join(chunks) + b"0\r\n\r\n"


def _pieces(data: bytes, rng: Random, *, whole_share: float) -> list[bytes]:
    if rng.random() < whole_share:
        return [data]
    pieces, at = [], 0
    while at < len(data):
        size = rng.choice(CUTS)
        pieces.append(data[at : at + size])
        at += size
    return pieces

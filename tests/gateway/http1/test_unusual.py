"""What Hypercorn sends for an answer, where a request is unusual."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import h11
import pytest
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event, RawData, Updated
from hypercorn.typing import ConnectionState
from hypercorn.utils import wrap_app

from gateway.http1.unusual import Http1

GET = b"GET /it HTTP/1.1\r\nhost: h\r\n\r\n"

App = Callable[[Any, Any, Any], Awaitable[None]]


def answering(
    *pieces: bytes, headers: list[tuple[bytes, bytes]] | None = None, status: int = 200
) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        head = {"type": "http.response.start", "status": status, "headers": headers or []}
        await send(head)
        for at, piece in enumerate(pieces):
            more = at < len(pieces) - 1
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    return app


async def said(app: App, request: bytes) -> bytes:
    """All that is written for a request."""
    writes: list[bytes] = []
    idle: list[bool] = []

    async def send(event: Event) -> None:
        match event:
            case RawData():
                writes.append(event.data)
            case Updated():
                idle.append(event.idle)

    config = Config()
    config.include_server_header = False
    async with TaskGroup(asyncio.get_running_loop()) as group:
        state = ConnectionState({})
        wrapped = wrap_app(app, 0, "asgi")
        context = WorkerContext(None)
        http = Http1(wrapped, config, context, group, state, False, None, None, send)
        await http.handle(RawData(request))
    assert idle
    return b"".join(writes)


def parsed(data: bytes, method: bytes = b"GET") -> tuple[h11.Response, bytes]:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/it", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    response, body = client.next_event(), b""
    assert isinstance(response, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    return response, body


async def test_an_answer_without_a_body_is_sent_all_the_same() -> None:
    data = await said(answering(b"", headers=[(b"content-length", b"0")], status=204), GET)

    assert parsed(data)[0].status_code == 204


async def test_heads_say_when_and_what_the_app_says() -> None:
    answer = await said(answering(b"x", headers=[(b"x-one", b"1")]), GET)
    response, _ = parsed(answer)

    assert dict(response.headers)[b"x-one"] == b"1"
    assert b"date" in dict(response.headers)


@pytest.mark.parametrize(
    "header", [(b"x", b"a\r\nset-cookie: b"), (b"x", b"a\0"), (b"x y", b"a"), (b"", b"a")]
)
async def test_a_header_that_is_none_is_never_sent(header: tuple[bytes, bytes]) -> None:
    data = await said(answering(b"x", headers=[header]), GET)

    assert b"set-cookie" not in data
    assert data.startswith(b"HTTP/1.1 500")


async def test_who_asks_for_a_websocket_gets_an_answer() -> None:
    upgrade = GET.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")

    assert parsed(await said(answering(b"no"), upgrade))[1] == b"no"


async def test_an_app_that_breaks_after_its_head_leaves_no_clean_end() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})

    data = await said(app, GET)

    assert b"begun" in data
    assert not data.endswith(b"0\r\n\r\n")

"""The accept loop, and what becomes of open connections when the server goes."""

import asyncio
import socket
from functools import partial
from typing import Any

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.utils import wrap_app

from gateway.http1.plain import Plain, Serving
from gateway.http1.unusual import hand_over
from gateway.workers.accepting import Seat, accepting

_CUT_S = 1.0  # for those who are cut to be told so


async def serve_connections(  # noqa: PLR0917  # the last is only for one of several workers
    app: Any,
    listening: socket.socket,
    config: Config,
    closing: asyncio.Event,
    drain_s: float,
    seat: Seat | None = None,
) -> None:
    """Accept until `closing`; then give what is open `drain_s` seconds to end, and cut the rest."""
    context = WorkerContext(None)
    framework = wrap_app(app, config.wsgi_max_body_size, "asgi")
    serving = Serving(
        app,
        partial(hand_over, framework, config, context),
        config.keep_alive_timeout,
        config.keep_alive_max_requests,
    )

    def protocol() -> Plain:
        connection = Plain(serving)
        if seat:
            connection.ended.add_done_callback(lambda _: seat.went())
        return connection

    server = await accepting(listening, protocol, config.backlog, seat)
    try:
        await closing.wait()
    finally:
        await context.terminated.set()
        serving.closing = True
        server.close()
        for connection in list(serving.open):
            connection.leave_if_idle()
        await _ended(serving, drain_s)
        for connection in serving.open:
            connection.cut()
        await _ended(serving, _CUT_S)


async def _ended(serving: Serving, seconds: float) -> None:
    """Wait for so long at most until no connection is open."""
    if serving.open:
        await asyncio.wait([connection.ended for connection in serving.open], timeout=seconds)

"""Hypercorn's connections behind an accept loop of our own.

Hypercorn 0.18 notices that a client has closed an idle connection, and then keeps its side open
until `keep_alive_timeout` has passed: with 75 s every visit of a client that does not come through
nginx would cost a descriptor and a task for so long. Its own loop offers no place to mend that.
"""

import asyncio
import socket
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event, Updated
from hypercorn.utils import wrap_app

from gateway.accepting import Seat, accepting


class Connection(TCPServer):
    """One connection, which ends when its client has gone."""

    _gone = False

    async def protocol_send(self, event: Event) -> None:
        if self._gone and isinstance(event, Updated):
            return  # nobody is there to wait for
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        await super()._read_data()
        self._gone = True
        await self.idle_task.stop()


async def serve_connections(  # noqa: PLR0917  # the last is only for one of several workers
    app: Any,
    listening: socket.socket,
    config: Config,
    closing: asyncio.Event,
    drain_s: float,
    seat: Seat | None = None,
) -> None:
    """Accept until `closing`; then give what is open `drain_s` seconds to end, and cut the rest."""
    loop = asyncio.get_running_loop()
    context = WorkerContext(None)
    framework = wrap_app(app, config.wsgi_max_body_size, "asgi")
    open_ones: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101  # asyncio has just made it
        open_ones.add(task)
        task.add_done_callback(open_ones.discard)
        if seat:
            task.add_done_callback(lambda _: seat.went())
        await Connection(framework, loop, config, context, {}, reader, writer)

    def protocol() -> asyncio.StreamReaderProtocol:
        reader = asyncio.StreamReader(loop=loop)
        return asyncio.StreamReaderProtocol(reader, connected, loop=loop)

    server = await accepting(listening, protocol, config.backlog, seat)
    try:
        await closing.wait()
    finally:
        await context.terminated.set()
        server.close()
        if open_ones:
            _, left = await asyncio.wait(open_ones, timeout=drain_s)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

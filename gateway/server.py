"""The server that listens: Hypercorn in this process, or Uvicorn; and how it stops.

Hypercorn behaves in one shape only: inside our process, on uvloop, with a socket that we opened
and a drain of our own. Its process manager must not be used: one worker's end ends all of them,
and a worker that fails to start exits 0.

Stopping, on SIGTERM: readiness says no and replies close their connections, but requests are still
taken, until balancers have noticed; then the socket closes; then streams may finish; what is left
is told so and cut. On SIGINT the first part is skipped, and there is little time for the others; a
worker whose parent has died skips only the first. A second signal cuts at once.
"""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from adapters.errors import GatewayError
from gateway.app import App
from gateway.life import Life
from gateway.log import Log
from gateway.stream import BrokenOff
from gateway.workers.accepting import Seat, accepting
from gateway.workers.worker import Place

if TYPE_CHECKING:
    import uvicorn

ServerName: TypeAlias = Literal["hypercorn", "uvicorn"]
BACKLOG = 4096
_KEEP_ALIVE_S = 75.0  # longer than nginx keeps its side, so that we never close a connection in use
_TELL_S = 5.0  # before the end of a drain, for error events to reach their clients
_QUICK_DRAIN_S = 3.0  # after Ctrl-C
_GC_THRESHOLD = 10_000  # allocations; the default of 700 costs a tenth of the CPU under load


@dataclass(frozen=True, slots=True)
class How:
    """How to serve and to stop. Seconds."""

    server: ServerName = "hypercorn"
    predrain: float = 5.0  # still accepting, while balancers learn that we are going
    drain: float = 600.0  # for streams to finish

    def lasts_s(self, number: int) -> float:
        """How long it may take to stop after that signal."""
        return _QUICK_DRAIN_S if number == signal.SIGINT else self.predrain + self.drain


class CannotListen(GatewayError):
    """The address is taken, or not ours."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0: any free one.

    Raises:
        CannotListen: with the reason.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(BACKLOG)
        except OSError:
            sock.close()
            raise
    except OSError as error:
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}") from error
    sock.setblocking(False)
    return sock


def load(server: ServerName) -> None:
    """Import now what `serve` would import later: processes that are forked then share it.

    Raises:
        ImportError: the extra of that name is not installed.
    """
    match server:
        case "hypercorn":
            import gateway.connections  # noqa: F401, PLC0415
        case "uvicorn":
            import uvicorn.protocols.http.httptools_impl  # noqa: F401, PLC0415


async def serve(  # noqa: PLR0917  # the last is only for one of several workers
    app: App, life: Life, sock: socket.socket, how: How, log: Log, place: Place | None = None
) -> None:
    """Serve until told to stop; returns when the last request is over."""
    gc.collect()
    gc.freeze()  # what start-up made stays; the collector need not look at it again
    gc.set_threshold(_GC_THRESHOLD)
    closing = asyncio.Event()
    run = {"hypercorn": _hypercorn, "uvicorn": _uvicorn}[how.server]
    with place.orders(log) if place else _signals() as told:
        drain = asyncio.create_task(_drain(life, how, told, closing, log))
        try:
            await run(app, sock, closing, how.drain, place.seat if place else None)
        finally:
            drain.cancel()
            with suppress(asyncio.CancelledError):
                await drain


async def _drain(
    life: Life, how: How, told: "asyncio.Queue[int]", closing: asyncio.Event, log: Log
) -> None:
    first = await told.get()
    life.draining = True
    log("server.draining", signal=signal.Signals(first).name, in_flight=len(life))
    gentle = first != signal.SIGINT
    again = await _next(told, how.predrain) if first == signal.SIGTERM else False
    closing.set()
    if not again:
        await _next(told, max(0.0, (how.drain if gentle else _QUICK_DRAIN_S) - _TELL_S * gentle))
    if left := life.cut():
        log("server.cut", in_flight=left)


async def _next(told: "asyncio.Queue[int]", seconds: float) -> bool:
    """Whether another signal came within that time."""
    try:
        async with asyncio.timeout(seconds):
            await told.get()
    except TimeoutError:
        return False
    return True


@contextmanager
def _signals() -> "Iterator[asyncio.Queue[int]]":
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    caught = (signal.SIGTERM, signal.SIGINT)
    for number in caught:
        loop.add_signal_handler(number, told.put_nowait, number)
    try:
        yield told
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


async def _hypercorn(
    app: App, sock: socket.socket, closing: asyncio.Event, drain: float, seat: Seat | None
) -> None:
    from hypercorn.config import Config  # noqa: PLC0415  # or uvicorn, not both

    from gateway.connections import serve_connections  # noqa: PLC0415

    config = Config()
    config.backlog = BACKLOG
    config.keep_alive_timeout = int(_KEEP_ALIVE_S)
    config.keep_alive_max_requests = 1_000_000
    config.h11_max_incomplete_size = 64 * 1024
    config.include_server_header = False
    config.errorlog = None  # what goes wrong in the app is logged there, once
    await serve_connections(app, sock, config, closing, drain, seat)


async def _uvicorn(
    app: App, sock: socket.socket, closing: asyncio.Event, drain: float, seat: Seat | None
) -> None:
    import uvicorn  # noqa: PLC0415  # an extra

    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="none",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nobody here asks for the client's address
        backlog=BACKLOG,
        timeout_keep_alive=int(_KEEP_ALIVE_S),
        timeout_graceful_shutdown=int(drain),
    )
    server = _uvicorn_server(config, sock, seat)

    async def stop() -> None:
        await closing.wait()
        server.should_exit = True

    stopping = asyncio.create_task(stop())
    try:
        await server.serve(sockets=[sock])
    finally:
        stopping.cancel()


def _uvicorn_server(config: "uvicorn.Config", sock: socket.socket, seat: Seat | None) -> Any:
    import uvicorn  # noqa: PLC0415
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415

    class Server(uvicorn.Server):
        def capture_signals(self) -> Any:
            return nullcontext()  # ours to catch

        async def startup(self, sockets: Any = None) -> None:
            """As one of several workers we accept ourselves; Uvicorn closes what it finds."""
            await super().startup([] if seat else sockets)
            if seat:
                ours: Any = await accepting(sock, self._protocol, BACKLOG, seat)
                self.servers = [ours]

        def _protocol(self) -> asyncio.Protocol:
            return Connection(self.config, self.server_state, self.lifespan.state)

    class Connection(HttpToolsProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if seat:
                seat.went()

    return Server(config)


def _is_news(record: logging.LogRecord) -> bool:
    """A stream that we broke off on purpose has its line already."""
    return not (record.exc_info and isinstance(record.exc_info[1], BrokenOff))

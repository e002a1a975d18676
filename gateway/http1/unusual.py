"""Connections on which more is asked than plain HTTP/1.1: HTTP/1.0 and 2, bodies in chunks, what is
odd in any way. Hypercorn serves them, but for three things.

Hypercorn 0.18 notices that a client has closed an idle connection, and then keeps its side open
until `keep_alive_timeout` has passed: with 75 s every visit of a client that does not come through
nginx would cost a descriptor and a task for so long. Its own loop offers no place to mend that. It
closes at once where a request was answered before its end. And it speaks WebSocket, which is not
served here.
"""

import asyncio

import h11
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import ProtocolWrapper
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr

from adapters.alarm import Alarm
from gateway.http1.plain import LINGER_S


class Connection(TCPServer):
    """It ends when its client has gone."""

    task: "asyncio.Task[None]"
    _gone = False
    _lingering = False
    _idle = False  # it runs, and nothing is asked
    _alarm: Alarm  # which rings when nothing was asked for too long

    async def run(self) -> None:
        """Serve until either side is done."""
        sock = self.writer.get_extra_info("socket")
        try:
            client = parse_socket_addr(sock.family, sock.getpeername())
            server = parse_socket_addr(sock.family, sock.getsockname())
            async with TaskGroup(self.loop) as group:
                self._task_group = group
                state = ConnectionState({})
                self.protocol = ProtocolWrapper(
                    self.app,
                    self.config,
                    self.context,
                    group,
                    state,
                    False,  # TLS is for whoever stands before us
                    client,
                    server,
                    self.protocol_send,
                )
                self._http = Http1(
                    self.app,
                    self.config,
                    self.context,
                    group,
                    state,
                    False,
                    client,
                    server,
                    self.protocol_send,
                )
                self.protocol.protocol = self._http
                self._alarm = Alarm(self.config.keep_alive_timeout, self._leave)
                self._idle = True
                try:
                    await self._read_data()
                finally:
                    self._alarm.cancel()
        except OSError:
            pass
        finally:
            await self._close()

    def leave_if_idle(self) -> None:
        """The server is going: close, unless something is being answered."""
        if self._idle and not self._gone:
            self._leave()

    async def protocol_send(self, event: Event) -> None:
        match event:
            case RawData():
                try:
                    self.writer.write(event.data)
                    await self.writer.drain()
                except (ConnectionError, RuntimeError):
                    await self.protocol.handle(Closed())
            case Updated(idle=True) if not self._gone:  # or nobody is there to wait for
                self._idle = True
                self._alarm.touch()
            case Updated():
                self._idle = False
                self._alarm.hold()
            case Closed() if self._http.hears_more and not (self._lingering or self._gone):
                self._linger()
            case _:
                await super().protocol_send(event)

    def _linger(self) -> None:
        """Answered before the request has come to its end: whoever still sends would lose the
        answer if we closed now, because what nobody reads makes a connection be reset.
        """
        self._lingering = True
        self.writer.write_eof()
        self.loop.call_later(LINGER_S, self.writer.close)

    async def _read_data(self) -> None:
        try:
            while data := await self.reader.read(MAX_RECV):
                if not self._lingering:
                    await self.protocol.handle(RawData(data))
        except OSError:  # the client has broken off
            pass
        await self.protocol.handle(Closed())
        self._gone = True

    def _leave(self) -> None:
        self._task_group.spawn(self._initiate_server_close)


class Http1(H11Protocol):
    """One connection's HTTP/1.1."""

    @property
    def hears_more(self) -> bool:
        """Whether the present request has not come to its end."""
        return self.connection.their_state is h11.SEND_BODY

    async def _create_stream(self, request: h11.Request) -> None:
        """Who asks for a WebSocket gets an answer over HTTP."""
        plain = [(name, value) for name, value in request.headers if name != b"upgrade"]
        version = request.http_version
        await super()._create_stream(
            h11.Request(
                method=request.method, target=request.target, headers=plain, http_version=version
            )
        )


def hand_over(
    app: AppWrapper,
    config: Config,
    context: WorkerContext,
    transport: asyncio.Transport,
    data: bytes,
) -> Connection:
    """A connection from here on, where `data` has just come."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    protocol.data_received(data)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    connection = Connection(app, loop, config, context, {}, reader, writer)
    connection.task = loop.create_task(connection.run())
    return connection

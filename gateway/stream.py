"""A reply on its way to the client: SSE headers, keep-alive in silence, the truth at the end."""

import asyncio
from collections.abc import Awaitable, Mapping

import orjson

from adapters.alarm import Alarm
from adapters.errors import GatewayError
from adapters.types import Body, Dialect, Receipt
from gateway import errors
from gateway.config.settings import Settings
from gateway.exchange import Exchange, Headers

_JSON = (b"content-type", b"application/json")
_SSE = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx: do not collect
)
_COMMENT = b": keep-alive\n\n"
_PINGS: Mapping[Dialect, bytes] = {  # for clients that do not bear a comment in silence
    Dialect.ANTHROPIC_MESSAGES: b'event: ping\ndata: {"type": "ping"}\n\n',
}


class BrokenOff(Exception):
    """The stream ended before its end, and the client was told. Raised through the server, it
    closes the connection without the final chunk, so that nobody takes it for a clean end.
    """


class Heart:
    """Beats while nothing is sent: a comment or a ping after each stretch of silence.

    Started early, its first beat sends the head of the reply: the status is 200 from there on,
    come what may.
    """

    _alarm: Alarm | None = None
    _task: "asyncio.Task[None] | None" = None

    def __init__(self, exchange: Exchange, dialect: Dialect, settings: Settings) -> None:
        self.dialect = dialect
        self._exchange = exchange
        self._settings = settings

    def start_early(self) -> None:
        """Beat while nothing is known yet, if the operator has opted in."""
        if early_s := self._settings.early_commit:
            self._alarm = Alarm(early_s, self._ring)

    def start(self) -> None:
        """Beat from now on."""
        self.stop()
        if every_s := self._every_s:
            self._alarm = Alarm(every_s, self._ring)

    def touch(self) -> None:
        if self._alarm:
            self._alarm.touch()

    def stop(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None

    async def settled(self) -> None:
        """A beat that is being written has been written."""
        if self._task and not self._task.done():
            await self._task

    @property
    def _every_s(self) -> float:
        settings = self._settings
        return settings.anthropic_ping if self.dialect in _PINGS else settings.keepalive

    def _ring(self) -> None:
        self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        if self._exchange.quiet:
            await self._exchange.start(200, _SSE)
            await self._exchange.write(_PINGS.get(self.dialect, _COMMENT), more=True)
        if self._alarm and (every_s := self._every_s):
            self._alarm = Alarm(every_s, self._ring)


def document(exchange: Exchange, body: bytes, headers: Headers) -> Awaitable[None]:
    """Answer with one JSON document."""
    return exchange.answer(200, (_JSON, *headers), body)


async def stream(
    exchange: Exchange, body: Body, receipt: Receipt, headers: Headers, heart: Heart
) -> None:
    """Pass a stream on, one write for what one read gave.

    Whatever is passed on ends at the end of an event, so a beat never tears one apart.

    Raises:
        Failure: the provider broke off; the client has not been told yet.
    """
    heart.stop()
    await heart.settled()
    await exchange.start(200, [*_SSE, *headers])
    heart.start()
    try:
        async for chunk in body:
            heart.touch()
            ends = receipt.complete
            if waits := exchange.put(chunk, more=not ends):
                await waits
            if ends:
                return
        await exchange.write(b"", more=False)
    finally:
        heart.stop()


async def failure(
    exchange: Exchange, error: GatewayError, dialect: Dialect, headers: Headers = ()
) -> None:
    """Tell the client what went wrong, in its dialect.

    Raises:
        BrokenOff: the reply had begun, so the error was its last event.
    """
    if exchange.status:
        await exchange.write(errors.event(error, dialect, exchange.request_id), more=True)
        raise BrokenOff
    told = errors.document(error, dialect, exchange.request_id)
    head = [_JSON, *errors.headers(error), *headers]
    await exchange.answer(error.status, head, orjson.dumps(told))

"""The only HTTP client. aiohttp's exceptions end here and leave as `Failure`.

aiohttp makes and keeps the connections; what is asked on them is written here, and what comes is
read in `line.py`. Its session would cost more than twice as much, and does by default what we do
not want: at most 100 connections, cookies, redirects that carry the key along, environment proxies,
one pool for all credentials, no second try for a POST that met a connection closed while it was
idle.
Source: https://docs.aiohttp.org/en/stable/client_reference.html (read 2026-11).
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from adapters.errors import Failure, Kind
from adapters.line import Line, Received
from adapters.provider import Answer, Upstream
from adapters.silence import Silence
from adapters.types import Timeouts

DOCUMENT_LIMIT = 64 * 2**20  # bytes of a decoded document that we are willing to hold
_IDLE_CONNECTION_S = 15.0  # shorter than any provider keeps one
_DRAIN_S = 0.25  # how long a finished stream may take to close, so that its connection is kept
_MOST_PLACES = 1_000  # addresses with an id in them are asked once


class Http:
    """The transport over TCP. Open it once, at start."""

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self._pools: dict[str, _Pool] = {}
        self._ssl_context = ssl_context
        self._open = False

    async def __aenter__(self) -> "Http":
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        for pool in self._pools.values():
            await pool.close()

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        pool = self._pools.get(credential)
        if pool is None or not self._open:
            pool = self._new_pool(credential)
        try:
            return await pool.post(request, timeouts)
        except _ERRORS as error:
            raise _failure(error) from error

    def _new_pool(self, credential: str) -> "_Pool":
        if not self._open:
            raise RuntimeError("Http is not open")
        pool = self._pools[credential] = _Pool(self._ssl_context)
        return pool


class _Pool:
    """The connections of one credential: an answer that nobody asked for, left on one of them, can
    at worst be read by who has the same key.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None) -> None:
        self._connector = _Connector(
            limit=0,
            ttl_dns_cache=300,
            keepalive_timeout=_IDLE_CONNECTION_S,
            ssl=ssl_context or True,
        )
        self._places: dict[str, _Place] = {}

    async def post(self, request: Upstream, timeouts: Timeouts) -> Answer:
        place = self._places.get(request.url) or self._place(request.url)
        question = place.question(request)
        connect_s = timeouts.connect
        limits = _DEFAULT if connect_s == _CONNECT_S else _limits(connect_s)
        for again in (False, True):
            connection = await self._connector.connect(place.asker, [], limits)
            line = connection.protocol
            assert isinstance(line, Line)  # noqa: S101  # our connector makes no others
            kept = line.asked
            try:
                received = await line.ask(question)
            except BaseException as error:
                connection.close()
                # A kept connection that its owner had closed meanwhile: nothing was processed and
                # nothing billed, so this is not an attempt that failed.
                stale = kept and not line.heard and isinstance(error, _CLOSED)
                if again or not stale:
                    raise
            else:
                return _HttpAnswer(connection, received, timeouts)
        raise AssertionError  # the second try returns or raises

    async def close(self) -> None:
        await self._connector.close()

    def _place(self, url: str) -> "_Place":
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        place = self._places[url] = _Place.of(url)
        return place


class _Connector(aiohttp.TCPConnector):
    """Makes connections of ours."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory: Any = partial(Line, loop=self._loop)


@dataclass(frozen=True, slots=True)
class _Place:
    """An address that is asked again and again."""

    asker: aiohttp.ClientRequest  # as aiohttp's connector wants to know it
    path: str
    own: Mapping[str, str]  # headers

    @classmethod
    def of(cls, url: str) -> "_Place":
        """Raises `aiohttp.InvalidURL` or `NonHttpUrlClientError`."""
        try:
            parsed = URL(url)
        except ValueError as error:
            raise aiohttp.InvalidURL(url) from error
        if parsed.scheme not in {"http", "https"}:
            raise aiohttp.NonHttpUrlClientError(url)
        asker = aiohttp.ClientRequest("POST", parsed, loop=asyncio.get_running_loop())
        given = asker.headers  # with what stands before an @ in the address
        own = {name: given[name] for name in ("host", "authorization") if name in given}
        return cls(asker, asker.url.raw_path_qs, own)

    def question(self, request: Upstream) -> bytes:
        """A request, as it leaves.

        Raises:
            Failure: MODEL_GONE, one of the headers is none.
        """
        headers = {**self.own, **request.headers}
        if request.body or request.method == "POST":
            headers["content-length"] = str(len(request.body))
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{request.method} {self.path} HTTP/1.1\r\n{lines}\r\n"
        breaks = len(headers) + 2
        sound = head.count("\r") == breaks == head.count("\n") and "\0" not in head
        if not sound or "transfer-encoding" in headers:
            text = "a header or key of the deployment cannot be sent: is there a line break in it?"
            raise Failure(Kind.MODEL_GONE, text)
        return head.encode() + request.body


class _HttpAnswer:
    """An answer over TCP."""

    def __init__(self, connection: Connection, received: Received, timeouts: Timeouts) -> None:
        self.status = received.status
        self.headers = received.headers
        self._connection = connection
        self._content = received.content
        self._timeouts = timeouts
        self._silence: Silence | None = None

    async def document(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := await self.read():
            size += len(piece)
            if size > DOCUMENT_LIMIT:
                raise Failure(Kind.BROKEN, f"the answer is larger than {DOCUMENT_LIMIT} bytes")
            pieces.append(piece)
            if self._content.at_eof():
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def watch(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._silence = Silence(self._timeouts, self._missing)

    async def read(self) -> bytes:
        silence = self._silence
        if silence:
            silence.waiting_since = self._now()
        try:
            data = await self._content.readany()
        except _ERRORS as error:
            raise _failure(error) from error
        if silence:
            silence.waiting_since = inf  # while the client is slow, nobody listens to the provider
            if not data.startswith(b":") or b"\ndata:" in data:
                silence.data_at = self._now()
        return data

    async def close(self, *, finished: bool) -> None:
        if self._silence:
            self._silence.cancel()
            self._silence = None  # it knows us
        try:
            if finished and not self._content.at_eof():
                async with asyncio.timeout(_DRAIN_S):
                    while await self._content.readany():
                        pass
        except (*_ERRORS, Failure):
            pass
        finally:
            if self._content.is_eof():
                self._connection.release()
            else:
                self._connection.close()

    def _missing(self, what: str) -> None:
        self._content.set_exception(Failure(Kind.TIMEOUT, f"the provider sent {what}"))


_CONNECT_S = Timeouts().connect
_DEFAULT = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
_CLOSED = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
_ERRORS = (TimeoutError, aiohttp.ClientError, OSError, ValueError)


def _limits(connect_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=connect_s)


def _failure(error: Exception) -> Failure:
    """A foreign exception in our words. Its text may hold a host name, never a header."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Failure(Kind.MODEL_GONE, "the deployment's api_base is not a usable address")
        case aiohttp.ClientConnectorDNSError():
            return Failure(Kind.TRANSIENT, "the provider's host name could not be resolved")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return Failure(Kind.TRANSIENT, "the provider's certificate was not accepted")
        case TimeoutError():
            return Failure(Kind.TIMEOUT, "the provider did not answer in time")
        case aiohttp.ClientConnectorError():
            return Failure(Kind.TRANSIENT, "the provider refused the connection")
        case aiohttp.ClientPayloadError():
            return Failure(Kind.BROKEN, "the provider broke off in the middle of its answer")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Failure(Kind.TRANSIENT, "the provider closed the connection without an answer")
        case _:
            return Failure(Kind.BROKEN, "the provider's answer is not valid HTTP")

"""The only HTTP client. aiohttp's exceptions end here and leave as `Failure`.

What aiohttp 3.14 does by default and we do not want: at most 100 connections, cookies, redirects
that carry the key along, environment proxies, one pool for all credentials (an unsolicited reply
left on a connection would be handed to the next request on it), no second try for a POST that
met a connection closed while it was idle.
Source: https://docs.aiohttp.org/en/stable/client_reference.html (read 2026-11).
"""

import asyncio
import ssl
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Any

import aiohttp

from adapters.errors import Failure, Kind
from adapters.provider import Answer, Upstream
from adapters.silence import Silence
from adapters.types import Timeouts

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

DOCUMENT_LIMIT = 64 * 2**20  # bytes of a decoded document that we are willing to hold
_IDLE_CONNECTION_S = 15.0  # shorter than any provider keeps one
_DRAIN_S = 0.25  # how long a finished stream may take to close, so that its connection is kept
_LINE_LIMIT = 64 * 1024  # bytes of a header line; Azure and Cloudflare like them long
_HEADER_LIMIT = 256


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
        pool = self._pool(credential)
        try:
            return await pool.post(request, timeouts)
        except _Stale:
            # A kept connection that its owner had closed meanwhile: nothing was processed and
            # nothing billed, so this is not an attempt that failed.
            if not self._open:
                raise
            return await pool.post(request, timeouts)

    def _pool(self, credential: str) -> "_Pool":
        if not self._open:
            raise RuntimeError("Http is not open")
        pool = self._pools.get(credential)
        if pool is None:
            pool = self._pools[credential] = _Pool(self._ssl_context)
        return pool


class _Stale(Failure):
    """The kept connection that a request went out on was dead."""


class _Pool:
    """The connections of one credential."""

    def __init__(self, ssl_context: ssl.SSLContext | None) -> None:
        self._connector = _Connector(
            limit=0,
            ttl_dns_cache=300,
            keepalive_timeout=_IDLE_CONNECTION_S,
            ssl=ssl_context or True,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_DEFAULT,
            skip_auto_headers=("user-agent", "accept", "accept-encoding"),
            max_line_size=_LINE_LIMIT,
            max_field_size=_LINE_LIMIT,
            max_headers=_HEADER_LIMIT,
        )

    async def post(self, request: Upstream, timeouts: Timeouts) -> Answer:
        try:
            response = await self._session.request(
                request.method,
                request.url,
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
                timeout=_DEFAULT if timeouts.connect == _CONNECT_S else _limits(timeouts.connect),
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if self._connector.was_fresh() or not _was_stale(error):
                raise _failure(error) from error
            raise _Stale(Kind.TRANSIENT, "the provider closed its connections") from error
        except _ERRORS as error:
            raise _failure(error) from error
        finally:
            self._connector.forget()
        return _HttpAnswer(response, timeouts)

    async def close(self) -> None:
        await self._session.close()


class _Connector(aiohttp.TCPConnector):
    """A connection pool that knows which tasks' requests got a connection made for them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made_for: set[asyncio.Task[Any] | None] = set()

    def forget(self) -> None:
        if self._made_for:
            self._made_for.discard(asyncio.current_task())

    def was_fresh(self) -> bool:
        """Whether a connection was made since the current task last said `forget`."""
        return asyncio.current_task() in self._made_for

    async def _create_connection(self, *arguments: Any, **options: Any) -> "ResponseHandler":
        self._made_for.add(asyncio.current_task())
        return await super()._create_connection(*arguments, **options)


class _HttpAnswer:
    """An answer over TCP."""

    def __init__(self, response: aiohttp.ClientResponse, timeouts: Timeouts) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._content = response.content
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
            self._response.close()  # after the end of the body this keeps the connection

    def _missing(self, what: str) -> None:
        self._content.set_exception(Failure(Kind.TIMEOUT, f"the provider sent {what}"))


def _was_stale(error: aiohttp.ClientError) -> bool:
    """Whether nothing came back. A head that was cut off is there as the error's message."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return not isinstance(error, aiohttp.ClientConnectorError)


_CONNECT_S = Timeouts().connect
_DEFAULT = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
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

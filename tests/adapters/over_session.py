"""A transport over aiohttp's session, which is what aioresponses answers for.

The gateway's own (`adapters/http.py`) asks aiohttp's connections itself; what leaves over it is
tried on real sockets. Here the question is what an adapter wants to leave.
"""

from collections.abc import Mapping

import aiohttp

from adapters.provider import Upstream
from adapters.types import Timeouts


class OverSession:
    """Every request as the session is given it."""

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> "_Answer":
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, request.url, data=request.body, headers=request.headers
            ) as response,
        ):
            return _Answer(response.status, response.headers, await response.read())


class _Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self._body = body

    async def document(self) -> bytes:
        return self._body

    def watch(self) -> None:
        """It is all here."""

    async def read(self) -> bytes:
        body, self._body = self._body, b""
        return body

    async def close(self, *, finished: bool) -> None:
        """There is nothing to give back."""

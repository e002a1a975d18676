"""A transport over aiohttp's session, which is what aioresponses answers for.

The gateway's own (`adapters/http.py`) asks aiohttp's connections itself; what leaves over it is
tried on real sockets. Here the question is what an adapter wants to leave.
"""

import aiohttp

from adapters.provider import Upstream
from adapters.types import Timeouts
from tests.fakes import FakeAnswer


class OverSession:
    """Every request as the session is given it."""

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> FakeAnswer:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, request.url, data=request.body, headers=request.headers
            ) as response,
        ):
            named = {name.lower(): value for name, value in response.headers.items()}
            return FakeAnswer(await response.read(), status=response.status, headers=named)

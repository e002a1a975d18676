"""A transport for providers who answer later: it asks again until there is an answer.

Written for Replicate, whose predictions are `starting` and `processing` before they end. The
address asked is made of the one that was posted to and the answer's `id`; the addresses in the
answer are never followed, for the key would go wherever they lead.

Source: https://replicate.com/docs/reference/http#predictions.get (read 2026-11).
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote

import orjson

from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Answer, Transport, Upstream
from adapters.types import Json, Timeouts

_UNDER_WAY = frozenset({"queued", "starting", "processing"})
_POSTED = re.compile(r"/(?:(?:models|deployments)/[^/?]+/[^/?]+/)?predictions(?:\?.*)?$")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 4.0
_GOODBYE_S = 2.0  # how long cancelling may take: somebody is waiting to leave


class Polled:
    """Posts; then gets, at growing intervals, until the prediction has come to an end.

    One that nobody waits for any longer is cancelled, for it is paid by the second.
    """

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        answer = await self._transport.post(request, timeouts, credential)
        if not 200 <= answer.status < 300:
            return answer
        posted = await _whole(answer)
        if not posted.under_way:
            return posted
        address = f"{_POSTED.sub('', request.url)}/predictions/{quote(posted.id, safe='')}"
        get = Upstream(address, b"", _without_body(request.headers), "GET")
        try:
            return await self._ended(get, timeouts, credential)
        except (Failure, asyncio.CancelledError):
            await self._cancel(Upstream(f"{address}/cancel", b"", get.headers), credential)
            raise

    async def _ended(self, get: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        end, pause_s = self._clock.now() + timeouts.total, _FIRST_PAUSE_S
        while (left := end - self._clock.now()) > 0:
            await self._clock.sleep(min(pause_s, left))
            answer = await self._transport.post(get, timeouts, credential)
            if not 200 <= answer.status < 300:
                return answer
            told = await _whole(answer)
            if not told.under_way:
                return told
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        raise Failure(Kind.TIMEOUT, f"the prediction did not end within {timeouts.total:g} s")

    async def _cancel(self, request: Upstream, credential: str) -> None:
        with suppress(Failure, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                answer = await self._transport.post(request, Timeouts(), credential)
                await answer.close(finished=False)


class _Told:
    """An answer that has been read already."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self._body = body
        prediction = _document(body)
        self.id = str(prediction.get("id") or "")
        self.under_way = bool(self.id) and str(prediction.get("status")) in _UNDER_WAY

    async def document(self) -> bytes:
        return self._body

    def watch(self) -> None:
        """It is all here."""

    async def read(self) -> bytes:
        body, self._body = self._body, b""
        return body

    async def close(self, *, finished: bool) -> None:  # the contract's name
        """There is nothing to give back."""


async def _whole(answer: Answer) -> _Told:
    finished = False
    try:
        body = await answer.document()
        finished = True
    finally:
        await answer.close(finished=finished)
    return _Told(answer.status, answer.headers, body)


def _document(body: bytes) -> Json:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _without_body(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: headers[name] for name in headers if name not in {"content-type", "prefer"}}

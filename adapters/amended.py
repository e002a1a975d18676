"""A transport for providers who are nearly OpenAI: their answers are put right as they arrive.

What passes untouched elsewhere must be OpenAI's chat to the letter, for clients read it with
OpenAI's own types. Only answers that look wrong are parsed; all others keep their bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import TypeAlias

import orjson

from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Answer, Transport, Upstream
from adapters.sse import Cutter, Event, encode, events, frames
from adapters.types import Json, Timeouts

Amend: TypeAlias = Callable[[Json], Sequence[Json]]
"""A completion, or a chunk, as OpenAI would have said it: one document, or in a stream several.
It may remember what it has seen of its answer, and returns what needs nothing itself."""


@dataclass(frozen=True, slots=True)
class Amends:
    """Wraps the network of a provider whose answers need it."""

    make: Callable[[], Amend]  # a fresh one for every answer
    where: Pattern[bytes]  # what is wrong about a document or an event that needs it

    def __call__(self, transport: Transport, _: Clock) -> Transport:
        return _Amended(transport, self)


class _Amended:
    def __init__(self, transport: Transport, amends: Amends) -> None:
        self._transport = transport
        self._amends = amends

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        answer = await self._transport.post(request, timeouts, credential)
        return _Answer(answer, self._amends) if 200 <= answer.status < 300 else answer


class _Answer:
    """An answer whose documents and events are amended before anybody sees them."""

    def __init__(self, answer: Answer, amends: Amends) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._answer = answer
        self._where = amends.where
        self._amend = amends.make()
        self._cutter = Cutter()
        self._ended = False

    async def document(self) -> bytes:
        raw = await self._answer.document()
        said = self._said(raw)
        return orjson.dumps(said[-1]) if said else raw

    def watch(self) -> None:
        self._answer.watch()

    async def read(self) -> bytes:
        """Whole events. What is left of one when the body ends is passed on as it is."""
        while not self._ended:
            data = await self._answer.read()
            self._ended = not data
            try:
                whole = self._cutter.feed(data) if data else self._cutter.rest
            except ValueError as error:
                raise Failure(
                    Kind.BROKEN, f"the provider's stream is unreadable: {error}"
                ) from error
            if whole:
                return b"".join(map(self._event, frames(whole)))
        return b""

    async def close(self, *, finished: bool) -> None:
        await self._answer.close(finished=finished)

    def _event(self, frame: bytes) -> bytes:
        if not self._where.search(frame):
            return frame
        said = [out for event in events(frame) for out in self._said(event.data)]
        return b"".join(encode(Event(orjson.dumps(out))) for out in said) or frame

    def _said(self, raw: bytes) -> Sequence[Json]:
        """Nothing if there is nothing to amend."""
        if not self._where.search(raw):
            return ()
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return ()  # whoever reads it will say so
        if not isinstance(document, dict) or not isinstance(document.get("choices"), list):
            return ()
        said = self._amend(document)
        return () if len(said) == 1 and said[0] is document else said

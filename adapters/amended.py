"""A transport for providers who are nearly OpenAI: their answers are put right as they arrive.

What passes untouched elsewhere must be OpenAI's chat to the letter, for clients read it with
OpenAI's own types. What is right keeps its bytes, and only what looks wrong is parsed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from re import Pattern
from typing import Protocol, TypeAlias

import orjson

from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Answer, Transport, Upstream
from adapters.sse import Cutter, Event, encode, events, frames
from adapters.types import Json, Timeouts

Amend: TypeAlias = Callable[[Json], Sequence[Json]]
"""A completion, or a chunk, as OpenAI would have said it: one document, or in a stream several.
It may remember what it has seen of its answer, and returns what needs nothing itself."""


class Pen(Protocol):
    """Corrects one answer. Returns what it was given if there is nothing to correct."""

    def document(self, raw: bytes) -> bytes: ...

    def events(self, whole: bytes) -> bytes:
        """Whole events, one or more."""
        ...


class Amendment(Protocol):
    """What is to be put right in every answer of a provider."""

    def begin(self, request: Upstream, now: int) -> Pen:
        """A fresh pen for the answer to `request`. `now`: Unix seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Amended:
    """Wraps the network of a provider whose answers need it: `Provider.transport`."""

    amendments: tuple[Amendment, ...]

    def __call__(self, transport: Transport, clock: Clock) -> Transport:
        return _Amended(transport, clock, self.amendments)


@dataclass(frozen=True, slots=True)
class Amends:
    """An amendment that reads documents and events that look wrong, and writes them anew."""

    make: Callable[[], Amend]  # a fresh one for every answer
    where: Pattern[bytes]  # what is wrong about a document or an event that needs it

    def __call__(self, transport: Transport, clock: Clock) -> Transport:
        return _Amended(transport, clock, (self,))

    def begin(self, _request: Upstream, _now: int) -> Pen:
        return _Rewriting(self.make(), self.where)


@dataclass(frozen=True, slots=True)
class Rewords:
    """An amendment of single words: all other bytes stay. `where` has the word as its group 1.

    It is done to bytes: in JSON, text can not look like a field, for its quotes are escaped.
    """

    where: Pattern[bytes]
    words: Mapping[bytes, bytes]
    others: bytes = b"null"  # what becomes of those that are not in `words`
    documents: bool = True  # False: events only

    def begin(self, _request: Upstream, _now: int) -> Pen:
        return self

    def document(self, raw: bytes) -> bytes:
        return self.events(raw) if self.documents else raw

    def events(self, whole: bytes) -> bytes:
        if not self.where.search(whole) or b'"choices"' not in whole:
            return whole
        return b"".join(self._reworded(whole))

    def _reworded(self, raw: bytes) -> Iterator[bytes]:
        at = 0
        for found in self.where.finditer(raw):
            yield raw[at : found.start(1)]
            yield self.words.get(found[1], self.others)
            at = found.end(1)
        yield raw[at:]


@dataclass(slots=True)
class _Rewriting:
    """The pen of `Amends`."""

    amend: Amend
    where: Pattern[bytes]

    def document(self, raw: bytes) -> bytes:
        said = self._said(raw)
        return orjson.dumps(said[-1]) if said else raw

    def events(self, whole: bytes) -> bytes:
        if not self.where.search(whole):
            return whole
        return b"".join(map(self._event, frames(whole)))

    def _event(self, frame: bytes) -> bytes:
        if not self.where.search(frame):
            return frame
        said = [out for event in events(frame) for out in self._said(event.data)]
        return b"".join(encode(Event(orjson.dumps(out))) for out in said) or frame

    def _said(self, raw: bytes) -> Sequence[Json]:
        """Nothing if there is nothing to amend."""
        if not self.where.search(raw):
            return ()
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return ()  # whoever reads it will say so
        if not isinstance(document, dict) or not isinstance(document.get("choices"), list):
            return ()
        said = self.amend(document)
        return () if len(said) == 1 and said[0] is document else said


@dataclass(frozen=True, slots=True)
class _Amended:
    transport: Transport
    clock: Clock
    amendments: tuple[Amendment, ...]

    async def post(self, request: Upstream, timeouts: Timeouts, credential: str) -> Answer:
        answer = await self.transport.post(request, timeouts, credential)
        if not 200 <= answer.status < 300:
            return answer
        now = int(self.clock.wall())
        return _Answer(answer, [amends.begin(request, now) for amends in self.amendments])


@dataclass(slots=True)
class _Answer:
    """An answer whose documents and events are amended before anybody sees them."""

    answer: Answer
    pens: Sequence[Pen]
    cutter: Cutter = field(default_factory=Cutter)
    ended: bool = False

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.answer.headers

    async def document(self) -> bytes:
        raw = await self.answer.document()
        for pen in self.pens:
            raw = pen.document(raw)
        return raw

    def watch(self) -> None:
        self.answer.watch()

    async def read(self) -> bytes:
        """Whole events, but for the last one: its end may have been left out."""
        while not self.ended:
            data = await self.answer.read()
            self.ended = not data
            try:
                whole = self.cutter.feed(data) if data else self.cutter.rest
            except ValueError as error:
                text = f"the provider's stream is unreadable: {error}"
                raise Failure(Kind.BROKEN, text) from error
            if whole:
                for pen in self.pens:
                    whole = pen.events(whole)
                return whole
        return b""

    async def close(self, *, finished: bool) -> None:
        await self.answer.close(finished=finished)

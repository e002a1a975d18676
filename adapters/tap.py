"""Reads the facts of a stream from its bytes as they pass by: usage, finish, end, errors.

Only events that can hold such a fact are parsed; searching costs a tenth of parsing. Where all of
them must be parsed, for they are to be translated, that is done here, once.
"""

import re

import orjson

from adapters.classify import classify_error
from adapters.dialects import Wire
from adapters.errors import Failure, Kind
from adapters.sse import Bounds, Event, events
from adapters.types import Json, Receipt, Usage

_ERROR = re.compile(rb'"error"\s*:\s*[{"]')


class Tap:
    """Looks at whole events in order, and writes what it learns into the receipt.

    `content` turns true with the first event that a client would wait for; `failure` is set by an
    error event. After an error, or the dialect's last event, nothing counts any more.
    """

    def __init__(self, wire: Wire, receipt: Receipt, provider: str) -> None:
        self.content = False
        self.failure: Failure | None = None
        self._wire = wire
        self._receipt = receipt
        self._provider = provider
        field, _, self._word = wire.last.partition(b": ")
        self._fields = (field + b": ", field + b":")  # the space may be absent

    def see(self, whole: bytes) -> bytes:
        """Whole events have arrived; returns those of them that count."""
        receipt = self._receipt
        if receipt.complete or self.failure:
            return b""
        if last := self._end_of_last(whole):
            whole = whole[:last]
        sound = self._scan(whole) if self.content else self._open(whole)
        if self.failure:
            whole = whole[:sound]
        self._conclude(whole, complete=last > 0)
        return whole

    def hear(self, whole: bytes) -> list[Event]:
        """The same for whoever needs each event parsed: they come with their documents."""
        if self._receipt.complete or self.failure:
            return []
        if last := self._end_of_last(whole):
            whole = whole[:last]
        heard = self._parse(whole)
        if self.failure:
            whole = b"\n".join([event.data for event in heard])
        self._conclude(whole, complete=last > 0)
        return heard

    def _conclude(self, whole: bytes, *, complete: bool) -> None:
        receipt = self._receipt
        receipt.complete = complete and self.failure is None
        if not receipt.finish and self._wire.finish.search(whole):
            receipt.finish = True

    def _end_of_last(self, whole: bytes) -> int:
        """Where the dialect's last event ends, 0 if it is not here. A text may speak of it too."""
        if not self._word or whole.rfind(self._word) < 0:  # twice as quick as from the left
            return 0
        at = whole.find(self._word)
        while at >= 0:
            line = max(whole.rfind(b"\n", 0, at), whole.rfind(b"\r", 0, at)) + 1
            if whole[line:at] in self._fields:
                return Bounds(whole).around(at)[1]
            at = whole.find(self._word, at + 1)
        return 0

    def _parse(self, whole: bytes) -> list[Event]:
        """Read every event, up to an error."""
        heard: list[Event] = []
        tells = bool(self._wire.tells.search(whole)) or whole.rfind(b'"error"') >= 0
        for event in events(whole):
            if event.data.startswith(b"{"):
                self._read(event, tells=tells)
                if self.failure:
                    break
            heard.append(event)
        return heard

    def _open(self, whole: bytes) -> int:
        """Read events one by one until one has content; what follows is only searched. Returns
        how many bytes come before an error.
        """
        begin, bounds = 0, Bounds(whole)
        while begin < len(whole) and not self.content:
            end = bounds.around(begin)[1]
            self._read_frame(whole[begin:end])
            if self.failure:
                return begin
            begin = end
        return begin + self._scan(whole[begin:])

    def _scan(self, whole: bytes) -> int:
        """Read only events that may tell of usage or of an error. Returns how many bytes come
        before an error.
        """
        sound = len(whole)
        if whole.rfind(b'"error"') >= 0:
            bounds = Bounds(whole)
            for found in _ERROR.finditer(whole):
                begin, end = bounds.around(found.start())
                self._read_frame(whole[begin:end])
                if self.failure:
                    sound = begin
                    break
        known = self.failure
        for begin, end in telling(self._wire.tells, whole, sound):
            self._read_frame(whole[begin:end])
            if self.failure is not known:
                return begin
        return sound

    def _read_frame(self, frame: bytes) -> None:
        for event in events(frame):
            if event.data.startswith(b"{"):  # `[DONE]` and its like tell nothing
                self._read(event)

    def _read(self, event: Event, *, tells: bool = True) -> None:
        """Parse an event and note its facts; `tells`: it may tell of usage, or of an error.

        An event that ought to be JSON and is not fails the stream as an error event does: what
        came before it still counts.
        """
        try:
            document: Json = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            text = "the provider sent an event that is not JSON"
            self.failure = Failure(Kind.BROKEN, text)
            return
        event.document = document
        if self.content and not tells:
            return
        wire, receipt = self._wire, self._receipt
        if error := wire.error(document):
            self.failure = classify_error(self._provider, error)
        if told := wire.usage(document):  # beside an error too: what was used is owed
            receipt.usage = merged(receipt.usage, told)
        if not self.content:
            receipt.model = receipt.model or model_of(document)
            self.content = wire.content(document)


def telling(
    usage: re.Pattern[bytes], whole: bytes, end: int | None = None
) -> list[tuple[int, int]]:
    """Where the events begin and end that may tell of usage."""
    end = len(whole) if end is None else end
    places: list[tuple[int, int]] = []
    if not (found := usage.search(whole, 0, end)):
        return places
    bounds = Bounds(whole)
    while found:
        place = bounds.around(found.start())
        places.append(place)
        found = usage.search(whole, place[1], end)
    return places


def merged(before: Usage, told: Usage) -> Usage:
    """The later word counts; what it does not mention stays. Who counts the input again counts its
    cached part again, too: after a compaction, Anthropic takes back what was cached.
    """
    if told.input and told.output and (told.reasoning or not before.reasoning):
        return told
    read = told if told.input else before
    return Usage(
        input=read.input,
        output=told.output or before.output,
        cache_read=read.cache_read,
        cache_write=read.cache_write,
        reasoning=told.reasoning or before.reasoning,
    )


def model_of(document: Json) -> str:
    """The provider's word for what answers; some streams say it one level down."""
    if isinstance(plain := document.get("model"), str):
        return plain
    for holder in (document.get("message"), document.get("response")):
        if isinstance(holder, dict) and isinstance(named := holder.get("model"), str):
            return named
    return ""

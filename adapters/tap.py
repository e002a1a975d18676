"""Reads the facts of a stream from its bytes as they pass by: usage, finish, end, errors.

Only events that can hold such a fact are parsed; searching costs a tenth of parsing. Where all of
them must be parsed, for they are to be translated, that is done here, once; and those that only
go on with a text are not asked for facts.
"""

import re
from collections.abc import Callable, Iterator

import orjson

from adapters.classify import classify_error
from adapters.dialects import Wire
from adapters.errors import Failure, Kind
from adapters.sse import Bounds, Event, events
from adapters.types import Json, Receipt, Usage

_TAIL = 4096  # bytes: the last few events
_ERROR = re.compile(rb'"error"\s*:\s*[{"]')


class Tap:
    """Looks at whole events in order, and writes what it learns into the receipt.

    `content` turns true with the first event that a client would wait for; `failure` is set by an
    error event. After an error, or the dialect's last event, nothing counts any more. `told` are
    the events that told usage in what was just seen: where each begins, ends and what it says.
    """

    def __init__(self, wire: Wire, receipt: Receipt, provider: str) -> None:
        self.content = False
        self.failure: Failure | None = None
        self.told: dict[int, tuple[int, Json]] = {}
        self.receipt = receipt
        self.counts_on = wire.counts_on
        self._wire = wire
        self._tells, self._finishes = wire.tells.search, wire.finish.search
        self._provider = provider
        self._quiet: bool | None = None  # nothing heard tells a fact; None: not looked at yet
        field, _, self._word = wire.last.partition(b": ")
        self._fields = (field + b": ", field + b":")  # the space may be absent

    def see(self, whole: bytes) -> bytes:
        """Whole events have arrived; returns those of them that count."""
        receipt = self.receipt
        if receipt.complete or self.failure:
            return b""
        if last := self._end_of_last(whole):
            whole = whole[:last]
        if self.told:
            self.told = {}
        if not self.content:
            whole = whole[: self._open(whole)]
        elif whole.rfind(b'"error"') >= 0 or self._tells(whole):
            whole = whole[: self._scan(whole, 0)]
        receipt.complete = last > 0 and self.failure is None
        finishes = self._finishes if len(whole) <= _TAIL else self._finishes_late
        if not receipt.finish and finishes(whole):
            receipt.finish = True
        return whole

    def hear(self, whole: bytes) -> list[Event]:
        """The same for whoever needs each event parsed: they come with their documents. `note` is
        to be told of them in turn, but for those that only go on with a text.
        """
        receipt = self.receipt
        if receipt.complete or self.failure:
            return []
        if last := self._end_of_last(whole):
            whole = whole[:last]
            receipt.complete = True
        self._quiet = None
        heard = events(whole)
        for event in heard:
            if event.data.startswith(b"{"):
                try:
                    event.document = orjson.loads(event.data)
                except orjson.JSONDecodeError:
                    self._fail(_unreadable())
                    return heard[: heard.index(event)]
        return heard

    def note(self, event: Event, whole: bytes) -> bool:
        """Note the facts of an event, one of these whole ones that were heard. False: it is an
        error, and nothing counts from here on.
        """
        if self._quiet is None:
            self._quiet = self._says_nothing(whole)
        if self._quiet and self.content:
            return True
        if event.document is not None and not self._sound(event.document):
            return False
        if not self.receipt.finish and self._finishes(event.data):
            self.receipt.finish = True
        return True

    def count(self, document: Json) -> None:
        """Note the usage that it tells, if it does."""
        if told := self._wire.usage(document):
            self.receipt.usage = merged(self.receipt.usage, told)

    def _says_nothing(self, whole: bytes) -> bool:
        """Whether none of these events can tell a fact."""
        told = whole.rfind(b'"error"') >= 0 or self._tells(whole) or self._finishes(whole)
        return not told

    def _finishes_late(self, whole: bytes) -> bool:
        """The same of many events: if the finish is there at all, then nearly always at the end."""
        return bool(self._finishes(whole, len(whole) - _TAIL) or self._finishes(whole))

    def _end_of_last(self, whole: bytes) -> int:
        """Where the dialect's last event ends, 0 if it is not here. A text may speak of it too."""
        end = 0
        at = whole.rfind(self._word) if self._word else -1  # twice as quick as from the left
        while at >= 0:
            line = max(whole.rfind(b"\n", 0, at), whole.rfind(b"\r", 0, at)) + 1
            if whole[line:at] in self._fields:
                end = Bounds(whole).around(at)[1]
            at = whole.rfind(self._word, 0, at)
        return end

    def _open(self, whole: bytes) -> int:
        """Read events one by one until one has content; what follows is only searched. Returns
        how many bytes come before an error.
        """
        begin, bounds = 0, Bounds(whole)
        while begin < len(whole) and not self.content:
            end = bounds.around(begin)[1]
            if not self._read_frame(whole, begin, end):
                return begin
            begin = end
        return self._scan(whole, begin)

    def _scan(self, whole: bytes, begin: int) -> int:
        """Read only events that may tell of usage or of an error. Returns how many bytes come
        before an error.
        """
        sound = len(whole)
        if whole.rfind(b'"error"', begin) >= 0:
            bounds = Bounds(whole)
            for found in _ERROR.finditer(whole, begin):
                first, end = bounds.around(found.start())
                if not self._read_frame(whole, first, end):
                    sound = first
                    break
        for first, end in _places(self._tells, whole, begin, sound):
            if not self._read_frame(whole, first, end):
                return first
        return sound

    def _read_frame(self, whole: bytes, begin: int, end: int) -> bool:
        """Read an event. False: it is an error, or ought to be JSON and is not."""
        before = self.receipt.usage
        for event in events(whole[begin:end]):
            if not event.data.startswith(b"{"):  # `[DONE]` and its like tell nothing
                continue
            try:
                document = orjson.loads(event.data)
            except orjson.JSONDecodeError:
                self._fail(_unreadable())
                return False
            if not self._sound(document):
                return False
            if self.receipt.usage is not before:
                self.told[begin] = end, document
        return True

    def _sound(self, document: Json) -> bool:
        """Note the facts of an event. False: it is an error."""
        wire, receipt = self._wire, self.receipt
        error = wire.error(document)
        if error:
            self._fail(classify_error(self._provider, error))
        self.count(document)  # beside an error too: what was used is owed
        if not self.content:
            receipt.model = receipt.model or model_of(document)
            self.content = wire.content(document)
        return not error

    def _fail(self, failure: Failure) -> None:
        """What came before still counts."""
        self.failure = failure
        self.receipt.complete = False


def _unreadable() -> Failure:
    return Failure(Kind.BROKEN, "the provider sent an event that is not JSON")


def _places(
    search: Callable[..., re.Match[bytes] | None], whole: bytes, begin: int, end: int
) -> Iterator[tuple[int, int]]:
    """Where the events begin and end in which the search finds something."""
    bounds = Bounds(whole)
    while found := search(whole, begin, end):
        first, begin = bounds.around(found.start())
        yield first, begin


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

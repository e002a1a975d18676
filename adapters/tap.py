"""Reads the facts of a stream from its bytes as they pass by: usage, finish, end, errors.

Only events that can hold such a fact are parsed; searching costs a tenth of parsing.
"""

import re

import orjson

from adapters.classify import classify_error
from adapters.dialects import Wire
from adapters.errors import Failure, Kind
from adapters.sse import Event, events, frames
from adapters.types import Json, Receipt, Usage

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
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
        self._last = b"\n" + wire.last

    def see(self, whole: bytes) -> bytes:
        """Whole events have arrived; returns those of them that count.

        Raises:
            Failure: BROKEN, an event that had to be read is not JSON.
        """
        receipt = self._receipt
        if receipt.complete or self.failure:
            return b""
        if self.content:
            self._scan(whole)
        else:
            self._open(whole)
        if self.failure:
            return self._before_error(whole)
        if not receipt.finish and self._wire.finish.search(whole):
            receipt.finish = True
        if whole.startswith(self._wire.last) or self._last in whole:
            receipt.complete = True
            return self._through_last(whole)
        return whole

    def _open(self, whole: bytes) -> None:
        """Read events one by one until one has content; what follows is only searched."""
        opening = frames(whole)
        for index, frame in enumerate(opening):
            for event in events(frame):
                document = _document(event)
                self._note(document)
                if not self._receipt.model:
                    self._receipt.model = model_of(document)
                if self._wire.content(document):
                    self.content = True
            if self.content:
                self._scan(b"".join(opening[index + 1 :]))
                return

    def _scan(self, whole: bytes) -> None:
        """Read those events that may tell of usage or of an error."""
        if not (_USAGE.search(whole) or _ERROR.search(whole)):
            return
        for frame in frames(whole):
            if _USAGE.search(frame) or _ERROR.search(frame):
                for event in events(frame):
                    self._note(_document(event))

    def _note(self, document: Json) -> None:
        if (error := self._wire.error(document)) and not self.failure:
            self.failure = classify_error(self._provider, error)
        if told := self._wire.usage(document):
            self._receipt.usage = merged(self._receipt.usage, told)

    def _before_error(self, whole: bytes) -> bytes:
        sound: list[bytes] = []
        for frame in frames(whole):
            if any(self._wire.error(_document(event)) for event in events(frame)):
                break
            sound.append(frame)
        return b"".join(sound)

    def _through_last(self, whole: bytes) -> bytes:
        counted: list[bytes] = []
        for frame in frames(whole):
            counted.append(frame)
            if frame.startswith(self._wire.last) or self._last in frame:
                break
        return b"".join(counted)


def merged(before: Usage, told: Usage) -> Usage:
    """The later word counts, field by field; a field it does not mention stays."""
    return Usage(
        input=told.input or before.input,
        output=told.output or before.output,
        cache_read=told.cache_read or before.cache_read,
        cache_write=told.cache_write or before.cache_write,
        reasoning=told.reasoning or before.reasoning,
    )


def model_of(document: Json) -> str:
    """The provider's word for what answers; Anthropic's streams say it one level down."""
    inner = document.get("message")
    named = document.get("model") or (isinstance(inner, dict) and inner.get("model"))
    return named if isinstance(named, str) else ""


def _document(event: Event) -> Json:
    """An event's data; nothing for `[DONE]` and its like."""
    if not event.data.startswith(b"{"):
        return {}
    try:
        document: Json = orjson.loads(event.data)
    except orjson.JSONDecodeError as error:
        raise Failure(Kind.BROKEN, "the provider sent an event that is not JSON") from error
    return document

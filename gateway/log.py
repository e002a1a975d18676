"""One line per event: a name, flat facts, never a prompt or a secret.

Whoever logs only makes a record and puts it on a queue; one thread formats and writes. A pipe that
nobody reads stalls that thread and nothing else: what does not fit the queue is dropped, counted
and reported. Facts are formatted later, so a value must not be changed after it has been logged.
"""

import io
import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeAlias

import orjson

from adapters.clock import Clock
from gateway.scrub import Scrubber

_LINGER_S = 0.02  # records of so long share one write, and putting one wakes nobody meanwhile
_BATCH = 1_000  # records: bounds what the thread holds besides the queue
_RETRY_S = 0.05  # between tries when the stream says it would block


class Level(IntEnum):
    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR


class Stream(Protocol):
    """A file, as text or as bytes. Standard output will do."""

    def write(self, data: Any, /) -> Any: ...


_Record: TypeAlias = tuple[float, Level, str, Mapping[str, object]]
_Format: TypeAlias = Callable[[_Record], bytes]


class Log:
    """`log("attempt.failed", deployment=d.id, took_s=0.412)`: never blocks, never raises.

    `json`: one JSON object per line, for machines; else lines for people, in local time.
    `capacity`: records that may wait. `secrets` are replaced by `***` wherever they turn up.
    `stamp`: facts that every line has.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        json: bool,
        clock: Clock,
        secrets: Collection[str] = (),
        capacity: int = 10_000,
        verbose: bool = False,
        colour: bool = False,
        stamp: Mapping[str, object] | None = None,
    ) -> None:
        self._write: Callable[[bytes], None] | None = _raw_write(stream)
        self._format: _Format = _json_line if json else _coloured_line if colour else _plain_line
        self._clock = clock
        self._scrub = Scrubber(frozenset(secrets))
        self._stamp = stamp
        self._capacity = capacity
        self._lowest = Level.DEBUG if verbose else Level.INFO
        self._queue: SimpleQueue[_Record | None] = SimpleQueue()
        self._dropped = 0
        self._reported = 0
        self._counting = threading.Lock()
        self._ended = False  # no more records are taken
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def __call__(self, event: str, /, level: Level = Level.INFO, **facts: object) -> None:
        if level >= self._lowest:
            self.take(event, facts, level)

    def take(self, event: str, facts: Mapping[str, object], level: Level = Level.INFO) -> None:
        """The same, with facts that are together already, whatever the level."""
        if self._ended or self._queue.qsize() >= self._capacity:
            self._drop(1)
        else:
            self._queue.put((self._clock.wall(), level, event, facts))

    def enabled(self, level: Level) -> bool:
        """Whether a record of that level is written: ask before making an expensive fact."""
        return level >= self._lowest

    @property
    def dropped(self) -> int:
        """Records lost since the start: the queue was full, or the reader has gone."""
        return self._dropped

    def close(self, timeout_s: float) -> None:
        """Write what is waiting, but give up after `timeout_s`. Later records are dropped."""
        self._ended = True
        if not self._closing.is_set():
            self._closing.set()
            self._queue.put(None)
        self._thread.join(timeout_s)

    def _drop(self, count: int) -> None:
        with self._counting:
            self._dropped += count

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            self._closing.wait(_LINGER_S)
            batch, last = self._drain(first)
            self._put_out(batch)
            if last:
                return

    def _drain(self, first: _Record) -> tuple[list[_Record], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                record = self._queue.get_nowait()
            except Empty:
                return batch, False
            if record is None:
                return batch, True
            batch.append(record)
        return batch, False

    def _put_out(self, batch: list[_Record]) -> None:
        if self._write is None:
            self._drop(len(batch))
            return
        try:
            self._write(self._text(batch))
            if lost := self._dropped - self._reported:
                self._reported += lost
                facts = {"count": lost, "total": self._reported}
                report = (self._clock.wall(), Level.WARNING, "log.dropped", facts)
                self._write(self._text([report]))
        except (BrokenPipeError, ValueError):  # ValueError: the stream was closed
            self._write, self._ended = None, True
            self._drop(len(batch))
        except OSError:  # a full disk may have room again later
            self._drop(len(batch))

    def _text(self, batch: Iterable[_Record]) -> bytes:
        lines = b"".join([self._line(record) + b"\n" for record in batch])
        return self._scrub(_escape(lines))

    def _line(self, record: _Record) -> bytes:
        if self._stamp:
            record = (*record[:3], {**record[3], **self._stamp})
        try:
            return self._format(record)
        except Exception:  # whatever a value's __str__ raises, the thread must live on
            wall, level, event, _ = record
            return self._format((wall, level, event, {"unprintable": True}))


def _raw_write(stream: Stream) -> Callable[[bytes], None]:
    """Write past Python's buffers.

    A buffered stream keeps its lock while a write blocks, and a process that ends while a daemon
    thread holds the lock of stdout is aborted.
    """
    buffer = getattr(stream, "buffer", stream)
    raw: Any = getattr(buffer, "raw", buffer)

    def write_text(data: bytes) -> None:
        raw.write(data.decode())

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = raw.write(view)
            if written is None:  # a non-blocking stream is full
                time.sleep(_RETRY_S)
            view = view[written or 0 :]

    return write_text if isinstance(raw, io.TextIOBase) else write


def _json_line(record: _Record) -> bytes:
    wall, level, event, facts = record
    second, micros = divmod(round(wall * 1e6), 1_000_000)
    ts = f"{_second(second)}.{micros // 1000:03}Z"
    head = {"ts": ts, "level": _NAMES[level], "event": event}
    return _json({**head, **facts, **head})  # first in place, and no fact may pose as one


@lru_cache(1)
def _second(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%dT%H:%M:%S}"


_NAMES = {
    Level.DEBUG: "debug",
    Level.INFO: "info",
    Level.WARNING: "warning",
    Level.ERROR: "error",
}


def _plain_line(record: _Record) -> bytes:
    wall, level, event, facts = record
    moment = datetime.fromtimestamp(wall, UTC).astimezone()
    words = [f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}".encode()]
    if level is not Level.INFO:
        words.append(level.name.encode())
    words.append(_word(event).ljust(_EVENT_WIDTH) if facts else _word(event))
    words.extend(_word(name) + b"=" + _word(value) for name, value in facts.items())
    return b" ".join(words)


def _coloured_line(record: _Record) -> bytes:
    line = _plain_line(record)
    colour = _COLOURS.get(record[1])
    return colour + line + b"\x1b[0m" if colour else line


_COLOURS = {Level.DEBUG: b"\x1b[2m", Level.WARNING: b"\x1b[33m", Level.ERROR: b"\x1b[31m"}
_EVENT_WIDTH = 18  # columns; most event names fit


def _word(value: object) -> bytes:
    """A value as it is where that is one plain word, else in JSON's quotes and escapes."""
    match value:
        case None | bool() | int() | float() | dict() | list() | tuple():
            return _json(value)
        case _:
            text = str(value)
            return text.encode() if _PLAIN.fullmatch(text) else _json(text)


_PLAIN = re.compile(r"[^\s\"'=\\\x00-\x1f\ud800-\udfff]+")


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a lone surrogate, a number beyond 64 bits, a circle
        return orjson.dumps(_printable(value))


def _printable(value: object) -> object:
    if isinstance(value, dict):  # the line itself: one odd fact must not spoil the others
        return {_text(name): _text(fact) for name, fact in value.items()}
    return _text(value)


def _text(value: object) -> str:
    return str(value).encode(errors="backslashreplace").decode()


def _escape(text: bytes) -> bytes:
    """Take the effect from characters that steer a terminal or turn the direction of writing.

    JSON escapes only those below 32; here follow 127 to 159 and Unicode's line and bidi controls.
    """
    if text.isascii() and b"\x7f" not in text:
        return text
    return _STEERING.sub(lambda found: f"\\u{ord(found[0].decode()):04x}".encode(), text)


_STEERING = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf"
)

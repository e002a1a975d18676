"""AWS's event stream (`application/vnd.amazon.eventstream`), rewritten to server-sent events.

A message is: total length, length of the headers (4 bytes each, big endian), CRC-32 of these
eight; the headers; the payload; CRC-32 of all that came before. A header is a name with its length
in one byte, a byte for the type of its value, and the value.
Source: https://smithy.io/2.0/aws/amazon-eventstream.html (read 2026-11).

=============================  ===============================================================
an event of Converse           its name, and its payload as data
`chunk` of InvokeModel         the document inside, named by its `type` if it has one: so clients
                               of Anthropic get Anthropic's own events
`PayloadPart` of SageMaker     what the model's container wrote, server-sent events mostly
an exception or an error       `{"error": {"type": its name, "message": …}}`
=============================  ===============================================================
"""

import base64
import binascii
import re
import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import orjson

from adapters.sse import EVENT_LIMIT, Cutter, Event, encode
from adapters.types import Json

_PRELUDE = 12  # bytes: both lengths and their checksum
_CRC = 4
_LEAST = _PRELUDE + _CRC  # bytes of a message that says nothing
_FIXED: Mapping[int, int] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # type -> bytes
_BYTES, _TEXT = 6, 7  # types whose length stands before them
_NAME = re.compile(r"[\w.:-]{1,100}")  # of an event; anything else would end its line


class AwsFrames:
    """Cuts messages, checks them and says each as a server-sent event.

    Both checksums are verified, the lengths' one as soon as it is there: bytes of another kind,
    a web page for instance, are found out by their first twelve.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._held = bytearray()
        self._limit = limit
        self._parts = Cutter(limit)  # SageMaker cuts where it likes

    def feed(self, data: bytes) -> bytes:
        """The events that have become whole.

        Raises:
            ValueError: these are no such frames, or one is too large.
        """
        self._held += data
        said: list[bytes] = []
        at = 0
        while end := self._end_of(at):
            headers, payload = _opened(bytes(self._held[at:end]))
            said.append(self._said(headers, payload))
            at = end
        del self._held[:at]
        return b"".join(said)

    def close(self) -> bytes:
        """Half a message is worth nothing; but SageMaker's containers may leave out the last line
        end.
        """
        rest = self._parts.rest
        return rest + b"\n\n" if rest.strip() else b""

    def _end_of(self, at: int) -> int:
        """Where the message that begins there ends; 0 if it is not whole."""
        if len(self._held) - at < _PRELUDE:
            return 0
        total, headers, checksum = struct.unpack_from(">III", self._held, at)
        if crc32(self._held[at : at + 8]) != checksum:
            raise ValueError("the lengths of an event stream message fail their checksum")
        if total > self._limit:
            raise ValueError(f"an event stream message is larger than {self._limit} bytes")
        if total < _LEAST + headers:
            raise ValueError("an event stream message is shorter than its own headers")
        return at + total if len(self._held) - at >= total else 0

    def _said(self, headers: Mapping[str, str], payload: bytes) -> bytes:
        if headers.get(":message-type", "event") != "event":
            return _event({"error": _error(headers, payload)}, "error")
        match headers.get(":event-type", ""):
            case "PayloadPart":
                return self._parts.feed(payload)
            case "chunk":
                return _chunk(payload)
            case name:
                return _line(payload, name)


def _opened(message: bytes) -> tuple[Mapping[str, str], bytes]:
    """Headers and payload of a whole message."""
    if crc32(message[:-_CRC]) != int.from_bytes(message[-_CRC:]):
        raise ValueError("an event stream message fails its checksum")
    payload = _PRELUDE + int.from_bytes(message[4:8])
    return _headers(message[_PRELUDE:payload]), message[payload:-_CRC]


def _headers(data: bytes) -> Mapping[str, str]:
    """Those with a text for a value, which are all that we read."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            begin = at + 1 + data[at]
            name, kind = data[at + 1 : begin].decode(), data[begin]
            begin += 1
            length = _FIXED.get(kind, -1)
            if kind in {_BYTES, _TEXT}:
                length = int.from_bytes(data[begin : begin + 2])
                begin += 2
            at = begin + length
            if length < 0 or at > len(data):
                raise ValueError("a header of an event stream message is broken")
            if kind == _TEXT:
                found[name] = data[begin:at].decode()
    except IndexError as error:
        raise ValueError("a header of an event stream message breaks off") from error
    return found


def _chunk(payload: bytes) -> bytes:
    """What is inside `{"bytes": …}`."""
    try:
        inner = base64.b64decode(orjson.loads(payload)["bytes"], validate=True)
        document = orjson.loads(inner)
    except (KeyError, TypeError, orjson.JSONDecodeError, binascii.Error) as error:
        raise ValueError(f"a chunk does not hold a document: {error}") from error
    name = document.get("type") if isinstance(document, dict) else None
    return _line(inner, name if isinstance(name, str) else "")


def _error(headers: Mapping[str, str], payload: bytes) -> Json:
    """The provider's exception. A `:message-type` of error has no payload, its headers tell all."""
    told = _document(payload)
    kind = headers.get(":exception-type") or headers.get(":error-code") or "error"
    message = (
        told.pop("message", None)
        or told.pop("Message", None)
        or told.get("originalMessage")
        or headers.get(":error-message")
        or payload.decode(errors="replace")
        or kind
    )
    return {**told, "type": kind, "message": str(message)}


def _document(payload: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _event(document: Json, name: str) -> bytes:
    return encode(Event(orjson.dumps(document), name))


def _line(data: bytes, name: str) -> bytes:
    """JSON as it came, but on one line: a carriage return would end it."""
    if b"\r" in data:
        data = data.replace(b"\r", b" ")
    return encode(Event(data, name if _NAME.fullmatch(name) else ""))

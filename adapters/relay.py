"""From a provider's stream to the client's: the same bytes, or a translation of them.

Both are machines without I/O: what one read gave goes in, what one write may send comes out. They
give out whole events only, so that an error or a keep-alive may follow at any moment.
"""

from typing import Protocol

import orjson

from adapters.dialects import Machine, Wire
from adapters.dialects.chat import is_usage_only
from adapters.errors import Failure, Kind
from adapters.sse import Cutter, encode, events
from adapters.tap import Tap, with_usage
from adapters.types import Receipt, Usage


class Relay(Protocol):
    @property
    def content(self) -> bool:
        """Whether anything came yet that a client would wait for."""
        ...

    @property
    def failure(self) -> Failure | None:
        """The provider's error event, if there was one. What came before it still counts."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Raises `Failure` if the bytes cannot be read."""
        ...

    def close(self) -> bytes:
        """Say the rest: the provider's stream has ended by itself.

        Raises:
            Failure: BROKEN, it ended before the answer was finished.
        """
        ...


class Passage:
    """Same dialect on both sides: bytes pass as they are.

    With `strip_usage`, the usage chunk that we asked for on our own account is taken out again.
    """

    def __init__(self, wire: Wire, receipt: Receipt, provider: str, *, strip_usage: bool) -> None:
        self._inlet = _Inlet(wire, receipt, provider)
        self._receipt = receipt
        self._strip_usage = strip_usage

    @property
    def content(self) -> bool:
        return self._inlet.tap.content

    @property
    def failure(self) -> Failure | None:
        return self._inlet.tap.failure

    def feed(self, data: bytes) -> bytes:
        used = self._receipt.usage
        return self._stripped(self._inlet.feed(data), used)

    def close(self) -> bytes:
        used = self._receipt.usage
        return self._stripped(self._inlet.close(), used)

    def _stripped(self, whole: bytes, used: Usage) -> bytes:
        if not self._strip_usage or self._receipt.usage is used:
            return whole
        kept: list[bytes] = []
        at = 0
        for begin, end in with_usage(whole):
            if _is_usage_only(whole[begin:end]):
                kept.append(whole[at:begin])
                at = end
        return b"".join((*kept, whole[at:]))


class Interpreter:
    """Different dialects: events are decoded, translated, written again and joined per read."""

    def __init__(self, wire: Wire, machine: Machine, receipt: Receipt, provider: str) -> None:
        self._inlet = _Inlet(wire, receipt, provider)
        self._machine = machine
        self._receipt = receipt
        self._closed = False

    @property
    def content(self) -> bool:
        return self._inlet.tap.content

    @property
    def failure(self) -> Failure | None:
        return self._inlet.tap.failure

    def feed(self, data: bytes) -> bytes:
        return self._translate(self._inlet.feed(data))

    def close(self) -> bytes:
        return self._translate(self._inlet.close())

    def _translate(self, whole: bytes) -> bytes:
        feed = self._machine.feed
        said = [encode(out) for event in events(whole) for out in feed(event)]
        if self._receipt.complete and not self._closed:
            self._closed = True
            said += map(encode, self._machine.close())
        return b"".join(said)


class _Inlet:
    """The provider's side of both: cuts at event ends, taps, and knows how a stream must end."""

    def __init__(self, wire: Wire, receipt: Receipt, provider: str) -> None:
        self.tap = Tap(wire, receipt, provider)
        self._wire = wire
        self._receipt = receipt
        self._cutter = Cutter()

    def feed(self, data: bytes) -> bytes:
        try:
            whole = self._cutter.feed(data)
        except ValueError as error:
            raise Failure(Kind.BROKEN, f"the provider's stream is unreadable: {error}") from error
        return self.tap.see(whole) if whole else b""

    def close(self) -> bytes:
        rest = self._cutter.rest
        out = self.tap.see(rest + b"\n\n") if rest.strip() else b""
        if self._receipt.complete or self.tap.failure:
            return out
        if not self._receipt.finish:
            raise Failure(Kind.BROKEN, "the provider ended its answer before it was finished")
        return out + self.tap.see(self._wire.end)


def _is_usage_only(frame: bytes) -> bool:
    return any(
        event.data.startswith(b"{") and is_usage_only(orjson.loads(event.data))
        for event in events(frame)
    )

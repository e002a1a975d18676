"""From a provider's stream to the client's: the same bytes, or a translation of them.

A machine without I/O: what one read gave goes in, what one write may send comes out. It gives out
whole events only, so that an error or a keep-alive may follow at any moment.
"""

from collections.abc import Callable
from typing import TypeAlias

import orjson

from adapters.dialects import Machine, Wire
from adapters.dialects.chat import WIRE as CHAT
from adapters.dialects.chat import is_usage_only
from adapters.errors import Failure, Kind
from adapters.framing import Unframe
from adapters.sse import Cutter, encode, events
from adapters.tap import Tap, telling
from adapters.types import Receipt

Rewrite: TypeAlias = Callable[[Tap, bytes], bytes]
"""What the client is told for whole events: those that count, as the tap says, in its words."""


class Relay:
    """Cuts at event ends, taps, rewrites, and knows how a stream must end."""

    def __init__(
        self,
        wire: Wire,
        receipt: Receipt,
        provider: str,
        rewrite: Rewrite,
        unframe: Unframe | None = None,
    ) -> None:
        self._unframe = unframe  # None: they are server-sent events as they come
        self._wire = wire
        self._receipt = receipt
        self._rewrite = rewrite
        self._tap = Tap(wire, receipt, provider)
        self._cutter = Cutter()

    @property
    def content(self) -> bool:
        """Whether anything came yet that a client would wait for."""
        return self._tap.content

    @property
    def failure(self) -> Failure | None:
        """The provider's error event, if there was one. What came before it still counts."""
        return self._tap.failure

    def feed(self, data: bytes) -> bytes:
        """Raises `Failure` if the bytes cannot be read."""
        try:
            whole = self._unframe.feed(data) if self._unframe else self._cutter.feed(data)
        except ValueError as error:
            raise Failure(Kind.BROKEN, f"the provider's stream is unreadable: {error}") from error
        return self._rewrite(self._tap, whole) if whole else b""

    def close(self) -> bytes:
        """Say the rest: the provider's stream has ended by itself.

        Raises:
            Failure: BROKEN, it ended before the answer was finished.
        """
        out = self._last_words()
        if self._receipt.complete or self.failure:
            return out
        if not self._receipt.finish:
            raise Failure(Kind.BROKEN, "the provider ended its answer before it was finished")
        if self._wire.last:
            return out + self._rewrite(self._tap, self._wire.end)
        self._receipt.complete = True
        return out + self._rewrite(self._tap, b"")

    def _last_words(self) -> bytes:
        """An event whose end has been left out."""
        rest = self._unframe.close() if self._unframe else self._cutter.rest
        return self._rewrite(self._tap, rest + b"\n\n") if rest.strip() else b""


def as_it_comes(tap: Tap, whole: bytes) -> bytes:
    """Same dialect on both sides: bytes pass untouched."""
    return tap.see(whole)


def without_usage(receipt: Receipt) -> Rewrite:
    """The same, but for the usage chunk that we asked for on our own account."""
    seen = receipt.usage

    def rewrite(tap: Tap, whole: bytes) -> bytes:
        nonlocal seen
        whole = tap.see(whole)
        if receipt.usage is seen:  # none of these events told any
            return whole
        seen = receipt.usage
        kept: list[bytes] = []
        at = 0
        for begin, end in telling(CHAT.tells, whole):
            if _is_usage_only(whole[begin:end]):
                kept.append(whole[at:begin])
                at = end
        return b"".join((*kept, whole[at:]))

    return rewrite


def interpreted(machine: Machine, receipt: Receipt) -> Rewrite:
    """Different dialects: events are decoded, translated, written again and joined."""
    feed = machine.feed
    closed = False

    def rewrite(tap: Tap, whole: bytes) -> bytes:
        nonlocal closed
        said = [encode(out) for event in tap.hear(whole) for out in feed(event)]
        if receipt.complete and not closed:
            closed = True
            said += map(encode, machine.close())
        return b"".join(said)

    return rewrite


def _is_usage_only(frame: bytes) -> bool:
    return any(
        event.data.startswith(b"{") and is_usage_only(orjson.loads(event.data))
        for event in events(frame)
    )

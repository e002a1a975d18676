"""From a provider's stream to the client's: the same bytes, or a translation of them.

A machine without I/O: what one read gave goes in, what one write may send comes out. It gives out
whole events only, so that an error or a keep-alive may follow at any moment.
"""

from collections.abc import Callable
from typing import TypeAlias

from adapters.dialects import Machine, Wire
from adapters.dialects.chat import is_usage_only
from adapters.errors import ODD, Failure, Kind
from adapters.framing import Unframe
from adapters.sse import Cutter, encode
from adapters.tap import Tap
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
        self._wire = wire
        self._receipt = receipt
        self._tap = Tap(wire, receipt, provider)
        self._rewrite = rewrite
        self._unframe = unframe  # None: they are server-sent events as they come
        self._cutter = Cutter()
        self._cut = (unframe or self._cutter).feed

    @property
    def content(self) -> bool:
        """Whether anything came yet that a client would wait for."""
        return self._tap.content

    @property
    def failure(self) -> Failure | None:
        """The provider's error event, if there was one. What came before it still counts."""
        return self._tap.failure

    def feed(self, data: bytes) -> bytes:
        """What one read has to say.

        Raises:
            Failure: BROKEN, the bytes cannot be read, or what they say has an unknown shape.
        """
        try:
            whole = self._cut(data)
        except ValueError as error:
            raise Failure(Kind.BROKEN, f"the provider's stream is unreadable: {error}") from error
        except ODD as odd:
            raise _unknown(odd) from odd
        try:
            return self._rewrite(self._tap, whole) if whole else b""
        except ODD as odd:
            raise _unknown(odd) from odd

    def close(self) -> bytes:
        """Say the rest: the provider's stream has ended by itself.

        Raises:
            Failure: BROKEN, it ended before the answer was finished, or as `feed`.
        """
        try:
            return self._last_words() + self._end()
        except ODD as odd:
            raise _unknown(odd) from odd

    def _last_words(self) -> bytes:
        """An event whose end has been left out."""
        rest = self._unframe.close() if self._unframe else self._cutter.rest
        return self._rewrite(self._tap, rest + b"\n\n") if rest.strip() else b""

    def _end(self) -> bytes:
        if self._receipt.complete or self.failure:
            return b""
        if not self._receipt.finish:
            raise Failure(Kind.BROKEN, "the provider ended its answer before it was finished")
        if self._wire.last:
            return self._rewrite(self._tap, self._wire.end)
        self._receipt.complete = True
        return self._rewrite(self._tap, b"")


as_it_comes: Rewrite = Tap.see
"""Same dialect on both sides: bytes pass untouched."""


def without_usage(tap: Tap, whole: bytes) -> bytes:
    """The same, but for the usage chunk that we asked for on our own account."""
    whole = tap.see(whole)
    if not tap.told:
        return whole
    kept: list[bytes] = []
    at = 0
    for begin, (end, document) in sorted(tap.told.items()):
        if is_usage_only(document):
            kept.append(whole[at:begin])
            at = end
    return b"".join((*kept, whole[at:]))


def interpreted(machine: Machine) -> Rewrite:
    """Different dialects: events are decoded, translated, written again and joined."""
    feed, go_on = machine.feed, machine.go_on
    closed = False

    def rewrite(tap: Tap, whole: bytes) -> bytes:
        nonlocal closed
        said: list[bytes] = []
        for event in tap.hear(whole):
            document = event.document
            if tap.content and document and (out := go_on(document)) is not None:
                said.append(out)
                if tap.counts_on:
                    tap.count(document)
            elif tap.note(event, whole):
                said += map(encode, feed(event))
            else:
                break
        if tap.receipt.complete and not closed:
            closed = True
            said += map(encode, machine.close())
        return b"".join(said)

    return rewrite


def _unknown(odd: Exception) -> Failure:
    return Failure(Kind.BROKEN, f"the provider sent an event of unknown shape: {odd!r}"[:300])

"""A stream after its commit point, as whoever sends it on reads it."""

from collections.abc import Callable

from adapters.errors import Failure
from adapters.provider import Answer
from adapters.relay import Relay
from adapters.types import Receipt


class Flow:
    """The stream after its commit point. One read in, at most one write out: a write costs ten
    times the JSON.
    """

    def __init__(
        self,
        first: bytes,
        answer: Answer,
        relay: Relay,
        receipt: Receipt,
        own: Callable[[Failure], None],
    ) -> None:
        self._first = first
        self._answer = answer
        self._relay = relay
        self._receipt = receipt
        self._own = own
        self._ended = False  # the provider's stream has been read to its end

    def __aiter__(self) -> "Flow":
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        relay, receipt = self._relay, self._receipt
        try:
            while not (self._ended or receipt.complete or relay.failure):
                data = await self._answer.read()
                self._ended = not data
                if out := relay.feed(data) if data else relay.close():
                    return out
            if relay.failure:
                raise relay.failure
        except Failure as failure:
            self._own(failure)
            raise
        raise StopAsyncIteration

    async def aclose(self) -> None:
        await self._answer.close(finished=self._ended or self._receipt.complete)


class Ready:
    """A stream that has been there from the start: a document, cut into events."""

    def __init__(self, whole: bytes) -> None:
        self._whole = whole

    def __aiter__(self) -> "Ready":
        return self

    async def __anext__(self) -> bytes:
        whole, self._whole = self._whole, b""
        if whole:
            return whole
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """There is nothing to give back."""

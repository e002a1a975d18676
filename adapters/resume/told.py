"""What a client has been told of an answer so far, in its own dialect. Pure.

Needed where a stream shall go on at another place once it has broken. Whoever watches a stream so
reads each event of it, which costs more than passing it on; so it is done only on request.
"""

from collections.abc import Mapping
from typing import Protocol

from adapters.plug import plug
from adapters.types import Dialect, Usage


class Join(Protocol):
    """Makes one stream of two: the second's events become the rest of the first."""

    def feed(self, whole: bytes) -> bytes:
        """What whole events of the second add to what the client knows.

        Raises:
            Diverged: they cannot be joined. Nothing wrong has been given out.
        """
        ...


class Told(Protocol):
    """Reads a stream as it passes to the client."""

    def see(self, whole: bytes) -> None:
        """Whole events have been passed on."""
        ...

    @property
    def text(self) -> str:
        """All text of the answer so far, thoughts apart."""
        ...

    @property
    def why_not(self) -> str:
        """Why it cannot go on elsewhere; empty: it can."""
        ...

    def join(self, expected: str, already: Usage) -> Join:
        """For a continuation that says `expected` again before it goes on. `already`: what the
        first part has used, to be told with the rest.
        """
        ...


_READERS: Mapping[str, str] = {
    Dialect.OPENAI_CHAT: "adapters.resume.chat:ChatTold",
    Dialect.ANTHROPIC_MESSAGES: "adapters.resume.messages:MessagesTold",
}


def told(dialect: Dialect) -> Told | None:
    """A reader of streams in that dialect, if they can be joined."""
    reader = plug(_READERS[dialect]) if dialect in _READERS else None
    return reader() if reader else None

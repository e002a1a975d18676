"""What a dialect is to the rest: how to recognise its moments, and how to translate it.

A `Wire` is all that is needed to pass a dialect on untouched. A `Translation` speaks one dialect
on behalf of a client who speaks another; one side of it is always the pivot, OpenAI chat.

    client's request --Translation.request--> provider
    client's answer  <--reply / stream------- provider
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from adapters.sse import Event
from adapters.types import Json, Usage


class Machine(Protocol):
    """A stream translator without I/O: an event goes in, zero or more events come out.

    `feed` raises `Failure` when the event is the provider's error. `close` says what is left when
    the stream has ended by itself.
    """

    def feed(self, event: Event) -> list[Event]: ...
    def close(self) -> list[Event]: ...


@dataclass(frozen=True, slots=True)
class Wire:
    """How to recognise the moments of a stream, and its facts, without translating it."""

    content: Callable[[Json], bool]  # an event a client would wait for; False: preamble, pings
    error: Callable[[Json], Json | None]  # the provider's error object, if the document is one
    usage: Callable[[Json], Usage | None]  # of a document or an event; None: it says nothing
    finish: re.Pattern[bytes]  # matches events only when the model has come to an end
    last: bytes  # a line that starts so is the last event's
    end: bytes  # the last event itself, for a provider that left it out; empty: cannot be made up


@dataclass(frozen=True, slots=True)
class Translation:
    """Speak `theirs` on behalf of a client who speaks `ours`.

    All parts are pure. None of them changes what it is given: a retry starts from the same body.
    `asked` is the request as `request` got it: the client's fields, the deployment's defaults and
    the provider's model name. `now`: Unix seconds, for dialects that say when.
    """

    request: Callable[[Json], Json]  # asked, ours -> theirs; raises BadRequest
    reply: Callable[[Json, Json, int], Json]  # (document of theirs, asked, now) -> ours
    stream: Callable[[Json, int], Machine]  # (asked, now) -> a fresh machine
    droppable: Callable[[Json], frozenset[str]]
    """Fields of `asked` that theirs, or this model of theirs, has no word for: sent on as they are,
    so that the provider can refuse them by name, or left out where the operator says
    `drop_params`."""


WIRES: Mapping[str, str] = {
    "openai.chat": "adapters.dialects.chat:WIRE",
    "anthropic.messages": "adapters.dialects.anthropic.wire:WIRE",
}
TRANSLATIONS: Mapping[tuple[str, str], str] = {
    ("openai.chat", "anthropic.messages"): "adapters.dialects.anthropic:FROM_CHAT",
    ("anthropic.messages", "openai.chat"): "adapters.dialects.anthropic:TO_CHAT",
}

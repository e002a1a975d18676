"""What is asked and answered here: one request and one long stream for each pair of dialects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from adapters.provider import Upstream
from adapters.types import Json
from tests.adapters.samples import (
    BYE,
    COMPLETION,
    DONE,
    END_TURN,
    GEMINI,
    HELLO,
    HI,
    MESSAGE,
    OPEN,
    ROLE,
    SHUT,
    STOP,
    TEXT,
    USAGE,
    event,
)
from tests.counted.house import Client
from tests.fakes import FakeAnswer

_CHAT, _MESSAGES = "/v1/chat/completions", "/v1/messages"
_SSE = {"content-type": "text/event-stream"}
_GEMINI_HI = event(  # each of its events tells the usage so far
    {
        "candidates": [{"index": 0, "content": {"parts": [{"text": "Hi"}]}}],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1},
    }
)


@dataclass(frozen=True, slots=True)
class Talk:
    """A client's dialect, a provider's, and what is said in them."""

    name: str
    path: str  # where the client asks
    alias: str
    document: Json
    opening: Sequence[bytes]
    text: bytes
    ending: Sequence[bytes]

    def __str__(self) -> str:
        return self.name

    @property
    def last_event(self) -> bool:
        """Whether an event of the provider says that it is the last."""
        return self.alias != "gemini"

    def asks(self, *, stream: bool = False, alias: str = "", patience: int = 0) -> Client:
        body: Json = {
            "model": alias or self.alias,
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hi"}],
        }
        if stream:
            body["stream"] = True
        return Client(self.path, orjson.dumps(body), patience)

    def events(self, texts: int) -> list[bytes]:
        return [*self.opening, *[self.text] * texts, *self.ending]


PASSING = Talk("openai-openai", _CHAT, "gpt", COMPLETION, (ROLE,), HI, (STOP, USAGE, DONE))
FROM_ANTHROPIC = Talk(
    "openai-anthropic", _CHAT, "claude", MESSAGE, (HELLO, OPEN), TEXT, (SHUT, END_TURN, BYE)
)
FROM_GEMINI = Talk("openai-gemini", _CHAT, "gemini", GEMINI, (), _GEMINI_HI, (event(GEMINI),))
TO_ANTHROPIC = Talk(
    "anthropic-openai", _MESSAGES, "gpt", COMPLETION, (ROLE,), HI, (STOP, USAGE, DONE)
)
MESSAGES_PASSING = Talk(
    "anthropic-anthropic", _MESSAGES, "claude", MESSAGE, (HELLO, OPEN), TEXT, (SHUT, END_TURN, BYE)
)
TRANSLATED = (FROM_ANTHROPIC, FROM_GEMINI, TO_ANTHROPIC)
TALKS = (PASSING, MESSAGES_PASSING, *TRANSLATED)


def documents(talk: Talk) -> Callable[[Upstream], FakeAnswer]:
    """Everybody gets a whole document."""
    raw = orjson.dumps(talk.document)
    return lambda _: FakeAnswer(raw, headers={"content-type": "application/json"})


def reads(*pieces: bytes) -> Callable[[Upstream], FakeAnswer]:
    """Everybody gets a stream, one piece a read."""
    return lambda _: FakeAnswer(*pieces, headers=_SSE)


def stalls(*pieces: bytes) -> Callable[[Upstream], FakeAnswer]:
    """The same, but its end never comes."""
    return lambda _: FakeAnswer(*pieces, headers=_SSE, stalls=True)


def sick(well: Callable[[Upstream], FakeAnswer]) -> Callable[[Upstream], FakeAnswer]:
    """The alias of that name has a provider that is out of order."""
    refusal = b'{"error": {"message": "out of order", "type": "server_error"}}'

    def answer(request: Upstream) -> FakeAnswer:
        return FakeAnswer(refusal, status=500) if "/sick/" in request.url else well(request)

    return answer


def packed(events: Sequence[bytes], size: int) -> list[bytes]:
    """So many events a read."""
    return [b"".join(events[at : at + size]) for at in range(0, len(events), size)]


def torn(events: Sequence[bytes], size: int) -> list[bytes]:
    """So many bytes a read, wherever events end."""
    whole = b"".join(events)
    return [whole[at : at + size] for at in range(0, len(whole), size)]

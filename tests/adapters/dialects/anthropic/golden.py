"""Where the golden files are, and how to read them.

A folder holds any of a request, a reply and a stream; its request, if there is one, is what the
reply and the stream were asked with.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from adapters.dialects import Translation
from adapters.dialects.anthropic import FROM_CHAT, TO_CHAT
from adapters.sse import Event, encode
from adapters.types import Json
from tests.decoder import Decoder

GOLDEN = Path(__file__).parents[3] / "golden" / "anthropic"


@dataclass(frozen=True)
class Direction:
    translation: Translation
    ours: str  # what the client's files are called
    theirs: str


DIRECTIONS = {
    "from_chat": Direction(FROM_CHAT, "chat", "anthropic"),
    "to_chat": Direction(TO_CHAT, "client", "chat"),
}


@dataclass(frozen=True)
class Case:
    path: Path

    @property
    def direction(self) -> Direction:
        return DIRECTIONS[self.path.parts[-3]]

    @property
    def asked(self) -> Json:
        request = self.path.with_name(f"request.{self.direction.ours}.json")
        return read(request) if request.exists() else {"model": "asked-for"}

    def __str__(self) -> str:
        return str(self.path.relative_to(GOLDEN))


def read(path: Path) -> Json:
    document: Json = json.loads(path.read_text())
    return document


def translated(translation: Translation, asked: Json, *reads: bytes) -> bytes:
    """What the client gets when the provider's stream arrives in these reads."""
    machine = translation.stream(asked)
    said = [out for event in decoded(*reads) for out in machine.feed(event)]
    return b"".join(encode(event) for event in [*said, *machine.close()])


def decoded(*reads: bytes) -> list[Event]:
    decoder = Decoder()
    return [*(event for data in reads for event in decoder.feed(data)), *decoder.close()]


def _cases(from_chat: str, to_chat: str) -> list[Case]:
    found = [*GOLDEN.glob(f"from_chat/*/{from_chat}"), *GOLDEN.glob(f"to_chat/*/{to_chat}")]
    return [Case(path) for path in sorted(found)]


REQUESTS = _cases("request.chat.json", "request.client.json")
REPLIES = _cases("reply.anthropic.json", "reply.chat.json")
STREAMS = _cases("stream.anthropic.sse", "stream.chat.sse")

"""Where the golden files are, and how to read them.

A folder of a dialect and a direction holds cases; a case holds any of a request, a reply and a
stream. Its request, if there is one, is what the reply and the stream were asked with.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from adapters.dialects import TRANSLATIONS, Translation
from adapters.plug import plug
from adapters.sse import Event, encode
from adapters.types import Json
from tests.decoder import Decoder

GOLDEN = Path(__file__).parents[2] / "golden"


@dataclass(frozen=True)
class Direction:
    pair: tuple[str, str]
    ours: str  # what the client's files are called
    theirs: str
    unknown: str = ""  # the field that holds what nobody knows, if not the top

    @property
    def translation(self) -> Translation:
        found: Translation = plug(TRANSLATIONS[self.pair])
        return found


def _from(dialect: str, folder: str, unknown: str = "") -> Direction:
    return Direction(("openai.chat", dialect), "chat", folder, unknown)


DIRECTIONS = {
    "anthropic/from_chat": _from("anthropic.messages", "anthropic"),
    "anthropic/to_chat": Direction(("anthropic.messages", "openai.chat"), "client", "chat"),
    "bedrock/from_chat": _from("bedrock.converse", "bedrock", "additionalModelRequestFields"),
    "cohere/from_chat": _from("cohere.chat", "cohere"),
    "gemini/from_chat": _from("gemini.generate", "gemini"),
    "ollama/from_chat": _from("ollama.chat", "ollama"),
    "replicate/from_chat": _from("replicate.predictions", "replicate"),
    "responses/from_chat": _from("openai.responses", "responses"),
}


@dataclass(frozen=True)
class Case:
    path: Path

    @property
    def direction(self) -> Direction:
        return DIRECTIONS["/".join(self.path.parts[-4:-2])]

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
    machine = translation.stream(asked, 0)
    said = [out for event in decoded(*reads) for out in machine.feed(event)]
    return b"".join(encode(event) for event in [*said, *machine.close()])


def decoded(*reads: bytes) -> list[Event]:
    decoder = Decoder()
    return [*(event for data in reads for event in decoder.feed(data)), *decoder.close()]


def _cases(kind: str, *, side: str, ending: str) -> list[Case]:
    """The inputs of one kind, in all directions."""
    return [
        Case(path)
        for folder, direction in DIRECTIONS.items()
        for path in sorted(GOLDEN.glob(f"{folder}/*/{kind}.{getattr(direction, side)}.{ending}"))
    ]


REQUESTS = _cases("request", side="ours", ending="json")
REPLIES = _cases("reply", side="theirs", ending="json")
STREAMS = _cases("stream", side="theirs", ending="sse")

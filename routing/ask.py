"""What one call needs of whoever answers it. Read from its body when somebody wants to know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from adapters.tokens import IMAGE_TOKENS, prompt_size
from adapters.types import Call, Json
from routing.prefixes import Prefix, prefixes

_PARTS = {  # type of a content part -> what a model must be able to do with it
    "image_url": "vision",
    "image": "vision",
    "input_image": "vision",
    "input_audio": "audio_input",
    "input_file": "pdf_input",
    "file": "pdf_input",
    "document": "pdf_input",
    "video_url": "video_input",
}
_TEXTS = frozenset({"text", "content"})  # kinds of `source` of a document that anybody can read


@dataclass
class Ask:
    """A call, and what its sender said about where it may go. Never changed."""

    call: Call
    tags: frozenset[str] = frozenset()
    region: str = ""  # `allowed_model_region`
    priority: int = 0  # lower goes first when there is a queue
    session: str = ""  # calls of one conversation
    tenant: str = ""  # whose key it is
    access_groups: frozenset[str] | None = None  # None: all
    agent: str = ""  # the client's User-Agent
    # Every call is measured, and a `cached_property` takes a lock.
    _size: tuple[int, int] | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Characters of text, and pictures, in the prompt."""
        size = self._size
        if size is None:
            size = self._size = prompt_size(self.call.body)
        return size

    def prompt_tokens(self, characters_per_token: float) -> int:
        characters, pictures = self.size
        return int(characters / characters_per_token) + IMAGE_TOKENS * pictures + 1

    @property
    def most_output(self) -> int | None:
        """The client's own limit of the answer, in tokens."""
        body = self.call.body
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return limit if isinstance(limit, int) and limit > 0 else None

    @cached_property
    def needs(self) -> frozenset[str]:
        """Abilities, in the catalogue's words."""
        body = self.call.body
        found = set(_abilities(body.get("messages")))
        if body.get("tools") or body.get("functions"):
            found.add("function_calling")
        if _field(body, "response_format", "type") == "json_schema":
            found.add("response_schema")
        return frozenset(found)

    @cached_property
    def prefixes(self) -> Sequence[Prefix]:
        """What the prompt begins with, for a provider's cache of prompts."""
        return prefixes(self.call.body)


def _abilities(messages: Any) -> Iterator[str]:
    """What the parts of messages need, those in the results of tools included."""
    for message in messages if isinstance(messages, list) else ():
        for part in _parts(message):
            yield from _of_part(part)
            for inner in _parts(part):
                yield from _of_part(inner)


def _parts(holder: Json) -> Iterator[Json]:
    content = holder.get("content") if isinstance(holder, dict) else None
    if isinstance(content, list):
        yield from (part for part in content if isinstance(part, dict))


def _of_part(part: Json) -> Iterator[str]:
    kind = part.get("type")
    if not isinstance(kind, str) or kind not in _PARTS:
        return
    if kind != "document" or _field(part, "source", "type") not in _TEXTS:
        yield _PARTS[kind]


def _field(holder: Json, *path: str) -> Any:
    value: Any = holder
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value

"""What one call needs of whoever answers it. Read from its body when somebody wants to know."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapters.tokens import IMAGE_TOKENS, prompt_size
from adapters.types import Call

_PARTS = {  # type of a content part -> what a model must be able to do with it
    "image_url": "vision",
    "image": "vision",
    "input_image": "vision",
    "input_audio": "audio_input",
    "file": "pdf_input",
    "document": "pdf_input",
    "video_url": "video_input",
}


@dataclass(frozen=True)
class Ask:
    """A call, and what its sender said about where it may go."""

    call: Call
    tags: frozenset[str] = frozenset()
    region: str = ""  # `allowed_model_region`
    priority: int = 0  # lower goes first when there is a queue
    session: str = ""  # calls of one conversation
    tenant: str = ""  # whose key it is
    access_groups: frozenset[str] | None = None  # None: all

    @cached_property
    def size(self) -> tuple[int, int]:
        """Characters of text, and pictures, in the prompt."""
        return prompt_size(self.call.body)

    def prompt_tokens(self, characters_per_token: float) -> int:
        characters, pictures = self.size
        return int(characters / characters_per_token) + IMAGE_TOKENS * pictures + 1

    @cached_property
    def most_output(self) -> int | None:
        """The client's own limit of the answer, in tokens."""
        body = self.call.body
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return limit if isinstance(limit, int) and limit > 0 else None

    @cached_property
    def needs(self) -> frozenset[str]:
        """Abilities, in the catalogue's words."""
        body = self.call.body
        found = {_PARTS[kind] for kind in _part_types(body.get("messages")) if kind in _PARTS}
        if body.get("tools") or body.get("functions"):
            found.add("function_calling")
        return frozenset(found)


def _part_types(messages: Any) -> set[str]:
    if not isinstance(messages, list):
        return set()
    return {
        part["type"]
        for message in messages
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for part in message["content"]
        if isinstance(part, dict) and isinstance(part.get("type"), str)
    }

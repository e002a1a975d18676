"""How many tokens a request may cost, before its provider tells. Pure but for `Learned`.

An estimate by length: no tokenizer, which would stall the loop on a long prompt. How many
characters make a token depends on language and model, so it is learned from what each deployment
reports.
"""

from typing import Any

from adapters.types import Json

CHARACTERS_PER_TOKEN = 4.0  # English prose; code and other scripts have fewer
IMAGE_TOKENS = 800  # what most providers count for a picture of usual size
_PER_MESSAGE = 4  # role and separators
_WEIGHT = 0.2  # of a new observation
_SANE = (1.0, 12.0)  # characters per token; outside, the usage is about something else


def prompt_size(body: Json) -> tuple[int, int]:
    """Characters of text, and pictures, that the model has to read. Attached data is not text."""
    text = pictures = 0
    messages = body.get("messages")
    for value in (body.get("system"), body.get("input"), messages, body.get("tools")):
        more_text, more_pictures = _size(value)
        text += more_text
        pictures += more_pictures
    per_message = len(messages) if isinstance(messages, list) else 0
    return text + int(_PER_MESSAGE * per_message * CHARACTERS_PER_TOKEN), pictures


class Learned:
    """Characters per token of one deployment, from what it reported: a moving average."""

    __slots__ = ("characters_per_token",)

    def __init__(self) -> None:
        self.characters_per_token = CHARACTERS_PER_TOKEN

    def note(self, size: int, tokens: int) -> None:
        """A prompt of `size` characters was `tokens` tokens."""
        if tokens <= 0 or not _SANE[0] <= (seen := size / tokens) <= _SANE[1]:
            return
        self.characters_per_token += _WEIGHT * (seen - self.characters_per_token)


def _size(value: Any) -> tuple[int, int]:
    match value:
        case str():
            return (0, 1) if value.startswith("data:") else (len(value), 0)
        case list():
            sizes = [_size(item) for item in value]
        case {"type": "image_url" | "input_image" | "image"}:
            return 0, 1
        case dict():
            sizes = [_size(item) for item in value.values()]
        case _:
            return 1, 0
    return sum(text for text, _ in sizes), sum(pictures for _, pictures in sizes)

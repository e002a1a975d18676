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
_READ = ("system", "input", "tools", "functions", "query", "documents")  # and messages
_PLAIN = {"role", "content"}
_KINDS = frozenset({"media_type", "mime_type", "mimeType", "format"})  # of attached data
_SANE = (1.0, 12.0)  # characters per token; outside, the usage is about something else


def prompt_size(body: Json) -> tuple[int, int]:
    """Characters of text, and pictures, that the model has to read. Attached data is not text."""
    text = 0
    rest = [body[name] for name in _READ if name in body]
    messages = body.get("messages")
    if isinstance(messages, list):
        text = int(_PER_MESSAGE * len(messages) * CHARACTERS_PER_TOKEN)
        for message in messages:
            if (length := _plain(message)) is None:
                rest.append(message)
            else:
                text += length
    if not rest:
        return text, 0
    more, pictures = _size(rest)
    return text + more, pictures


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


def _plain(message: Any) -> int | None:
    """Characters of a message that is two texts, as nearly all of a long history are."""
    if not isinstance(message, dict) or message.keys() != _PLAIN:
        return None
    role, content = message["role"], message["content"]
    if not (isinstance(role, str) and isinstance(content, str)) or content.startswith("data:"):
        return None
    return len(role) + len(content)


def _size(whole: Any) -> tuple[int, int]:
    """No recursion: a client may nest as deep as it likes."""
    text = pictures = 0
    rest = [whole]
    while rest:
        match rest.pop():
            case str(value):
                if value.startswith("data:"):
                    pictures += 1
                else:
                    text += len(value)
            case list(items):
                rest.extend(items)
            case {"type": "image_url" | "input_image" | "image"}:
                pictures += 1
            case {"data": str()} as attached if not _KINDS.isdisjoint(attached):
                pictures += 1  # a document, or a sound
            case dict(fields):
                rest.extend(fields.values())
            case bool() | None:
                pass
            case _:  # a token by its number, in the input of embeddings
                text += int(CHARACTERS_PER_TOKEN)
    return text, pictures

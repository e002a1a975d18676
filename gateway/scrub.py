"""Takes secrets out of texts, however they are written."""

import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import orjson

_SHORTEST_SECRET = 8  # characters; shorter ones would tear holes into ordinary words
_WINDOW = 8  # bytes


class Scrubber:
    """Replaces secrets in a text by their value: as written, URL-encoded, base64, in JSON.

    There may be hundreds of forms, and searching for each costs more than writing the line. So one
    look at every `stride` bytes tells first whether any of them can be there: whatever is at
    least `stride + _WINDOW - 1` bytes long covers such a window whole.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        long = (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        forms = {form for secret in long for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # the longest first: none is cut up
        self._stride = len(self._forms[-1]) - _WINDOW + 1 if forms else 0
        self._marks = frozenset(
            form[start : start + _WINDOW] for form in forms for start in range(self._stride)
        )

    def __call__(self, text: bytes) -> bytes:
        if not self._forms or self._marks.isdisjoint(
            [text[at : at + _WINDOW] for at in range(0, len(text), self._stride)]
        ):
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, b"***")
        return text


def _forms(secret: str) -> set[bytes]:
    """The ways a secret may be written; each is at least as long as the secret."""
    raw = secret.encode(errors="backslashreplace")
    quoted = {quote(raw), quote(raw, safe=""), quote_plus(raw)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in quoted}
    base64 = set(_base64_forms(raw))
    return {
        raw,
        orjson.dumps(raw.decode())[1:-1],
        *(text.encode() for text in quoted | lower),
        *base64,
        *(form.translate(_URL_SAFE) for form in base64),
    }


def _base64_forms(raw: bytes) -> Iterable[bytes]:
    """The secret alone, and the part that is the same whatever surrounds it (`user:secret`)."""
    yield b64encode(raw).rstrip(b"=")
    for shift, mixed in ((0, 0), (1, 2), (2, 3)):  # bytes before it, characters they reach into
        text = b64encode(bytes(shift) + raw).rstrip(b"=")
        yield text[mixed : -1 if (shift + len(raw)) % 3 else None]


_URL_SAFE = bytes.maketrans(b"+/", b"-_")

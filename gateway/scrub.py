"""Takes secrets out of texts, however they are written."""

import re
import sys
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import orjson

_SHORTEST_SECRET = 8  # characters; shorter ones would tear holes into ordinary words
_WORD = 8  # bytes
_LONG = 2 * _WORD - 1  # bytes: so long a form covers a whole word of a text, wherever it begins


class Scrubber:
    """Replaces secrets in a text by their value: as written, URL-encoded, base64, in JSON.

    There may be hundreds of forms, and searching for each costs more than writing the line. So the
    text is read as words first, every `stride`th of them, and a set tells whether one of these is
    out of a secret: whatever is at least `(stride + 1) * _WORD - 1` bytes long covers such a word
    whole. The few forms that are too short for it are searched for.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        long = (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        forms = {form for secret in long for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # the longest first: none is cut up
        self._short = [form for form in self._forms if len(form) < _LONG]
        long_forms = [form for form in self._forms if len(form) >= _LONG]
        self._stride = (len(long_forms[-1]) + 1) // _WORD - 1 if long_forms else 1
        self._marks = frozenset(
            int.from_bytes(form[start : start + _WORD], sys.byteorder)
            for form in long_forms
            for start in range(self._stride * _WORD)
        )

    def __call__(self, text: bytes) -> bytes:
        if self._is_clean(text):
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, b"***")
        return text

    def _is_clean(self, text: bytes) -> bool:
        """Whether no secret can be in it, at a glance."""
        if any(map(text.__contains__, self._short)):
            return False
        if not self._marks:
            return True
        words = memoryview(text[: len(text) // _WORD * _WORD]).cast("Q")
        return self._marks.isdisjoint(words[:: self._stride])


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

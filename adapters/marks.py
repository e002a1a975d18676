"""Words to look for in a request's bytes before its history is walked: that costs a fraction."""

from collections.abc import Iterable

_ESCAPE = b"\\u00"  # of a letter in JSON: a word may be written so


def may_hold(raw: bytes, words: Iterable[bytes]) -> bool:
    """Whether one of the words may be in a body. `raw`: the client's bytes, if they are what the
    body says; nothing: who knows.
    """
    if not raw:
        return True
    return any(raw.rfind(word) >= 0 for word in (*words, _ESCAPE))  # twice as quick as from left

"""Events of which only one text changes, as nearly all of a stream are: the rest of them is written
once.
"""

import orjson

from adapters.sse import Event, encode
from adapters.types import Json


class Template:
    """An event, written; the last text of its document, which is empty, is to be filled in."""

    def __init__(self, document: Json, name: str = "") -> None:
        whole = encode(Event(orjson.dumps(document), name))
        self._before, _, self._after = whole.rpartition(b'""')

    def filled(self, text: str) -> bytes:
        """The event as it would be written with this text."""
        return self._before + orjson.dumps(text) + self._after

"""JSON of which only one text changes, as in nearly all events of a stream: the rest of it is
written once.
"""

import orjson

from adapters.types import Json


class Template:
    """A document; its last text, which is empty, is to be filled in."""

    def __init__(self, document: Json) -> None:
        self._before, _, self._after = orjson.dumps(document).rpartition(b'""')

    def filled(self, text: str) -> bytes:
        """What `orjson.dumps` would say of the document with this text."""
        return self._before + orjson.dumps(text) + self._after

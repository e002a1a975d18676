"""Anthropic's stream: what it has said, and how another one becomes its rest.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming (read 2026-11).
"""

import orjson

from adapters.errors import ODD
from adapters.resume.skip import Skip
from adapters.sse import Event, encode, events
from adapters.types import Json, Usage

_THOUGHT = frozenset({"thinking", "redacted_thinking"})
_INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class MessagesTold:
    """Thoughts, and then one block of text that is still open."""

    def __init__(self) -> None:
        self.block = -1  # the index of the text
        self.usage: Json = {}  # of `message_start`
        self._said: list[str] = []
        self._why_not = ""

    @property
    def text(self) -> str:
        return "".join(self._said)

    @property
    def why_not(self) -> str:
        return self._why_not or ("its text had not begun" if self.block < 0 else "")

    def see(self, whole: bytes) -> None:
        if self._why_not:
            return
        try:
            for event in events(whole):
                self._event(orjson.loads(event.data))
        except ODD:
            self._why_not = "it could not be read"

    def join(self, expected: str, already: Usage) -> "MessagesJoin":
        return MessagesJoin(self, expected, already)

    def _event(self, event: Json) -> None:
        match event:
            case {"type": "message_start", "message": {"usage": dict() as usage}}:
                self.usage = usage
            case {"type": "content_block_start", "index": int() as index, "content_block": block}:
                self._begin(index, block)
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}:
                self._said.append(text)
            case {
                "type": "content_block_delta",
                "delta": {"type": "thinking_delta" | "signature_delta"},
            } if self.block < 0:
                pass
            case {"type": "content_block_delta", "delta": delta}:
                self._why_not = f"it had said a {delta['type']}"
            case {"type": "content_block_stop", "index": index} if index == self.block:
                self._why_not = "its text was complete"
            case {"type": "message_delta" | "message_stop"}:
                self._why_not = "it was finished"

    def _begin(self, index: int, block: Json) -> None:
        kind = block["type"]
        if kind == "text" and self.block < 0:
            self.block = index
            self._said.append(block.get("text") or "")
        elif kind not in _THOUGHT or self.block >= 0:
            self._why_not = f"it had begun a block of {kind}"


class MessagesJoin:
    """The second stream's first text goes on in the first one's block; what follows it gets the
    next indexes. Thoughts that come before it are left out: the client has read others.
    """

    def __init__(self, told: MessagesTold, expected: str, already: Usage) -> None:
        self._first = told.usage
        self._block = told.block
        self._next = told.block + 1
        self._open = True  # our block
        self._theirs: int | None = None  # the index of their first text
        self._indexes: dict[int, int] = {}  # of their further blocks
        self._dropped: set[int] = set()
        self._second: Json = {}
        self._skip = Skip(expected)
        self._already = already

    def feed(self, whole: bytes) -> bytes:
        out = (self._event(orjson.loads(event.data)) for event in events(whole))
        return b"".join(
            encode(Event(orjson.dumps(said), said["type"])) for several in out for said in several
        )

    def _event(self, event: Json) -> list[Json]:
        match event:
            case {"type": "message_start", "message": message}:
                self._second = message.get("usage") or {}
                return []
            case {"type": "content_block_start", "index": index, "content_block": block}:
                return self._begin(event, index, block)
            case {"index": index} if index in self._dropped:
                return []
            case {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": "text_delta", "text": text},
            } if index == self._theirs:
                return self._say(text)
            case {"type": "content_block_stop", "index": index} if index == self._theirs:
                return self._close()
            case {"index": index}:
                self._skip.must_be_done()
                return [{**event, "index": self._indexes.get(index, self._block)}]
            case {"type": "message_delta"}:
                return [*self._close(), {**event, "usage": self._summed(event.get("usage") or {})}]
            case {"type": "message_stop"}:
                self._skip.must_be_done()
        return [event]

    def _begin(self, event: Json, index: int, block: Json) -> list[Json]:
        kind, first = block["type"], self._theirs is None and not self._indexes
        if kind in _THOUGHT and first:
            self._dropped.add(index)
            return []
        if kind == "text" and first:
            self._theirs = index
            return self._say(block.get("text") or "")
        said = [*self._close(), {**event, "index": self._next}]
        self._indexes[index] = self._next
        self._next += 1
        return said

    def _say(self, text: str) -> list[Json]:
        new = self._skip.feed(text)
        delta = {"type": "text_delta", "text": new}
        event = {"type": "content_block_delta", "index": self._block, "delta": delta}
        return [event] if new else []

    def _close(self) -> list[Json]:
        """Our block ends, if it has not yet."""
        self._skip.must_be_done()
        was_open, self._open = self._open, False
        return [{"type": "content_block_stop", "index": self._block}] if was_open else []

    def _summed(self, usage: Json) -> Json:
        """Both parts' tokens. Where the first has not told what it read, an estimate stands in."""
        second = {**self._second, **{n: value for n, value in usage.items() if value is not None}}
        read = {name: _count(self._first, name) for name in _INPUTS}
        if not any(read.values()):
            read["input_tokens"] = self._already.input
        told = {name: read[name] + _count(second, name) for name in _INPUTS}
        output = self._already.output + _count(usage, "output_tokens")
        return {**usage, **{n: c for n, c in told.items() if c}, "output_tokens": output}


def _count(usage: Json, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0

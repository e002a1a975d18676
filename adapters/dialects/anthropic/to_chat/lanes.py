"""Puts what a chat stream says side by side into a row of blocks.

A chat stream may mix text, thinking and several tool calls; Anthropic's blocks come one after
another. So one block is open at a time, and what belongs to a later one waits for its turn.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.dialects.lenient import string
from adapters.types import Json


@dataclass(slots=True)
class Lane:
    """One block: what it is, and what has been said of it that the client has not seen yet."""

    block: Json  # the block as it opens
    index: int | None = None  # of a tool call, as the provider counts
    pending: list[Json] = field(default_factory=list)  # deltas
    arguments: str = ""
    signature: str = ""
    open: bool = False

    @property
    def kind(self) -> str:
        return str(self.block["type"])

    @property
    def complete(self) -> bool:
        """Whether nothing more can belong to it: text ends where something else begins, a call
        where its arguments are whole.
        """
        if self.kind != "tool_use":
            return True
        try:
            orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            return False
        return bool(self.block["name"])


class Lanes:
    """Deltas of any order go in; events of blocks in a row come out."""

    def __init__(self) -> None:
        self._row: list[Lane] = []  # the first one is open or about to
        self._tools: list[Lane] = []
        self._count = 0  # blocks opened so far
        self.called = False

    def text(self, text: str) -> list[Json]:
        lane = self._last("text") or self._new({"type": "text", "text": ""})
        lane.pending.append({"type": "text_delta", "text": text})
        return self._advance()

    def citation(self, citation: Json) -> list[Json]:
        lane = self._last("text") or self._new({"type": "text", "text": ""})
        lane.pending.append({"type": "citations_delta", "citation": citation})
        return self._advance()

    def thinking(self, text: str) -> list[Json]:
        lane = self._thinking()
        lane.pending.append({"type": "thinking_delta", "thinking": text})
        lane.arguments += text
        return self._advance()

    def signed(self, block: Json) -> list[Json]:
        """A thinking block with its signature; its text counts only if it was not told before."""
        if block.get("type") != "thinking":
            self._new(block)
            return self._advance()
        lane = self._thinking()
        if not lane.arguments and (text := string(block.get("thinking"))):
            lane.pending.append({"type": "thinking_delta", "thinking": text})
            lane.arguments = text
        lane.signature += string(block.get("signature"))
        return self._advance()

    def call(
        self, index: int | None, id_: str, name: str, arguments: str, spare: str
    ) -> list[Json]:
        """A piece of a tool call. `spare` is an id, should it be a new call without one."""
        lane = self._tool(index, id_, name)
        if lane is None:
            block = {"type": "tool_use", "id": id_ or spare, "name": "", "input": {}}
            lane = self._new(block, index)
            self._tools.append(lane)
            self.called = True
        lane.block["name"] = lane.block["name"] or name
        if arguments:
            lane.arguments += arguments
            lane.pending.append({"type": "input_json_delta", "partial_json": arguments})
        return self._advance()

    @property
    def open_text(self) -> int | None:
        """The number of the block that more text would go on with at once."""
        goes_on = len(self._row) == 1 and self._row[0].open and self._row[0].kind == "text"
        return self._count - 1 if goes_on else None

    @property
    def calls(self) -> int:
        return len(self._tools)

    def close(self) -> list[Json]:
        """Everything that waits, and the end of the open block."""
        return self._advance(last=True)

    def _thinking(self) -> Lane:
        lane = self._last("thinking")
        if lane is None or lane.signature:
            lane = self._new({"type": "thinking", "thinking": "", "signature": ""})
        return lane

    def _last(self, kind: str) -> Lane | None:
        return self._row[-1] if self._row and self._row[-1].kind == kind else None

    def _new(self, block: Json, index: int | None = None) -> Lane:
        lane = Lane(block, index)
        self._row.append(lane)
        return lane

    def _tool(self, index: int | None, id_: str, name: str) -> Lane | None:
        """The call a piece belongs to. The id decides; some providers number every call 0, others
        repeat the id or leave the number out, or both: then a name after whole arguments is a new
        call.
        """
        if id_:
            return next((lane for lane in self._tools if lane.block["id"] == id_), None)
        known = (lane for lane in reversed(self._tools) if index is None or lane.index == index)
        lane = next(known, None)
        return None if lane and name and lane.complete else lane

    def _advance(self, *, last: bool = False) -> list[Json]:
        out: list[Json] = []
        while self._row:
            lane = self._row[0]
            out += self._flush(lane, last=last)
            more = len(self._row) > 1
            if not last and not (more and lane.complete):
                break
            out += self._end(lane)
            self._row.pop(0)
        return out

    def _flush(self, lane: Lane, *, last: bool) -> list[Json]:
        if lane.kind == "tool_use" and not lane.block["name"] and not last:
            return []  # a call cannot begin before its name
        out: list[Json] = []
        if not lane.open:
            lane.open = True
            self._count += 1
            out.append(self._event("start", content_block=lane.block))
        out += [self._event("delta", delta=delta) for delta in lane.pending]
        lane.pending = []
        return out

    def _end(self, lane: Lane) -> list[Json]:
        out: list[Json] = []
        if lane.signature:
            delta = {"type": "signature_delta", "signature": lane.signature}
            out.append(self._event("delta", delta=delta))
        return [*out, self._event("stop")]

    def _event(self, moment: str, **said: Any) -> Json:
        return {"type": f"content_block_{moment}", "index": self._count - 1, **said}

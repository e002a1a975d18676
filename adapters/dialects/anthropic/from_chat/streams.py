"""Anthropic's stream, said as chat completion chunks."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.anthropic.from_chat.replies import (
    annotations,
    asides,
    chat_usage,
    dumped,
    finish_reason,
    refusal,
    tool_call,
)
from adapters.dialects.anthropic.from_chat.requests import uses_json_tool
from adapters.dialects.anthropic.wire import error
from adapters.dialects.anthropic.words import JSON_TOOL
from adapters.dialects.chat import DONE, chunk
from adapters.dialects.lenient import parsed, record, records
from adapters.dialects.template import Template
from adapters.sse import Event
from adapters.types import Json


class StreamToChat(Machine):
    """message_start, then blocks of text, thinking or tools, then message_delta, message_stop.

    Text, thinking and arguments flow as they come. What chat sends whole (a signed thinking
    block, citations, what server tools said) is kept until its block is complete, and numbered:
    OpenAI's own clients refuse to join lists whose entries have no `index`.
    """

    def __init__(self, asked: Json, now: int = 0) -> None:
        options = asked.get("stream_options")
        self._tells_usage = bool(isinstance(options, dict) and options.get("include_usage"))
        self._unwraps = uses_json_tool(asked)
        self._head: Json = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": now,
            "model": asked.get("model") or "",
        }
        self._text = self._template()
        self._usage: Json = {}
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._ended = False
        self._text_length = 0
        self._told: Counter[str] = Counter()  # entries of each list so far

    def feed(self, event: Event) -> list[Event]:
        if self._ended:
            return []
        match parsed(event):
            case {"type": "content_block_delta", "delta": {} as delta, "index": int() as i}:
                return self._grow(i, delta)
            case {"type": "message_start", "message": {} as message}:
                return self._start(message)
            case {"type": "content_block_start", "content_block": {} as block, "index": int() as i}:
                return self._open(i, block)
            case {"type": "content_block_stop", "index": int() as i}:
                return self._close(self._blocks.pop(i, _Block({})))
            case {"type": "message_delta"} as found:
                return self._finish(found)
            case {"type": "message_stop"}:
                return self._stop()
            case {"type": "error"} as found:
                raise classify_error("", error(found) or {})
            case _:  # ping, and whatever they invent next
                return []

    def close(self) -> list[Event]:
        return []

    def go_on(self, document: Json) -> bytes | None:
        try:
            delta = document["delta"]
            if delta["type"] != "text_delta" or document["index"] not in self._blocks:
                return None
            text, kind = delta["text"], document["type"]
        except (KeyError, TypeError):
            return None
        plain = len(delta) == 2 and len(document) == 3 and kind == "content_block_delta"
        if not (text and plain and isinstance(text, str)):
            return None
        self._text_length += len(text)
        return self._text.filled(text)

    def _start(self, message: Json) -> list[Event]:
        self._head["id"] = message.get("id") or ""
        self._head["model"] = message.get("model") or self._head["model"]
        self._text = self._template()
        self._usage = record(message.get("usage"))
        return [self._chunk({"role": "assistant", "content": ""})]

    def _open(self, index: int, said: Json) -> list[Event]:
        block = self._blocks[index] = _Block(dict(said), start=self._text_length)
        block.citations += records(said.get("citations"))
        match said:
            case {"type": "text", "text": str() as text} if text:
                return self._say(text)
            case {"type": "thinking", "thinking": str() as thought} if thought:
                return [self._chunk({"reasoning_content": thought})]
            case {"type": "tool_use", "name": name} if name == JSON_TOOL and self._unwraps:
                return []
            case {"type": "tool_use"}:
                block.call = self._calls
                self._calls += 1
                return [self._call(block, tool_call(said, ""))]
            case _:
                return []

    def _grow(self, index: int, delta: Json) -> list[Event]:
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = _Block({}, start=self._text_length)
        match delta:
            case {"type": "text_delta", "text": str() as text}:
                return self._say(text) if text else []
            case {"type": "thinking_delta", "thinking": str() as thought}:
                block.add("thinking", thought)
                return [self._chunk({"reasoning_content": thought})] if thought else []
            case {"type": "citations_delta", "citation": {} as citation}:
                block.citations.append(citation)
            case {"type": "input_json_delta", "partial_json": str() as part}:
                return self._argue(block, part) if part else []
            case _:  # signature_delta, and kinds we do not know
                for name, value in delta.items():
                    if name != "type":
                        block.add(name, value)
        return []

    def _argue(self, block: "_Block", part: str) -> list[Event]:
        """A piece of a tool's arguments."""
        block.arguments += part
        if block.call is not None:
            return [self._call(block, {"function": {"arguments": part}})]
        if block.said.get("type") == "tool_use":
            return self._say(part)
        return []  # a server tool: told as a whole

    def _close(self, block: "_Block") -> list[Event]:
        match block.said:
            case {"type": "text"} if block.citations:
                found = annotations(block.citations, block.start, self._text_length)
                delta = self._numbered("annotations", found) if found else {}
                aside = self._numbered("citations", block.citations)
                return [self._chunk({**delta, "provider_specific_fields": aside})]
            case {"type": "thinking", "signature": str() as signature} if signature:
                return [self._chunk(self._numbered("thinking_blocks", [block.said]))]
            case {"type": "redacted_thinking"}:
                return [self._chunk(self._numbered("thinking_blocks", [block.said]))]
            case {"type": "tool_use"} if not block.arguments:  # those it began with
                return self._argue(block, dumped(block.said.get("input") or {}))
            case {"type": "text" | "thinking" | "tool_use"}:
                return []
            case {"type": _}:
                aside = self._numbered("blocks", [block.whole()])
                return [self._chunk({"provider_specific_fields": aside})]
            case _:
                return []

    def _finish(self, found: Json) -> list[Event]:
        told = record(found.get("usage"))
        again = bool(told.get("input_tokens"))  # then its zeros mean something, too
        self._usage |= {name: value for name, value in told.items() if value or again}
        delta = record(found.get("delta"))
        reason = delta.get("stop_reason")
        if not reason:
            return []
        others = {name: value for name, value in found.items() if name not in {"type", "delta"}}
        said: Json = (
            {"provider_specific_fields": aside} if (aside := asides(others | delta)) else {}
        )
        if text := refusal(delta):
            said["refusal"] = text
        return [self._chunk(said, finish_reason(reason, called=self._calls > 0))]

    def _stop(self) -> list[Event]:
        self._ended = True
        if not self._tells_usage:
            return [Event(DONE)]
        last = {**self._head, "choices": [], "usage": chat_usage(self._usage)}
        return [Event(orjson.dumps(last)), Event(DONE)]

    def _say(self, text: str) -> list[Event]:
        self._text_length += len(text)
        return [self._chunk({"content": text})]

    def _template(self) -> Template:
        return Template(chunk(self._head, {"content": ""}))

    def _numbered(self, name: str, entries: list[Json]) -> Json:
        first = self._told[name]
        self._told[name] += len(entries)
        return {name: [{"index": first + i, **entry} for i, entry in enumerate(entries)]}

    def _call(self, block: "_Block", call: Json) -> Event:
        return self._chunk({"tool_calls": [{"index": block.call, **call}]})

    def _chunk(self, delta: Json, finish: str | None = None) -> Event:
        return Event(orjson.dumps(chunk(self._head, delta, finish)))


@dataclass(slots=True)
class _Block:
    """A block that has begun and not yet stopped."""

    said: Json
    start: int = 0  # where in the text it begins
    call: int | None = None  # which of the chat's tool calls it is
    arguments: str = ""
    citations: list[Json] = field(default_factory=list)

    def add(self, name: str, value: Any) -> None:
        """Texts are appended, anything else is replaced."""
        known = self.said.get(name)
        both = isinstance(known, str) and isinstance(value, str)
        self.said[name] = known + value if both else value

    def whole(self) -> Json:
        """The block as a document would hold it."""
        if not self.arguments:
            return self.said
        try:
            return {**self.said, "input": orjson.loads(self.arguments)}
        except orjson.JSONDecodeError:
            return {**self.said, "input": {"partial_json": self.arguments}}

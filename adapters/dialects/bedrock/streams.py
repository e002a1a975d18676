"""ConverseStream, said as chat completion chunks.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
(read 2026-11).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.anthropic.words import JSON_TOOL
from adapters.dialects.bedrock.names import Names
from adapters.dialects.bedrock.replies import (
    annotations,
    asides,
    chat_usage,
    completion_id,
    finish_reason,
    is_server_side,
    model_of,
    thinking_block,
    tool_call,
)
from adapters.dialects.bedrock.requests import uses_json_tool
from adapters.dialects.bedrock.wire import error
from adapters.dialects.chat import DONE
from adapters.dialects.lenient import parsed, record, records, string
from adapters.sse import Event
from adapters.types import Json


class StreamToChat(Machine):
    """messageStart, then blocks of text, thinking or tools, then messageStop and metadata.

    Text, thinking and arguments flow as they come. What chat sends whole (a signed thinking
    block, citations, what Bedrock's own tools said) is kept until its block is complete, and
    numbered: OpenAI's own clients refuse to join lists whose entries have no `index`. The finish
    waits for `metadata`, which follows it at once and holds what a guardrail has to say.
    """

    def __init__(self, asked: Json, now: int = 0) -> None:
        options = asked.get("stream_options")
        self._tells_usage = bool(isinstance(options, dict) and options.get("include_usage"))
        self._unwraps = uses_json_tool(asked)
        self._names = Names(asked)
        self._asked = asked
        self._head: Json = {
            "id": completion_id(asked, now),
            "object": "chat.completion.chunk",
            "created": now,
            "model": model_of({}, asked),
        }
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._text_length = 0
        self._told: Counter[str] = Counter()  # entries of each list so far
        self._stopped: Json = {}  # messageStop
        self._metadata: Json = {}
        self._ended = False

    def feed(self, event: Event) -> list[Event]:
        document = parsed(event)
        if not isinstance(document, dict) or self._ended:
            return []
        if told := error(document):
            raise classify_error("", told)
        match document:
            case {"role": str()}:
                return [self._chunk({"role": "assistant", "content": ""})]
            case {"start": {} as start, "contentBlockIndex": int() as i}:
                return self._open(i, start)
            case {"delta": {} as delta, "contentBlockIndex": int() as i}:
                return self._grow(i, delta)
            case {"stopReason": _}:
                self._stopped = document
                return self._finish() if self._metadata else []
            case {"usage": _} | {"metrics": _}:
                self._metadata = document
                return self._finish() if self._stopped else []
            case {"contentBlockIndex": int() as i}:
                return self._close(self._blocks.pop(i, _Block()))
            case _:  # whatever they invent next
                return []

    def close(self) -> list[Event]:
        if self._ended:
            return [Event(DONE)]
        return [*self._finish(), Event(DONE)] if self._stopped else []

    def _open(self, index: int, start: Json) -> list[Event]:
        block = self._blocks[index] = _Block(start=self._text_length)
        match start:
            case {"toolUse": {"name": name}} if name == JSON_TOOL and self._unwraps:
                block.unwraps = True
            case {"toolUse": {} as use} if not is_server_side(use):
                block.call = self._calls
                self._calls += 1
                return [self._call(block, tool_call(use, self._names, ""))]
            case _:
                block.own = dict(start)
        return []

    def _grow(self, index: int, delta: Json) -> list[Event]:
        block = self._blocks.setdefault(index, _Block(start=self._text_length))
        match delta:
            case {"text": str() as text}:
                return self._say(text)
            case {"reasoningContent": {} as reasoning}:
                return self._think(block, reasoning)
            case {"toolUse": {"input": str() as part}}:
                return self._argue(block, part)
            case {"citation": {} as citation}:
                block.citations.append(citation)
            case {"toolResult": results}:
                block.results += records(results)
            case _:  # images and sounds, and whatever they invent next
                block.own |= delta
        return []

    def _think(self, block: "_Block", reasoning: Json) -> list[Event]:
        text = string(reasoning.get("text"))
        block.thought += text
        block.signature += string(reasoning.get("signature"))
        if redacted := string(reasoning.get("redactedContent")):
            block.redacted.append(redacted)
        return [self._chunk({"reasoning_content": text})] if text else []

    def _argue(self, block: "_Block", part: str) -> list[Event]:
        """A piece of a tool's arguments."""
        block.arguments += part
        if not part:
            return []
        if block.call is not None:
            return [self._call(block, {"function": {"arguments": part}})]
        return self._say(part) if block.unwraps else []

    def _close(self, block: "_Block") -> list[Event]:
        said: list[Event] = []
        if (block.call is not None or block.unwraps) and not block.arguments:
            said += self._argue(block, "{}")
        if whole := thinking_block(block.thought, block.signature, block.redacted):
            said.append(self._chunk(self._numbered("thinking_blocks", [whole])))
        if block.citations:
            found = annotations(block.citations, block.start, self._text_length)
            delta = self._numbered("annotations", found) if found else {}
            aside = self._numbered("citations", block.citations)
            said.append(self._chunk({**delta, "provider_specific_fields": aside}))
        if block.own:
            aside = self._numbered("blocks", [block.whole()])
            said.append(self._chunk({"provider_specific_fields": aside}))
        return said

    def _finish(self) -> list[Event]:
        self._ended = True
        metadata = self._metadata
        reason = string(self._stopped.get("stopReason"))
        self._head["model"] = model_of(metadata, self._asked)
        aside = asides({**self._stopped, **metadata}, reason)
        delta: Json = {"provider_specific_fields": aside} if aside else {}
        last = self._chunk(delta, finish_reason(reason, called=self._calls > 0))
        if not self._tells_usage:
            return [last]
        told = chat_usage(record(metadata.get("usage")))
        return [last, Event(orjson.dumps({**self._head, "choices": [], "usage": told}))]

    def _say(self, text: str) -> list[Event]:
        self._text_length += len(text)
        return [self._chunk({"content": text})] if text else []

    def _numbered(self, name: str, entries: list[Json]) -> Json:
        first = self._told[name]
        self._told[name] += len(entries)
        return {name: [{"index": first + i, **entry} for i, entry in enumerate(entries)]}

    def _call(self, block: "_Block", call: Json) -> Event:
        return self._chunk({"tool_calls": [{"index": block.call, **call}]})

    def _chunk(self, delta: Json, finish: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return Event(orjson.dumps({**self._head, "choices": [choice]}))


@dataclass(slots=True)
class _Block:
    """A block that has begun and not yet stopped."""

    start: int = 0  # where in the text it begins
    call: int | None = None  # which of the chat's tool calls it is
    unwraps: bool = False  # its arguments are the answer
    arguments: str = ""
    thought: str = ""
    signature: str = ""
    redacted: list[str] = field(default_factory=list)
    citations: list[Json] = field(default_factory=list)
    results: list[Json] = field(default_factory=list)
    own: Json = field(default_factory=dict)  # what chat has no place for

    def whole(self) -> Json:
        """The block as a document would hold it."""
        match self.own:
            case {"toolUse": {} as use}:
                return {**self.own, "toolUse": {**use, "input": _input(self.arguments)}}
            case {"toolResult": {} as result}:
                return {**self.own, "toolResult": {**result, "content": self.results}}
            case _:
                return self.own


def _input(arguments: str) -> Any:
    try:
        return orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return {"partial_json": arguments}

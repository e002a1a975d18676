"""Cohere's stream, said as chat completion chunks."""

from collections import Counter
from typing import Any

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.chat import DONE
from adapters.dialects.cohere.replies import (
    annotations,
    chat_usage,
    finish_reason,
    logprobs,
    thinking_block,
    tool_call,
)
from adapters.dialects.cohere.wire import error
from adapters.dialects.lenient import parsed, record, records, string
from adapters.sse import Event
from adapters.types import Json


class StreamToChat(Machine):
    """message-start, then blocks of text or thinking, a plan, tool calls; then message-end.

    Everything flows as it comes; a block of thinking is told once more as a whole at its end, for
    clients that bring it back. Entries of lists are numbered: OpenAI's own clients refuse to join
    those without an `index`.
    """

    def __init__(self, asked: Json, now: int = 0) -> None:
        self._tells_usage = bool(record(asked.get("stream_options")).get("include_usage"))
        self._head: Json = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": now,
            "model": string(asked.get("model")),
        }
        self._thoughts: dict[Any, str] = {}  # by block
        self._starts: dict[Any, int] = {}  # where each block begins in the text
        self._calls: dict[Any, int] = {}  # which of the chat's tool calls each is
        self._called = 0
        self._length = 0
        self._told: Counter[str] = Counter()  # entries of each list so far
        self._ended = self._done = False

    def feed(self, event: Event) -> list[Event]:
        if event.data == DONE:
            return self.close()
        said = parsed(event)
        if self._ended or not isinstance(said, dict):
            return []
        if found := error(said):
            raise classify_error("", found)
        message = record(record(said.get("delta")).get("message"))
        match said.get("type"):
            case "message-start":
                self._head["id"] = string(said.get("id"))
                return [self._chunk({"role": "assistant", "content": ""})]
            case "content-start" | "content-delta":
                return self._grow(said, record(message.get("content")))
            case "content-end":
                return self._close_block(_index(said))
            case "tool-plan-delta":
                plan = string(message.get("tool_plan"))
                return [self._chunk({"reasoning_content": plan})] if plan else []
            case "tool-call-start":
                return self._call(_index(said), record(message.get("tool_calls")))
            case "tool-call-delta":
                return self._argue(_index(said), record(message.get("tool_calls")))
            case "citation-start":
                return self._cite(message.get("citations"))
            case "message-end":
                return self._finish(record(said.get("delta")))
            case _:  # the ends of calls and citations, and whatever they invent next
                return []

    def close(self) -> list[Event]:
        if self._done:
            return []
        self._done = self._ended = True
        return [Event(DONE)]

    def _grow(self, said: Json, content: Json) -> list[Event]:
        at = _index(said)
        self._starts.setdefault(at, self._length)
        out = []
        if thought := string(content.get("thinking")):
            self._thoughts[at] = self._thoughts.get(at, "") + thought
            out.append(self._chunk({"reasoning_content": thought}))
        if text := string(content.get("text")):
            self._length += len(text)
            told = logprobs([record(said.get("logprobs"))])
            out.append(self._chunk({"content": text}, told=told))
        return out

    def _close_block(self, at: Any) -> list[Event]:
        thought = self._thoughts.pop(at, "")
        if not thought:
            return []
        return [self._chunk(self._numbered("thinking_blocks", [thinking_block(thought)]))]

    def _call(self, at: Any, call: Json) -> list[Event]:
        self._calls[at] = self._called
        self._called += 1
        return [self._chunk({"tool_calls": [{"index": self._calls[at], **tool_call(call)}]})]

    def _argue(self, at: Any, call: Json) -> list[Event]:
        part = string(record(call.get("function")).get("arguments"))
        if not part or at not in self._calls:
            return []
        piece = {"index": self._calls[at], "function": {"arguments": part}}
        return [self._chunk({"tool_calls": [piece]})]

    def _cite(self, told: Any) -> list[Event]:
        citations = [told] if isinstance(told, dict) else records(told)
        if not citations:
            return []
        aside = self._numbered("citations", citations)
        delta: Json = {"provider_specific_fields": aside}
        if found := [
            annotation
            for citation in citations
            for annotation in annotations(
                citation, self._starts.get(_key(citation.get("content_index")), 0)
            )
        ]:
            delta |= self._numbered("annotations", found)
        return [self._chunk(delta)]

    def _finish(self, delta: Json) -> list[Event]:
        self._ended = True
        out = [self._chunk({}, finish_reason(delta.get("finish_reason")))]
        if self._tells_usage:
            told = chat_usage(record(delta.get("usage")))
            out.append(Event(orjson.dumps({**self._head, "choices": [], "usage": told})))
        return out

    def _numbered(self, name: str, entries: list[Json]) -> Json:
        first = self._told[name]
        self._told[name] += len(entries)
        return {name: [{"index": first + i, **entry} for i, entry in enumerate(entries)]}

    def _chunk(self, delta: Json, finish: str | None = None, *, told: Json | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": told, "finish_reason": finish}
        return Event(orjson.dumps({**self._head, "choices": [choice]}))


def _index(said: Json) -> Any:
    return _key(said.get("index"))


def _key(index: Any) -> Any:
    """Whatever stands for a number: it is only compared."""
    return index if isinstance(index, int | str) else None

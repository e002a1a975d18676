"""A stream of the Responses API, said as chat completion chunks."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.chat import DONE, count
from adapters.dialects.lenient import parsed, record, records, string
from adapters.dialects.responses import thoughts
from adapters.dialects.responses.messages import ASIDE
from adapters.dialects.responses.replies import (
    annotation,
    asides,
    chat_usage,
    extras,
    finish_reason,
    image,
    kept_with,
    logprobs,
    numbered,
    tool_call,
)
from adapters.dialects.responses.wire import error
from adapters.sse import Event
from adapters.types import Json

_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}


class StreamToChat(Machine):
    """response.created, then items that open, grow by deltas and are done, then
    response.completed or response.incomplete, which tells all of it again.

    Words and arguments flow as they come. What a server leaves out of its deltas is told when the
    whole of it arrives: with the text, the item, or at the latest the response.
    """

    def __init__(self, asked: Json, now: int = 0) -> None:
        options = asked.get("stream_options")
        self._tells_usage = bool(isinstance(options, dict) and options.get("include_usage"))
        self._head: Json = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": now,
            "model": asked.get("model") or "",
        }
        self._begun = False
        self._ended = False
        self._lanes: dict[str, _Lane] = {}
        self._closed: set[str] = set()  # ids of items told whole
        self._waiting: list[Json] = []  # thoughts that led to an item that is yet to come
        self._calls = 0
        self._text_length = 0
        self._phase: Any = None
        self._thinking: Any = None  # which summary was told last
        self._told: Counter[str] = Counter()  # entries of each list so far

    def feed(self, event: Event) -> list[Event]:
        if self._ended or event.data == DONE:
            return []
        found = parsed(event)
        match found:
            case {"type": "error" | "response.failed"}:
                raise classify_error("", error(found) or {})
            case {"type": "response.completed" | "response.incomplete", "response": {} as whole}:
                return self._finish(whole)
            case {"type": str() as kind, "response": {} as response}:
                return self._begin(response) if kind.startswith("response.") else []
            case {"type": str() as kind, "output_index": index, "item": {} as item}:
                lane = self._lane(index)
                ends = kind.endswith(".done")
                return self._close(lane, item) if ends else self._open(lane, item)
            case {"type": str() as kind, "output_index": index}:
                return self._grow(kind.removeprefix("response."), self._lane(index), found)
            case _:  # keep-alives, and whatever they invent next
                return []

    def close(self) -> list[Event]:
        return []

    def _lane(self, index: Any) -> "_Lane":
        return self._lanes.setdefault(str(index), _Lane())

    def _begin(self, response: Json) -> list[Event]:
        self._head["id"] = string(response.get("id")) or self._head["id"]
        self._head["model"] = response.get("model") or self._head["model"]
        self._head["created"] = count(response.get("created_at")) or self._head["created"]
        if self._begun:
            return []
        self._begun = True
        return [self._chunk({"role": "assistant", "content": ""})]

    def _open(self, lane: "_Lane", item: Json) -> list[Event]:
        if lane.kind:
            return []
        lane.kind = string(item.get("type"))
        if lane.kind not in _CALLS:
            return []
        lane.call = self._calls
        self._calls += 1
        call = tool_call({**item, _CALLS[lane.kind]: ""})
        if call["type"] == "custom":
            del call["type"]  # in chunks OpenAI's clients know but one
        return [self._call(lane, call)]

    def _grow(self, kind: str, lane: "_Lane", found: Json) -> list[Event]:
        """A piece of something, or the whole of it once it is done: then what was left out."""
        delta, part = string(found.get("delta")), lane.ordinal("part", found.get("content_index"))
        match kind:
            case "output_text.delta":
                tokens = logprobs(records(found.get("logprobs")))
                return self._say(lane, part, delta, tokens)
            case "output_text.done":
                return self._say(lane, part, lane.rest("text", part, found.get("text")))
            case "refusal.delta":
                return self._refuse(lane, part, delta)
            case "refusal.done":
                return self._refuse(lane, part, lane.rest("refusal", part, found.get("refusal")))
            case "reasoning_summary_text.delta":
                place = lane.ordinal("summary", found.get("summary_index"))
                return self._think(lane, "summary", place, delta)
            case "reasoning_text.delta":
                return self._think(lane, "content", part, delta)
            case "function_call_arguments.delta" | "custom_tool_call_input.delta":
                return self._argue(lane, delta)
            case "output_text.annotation.added":
                return self._cite(lane, part, record(found.get("annotation")))
            case _:
                return []

    def _close(self, lane: "_Lane", item: Json) -> list[Event]:
        """An item is whole. It may come without ever having been opened, and more than once."""
        if lane.closed:
            return []
        lane.closed = True
        if id_ := string(item.get("id")):
            self._closed.add(id_)
        said = self._open(lane, item)
        match item.get("type"):
            case "reasoning":
                self._waiting.append(item)
                return self._close_thought(lane, item)
            case "message":
                self._phase = item.get("phase") or self._phase
                said += self._close_words(lane, item)
            case "function_call" | "custom_tool_call" as kind:
                said += self._argue(lane, lane.rest("call", 0, item.get(_CALLS[kind])))
            case _:
                said += self._close_other(item)
        self._waiting = []
        return said

    def _close_thought(self, lane: "_Lane", item: Json) -> list[Event]:
        said: list[Event] = []
        for name in ("summary", "content"):
            for i, part in enumerate(records(item.get(name))):
                said += self._think(lane, name, i, lane.rest(name, i, part.get("text")))
        if block := thoughts.block(item):
            said.append(self._chunk(self._numbered("thinking_blocks", [block])))
        return said

    def _close_words(self, lane: "_Lane", item: Json) -> list[Event]:
        said: list[Event] = []
        for i, part in enumerate(records(item.get("content"))):
            if part.get("type") == "refusal":
                said += self._refuse(lane, i, lane.rest("refusal", i, part.get("refusal")))
                continue
            said += self._say(lane, i, lane.rest("text", i, part.get("text")))
            for cited in records(part.get("annotations"))[lane.cited[i] :]:
                said += self._cite(lane, i, cited)
        return said

    def _close_other(self, item: Json) -> list[Event]:
        """What a built-in tool did."""
        drawn = image(item)
        images = [self._chunk(self._numbered("images", [drawn]))] if drawn else []
        aside = self._numbered(ASIDE, kept_with(item, self._waiting))
        return [*images, self._chunk({"provider_specific_fields": aside})]

    def _finish(self, whole: Json) -> list[Event]:
        """The end, and whatever of the response has not been told yet."""
        self._ended = True
        said = self._begin(whole)
        for index, item in enumerate(records(whole.get("output"))):
            if string(item.get("id")) not in self._closed:
                said += self._close(self._lane(index), item)
        aside = {**asides(whole), **({"phase": self._phase} if self._phase else {})}
        delta = {"provider_specific_fields": aside} if aside else {}
        said.append(self._chunk(delta, finish_reason(whole, called=self._calls > 0)))
        if self._tells_usage:
            usage = chat_usage(record(whole.get("usage")))
            last = {**self._head, "choices": [], "usage": usage, **extras(whole)}
            said.append(Event(orjson.dumps(last)))
        return [*said, Event(DONE)]

    def _say(self, lane: "_Lane", part: int, text: str, tokens: Any = None) -> list[Event]:
        if not text:
            return []
        lane.starts.setdefault(part, self._text_length)
        lane.told["text", part] += text
        self._text_length += len(text)
        return [self._chunk({"content": text}, tokens=tokens)]

    def _refuse(self, lane: "_Lane", part: int, text: str) -> list[Event]:
        lane.told["refusal", part] += text
        return [self._chunk({"refusal": text})] if text else []

    def _think(self, lane: "_Lane", name: str, part: int, text: str) -> list[Event]:
        if not text:
            return []
        before, self._thinking = self._thinking, (id(lane), name, part)
        broken = before is not None and before != self._thinking
        lane.told[name, part] += text
        return [self._chunk({"reasoning_content": thoughts.BREAK + text if broken else text})]

    def _argue(self, lane: "_Lane", text: str) -> list[Event]:
        if not text or lane.call is None:
            return []
        lane.told["call", 0] += text
        custom = lane.kind == "custom_tool_call"
        grown = {"custom": {"input": text}} if custom else {"function": {"arguments": text}}
        return [self._call(lane, grown)]

    def _cite(self, lane: "_Lane", part: int, cited: Json) -> list[Event]:
        lane.cited[part] += 1
        if known := annotation(cited, lane.starts.get(part, self._text_length)):
            return [self._chunk(self._numbered("annotations", [known]))]
        place = {"offset": cited["index"]} if "index" in cited else {}
        aside = self._numbered("citations", [{**cited, **place}])
        return [self._chunk({"provider_specific_fields": aside})]

    def _numbered(self, name: str, entries: list[Json]) -> Json:
        first = self._told[name]
        self._told[name] += len(entries)
        return {name: numbered(entries, first)}

    def _call(self, lane: "_Lane", call: Json) -> Event:
        return self._chunk({"tool_calls": [{"index": lane.call, **call}]})

    def _chunk(self, delta: Json, finish: str | None = None, tokens: Any = None) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": tokens, "finish_reason": finish}
        return Event(orjson.dumps({**self._head, "choices": [choice]}))


@dataclass(slots=True)
class _Lane:
    """An item on its way, and what of each of its parts has been told."""

    kind: str = ""
    call: int | None = None  # which of the chat's tool calls it is
    closed: bool = False
    told: dict[tuple[str, int], str] = field(default_factory=lambda: defaultdict(str))
    cited: Counter[int] = field(default_factory=Counter)  # annotations told of each part
    starts: dict[int, int] = field(default_factory=dict)  # where its parts begin in the text
    seen: dict[str, dict[Any, int]] = field(default_factory=lambda: defaultdict(dict))

    def ordinal(self, name: str, index: Any) -> int:
        """Which of its parts that is: vLLM counts the message's from 1, and lists them from 0."""
        known = self.seen[name]
        return known.setdefault(str(index), len(known))

    def rest(self, name: str, part: int, whole: Any) -> str:
        """What of the whole has not been told; nothing if it has been told in other words."""
        before, text = self.told[name, part], string(whole)
        return text.removeprefix(before) if text.startswith(before) else ""

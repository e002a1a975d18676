"""Chat completion chunks, said as Anthropic's stream."""

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.anthropic.to_chat.lanes import Lanes
from adapters.dialects.anthropic.to_chat.replies import (
    call_id,
    calls,
    citation,
    pieces,
    signed,
    stop_reason,
    thought,
    usage,
)
from adapters.dialects.chat import DONE
from adapters.dialects.chat import error as error_of
from adapters.dialects.chat import usage as usage_of
from adapters.dialects.lenient import parsed, record, records
from adapters.dialects.template import Template
from adapters.sse import Event
from adapters.types import Json, Usage

_PLAIN = frozenset({"content", "role"})  # of a delta: what text alone comes with


class StreamFromChat(Machine):
    """Chunks in whatever shape providers send them, one Anthropic stream out.

    The last events wait for `[DONE]`, or for the stream's end where a provider sends none, because
    the usage may come after the finish and `message_delta` must tell it.
    """

    def __init__(self, asked: Json, _now: int = 0) -> None:
        self._model = str(asked.get("model") or "")
        self._id = ""
        self._lanes = Lanes()
        self._text: list[str] = []
        self._block = 0  # whose text may go on at once
        self._template: Template | None = None  # of a delta of it; None: there is no such block
        self._usage: Usage | None = None
        self._finish = ""
        self._refused = False
        self._started = False
        self._ended = False

    def feed(self, event: Event) -> list[Event]:
        if event.data.strip() == DONE:
            return self._end() if self._started else []
        chunk = parsed(event)
        if error := error_of(chunk):
            raise classify_error("", error)
        self._usage = usage_of(chunk) or self._usage
        out: list[Event] = []
        for choice in records(chunk.get("choices")):
            if choice.get("index"):
                continue  # Anthropic has no word for a second choice
            out += self._start(chunk)
            out += self._take(record(choice.get("delta")))
            if finish := choice.get("finish_reason"):
                self._finish = self._finish or str(finish)
                out += _events(self._lanes.close())
        self._prepare()
        return out

    def close(self) -> list[Event]:
        return self._end() if self._finish else []

    def go_on(self, document: Json) -> bytes | None:
        if self._template and (text := _only_text(document)):
            self._text.append(text)
            return self._template.filled(text)
        return None

    def _start(self, chunk: Json) -> list[Event]:
        if self._started:
            return []
        self._started = True
        self._id = str(chunk.get("id") or "")
        message: Json = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": chunk.get("model") or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage(self._usage),
        }
        return _events([{"type": "message_start", "message": message}])

    def _prepare(self) -> None:
        """For text that goes on in its block, as it nearly always does."""
        block = self._lanes.open_text
        if block is None:
            self._template = None
        elif self._template is None or block != self._block:
            self._block = block
            delta = {"type": "text_delta", "text": ""}
            said = {"type": "content_block_delta", "index": block, "delta": delta}
            self._template = Template(said, "content_block_delta")

    def _take(self, delta: Json) -> list[Event]:
        lanes = self._lanes
        out: list[Json] = []
        if text := thought(delta):
            out += lanes.thinking(text)
        for block in signed(delta):
            out += lanes.signed(block)
        for kind, text in pieces(delta.get("content")):
            out += lanes.thinking(text) if kind == "thinking" else self._say(text)
        if isinstance(delta.get("refusal"), str) and delta["refusal"]:
            self._refused = True
            out += self._say(delta["refusal"])
        for note in records(delta.get("annotations")):
            if found := citation(note, "".join(self._text)):
                out += lanes.citation(found)
        for call in calls(delta):
            out += self._call(call)
        return _events(out)

    def _say(self, text: str) -> list[Json]:
        self._text.append(text)
        return self._lanes.text(text)

    def _call(self, call: Json) -> list[Json]:
        function = record(call.get("function"))
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = orjson.dumps(arguments).decode()
        index = call.get("index")
        return self._lanes.call(
            index if isinstance(index, int) else None,
            str(call.get("id") or ""),
            str(function.get("name") or ""),
            arguments,
            call_id(self._id, self._lanes.calls),
        )

    def _end(self) -> list[Event]:
        if self._ended:
            return []
        self._ended = True
        self._template = None
        reason = stop_reason(self._finish, called=self._lanes.called, refused=self._refused)
        last = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": usage(self._usage),
        }
        return _events([*self._lanes.close(), last, {"type": "message_stop"}])


def _only_text(chunk: Json) -> str:
    """The text of a chunk that says just that, as nearly all do; else nothing."""
    try:
        (choice,) = chunk["choices"]
        delta = choice["delta"]
        text = delta["content"]
    except (KeyError, TypeError, ValueError):
        return ""
    if choice.get("index") or choice.get("finish_reason") or not isinstance(text, str):
        return ""
    if chunk.get("usage") or chunk.get("x_groq") or chunk.get("error"):
        return ""
    for name, value in delta.items():
        if value and name not in _PLAIN:
            return ""
    return text


def _events(said: list[Json]) -> list[Event]:
    return [Event(orjson.dumps(event), str(event["type"])) for event in said]

"""Ollama's stream, said as chat completion chunks."""

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.chat import DONE, error
from adapters.dialects.lenient import parsed, record, string
from adapters.dialects.ollama.replies import (
    asides,
    chat_usage,
    completion_id,
    created,
    finish_reason,
    logprobs,
    tool_calls,
)
from adapters.sse import Event
from adapters.types import Json


class StreamToChat(Machine):
    """Documents of one shape, each with the next piece of the message; the last one is `done`.

    Tool calls come whole, each in one piece.
    """

    def __init__(self, asked: Json, now: int = 0) -> None:
        options = asked.get("stream_options")
        self._tells_usage = bool(isinstance(options, dict) and options.get("include_usage"))
        self._now = now
        self._model = asked.get("model") or ""
        self._head: Json = {}
        self._calls = 0
        self._ended = False

    def feed(self, event: Event) -> list[Event]:
        document = parsed(event)
        if self._ended or not isinstance(document, dict):
            return []
        if found := error(document):
            raise classify_error("", found)
        said = [] if self._head else [self._greeting(document)]
        said += self._said(document)
        return [*said, *self._finish(document)] if document.get("done") is True else said

    def close(self) -> list[Event]:
        return []

    def _greeting(self, document: Json) -> Event:
        self._head = {
            "id": completion_id(document),
            "object": "chat.completion.chunk",
            "created": created(document, self._now),
            "model": string(document.get("model")) or self._model,
        }
        return self._chunk({"role": "assistant", "content": ""})

    def _said(self, document: Json) -> list[Event]:
        message = record(document.get("message"))
        calls = tool_calls(document, first=self._calls)
        delta: Json = {
            "reasoning_content": string(message.get("thinking")),
            "content": string(message.get("content")),
            "tool_calls": [{"index": self._calls + i, **call} for i, call in enumerate(calls)],
        }
        self._calls += len(calls)
        delta = {name: value for name, value in delta.items() if value}
        chances = logprobs(document)
        return [self._chunk(delta, chances=chances)] if delta or chances else []

    def _finish(self, document: Json) -> list[Event]:
        self._ended = True
        aside = asides(document)
        last = self._chunk(
            {"provider_specific_fields": aside} if aside else {},
            finish=finish_reason(document, called=self._calls > 0),
        )
        if not self._tells_usage:
            return [last, Event(DONE)]
        told = {**self._head, "choices": [], "usage": chat_usage(document)}
        return [last, Event(orjson.dumps(told)), Event(DONE)]

    def _chunk(
        self, delta: Json, *, finish: str | None = None, chances: Json | None = None
    ) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": chances, "finish_reason": finish}
        return Event(orjson.dumps({**self._head, "choices": [choice]}))

"""OpenAI's chat stream: what it has said, and how another one becomes its rest.

Source: https://platform.openai.com/docs/api-reference/chat-streaming (read 2026-11).
"""

from typing import Any

import orjson

from adapters.errors import ODD
from adapters.resume.skip import Skip
from adapters.sse import Event, encode, events
from adapters.types import Json, Usage

_HEAD = ("id", "object", "created", "model")  # what all chunks of one answer have in common
_THOUGHT = frozenset({"reasoning_content", "reasoning", "reasoning_details", "thinking_blocks"})


class ChatTold:
    """Chunks of one choice."""

    def __init__(self) -> None:
        self.head: Json = {}
        self._said: list[str] = []
        self._why_not = ""

    @property
    def text(self) -> str:
        return "".join(self._said)

    @property
    def why_not(self) -> str:
        return self._why_not

    def see(self, whole: bytes) -> None:
        if self._why_not:
            return
        try:
            for event in events(whole):
                if event.data.startswith(b"{"):
                    self._chunk(orjson.loads(event.data))
        except ODD:
            self._why_not = "it could not be read"

    def join(self, expected: str, already: Usage) -> "ChatJoin":
        return ChatJoin(self.head, expected, already)

    def _chunk(self, chunk: Json) -> None:
        choices = chunk.get("choices") or ()
        if choices and not self.head:
            self.head = {name: chunk[name] for name in _HEAD if name in chunk}
        for choice in choices:
            self._choice(choice)

    def _choice(self, choice: Json) -> None:
        if choice.get("index"):
            self._why_not = "there was more than one choice"
        elif choice.get("finish_reason"):
            self._why_not = "it was finished"
        elif _says(choice.get("logprobs")):
            self._why_not = "it told log probabilities"
        else:
            for name, value in (choice.get("delta") or {}).items():
                self._delta(name, value)

    def _delta(self, name: str, value: Any) -> None:
        if name == "role" or not _says(value):
            return
        if name == "content" and isinstance(value, str):
            self._said.append(value)
        elif name not in _THOUGHT:
            self._why_not = f"it had begun {name}"
        elif self._said:
            self._why_not = "it had thought after it had spoken"


class ChatJoin:
    """The second stream's chunks under the first one's head, without role and what is known.

    Thoughts that come before anything new are left out: the client has read others.
    """

    def __init__(self, head: Json, expected: str, already: Usage) -> None:
        self._head = head
        self._skip = Skip(expected)
        self._already = already
        self._anew = False  # something new was said

    def feed(self, whole: bytes) -> bytes:
        out = (self._event(event) for event in events(whole))
        return b"".join(encode(event) for event in out if event)

    def _event(self, event: Event) -> Event | None:
        if not event.data.startswith(b"{"):
            return event
        chunk: Json = {**orjson.loads(event.data), **self._head}
        if isinstance(chunk.get("usage"), dict):
            chunk["usage"] = _summed(chunk["usage"], self._already)
        if choices := chunk.get("choices"):
            chunk["choices"] = [kept for choice in choices if (kept := self._choice(choice))]
            if not chunk["choices"]:
                return None
        return Event(orjson.dumps(chunk), event.name)

    def _choice(self, choice: Json) -> Json | None:
        if choice.get("index"):
            return None
        delta = {n: value for n, value in (choice.get("delta") or {}).items() if n != "role"}
        if not self._anew:
            delta = {name: value for name, value in delta.items() if name not in _THOUGHT}
        known: tuple[str, ...] = ()
        if isinstance(content := delta.get("content"), str):
            delta["content"] = self._skip.feed(content)
            known = ("content",)
        finish = choice.get("finish_reason")
        if finish or any(_says(value) for name, value in delta.items() if name not in known):
            self._skip.must_be_done()
        if not finish and not any(map(_says, delta.values())):
            return None
        self._anew = True
        return {**choice, "delta": delta}


def _says(value: Any) -> bool:
    """Whether a field of a delta says anything: some come with every chunk and hold nothing."""
    return any(map(_says, value.values())) if isinstance(value, dict) else bool(value)


def _summed(usage: Json, already: Usage) -> Json:
    more = {
        "prompt_tokens": already.input,
        "completion_tokens": already.output,
        "total_tokens": already.input + already.output,
    }
    told = {name: usage[name] + more[name] for name in more if isinstance(usage.get(name), int)}
    return {**usage, **told}

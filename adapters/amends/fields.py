"""Fields that OpenAI's types require and a provider leaves out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.amended import Amend, Amends, Pen
from adapters.dialects.lenient import record, records, string
from adapters.provider import Upstream
from adapters.sse import frames
from adapters.types import Json

_CHOICES = b'"choices"'
_LISTED = re.compile(rb'\{.*"choices"\s*:\s*\[', re.DOTALL)
_HEAD = (b'"object"', b'"id"', b'"created"', b'"model"')
_CHUNK = b"chat.completion.chunk"


@dataclass(frozen=True, slots=True)
class Completes:
    """Writes `object`, `id`, `created` and `model` in front where they are missing; all other bytes
    stay. Z.ai says no `object`, AI21 no `created` and no `model` either; from OpenRouter came
    choices without `finish_reason` (recorded traffic, 2025).
    """

    def begin(self, request: Upstream, now: int) -> Pen:
        return _Completing(request, now)


@dataclass(frozen=True, slots=True)
class _Completing:
    """The pen of `Completes`. A word counts as there if it is anywhere: to look is cheap."""

    request: Upstream
    now: int

    def document(self, raw: bytes) -> bytes:
        if _CHOICES not in raw:
            return raw
        if b'"finish_reason"' not in raw or b'"index"' not in raw:
            raw = _filled(raw)
        return self._headed(raw, b"chat.completion")

    def events(self, whole: bytes) -> bytes:
        if whole.count(b'"object"') >= whole.count(_CHOICES):  # who says this, says the others too
            return whole
        return b"".join([self._headed(frame, _CHUNK) for frame in frames(whole)])

    def _headed(self, raw: bytes, kind: bytes) -> bytes:
        if all(name in raw for name in _HEAD) or not _LISTED.search(raw):
            return raw
        head = (b'"%b"' % kind, self._id(), b"%d" % self.now, self._model())
        said = zip(_HEAD, head, strict=True)
        missing = [b"%b:%b," % (name, value) for name, value in said if name not in raw]
        begin = raw.find(b"{") + 1
        return b"".join((raw[:begin], *missing, raw[begin:]))

    def _id(self) -> bytes:
        return orjson.dumps(f"chatcmpl-{self.request.headers.get('x-request-id', '')}")

    def _model(self) -> bytes:
        """What was asked for."""
        try:
            asked = record(orjson.loads(self.request.body))
        except orjson.JSONDecodeError:
            asked = {}
        return orjson.dumps(string(asked.get("model")))


def _filled(raw: bytes) -> bytes:
    """A document with an index and a reason to finish in every choice, and a total of tokens."""
    try:
        said = record(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return raw  # whoever reads it will say so
    if not isinstance(said.get("choices"), list):
        return raw
    choices = [
        {"index": at, **choice, "finish_reason": choice.get("finish_reason") or _reason(choice)}
        for at, choice in enumerate(records(said.get("choices")))
    ]
    out: Json = {**said, "choices": choices}
    if usage := record(said.get("usage")):
        counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
        out["usage"] = {"total_tokens": sum(n for n in counts if isinstance(n, int)), **usage}
    return orjson.dumps(out)


def _reason(choice: Json) -> str:
    return "tool_calls" if record(choice.get("message")).get("tool_calls") else "stop"


def _with_messages(said: Json) -> Sequence[Json]:
    """What Azure's filter has taken away leaves a choice without any message."""
    part = "delta" if said.get("object") == "chat.completion.chunk" else "message"
    empty: Json = {} if part == "delta" else {"role": "assistant", "content": None}
    if all(part in record(choice) for choice in said["choices"]):
        return [said]
    choices = [{part: empty, **record(choice)} for choice in said["choices"]]
    return [{**said, "choices": choices}]


def _with_whole_calls(said: Json) -> Sequence[Json]:
    """Mistral's calls have no `type`, and had no `index` in streams once (2024-08)."""
    choices = [_with_calls(choice) for choice in said["choices"]]
    return [said] if choices == said["choices"] else [{**said, "choices": choices}]


def _with_calls(choice: Any) -> Any:
    match choice:
        case {"message": {"tool_calls": [*calls]} as message}:
            calls = [{"type": "function", **record(call)} for call in calls]
            return {**choice, "message": {**message, "tool_calls": calls}}
        case {"delta": {"tool_calls": [*calls]} as delta}:
            calls = [{"index": at, **record(call)} for at, call in enumerate(calls)]
            return {**choice, "delta": {**delta, "tool_calls": calls}}
        case _:
            return choice


def _filtered() -> Amend:
    return _with_messages


def _called() -> Amend:
    return _with_whole_calls


MISSING = Completes()
FILTERED = Amends(_filtered, re.compile(rb'"finish_reason"\s*:\s*"content_filter"'))
TOOL_CALLS = Amends(_called, re.compile(rb'"tool_calls"\s*:\s*\[\s*\{'))

"""Gemini's stream, said as chat completion chunks."""

import orjson

from adapters.classify import classify_error
from adapters.dialects import Machine
from adapters.dialects.chat import DONE, chunk
from adapters.dialects.gemini.grounding import annotations
from adapters.dialects.gemini.replies import (
    answer_id,
    asides,
    chat_usage,
    finish_reason,
    logprobs,
    number,
    service_tier,
)
from adapters.dialects.gemini.saying import Saying
from adapters.dialects.gemini.wire import error, parts_of
from adapters.dialects.lenient import parsed, record, records, string
from adapters.dialects.template import Template
from adapters.errors import Failure, Kind
from adapters.sse import Event
from adapters.types import Json


class StreamToChat(Machine):
    """A row of documents, each holding what is new of every candidate.

    Some say that a candidate has finished and then go on with it, and most tell usage and sources
    again and again, so all that is said only once the stream has ended.
    """

    def __init__(self, asked: Json, now: int = 0) -> None:
        self._tells_usage = bool(record(asked.get("stream_options")).get("include_usage"))
        self._now = now
        self._head: Json = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": now,
            "model": asked.get("model") or "",
        }
        self._usage: Json = {}
        self._lanes: dict[int, _Lane] = {}
        self._templates: dict[int, Template] = {}  # of chunks with text, by choice

    def feed(self, event: Event) -> list[Event]:
        document = parsed(event)
        if found := error(document):
            raise classify_error("", found)
        self._note(document)
        out: list[Event] = []
        for place, candidate in enumerate(records(document.get("candidates"))):
            if not self._head["id"]:
                self._head["id"] = answer_id(document)
            index = number(candidate, place)
            lane = self._lanes.get(index)
            if lane is None:
                lane = self._lanes[index] = _Lane(self._head["id"], index, self._now)
            if said := lane.read(candidate):
                told = logprobs(candidate.get("logprobsResult"))
                out.append(self._chunk(index, said, told=told))
        return out

    def close(self) -> list[Event]:
        """Why each candidate ended, what it rests on, and the usage.

        Raises:
            Failure: BROKEN, nothing was said and no reason given.
        """
        if not any(lane.ended for lane in self._lanes.values()):
            raise Failure(Kind.BROKEN, "the provider ended its answer before it was finished")
        out: list[Event] = []
        for index, lane in sorted(self._lanes.items()):
            said = lane.last_words()
            out.append(self._chunk(index, said, finish=lane.finish))
        if self._tells_usage:
            last = {**self._head, "choices": [], "usage": chat_usage(self._usage)}
            out.append(Event(orjson.dumps(last)))
        return [*out, Event(DONE)]

    def go_on(self, document: Json) -> bytes | None:
        try:
            (candidate,) = document["candidates"]
            (part,) = candidate["content"]["parts"]
            text = part["text"]
            index = candidate.get("index", 0)
            lane = self._lanes[index]
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        plain = len(part) == 1 and len(candidate) == 1 + ("index" in candidate)
        if not (text and plain and lane.greeted and isinstance(text, str)) or "error" in document:
            return None
        self._note(document)
        lane.saying.go_on(text)
        template = self._templates.get(index) or self._template(index)
        return template.filled(text)

    def _note(self, document: Json) -> None:
        """What is told of the answer as a whole, with nearly every document anew."""
        told = record(document.get("usageMetadata"))
        self._usage |= told
        model = document.get("modelVersion")
        if model == self._head["model"] and "serviceTier" not in told:
            return
        head = {**self._head, **service_tier(document)}
        head["model"] = string(model) or head["model"]
        if head != self._head:
            self._head = head
            self._templates.clear()

    def _template(self, index: int) -> Template:
        found = Template(chunk(self._head, {"content": ""}, index=index))
        self._templates[index] = found
        return found

    def _chunk(
        self, index: int, delta: Json, *, told: Json | None = None, finish: str | None = None
    ) -> Event:
        return Event(orjson.dumps(chunk(self._head, delta, finish, index=index, told=told)))


class _Lane:
    """One candidate on its way."""

    def __init__(self, id_: str, index: int, now: int) -> None:
        self.saying = Saying(id_, index, now)
        self._last: Json = {}  # what its documents said beside the parts, the later word last
        self.greeted = False
        self._thoughts = 0

    @property
    def ended(self) -> bool:
        return bool(self._last.get("finishReason"))

    @property
    def finish(self) -> str:
        return finish_reason(self._last.get("finishReason"), called=self.saying.called)

    def read(self, candidate: Json) -> Json:
        """The delta of one document; nothing if it says nothing new."""
        self._last |= {
            name: value for name, value in candidate.items() if name != "content" and value
        }
        said = self.saying.read(parts_of(candidate))
        if blocks := self._signed_blocks(said):
            said["thinking_blocks"] = blocks
        worth = {name: value for name, value in said.items() if value}
        return self._greeting() | worth if worth or candidate.get("logprobsResult") else {}

    def last_words(self) -> Json:
        said = self._greeting() | self.saying.rest()
        if found := annotations(self._last, self.saying.text):
            said["annotations"] = [{"index": i, **note} for i, note in enumerate(found)]
        if aside := asides(self._last):
            said["provider_specific_fields"] = aside
        return said

    def _signed_blocks(self, said: Json) -> list[Json]:
        """Thinking has flowed as text already; only a signature makes a block of it."""
        blocks = [block for block in said.pop("thinking_blocks", []) if block.get("signature")]
        first = self._thoughts
        self._thoughts += len(blocks)
        return [{"index": first + i, **block} for i, block in enumerate(blocks)]

    def _greeting(self) -> Json:
        if self.greeted:
            return {}
        self.greeted = True
        return {"role": "assistant", "content": ""}

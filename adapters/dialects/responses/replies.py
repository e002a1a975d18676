"""A response, said as an OpenAI chat completion: all its items become one message."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.dialects.chat import count
from adapters.dialects.lenient import record, records, string
from adapters.dialects.responses import thoughts
from adapters.dialects.responses.messages import ASIDE
from adapters.dialects.responses.wire import usage
from adapters.types import Json, Usage

_ECHOES = frozenset(  # what a response repeats of its request, and what is said elsewhere
    {
        "background",
        "billing",
        "completed_at",
        "copilot_usage",
        "created_at",
        "error",
        "frequency_penalty",
        "id",
        "incomplete_details",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "object",
        "output",
        "output_text",
        "parallel_tool_calls",
        "presence_penalty",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "status",
        "store",
        "system_fingerprint",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "usage",
        "user",
    }
)
_SAID_OF_A_CALL = frozenset({"type", "id", "call_id", "name", "arguments", "input", "status"})
_ENDS = frozenset({"", "completed", "complete", "incomplete", "in_progress"})
_TIERS = frozenset({"", "auto", "default", "fast", "flex", "priority", "scale"})  # OpenAI's own


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say a response as a chat completion; what has no place there is kept aside."""
    if "output" not in document and "choices" in document:
        return document  # a server that answers in chat whatever it is asked in
    message = _Message(records(document.get("output")))
    return {
        "id": string(document.get("id")),
        "object": "chat.completion",
        "created": count(document.get("created_at")) or now,
        "model": document.get("model") or asked.get("model") or "",
        "choices": [
            {
                "index": 0,
                "message": message.said(document),
                "logprobs": logprobs(message.logprobs),
                "finish_reason": finish_reason(document, called=bool(message.calls)),
            }
        ],
        "usage": chat_usage(record(document.get("usage"))),
        **extras(document),
    }


def finish_reason(document: Json, *, called: bool) -> str:
    """Why it ended, in chat's words."""
    if document.get("status") == "incomplete":
        reason = record(document.get("incomplete_details")).get("reason")
        return "content_filter" if reason == "content_filter" else "length"
    return "tool_calls" if called else "stop"


def chat_usage(raw: Json) -> Json:
    """Usage in chat's words; whatever else a server counts stays beside it."""
    told = usage({"usage": raw}) or Usage()
    known = {"input_tokens", "output_tokens", "total_tokens"}
    known |= {"input_tokens_details", "output_tokens_details"}
    others = {n: value for n, value in raw.items() if value is not None and n not in known}
    written = {"cache_creation_tokens": told.cache_write} if told.cache_write else {}
    return {
        **others,
        "prompt_tokens": told.input,
        "completion_tokens": told.output,
        "total_tokens": count(raw.get("total_tokens")) or told.input + told.output,
        "prompt_tokens_details": {
            **record(raw.get("input_tokens_details")),
            "cached_tokens": told.cache_read,
            **written,
        },
        "completion_tokens_details": {
            **record(raw.get("output_tokens_details")),
            "reasoning_tokens": told.reasoning,
        },
    }


def extras(document: Json) -> Json:
    """Fields that a response and a completion share."""
    tier, print_ = (string(document.get(n)) for n in ("service_tier", "system_fingerprint"))
    return {
        **({"service_tier": tier} if tier and tier in _TIERS else {}),
        **({"system_fingerprint": print_} if print_ else {}),
    }


def asides(document: Json) -> Json:
    """What a response tells that chat has no place for."""
    odd = {name: value for name, value in document.items() if name not in _ECHOES and value}
    told = {"status": _ENDS, "service_tier": _TIERS}
    return odd | {
        name: said
        for name, usual in told.items()
        if (said := string(document.get(name))) not in usual
    }


def annotation(said: Json, start: int) -> Json | None:
    """A citation of the web as chat spells it. `start`: where its part begins in the text."""
    if said.get("type") != "url_citation":
        return None
    place = {n: start + count(said.get(n)) for n in ("start_index", "end_index")}
    cited = {"title": string(said.get("title")), "url": string(said.get("url"))}
    return {"type": "url_citation", "url_citation": {**place, **cited}}


def logprobs(found: list[Json]) -> Json | None:
    """Chat's object for the log probabilities of all tokens; None if there are none."""
    tokens = [{"top_logprobs": [], **token} for token in found]
    return {"content": tokens, "refusal": None} if tokens else None


def tool_call(item: Json) -> Json:
    """A call of a function or of a custom tool. What else is known of it stays with it."""
    call: Json = {"id": string(item.get("call_id")) or string(item.get("id"))}
    if item.get("type") == "custom_tool_call":
        custom = {"name": string(item.get("name")), "input": string(item.get("input"))}
        call |= {"type": "custom", "custom": custom}
    else:
        function = {"name": string(item.get("name")), "arguments": string(item.get("arguments"))}
        call |= {"type": "function", "function": function}
    others = {n: value for n, value in item.items() if n not in _SAID_OF_A_CALL and value}
    return {**call, "provider_specific_fields": others} if others else call


def image(item: Json) -> Json | None:
    """A generated image as a data URL, in LiteLLM's place for it."""
    drawn = item.get("result")
    if item.get("type") != "image_generation_call" or not isinstance(drawn, str) or not drawn:
        return None
    kind = string(item.get("output_format")) or "png"
    url = drawn if drawn.startswith("data:") else f"data:image/{kind};base64,{drawn}"
    return {"type": "image_url", "image_url": {"url": url}}


def numbered(entries: Iterable[Json], first: int = 0) -> list[Json]:
    """Entries of a list that clients join: OpenAI's own insist on an `index`."""
    return [{**entry, "index": first + i} for i, entry in enumerate(entries)]


def kept_with(item: Json, waiting: list[Json]) -> list[Json]:
    """The item of a built-in tool with what was thought before it: OpenAI takes neither back
    without the other.
    """
    return [*(each for each in waiting if each.get("encrypted_content")), item]


class _Message:
    """A chat message made of items."""

    def __init__(self, items: list[Json]) -> None:
        self.calls: list[Json] = []
        self.logprobs: list[Json] = []
        self._text = ""
        self._refusal = ""
        self._thought: list[str] = []
        self._thinking: list[Json] = []
        self._annotations: list[Json] = []
        self._citations: list[Json] = []  # those that chat has no words for
        self._images: list[Json] = []
        self._items: list[Json] = []
        self._phase: Any = None
        waiting: list[Json] = []  # thoughts that led to an item that is yet to come
        for item in items:
            waiting = self._take(item, waiting)

    def _take(self, item: Json, waiting: list[Json]) -> list[Json]:
        match item:
            case {"type": "reasoning"}:
                self._thought.append(thoughts.text_of(item))
                if block := thoughts.block(item):
                    self._thinking.append(block)
                return [*waiting, item]
            case {"type": "message"}:
                self._phase = item.get("phase") or self._phase
                for part in records(item.get("content")):
                    self._take_part(part)
            case {"type": "function_call" | "custom_tool_call"}:
                self.calls.append(tool_call(item))
            case _:  # built-in tools, and whatever they invent next
                self._items += kept_with(item, waiting)
                if drawn := image(item):
                    self._images.append(drawn)
        return []

    def _take_part(self, part: Json) -> None:
        if part.get("type") == "refusal":
            self._refusal += string(part.get("refusal"))
            return
        start = len(self._text)
        self._text += string(part.get("text"))
        self.logprobs += records(part.get("logprobs"))
        for cited in records(part.get("annotations")):
            if known := annotation(cited, start):
                self._annotations.append(known)
            else:
                self._citations.append(cited)

    def said(self, document: Json) -> Json:
        aside: Json = {
            **asides(document),
            **({"phase": self._phase} if self._phase else {}),
            **({"citations": self._citations} if self._citations else {}),
            **({ASIDE: self._items} if self._items else {}),
        }
        optional: Mapping[str, Any] = {
            "reasoning_content": thoughts.BREAK.join(filter(None, self._thought)),
            "thinking_blocks": self._thinking,
            "tool_calls": self.calls,
            "annotations": self._annotations,
            "images": numbered(self._images),
            "provider_specific_fields": aside,
        }
        silent = self.calls or self._refusal
        return {
            "role": "assistant",
            "content": self._text if self._text or not silent else None,
            "refusal": self._refusal or None,
            **{name: value for name, value in optional.items() if value},
        }

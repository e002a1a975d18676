"""Anthropic's message, said as an OpenAI chat completion.

`created` is 0: Anthropic tells no time, and a translator has no clock.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.dialects.anthropic.from_chat.requests import uses_json_tool
from adapters.dialects.anthropic.wire import usage
from adapters.dialects.anthropic.words import FINISH, JSON_TOOL
from adapters.dialects.lenient import record, records, string
from adapters.types import Json, Usage

_SAID_ELSEWHERE = frozenset(
    {"id", "type", "role", "model", "content", "stop_reason", "usage", "error", "request_id"}
)


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say Anthropic's message as a chat completion; what has no place there is kept aside."""
    message = _Message(unwraps=uses_json_tool(asked))
    for block in records(document.get("content")):
        message.take(block)
    return {
        "id": document.get("id") or "",
        "object": "chat.completion",
        "created": now,
        "model": document.get("model") or asked.get("model") or "",
        "choices": [
            {
                "index": 0,
                "message": message.said(document),
                "logprobs": None,
                "finish_reason": finish_reason(
                    document.get("stop_reason"), called=bool(message.calls)
                ),
            }
        ],
        "usage": chat_usage(record(document.get("usage"))),
    }


def finish_reason(reason: Any, *, called: bool) -> str:
    """OpenAI's word for `stop_reason`; an answer given through a tool is no call."""
    finish = FINISH.get(str(reason), "stop")
    return "stop" if finish == "tool_calls" and not called else finish


def chat_usage(raw: Json) -> Json:
    """Usage as OpenAI counts: cached tokens are part of the prompt. Anthropic's own counters
    stay beside it, for some clients read them.
    """
    told = usage({"usage": raw}) or Usage()
    others = {
        name: value
        for name, value in raw.items()
        if value is not None and name not in {"input_tokens", "output_tokens"}
    }
    return {
        "prompt_tokens": told.input,
        "completion_tokens": told.output,
        "total_tokens": told.input + told.output,
        "prompt_tokens_details": {
            "cached_tokens": told.cache_read,
            "cache_creation_tokens": told.cache_write,
        },
        "completion_tokens_details": {"reasoning_tokens": told.reasoning},
        **others,
        "cache_creation_input_tokens": told.cache_write,
        "cache_read_input_tokens": told.cache_read,
    }


def annotations(citations: list[Json], start: int, end: int) -> list[Json]:
    """Citations of the web as OpenAI spells them, for text between two offsets."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": start,
                "end_index": end,
                "title": str(citation.get("title") or ""),
                "url": citation["url"],
            },
        }
        for citation in citations
        if isinstance(citation.get("url"), str)
    ]


def tool_call(block: Json, arguments: str) -> Json:
    return {
        "id": block.get("id") or "",
        "type": "function",
        "function": {"name": block.get("name") or "", "arguments": arguments},
    }


def asides(document: Json) -> Json:
    """What a message or a message_delta says that chat has no place for."""
    return {
        name: value
        for name, value in document.items()
        if name not in _SAID_ELSEWHERE and value is not None
    }


def dumped(value: Any) -> str:
    return orjson.dumps(value).decode()


class _Message:
    """A chat message in the making."""

    def __init__(self, *, unwraps: bool) -> None:
        self.calls: list[Json] = []
        self._unwraps = unwraps
        self._text = ""
        self._thinking: list[Json] = []
        self._citations: list[Json] = []
        self._annotations: list[Json] = []
        self._others: list[Json] = []

    def take(self, block: Json) -> None:
        match block:
            case {"type": "text"}:
                self._take_text(block)
            case {"type": "thinking" | "redacted_thinking"}:
                self._thinking.append(block)
            case {"type": "tool_use", "name": name} if name == JSON_TOOL and self._unwraps:
                self._text += dumped(block.get("input") or {})
            case {"type": "tool_use"}:
                self.calls.append(tool_call(block, dumped(block.get("input") or {})))
            case _:  # server tools and their results, and whatever they invent next
                self._others.append(block)

    def _take_text(self, block: Json) -> None:
        start = len(self._text)
        self._text += string(block.get("text"))
        if citations := records(block.get("citations")):
            self._citations += citations
            self._annotations += annotations(citations, start, len(self._text))

    def said(self, document: Json) -> Json:
        thought = "".join(string(block.get("thinking")) for block in self._thinking)
        aside: Json = asides(document)
        if self._citations:
            aside["citations"] = self._citations
        if self._others:
            aside["blocks"] = self._others
        optional: Mapping[str, Any] = {
            "reasoning_content": thought,
            "thinking_blocks": self._thinking,
            "tool_calls": self.calls,
            "annotations": self._annotations,
            "provider_specific_fields": aside,
        }
        return {
            "role": "assistant",
            "content": self._text if self._text or not self.calls else None,
            "refusal": refusal(document),
            **{name: value for name, value in optional.items() if value},
        }


def refusal(document: Json) -> str | None:
    """Anthropic's explanation of a refusal, where it gives one."""
    match document.get("stop_details"):
        case {"type": "refusal", "explanation": str() as text} if text:
            return text
        case _:
            return None

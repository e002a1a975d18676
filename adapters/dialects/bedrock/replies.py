"""Converse's answer, said as an OpenAI chat completion.

It has no id of its own (that is in a header), so one is made of what was asked and when.
Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
(read 2026-11).
"""

import base64
import binascii
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from adapters.dialects.anthropic.words import JSON_TOOL
from adapters.dialects.bedrock.names import Names
from adapters.dialects.bedrock.requests import uses_json_tool
from adapters.dialects.bedrock.wire import usage
from adapters.dialects.lenient import record, records, string
from adapters.types import Json, Usage

FINISH: Mapping[str, str] = {  # stopReason -> finish_reason; anything else is a stop
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
_PLAIN = frozenset({"end_turn", "stop_sequence", "max_tokens", "tool_use"})
_SAID_ELSEWHERE = frozenset({"output", "stopReason", "usage", "p", "$metadata"})


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say Converse's document as a chat completion; what has no place there is kept aside."""
    message = _Message(Names(asked), unwraps=uses_json_tool(asked))
    for block in records(document["output"]["message"]["content"]):
        message.take(block)
    reason = string(document.get("stopReason"))
    return {
        "id": completion_id(asked, now),
        "object": "chat.completion",
        "created": now,
        "model": model_of(document, asked),
        "choices": [
            {
                "index": 0,
                "message": message.said(asides(document, reason)),
                "logprobs": None,
                "finish_reason": finish_reason(reason, called=bool(message.calls)),
            }
        ],
        "usage": chat_usage(record(document.get("usage"))),
    }


def completion_id(asked: Json, now: int) -> str:
    spoken = orjson.dumps([now, asked.get("model"), asked.get("messages")], default=str)
    return f"chatcmpl-{blake2b(spoken, digest_size=12).hexdigest()}"


def model_of(document: Json, asked: Json) -> str:
    """What was asked for, or what a prompt router has chosen."""
    router = record(record(document.get("trace")).get("promptRouter"))
    return string(router.get("invokedModelId")) or string(asked.get("model"))


def finish_reason(reason: str, *, called: bool) -> str:
    """OpenAI's word for `stopReason`. An answer given through a tool is no call, and a call is one
    even where the model says that it has ended its turn, as Llama and Mistral do.
    """
    if reason in {"tool_use", "end_turn"}:
        return "tool_calls" if called else "stop"
    return FINISH.get(reason, "stop")


def asides(document: Json, reason: str) -> Json:
    """What a document or the last events of a stream say that chat has no place for."""
    found = {
        name: value
        for name, value in document.items()
        if name not in _SAID_ELSEWHERE and value is not None
    }
    return found if reason in _PLAIN or not reason else {"stop_reason": reason, **found}


def chat_usage(raw: Json) -> Json:
    """Usage as OpenAI counts: cached tokens are part of the prompt."""
    told = usage({"usage": raw}) or Usage()
    others = {name: raw[name] for name in ("cacheDetails", "serverToolUsage") if raw.get(name)}
    return {
        "prompt_tokens": told.input,
        "completion_tokens": told.output,
        "total_tokens": told.input + told.output,
        "prompt_tokens_details": {
            "cached_tokens": told.cache_read,
            "cache_creation_tokens": told.cache_write,
        },
        **others,
        "cache_creation_input_tokens": told.cache_write,
        "cache_read_input_tokens": told.cache_read,
    }


def thinking_block(text: str, signature: str, redacted: list[str]) -> Json | None:
    """Thinking as LiteLLM spells it. What is not signed cannot be sent back: it is text only."""
    if redacted:
        return {"type": "redacted_thinking", "data": joined(redacted)}
    if signature:
        return {"type": "thinking", "thinking": text, "signature": signature}
    return None


def joined(pieces: list[str]) -> str:
    """Pieces of base64 as one."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(map(base64.b64decode, pieces))).decode()
    except binascii.Error:
        return "".join(pieces)


def annotations(citations: list[Json], start: int, end: int) -> list[Json]:
    """Citations of the web as OpenAI spells them, for text between two offsets."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": start,
                "end_index": end,
                "title": string(citation.get("title")) or string(web.get("domain")),
                "url": web["url"],
            },
        }
        for citation in citations
        for web in [record(record(citation.get("location")).get("web"))]
        if isinstance(web.get("url"), str)
    ]


def tool_call(use: Json, names: Names, arguments: str) -> Json:
    name = names.ours(string(use.get("name")))
    return {
        "id": string(use.get("toolUseId")),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def is_server_side(use: Json) -> bool:
    """Whether it is a call that Bedrock makes and answers by itself."""
    return use.get("type") == "server_tool_use"


def dumped(value: Any) -> str:
    return orjson.dumps(value).decode()


class _Message:
    """A chat message in the making."""

    def __init__(self, names: Names, *, unwraps: bool) -> None:
        self.calls: list[Json] = []
        self._names = names
        self._unwraps = unwraps
        self._text = ""
        self._thought = ""
        self._thinking: list[Json] = []
        self._citations: list[Json] = []
        self._annotations: list[Json] = []
        self._others: list[Json] = []

    def take(self, block: Json) -> None:
        match block:
            case {"text": str() as text}:
                self._text += text
            case {"reasoningContent": {} as reasoning}:
                self._think(reasoning)
            case {"toolUse": {"name": name} as use} if name == JSON_TOOL and self._unwraps:
                self._text += dumped(use.get("input") or {})
            case {"toolUse": {} as use} if not is_server_side(use):
                self.calls.append(tool_call(use, self._names, dumped(use.get("input") or {})))
            case {"citationsContent": {} as cited}:
                self._cite(cited)
            case _:  # its own tools and their results, images, and whatever they invent next
                self._others.append(block)

    def _think(self, reasoning: Json) -> None:
        told = record(reasoning.get("reasoningText"))
        text = string(told.get("text"))
        self._thought += text
        redacted = string(reasoning.get("redactedContent"))
        block = thinking_block(text, string(told.get("signature")), [redacted] if redacted else [])
        if block:
            self._thinking.append(block)

    def _cite(self, cited: Json) -> None:
        start = len(self._text)
        self._text += "".join(string(part.get("text")) for part in records(cited.get("content")))
        citations = records(cited.get("citations"))
        self._citations += citations
        self._annotations += annotations(citations, start, len(self._text))

    def said(self, aside: Json) -> Json:
        if self._citations:
            aside = {**aside, "citations": self._citations}
        if self._others:
            aside = {**aside, "blocks": self._others}
        optional: Mapping[str, Any] = {
            "reasoning_content": self._thought,
            "thinking_blocks": self._thinking,
            "tool_calls": self.calls,
            "annotations": self._annotations,
            "provider_specific_fields": aside,
        }
        return {
            "role": "assistant",
            "content": self._text if self._text or not self.calls else None,
            "refusal": None,
            **{name: value for name, value in optional.items() if value},
        }

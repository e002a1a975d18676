"""Ollama's answer, said as an OpenAI chat completion.

It gives no id, and before 0.13 none to tool calls: they are made up from what it says, so that the
same answer has the same ids and two answers do not share one.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from adapters.dialects.lenient import record, records, string
from adapters.dialects.ollama.wire import usage
from adapters.types import Json, Usage

_FINISH = {"length": "length"}  # stop, load, unload: all a stop to OpenAI
_SAID_ELSEWHERE = frozenset(
    {
        *("model", "created_at", "message", "done", "done_reason", "logprobs", "error"),
        *("prompt_eval_count", "prompt_eval_cached_count", "eval_count"),
    }
)
_KNOWN_IN_MESSAGE = frozenset({"role", "content", "thinking", "tool_calls"})


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say Ollama's document as a chat completion; what has no place there is kept aside."""
    message = record(document.get("message"))
    calls = tool_calls(document, first=0)
    said: Json = {
        "role": "assistant",
        "content": string(message.get("content")) or (None if calls else ""),
        "refusal": None,
    }
    optional = {
        "reasoning_content": string(message.get("thinking")),
        "tool_calls": calls,
        "provider_specific_fields": asides(document),
    }
    return {
        "id": completion_id(document),
        "object": "chat.completion",
        "created": created(document, now),
        "model": document.get("model") or asked.get("model") or "",
        "choices": [
            {
                "index": 0,
                "message": said | {name: value for name, value in optional.items() if value},
                "logprobs": logprobs(document),
                "finish_reason": finish_reason(document, called=bool(calls)),
            }
        ],
        "usage": chat_usage(document),
    }


def completion_id(document: Json) -> str:
    return f"chatcmpl-{_digest(document.get('model'), document.get('created_at'))}"


def created(document: Json, now: int) -> int:
    """Unix seconds; recorders and old servers tell no time, or none that makes sense."""
    try:
        at = datetime.fromisoformat(string(document.get("created_at")))
    except ValueError:
        return now
    return int(at.timestamp()) or now


def tool_calls(document: Json, *, first: int) -> list[Json]:
    """The calls of a document. `first`: how many there were before, in a stream."""
    found = records(record(document.get("message")).get("tool_calls"))
    return [
        _tool_call(call, record(call.get("function")), first + i, document.get("created_at"))
        for i, call in enumerate(found)
    ]


def finish_reason(document: Json, *, called: bool) -> str:
    return "tool_calls" if called else _FINISH.get(str(document.get("done_reason")), "stop")


def logprobs(document: Json) -> Json | None:
    found = records(document.get("logprobs"))
    if not found:
        return None
    return {"content": [{"bytes": None, "top_logprobs": [], **entry} for entry in found]}


def chat_usage(document: Json) -> Json:
    told = usage(document) or Usage()
    return {
        "prompt_tokens": told.input,
        "completion_tokens": told.output,
        "total_tokens": told.input + told.output,
        "prompt_tokens_details": {"cached_tokens": told.cache_read},
    }


def asides(document: Json) -> Json:
    """What Ollama says that chat has no place for: how long things took, images it has made."""
    message = record(document.get("message"))
    found = {name: value for name, value in document.items() if name not in _SAID_ELSEWHERE}
    found |= {name: value for name, value in message.items() if name not in _KNOWN_IN_MESSAGE}
    return {name: value for name, value in found.items() if value is not None}


def _tool_call(call: Json, function: Json, at: int, when: Any) -> Json:
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = orjson.dumps(arguments or {}).decode()
    name = string(function.get("name"))
    return {
        "id": string(call.get("id")) or f"call_{_digest(when, at, name, arguments)}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _digest(*facts: Any) -> str:
    return blake2b(
        "\0".join(map(str, facts)).encode("utf-8", "replace"), digest_size=12
    ).hexdigest()

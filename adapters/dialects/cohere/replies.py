"""Cohere's reply, said as an OpenAI chat completion.

`tool_plan`, what Command models say about the tools they are going to call, becomes
`reasoning_content`: it is thought aloud on the way, not a part of the answer, and a program that
reads `content` as the answer must not find it there. A request that brings it back beside the tool
calls has it said as `tool_plan` again.
"""

import math
from typing import Any

from adapters.dialects.chat import count
from adapters.dialects.cohere.wire import usage
from adapters.dialects.cohere.words import FINISH
from adapters.dialects.lenient import record, records, string
from adapters.types import Json, Usage


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say Cohere's reply as a chat completion. Cohere tells neither its model nor the time."""
    choice: Json = {
        "index": 0,
        "message": _message(record(document.get("message"))),
        "logprobs": logprobs(records(document.get("logprobs"))),
        "finish_reason": finish_reason(document.get("finish_reason")),
    }
    return {
        "id": string(document.get("id")),
        "object": "chat.completion",
        "created": now,
        "model": string(document.get("model")) or string(asked.get("model")),
        "choices": [choice],
        "usage": chat_usage(record(document.get("usage"))),
    }


def finish_reason(reason: Any) -> str:
    """OpenAI's word for Cohere's."""
    return FINISH.get(str(reason), "stop")


def chat_usage(raw: Json) -> Json:
    """Usage as OpenAI counts. What is billed differs from it, so that stays beside it."""
    told = usage({"usage": raw}) or Usage()
    prompt: Json = {"cached_tokens": told.cache_read}
    if pictures := record(raw.get("tokens")).get("image_tokens"):
        prompt["image_tokens"] = pictures
    others = {name: value for name, value in raw.items() if name not in {"tokens", "cached_tokens"}}
    return {
        "prompt_tokens": told.input,
        "completion_tokens": told.output,
        "total_tokens": told.input + told.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": told.reasoning},
        **others,
    }


def tool_call(call: Json) -> Json:
    function = record(call.get("function"))
    return {
        "id": string(call.get("id")),
        "type": "function",
        "function": {
            "name": string(function.get("name")),
            "arguments": string(function.get("arguments")),
        },
    }


def annotations(citation: Json, start: int) -> list[Json]:
    """A citation as OpenAI spells it, once for each of its sources that has an address.

    `start`: where the cited block begins in the whole text.
    """
    if string(citation.get("type")) not in {"", "TEXT_CONTENT"}:
        return []
    found = []
    for source in records(citation.get("sources")):
        cited = record(source.get("document")) or record(source.get("tool_output"))
        if url := string(cited.get("url")):
            place = {
                "start_index": start + count(citation.get("start")),
                "end_index": start + count(citation.get("end")),
                "title": string(cited.get("title")),
                "url": url,
            }
            found.append({"type": "url_citation", "url_citation": place})
    return found


def logprobs(items: list[Json]) -> Json | None:
    """Cohere tells one text for one or more tokens; their probabilities are multiplied."""
    content = []
    for item in items:
        text = string(item.get("text"))
        match item.get("logprobs"):
            case [int() | float(), *_] as parts:
                logprob = math.fsum(part for part in parts if isinstance(part, int | float))
                entry = {"token": text, "logprob": logprob, "bytes": list(text.encode())}
                content.append({**entry, "top_logprobs": []})
    return {"content": content, "refusal": None} if content else None


def _message(message: Json) -> Json:
    text, thoughts, starts = "", [], []
    content = message.get("content")
    for part in [{"text": content}] if isinstance(content, str) else records(content):
        starts.append(len(text))
        text += string(part.get("text"))
        if thought := string(part.get("thinking")):
            thoughts.append(thought)
    calls = [tool_call(call) for call in records(message.get("tool_calls"))]
    citations = records(message.get("citations"))
    optional: Json = {
        "reasoning_content": "".join([*thoughts, string(message.get("tool_plan"))]),
        "thinking_blocks": [thinking_block(thought) for thought in thoughts],
        "tool_calls": calls,
        "annotations": [
            found
            for citation in citations
            for found in annotations(citation, _start(citation, starts))
        ],
        "provider_specific_fields": {"citations": citations} if citations else {},
    }
    return {
        "role": "assistant",
        "content": text if text or not calls else None,
        "refusal": None,
        **{name: value for name, value in optional.items() if value},
    }


def thinking_block(thought: str) -> Json:
    """Thinking as a block, so that a client that keeps it brings it back as what it was."""
    return {"type": "thinking", "thinking": thought}


def _start(citation: Json, starts: list[int]) -> int:
    at = citation.get("content_index")
    return starts[at] if isinstance(at, int) and 0 <= at < len(starts) else 0

"""A chat completion, said as Anthropic's message."""

from collections.abc import Iterator
from typing import Any, Literal

import orjson

from adapters.dialects.anthropic.words import STOP
from adapters.dialects.chat import usage as usage_of
from adapters.dialects.lenient import record, records, string
from adapters.types import Json, Usage


def reply(document: Json, asked: Json, _now: int = 0) -> Json:
    """Say a chat completion as Anthropic's message. Of several choices the first one counts."""
    choice = next(iter(records(document.get("choices"))), {})
    message = record(choice.get("message"))
    id_ = str(document.get("id") or "")
    calls = tool_uses(message, id_)
    return {
        "id": id_,
        "type": "message",
        "role": "assistant",
        "model": document.get("model") or asked.get("model") or "",
        "content": [*_thinking(message), *_text(message), *calls],
        "stop_reason": stop_reason(
            choice.get("finish_reason"), called=bool(calls), refused=bool(message.get("refusal"))
        ),
        "stop_sequence": None,
        "usage": usage(usage_of(document)),
    }


def stop_reason(finish: Any, *, called: bool, refused: bool) -> str:
    """Anthropic's word for `finish_reason`. Some providers end a tool call with "stop"."""
    reason = STOP.get(str(finish), "end_turn")
    if reason == "end_turn" and refused:
        return "refusal"
    if called:
        return "tool_use" if reason == "end_turn" else reason
    return "end_turn" if reason == "tool_use" else reason


def usage(told: Usage | None) -> Json:
    """Usage as Anthropic counts: `input_tokens` are those that no cache had to do with."""
    told = told or Usage()
    fresh = max(0, told.input - told.cache_read)
    written = min(told.cache_write, fresh)  # OpenRouter counts some tokens of Gemini's as both
    out: Json = {
        "input_tokens": fresh - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": told.cache_read,
        "output_tokens": told.output,
    }
    if told.reasoning:
        out["output_tokens_details"] = {"thinking_tokens": told.reasoning}
    return out


def pieces(content: Any) -> Iterator[tuple[Literal["text", "thinking"], str]]:
    """Content as text and thinking, be it a string or, as Mistral writes it, typed parts."""
    match content:
        case str() if content:
            yield "text", content
        case [*parts]:
            for part in parts:
                match part:
                    case {"type": "thinking", "thinking": inner}:
                        yield "thinking", "".join(text for _, text in pieces(inner))
                    case {"text": str() as text} if text:
                        yield "text", text
                    case str() if part:
                        yield "text", part


def thought(message: Json) -> str:
    """The thinking of a message or a delta as text, under either of its names."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    return ""


def signed(message: Json) -> list[Json]:
    """The thinking blocks of a message or a delta, without the numbers deltas give them."""
    return [
        {name: value for name, value in block.items() if name != "index"}
        for block in records(message.get("thinking_blocks"))
        if isinstance(block.get("type"), str)
    ]


def calls(message: Json) -> list[Json]:
    """The tool calls of a message or a delta; the older `function_call` is one as well."""
    found = records(message.get("tool_calls"))
    legacy = message.get("function_call")
    return [*found, {"function": legacy}] if isinstance(legacy, dict) else found


def call_id(message_id: str, n: int) -> str:
    """An id for a call that has none: the same for the same reply, another for another."""
    return f"call_{''.join(c for c in message_id if c.isalnum())}_{n}"


def tool_uses(message: Json, message_id: str) -> list[Json]:
    """The tool calls of a message as blocks."""
    out = []
    for n, call in enumerate(calls(message)):
        function = record(call.get("function"))
        block = {
            "type": "tool_use",
            "id": call.get("id") or call_id(message_id, n),
            "name": function.get("name") or "",
            "input": _input(function.get("arguments")),
        }
        out.append(block)
    return out


def citation(annotation: Any, text: str) -> Json | None:
    """A web citation as Anthropic spells it, or None."""
    match annotation:
        case {"url_citation": {"url": str() as url} as found}:
            start, end = found.get("start_index"), found.get("end_index")
            known = isinstance(start, int) and isinstance(end, int)
            return {
                "type": "web_search_result_location",
                "url": url,
                "title": str(found.get("title") or ""),
                "cited_text": text[start:end] if known else "",
                "encrypted_index": "",
            }
        case _:
            return None


def _thinking(message: Json) -> list[Json]:
    """Blocks as they are; before them, what was thought and stands in none that is signed."""
    blocks = [{"signature": "", **b} if b["type"] == "thinking" else b for b in signed(message)]
    inner = [text for kind, text in pieces(message.get("content")) if kind == "thinking"]
    told = "".join(string(block.get("thinking")) for block in blocks)
    text = thought(message) or "".join(inner)
    rest = text.removesuffix(told) if text.endswith(told) else ""
    unsigned = {"type": "thinking", "thinking": rest, "signature": ""}
    return [unsigned, *blocks] if rest.strip() else blocks


def _text(message: Json) -> list[Json]:
    text = "".join(text for kind, text in pieces(message.get("content")) if kind == "text")
    text = text or str(message.get("refusal") or "")
    if not text:
        return []
    found = [citation(note, text) for note in records(message.get("annotations"))]
    cited = [note for note in found if note]
    return [{"type": "text", "text": text, **({"citations": cited} if cited else {})}]


def _input(arguments: Any) -> Json:
    """Arguments as an object. Those the model got wrong are kept under `raw_arguments`: the tool
    refuses them, and the model may try again.
    """
    if isinstance(arguments, dict):
        return arguments
    if not isinstance(arguments, str) or not arguments.strip():
        return {}
    try:
        parsed = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return {"raw_arguments": arguments}
    return parsed if isinstance(parsed, dict) else {"raw_arguments": arguments}

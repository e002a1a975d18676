"""What a chat completion says, as a document or as chunks."""

import json
from collections.abc import Mapping
from typing import Any

from tests.corpus.oracles.frames import server_sent
from tests.corpus.said import Choice, Said, Tokens, count, dumped, record, records, text

FINISHES: Mapping[str, str] = {"function_call": "tool_calls"}  # what is not OpenAI's stays


def document(raw: Any) -> Said:
    said = Said(tokens=tokens(raw))
    for entry in records(record(raw).get("choices")):
        choice = said.choice(entry.get("index") or 0)
        _message(choice, record(entry.get("message")))
        choice.finish = _finish(entry)
        choice.logprobs += len(records(record(entry.get("logprobs")).get("content")))
    if raw.get("error"):
        said.fault = dumped(raw["error"])
    return said


def stream(body: bytes) -> Said:
    said = Said(ended=False)
    for _, data in server_sent(body):
        if data.strip() == "[DONE]":
            said.ended = True
            break
        if not data.startswith("{"):
            continue
        try:
            chunk = json.loads(data)
        except ValueError:
            said.fault = "an event that is not JSON"
            break
        if chunk.get("error"):
            said.fault = dumped(chunk["error"])
            break
        _chunk(said, chunk)
    said.ended = said.ended or any(choice.finish for choice in said.choices.values())
    return said


def tokens(raw: Any) -> Tokens | None:
    raw = record(raw)
    usage = record(raw.get("usage")) or record(record(raw.get("x_groq")).get("usage"))
    if not usage:
        return None
    prompt = record(usage.get("prompt_tokens_details"))
    completion = record(usage.get("completion_tokens_details"))
    return Tokens(
        count(usage.get("prompt_tokens")),
        count(usage.get("completion_tokens")),
        count(prompt.get("cached_tokens")) or count(usage.get("prompt_cache_hit_tokens")),
        count(completion.get("reasoning_tokens")),
    )


def _chunk(said: Said, chunk: dict[str, Any]) -> None:
    said.tokens = tokens(chunk) or said.tokens
    for entry in records(chunk.get("choices")):
        choice = said.choice(entry.get("index") or 0)
        _message(choice, record(entry.get("delta")))
        choice.finish = _finish(entry) or choice.finish
        choice.logprobs += len(records(record(entry.get("logprobs")).get("content")))


def _message(choice: Choice, message: dict[str, Any]) -> None:
    """Also a delta: what is there is appended."""
    content = message.get("content")
    choice.text += _parts(content, "text")
    choice.thought += (
        text(message.get("reasoning_content"))
        or text(message.get("reasoning"))
        or _parts(content, "thinking")
    )
    choice.refusal += text(message.get("refusal"))
    for at, entry in enumerate(records(message.get("tool_calls"))):
        _call(choice, entry, at)
    legacy = record(message.get("function_call"))
    if legacy.get("name") or legacy.get("arguments"):
        choice.call("", text(legacy.get("name")), _arguments(legacy))


def _call(choice: Choice, entry: dict[str, Any], at: int) -> None:
    """A new id is a new call, whatever number it has: Gemini numbers all of a message 0."""
    function = record(entry.get("function")) or record(entry.get("custom"))
    name, index, id_ = text(function.get("name")), entry.get("index"), text(entry.get("id"))
    known = [key for key in choice.calls if isinstance(key, tuple)]
    if id_:
        key = next((key for key in known if key[1] == id_), None)
    elif index is None and name:
        key = None
    else:
        key = next((key for key in reversed(known) if key[0] == index or index is None), None)
    if key is None:
        key = (at if index is None else index, id_ or f"?{len(known)}")
    choice.call(key, name, _arguments(function))


def _arguments(function: dict[str, Any]) -> str:
    found = function.get("arguments", function.get("input"))
    return dumped(found) if isinstance(found, dict | list) else text(found)


def _parts(content: Any, wanted: str) -> str:
    """Text or thinking of content that may be a text, or Mistral's typed parts."""
    if isinstance(content, str):
        return content if wanted == "text" else ""
    if isinstance(content, dict):  # Cloudflare's, where JSON was asked for
        return json.dumps(content, separators=(",", ":")) if wanted == "text" else ""
    out = ""
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            out += part if wanted == "text" else ""
        elif part.get("type") == "thinking":
            out += _parts(part.get("thinking"), "text") if wanted == "thinking" else ""
        elif wanted == "text":
            out += text(part.get("text"))
    return out


def _finish(entry: dict[str, Any]) -> str:
    """Together's older models say `eos` where OpenAI says `stop`."""
    reason = text(entry.get("finish_reason"))
    return "stop" if reason == "eos" else reason

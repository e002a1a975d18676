"""What Converse says, as a document or as the messages of an event stream."""

import json
from collections.abc import Mapping
from typing import Any

from tests.corpus.oracles.frames import aws
from tests.corpus.said import Choice, Said, Tokens, count, dumped, record, records, text

FINISHES: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


def document(raw: Any) -> Said:
    said = Said(tokens=_tokens(record(raw.get("usage"))))
    choice = said.choice()
    for at, block in enumerate(
        records(record(record(raw.get("output")).get("message")).get("content"))
    ):
        _block(choice, at, block)
    reason = text(raw.get("stopReason"))
    choice.finish = FINISHES.get(reason, reason)
    return said


def stream(body: bytes) -> Said:
    said = Said(ended=False)
    choice = said.choice()
    for headers, payload in aws(body):
        event = json.loads(payload)
        match headers.get(":event-type") or headers.get(":exception-type"):
            case "contentBlockStart":
                use = record(record(event.get("start")).get("toolUse"))
                if use and use.get("type") != "server_tool_use":
                    choice.call(event.get("contentBlockIndex"), text(use.get("name")), "")
            case "contentBlockDelta":
                _block(choice, event.get("contentBlockIndex"), record(event.get("delta")))
            case "messageStop":
                reason = text(event.get("stopReason"))
                choice.finish = FINISHES.get(reason, reason)
                said.ended = True
            case "metadata":
                said.tokens = _tokens(record(event.get("usage"))) or said.tokens
            case "messageStart" | "contentBlockStop":
                pass
            case exception:
                said.fault = f"{exception}: {dumped(event)}"
                break
    return said


def _block(choice: Choice, at: Any, block: dict[str, Any]) -> None:
    """A block or a piece of one."""
    match block:
        case {"text": str() as words}:
            choice.text += words
        case {"citationsContent": {"content": cited}}:
            choice.text += "".join(text(part.get("text")) for part in records(cited))
        case {"reasoningContent": {"reasoningText": {"text": str() as thought}}}:
            choice.thought += thought
        case {"reasoningContent": {"text": str() as thought}}:
            choice.thought += thought
        case {"toolUse": {"type": "server_tool_use"}}:
            pass  # the provider's own tool: it has run already
        case {"toolUse": {"input": str() as piece}}:
            if at in choice.calls:
                choice.call(at, "", piece)
        case {"toolUse": {} as use}:
            choice.call(at, text(use.get("name")), dumped(use.get("input") or {}))


def _tokens(usage: dict[str, Any]) -> Tokens | None:
    if not usage:
        return None
    cached = count(usage.get("cacheReadInputTokens"))
    written = count(usage.get("cacheWriteInputTokens"))
    return Tokens(
        count(usage.get("inputTokens")) + cached + written,
        count(usage.get("outputTokens")),
        cached,
    )

"""What OpenAI's response says, as a document or as events."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tests.corpus.oracles.frames import server_sent
from tests.corpus.said import Choice, Said, Tokens, count, dumped, record, records, text

CUT_SHORT: Mapping[str, str] = {"content_filter": "content_filter"}


def document(raw: Any) -> Said:
    """A document, or what a stream's last event holds."""
    said = Said(tokens=_tokens(record(raw.get("usage"))))
    choice = said.choice()
    for item in records(raw.get("output")):
        _item(choice, item)
    if raw.get("status") in {"failed", "cancelled"}:
        said.fault = dumped(raw.get("error"))
    else:
        _finish(said, raw)
    return said


def stream(body: bytes) -> Said:
    """Pieces as they came; the last event says how it ended."""
    said = Said(ended=False)
    choice = said.choice()
    pieces: defaultdict[Any, str] = defaultdict(str)
    for _, data in server_sent(body):
        if not data.startswith("{"):
            continue
        event = json.loads(data)
        match event.get("type"):
            case "response.output_text.delta":
                choice.text += text(event.get("delta"))
            case "response.refusal.delta":
                choice.refusal += text(event.get("delta"))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                choice.thought += text(event.get("delta"))
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                pieces[event.get("item_id")] += text(event.get("delta"))
            case "response.output_item.done":
                item = record(event.get("item"))
                if item.get("type") in _CALLS:  # as it grew: scrubbing may have missed a piece
                    grown = pieces[item.get("id")]
                    _item(
                        choice, {**item, _CALLS[item["type"]]: grown or item[_CALLS[item["type"]]]}
                    )
            case "response.completed" | "response.incomplete":
                raw = record(event.get("response"))
                said.tokens = _tokens(record(raw.get("usage"))) or said.tokens
                _finish(said, raw)
                said.ended = True
            case "response.failed":
                said.fault = dumped(record(event.get("response")).get("error"))
            case "error":
                said.fault = dumped(event)
    return said


_CALLS: Mapping[str, str] = {"function_call": "arguments", "custom_tool_call": "input"}


def _item(choice: Choice, item: dict[str, Any]) -> None:
    match item.get("type"):
        case "message":
            for part in records(item.get("content")):
                choice.text += text(part.get("text"))
                choice.refusal += text(part.get("refusal"))
        case "reasoning":
            for part in (*records(item.get("summary")), *records(item.get("content"))):
                choice.thought += text(part.get("text"))
        case "function_call":
            arguments = text(item.get("arguments"))
            choice.call(len(choice.calls), text(item.get("name")), arguments)
        case "custom_tool_call":
            choice.call(len(choice.calls), text(item.get("name")), text(item.get("input")))


def _finish(said: Said, raw: dict[str, Any]) -> None:
    choice = said.choice()
    said.free = any(item.get("type") == "custom_tool_call" for item in records(raw.get("output")))
    reason = text(record(raw.get("incomplete_details")).get("reason"))
    if raw.get("status") == "incomplete":
        choice.finish = CUT_SHORT.get(reason, "length")
    else:
        choice.finish = "tool_calls" if choice.calls else "stop"


def _tokens(usage: dict[str, Any]) -> Tokens | None:
    if not usage:
        return None
    return Tokens(
        count(usage.get("input_tokens")),
        count(usage.get("output_tokens")),
        count(record(usage.get("input_tokens_details")).get("cached_tokens")),
        count(record(usage.get("output_tokens_details")).get("reasoning_tokens")),
    )

"""What Anthropic's message says, as a document or as events."""

import json
from collections.abc import Mapping
from typing import Any

from tests.corpus.oracles.frames import server_sent
from tests.corpus.said import Choice, Said, Tokens, count, dumped, record, records, text

FINISHES: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


def document(raw: Any) -> Said:
    said = Said()
    usage: dict[str, Any] = {}
    choice = said.choice()
    for block in records(record(raw).get("content")):
        _block(choice, len(choice.calls), block)
    _end(said, record(raw), usage)
    if record(raw).get("type") == "error":
        said.fault = dumped(raw.get("error"))
    return said


def stream(body: bytes) -> Said:
    return events(_documents(body))


def events(documents: list[Any]) -> Said:
    """The same of events that have been read already, `{}` where one is no JSON."""
    said = Said(ended=False)
    choice = said.choice()
    usage: dict[str, Any] = {}
    for event in documents:
        match event:
            case {"type": "message_start", "message": message}:
                _end(said, record(message), usage)
            case {"type": "content_block_start", "index": index, "content_block": block}:
                _block(choice, index, {**block, "input": None})
                if block.get("type") == "tool_use" and block.get("input"):
                    choice.calls[index].arguments = dumped(block["input"])
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                _delta(choice, index, delta)
            case {"type": "message_delta"}:
                _end(said, {**event, **record(event.get("delta"))}, usage)
            case {"type": "message_stop"}:
                said.ended = True
                break
            case {"type": "error"}:
                said.fault = dumped(event.get("error"))
                break
            case {}:
                continue
            case _:
                said.fault = "an event that is not JSON"
                break
    said.ended = said.ended or bool(choice.finish)
    return said


def _documents(body: bytes) -> list[Any]:
    found: list[Any] = []
    for _, data in server_sent(body):
        try:
            found.append(json.loads(data))
        except ValueError:
            found.append(None)
    return found


def _block(choice: Choice, index: int, block: dict[str, Any]) -> None:
    match block.get("type"):
        case "text":
            choice.text += text(block.get("text"))
        case "thinking":
            choice.thought += text(block.get("thinking"))
        case "tool_use":
            given = block.get("input")
            arguments = "" if given is None else dumped(given)
            choice.call(index, text(block.get("name")), arguments)


def _delta(choice: Choice, index: int, delta: dict[str, Any]) -> None:
    match delta.get("type"):
        case "text_delta":
            choice.text += text(delta.get("text"))
        case "thinking_delta":
            choice.thought += text(delta.get("thinking"))
        case "input_json_delta" if index in choice.calls:  # not a server's own tool
            choice.call(index, "", text(delta.get("partial_json")))


def _end(said: Said, message: dict[str, Any], usage: dict[str, Any]) -> None:
    """Why it stopped and what was used; the later word counts, where it says anything."""
    choice = said.choice()
    if reason := text(message.get("stop_reason")):
        choice.finish = FINISHES.get(reason, reason)
    if details := record(message.get("stop_details")):
        choice.refusal = text(details.get("explanation"))
    told = record(message.get("usage"))
    whole = bool(told.get("input_tokens"))  # else it tells of the output only
    usage.update({name: value for name, value in told.items() if value or whole})
    if usage or told:
        cached = count(usage.get("cache_read_input_tokens"))
        written = count(usage.get("cache_creation_input_tokens"))
        said.tokens = Tokens(
            count(usage.get("input_tokens")) + cached + written,
            count(usage.get("output_tokens")),
            cached,
            count(record(usage.get("output_tokens_details")).get("thinking_tokens")),
        )

"""What Cohere's v2 chat says, as a document or as events."""

from collections.abc import Mapping
from typing import Any

from tests.corpus.oracles.frames import documents
from tests.corpus.said import Choice, Said, Tokens, count, dumped, record, records, text

FINISHES: Mapping[str, str] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "TOOL_CALL": "tool_calls",
    "MAX_TOKENS": "length",
}


def document(raw: Any) -> Said:
    said = Said(tokens=_tokens(record(raw.get("usage"))))
    choice = said.choice()
    message = record(raw.get("message"))
    _content(choice, message)
    for call in records(message.get("tool_calls")):
        function = record(call.get("function"))
        name, arguments = text(function.get("name")), text(function.get("arguments"))
        choice.call(len(choice.calls), name, arguments)
    choice.finish = _finish(raw)
    return said


def stream(body: bytes) -> Said:
    said = Said(ended=False)
    choice = said.choice()
    for event in documents(body):
        delta = record(event.get("delta"))
        message = record(delta.get("message"))
        match event.get("type"):
            case "content-start" | "content-delta" | "tool-plan-delta":
                _content(choice, message)
            case "tool-call-start" | "tool-call-delta":
                function = record(record(message.get("tool_calls")).get("function"))
                name, piece = text(function.get("name")), text(function.get("arguments"))
                choice.call(event.get("index"), name, piece)
            case "message-end":
                choice.finish = _finish(delta)
                said.tokens = _tokens(record(delta.get("usage")))
                said.ended = True
                if delta.get("error"):
                    said.fault = dumped(delta)
    return said


def _content(choice: Choice, message: dict[str, Any]) -> None:
    """Content of a message or a piece of it. The plan for its tools is the model's thinking."""
    choice.thought += text(message.get("tool_plan"))
    content = message.get("content")
    for part in [content] if isinstance(content, dict) else records(content):
        choice.text += text(part.get("text"))
        choice.thought += text(part.get("thinking"))


def _finish(raw: dict[str, Any]) -> str:
    reason = text(raw.get("finish_reason"))
    return FINISHES.get(reason, reason)


def _tokens(usage: dict[str, Any]) -> Tokens | None:
    told = record(usage.get("tokens")) or record(usage.get("billed_units"))
    if not told:
        return None
    read = told is usage.get("tokens")  # images are billed as a part of the rest
    return Tokens(
        count(told.get("input_tokens")) + (count(told.get("image_tokens")) if read else 0),
        count(told.get("output_tokens")),
        count(usage.get("cached_tokens")),
        count(told.get("reasoning_tokens")),
    )

"""What Gemini's GenerateContentResponse says, alone or as one of a stream's."""

import re
from collections.abc import Mapping
from typing import Any

from tests.corpus.said import Choice, Said, Tokens, count, dumped, record, records, text

FINISHES: Mapping[str, str] = {
    "STOP": "stop",
    "1": "stop",  # the number of STOP, as an old recorder wrote it
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter",
}


def document(raw: Any) -> Said:
    return stream([raw])


def stream(documents: list[Any]) -> Said:
    said = Said(ended=False)
    for raw in documents:
        if error := raw.get("error"):
            said.fault = dumped(error)
            break
        for at, candidate in enumerate(records(raw.get("candidates"))):
            _candidate(said.choice(candidate.get("index") or at), candidate)
        if record(raw.get("promptFeedback")).get("blockReason") and not raw.get("candidates"):
            said.fault = f"blocked: {dumped(raw['promptFeedback'])}"
        said.tokens = _tokens(record(raw.get("usageMetadata"))) or said.tokens
    for choice in said.choices.values():
        if choice.calls and choice.finish == "stop":
            choice.finish = "tool_calls"
    said.ended = any(choice.finish for choice in said.choices.values())
    return said


def _candidate(choice: Choice, candidate: dict[str, Any]) -> None:
    for part in records(record(candidate.get("content")).get("parts")):
        if part.get("thought"):
            choice.thought += text(part.get("text"))
        elif "functionCall" in part:
            _call(choice, record(part["functionCall"]))
        else:
            choice.text += text(part.get("text"))
    if reason := candidate.get("finishReason"):
        choice.finish = FINISHES.get(str(reason), "stop")
    choice.logprobs += len(records(record(candidate.get("logprobsResult")).get("chosenCandidates")))


def _call(choice: Choice, call: dict[str, Any]) -> None:
    """A whole call, or one that is said in pieces: its name first, then `partialArgs`."""
    if call.get("name"):
        choice.call(len(choice.calls), call["name"], dumped(call.get("args") or {}))
    if not choice.calls:
        return
    last = choice.calls[len(choice.calls) - 1]
    for piece in records(call.get("partialArgs")):
        arguments = last.meant
        _put(arguments, _PATH.findall(text(piece.get("jsonPath"))), piece)
        last.arguments = dumped(arguments)


_PATH = re.compile(r"\.(\w+)|\[(\d+)\]|\['([^']*)'\]")


def _put(holder: Any, path: list[tuple[str, str, str]], piece: dict[str, Any]) -> None:
    """Texts grow, anything else is set once."""
    for step, following in zip(path, [*path[1:], None], strict=True):
        key: Any = int(step[1]) if step[1] else step[0] or step[2]
        if isinstance(holder, list) and key == len(holder):
            holder.append(None)
        held = holder.get(key) if isinstance(holder, dict) else holder[key]
        if following is None:
            if "stringValue" in piece:
                holder[key] = text(held) + piece["stringValue"]
            else:
                holder[key] = piece.get("numberValue", piece.get("boolValue"))
        elif held is None:
            held = holder[key] = [] if following[1] else {}
        holder = held


def _tokens(usage: dict[str, Any]) -> Tokens | None:
    if not usage:
        return None
    thought = count(usage.get("thoughtsTokenCount"))
    return Tokens(
        count(usage.get("promptTokenCount")) + count(usage.get("toolUsePromptTokenCount")),
        count(usage.get("candidatesTokenCount")) + thought,
        count(usage.get("cachedContentTokenCount")),
        thought,
    )

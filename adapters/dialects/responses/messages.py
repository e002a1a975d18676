"""A chat conversation, said as input items."""

from typing import Any

import orjson

from adapters.dialects.lenient import record, records
from adapters.dialects.responses import thoughts
from adapters.dialects.responses.parts import content
from adapters.dialects.signatures import plain_id
from adapters.errors import BadRequest
from adapters.types import Json

_LONGEST_ID = 64  # characters; more are refused (github.com/openai/codex/issues/14355, 2026-03)

ASIDE = "output_items"  # in `provider_specific_fields`: what built-in tools did, as it came


def items(messages: Any) -> list[Json]:
    """Input items in the order of the messages.

    System and developer messages stay where they stand, and do not become `instructions`: those
    know no parts, and JSON mode looks for its word in the input alone.

    Raises:
        BadRequest: something that cannot be said.
    """
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    out: list[Json] = []
    custom: set[str] = set()  # ids of calls of custom tools
    legacy = ""
    for i, message in enumerate(messages):
        at = f"messages[{i}]"
        match message:
            case {"role": "system" | "developer" | "user" as role}:
                out.append({"role": role, "content": content(message.get("content"), at)})
            case {"role": "assistant"}:
                legacy = f"call_{i}"
                said = _assistant(message, at, legacy)
                custom |= {str(c["call_id"]) for c in said if c.get("type") == "custom_tool_call"}
                out += said
            case {"role": "tool"}:
                out.append(_result(message, message.get("tool_call_id"), at, custom))
            case {"role": "function"}:
                out.append(_result(message, legacy, at, custom))
            case {"role": role}:
                raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")
            case _:
                raise BadRequest("Expected a message.", param=at)
    return out


def _assistant(message: Json, at: str, legacy: str) -> list[Json]:
    """What built-in tools did, what was thought, what was said, and which tools are to be called,
    in the order in which a model gives them.
    """
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest("Expected an array of tool calls.", param=f"{at}.tool_calls")
    if not calls and isinstance(message.get("function_call"), dict):
        calls = [{"id": legacy, "function": message["function_call"]}]
    asides = _asides(message)
    return [
        *asides,
        *thoughts.items(message, asides),
        *_words(message, at),
        *(_call(call, f"{at}.tool_calls[{j}]") for j, call in enumerate(calls)),
    ]


def _asides(message: Json) -> list[Json]:
    kept = record(message.get("provider_specific_fields")).get(ASIDE)
    return [
        {name: value for name, value in item.items() if name != "index"}
        for item in records(kept)
        if isinstance(item.get("type"), str)
    ]


def _words(message: Json, at: str) -> list[Json]:
    said = content(message.get("content"), at, text="output_text")
    refusal = message.get("refusal")
    if not said and isinstance(refusal, str) and refusal:
        said = [{"type": "refusal", "refusal": refusal}]
    match said:
        case [{"type": "output_text", "text": text} as only] if len(only) == 2:
            said = text
    if not said:
        return []
    phase = record(message.get("provider_specific_fields")).get("phase")
    return [{"role": "assistant", "content": said, **({"phase": phase} if phase else {})}]


def _call(call: Any, at: str) -> Json:
    match call:
        case {"custom": {"name": str() as name} as custom}:
            text = custom.get("input")
            said = {"type": "custom_tool_call", "input": text if isinstance(text, str) else ""}
            return {**said, "call_id": plain_id(call.get("id"), _LONGEST_ID), "name": name}
        case {"function": {"name": str() as name} as function}:
            aside = record(call.get("provider_specific_fields"))
            kept = {"namespace": aside["namespace"]} if aside.get("namespace") else {}
            return {
                "type": "function_call",
                "call_id": plain_id(call.get("id"), _LONGEST_ID),
                "name": name,
                "arguments": _arguments(function.get("arguments")),
                **kept,
            }
        case _:
            raise BadRequest("A tool call needs a function with a name.", param=at)


def _arguments(written: Any) -> str:
    if isinstance(written, str):
        return written or "{}"
    return orjson.dumps(written or {}).decode()


def _result(message: Json, call_id: Any, at: str, custom: set[str]) -> Json:
    id_ = plain_id(call_id, _LONGEST_ID)
    kind = "custom_tool_call_output" if id_ in custom else "function_call_output"
    return {"type": kind, "call_id": id_, "output": content(message.get("content"), at)}

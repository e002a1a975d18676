"""A chat conversation, said as Cohere's messages.

Source: https://docs.cohere.com/reference/chat (read 2026-11). The two are close: roles and parts
bear the same names. What only the pivot knows is taken out of messages; fields that nobody knows
stay.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from adapters.dialects.lenient import record, records, string
from adapters.dialects.signatures import plain_id
from adapters.errors import BadRequest
from adapters.types import Json

_PIVOTS_OWN = frozenset(
    {"annotations", "audio", "cache_control", "function_call", "name", "provider_specific_fields"}
    | {"reasoning", "reasoning_content", "reasoning_details", "refusal", "thinking_blocks"}
)


def conversation(messages: Any) -> list[Json]:
    """Cohere's messages.

    Raises:
        BadRequest: something that cannot be said.
    """
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    return [_message(message, f"messages[{i}]") for i, message in enumerate(_modern(messages))]


def _modern(messages: list[Any]) -> Iterator[Json]:
    """The messages with `function_call` and role `function` said as tool calls."""
    last_call = ""
    for i, message in enumerate(messages):
        match message:
            case {"role": "assistant", "function_call": {} as call} if not message.get(
                "tool_calls"
            ):
                last_call = f"call_{i}"
                yield {**message, "tool_calls": [{"id": last_call, "function": call}]}
            case {"role": "function"}:
                yield {**message, "role": "tool", "tool_call_id": last_call}
            case {}:
                yield message
            case _:
                raise BadRequest("Expected a message.", param=f"messages[{i}]")


def _message(message: Json, at: str) -> Json:
    rest = {name: value for name, value in message.items() if name not in _PIVOTS_OWN}
    match message.get("role"):
        case "system" | "developer":
            return {**rest, "role": "system", "content": _content(message, at)}
        case "user":
            return {**rest, "content": _content(message, at)}
        case "assistant":
            return _assistant(message, rest, at)
        case "tool":
            found, id_ = _content(message, at), plain_id(rest.get("tool_call_id"))
            said = {**rest, "content": "" if found is None else found}
            return {**said, "tool_call_id": id_} if id_ else said
        case role:
            raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")


def _assistant(message: Json, rest: Json, at: str) -> Json:
    """What was thought before tools were called is a plan, unless it came as thinking.

    Thinking that somebody has signed is somebody else's and stays out.
    """
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest("Expected an array of tool calls.", param=f"{at}.tool_calls")
    thoughts = [
        block["thinking"]
        for block in records(message.get("thinking_blocks"))
        if string(block.get("thinking")) and not block.get("signature")
    ]
    said: Any = _content(message, at) or string(message.get("refusal"))
    if thoughts:
        text = [{"type": "text", "text": said}] if isinstance(said, str) and said else said or []
        said = [*({"type": "thinking", "thinking": thought} for thought in thoughts), *text]
    plan = string(message.get("reasoning_content")).removeprefix("".join(thoughts))
    out = {**rest, "content": said}
    if calls:
        out["tool_calls"] = [_call(call, f"{at}.tool_calls[{j}]") for j, call in enumerate(calls)]
        if plan and not rest.get("tool_plan"):
            out["tool_plan"] = plan
        if not said:
            del out["content"]
    elif "tool_calls" in out:
        del out["tool_calls"]
    return {**out, **_citations(message)}


def _citations(message: Json) -> Json:
    """Those of an earlier reply, if the client has kept them; streams have numbered them."""
    kept = records(record(message.get("provider_specific_fields")).get("citations"))
    found = [
        {name: value for name, value in citation.items() if name != "index"}
        for citation in kept
        if "start" in citation and "sources" in citation
    ]
    return {"citations": found} if found else {}


def _call(call: Any, at: str) -> Json:
    match call:
        case {"function": {"name": str() as name} as function}:
            arguments = function.get("arguments")
        case _:
            raise BadRequest("A tool call needs a function with a name.", param=at)
    if not isinstance(arguments, str):
        arguments = orjson.dumps(arguments or {}).decode()
    return {
        "id": plain_id(call.get("id")),
        "type": "function",
        "function": {"name": name, "arguments": arguments if arguments.strip() else "{}"},
    }


def _content(message: Json, at: str) -> str | list[Json] | None:
    match message.get("content"):
        case None:
            return None
        case str() as text:
            return text
        case list() as parts:
            return [_part(part, f"{at}.content[{i}]") for i, part in enumerate(parts)]
        case _:
            raise BadRequest(
                "Expected a string or an array of content parts.", param=f"{at}.content"
            )


def _part(part: Any, at: str) -> Json:
    """A content part. Documents are Cohere's own, and pass."""
    match part:
        case str():
            return {"type": "text", "text": part}
        case {"type": "refusal", "refusal": str() as text}:
            return {"type": "text", "text": text}
        case {"type": "image_url", "image_url": str() as url}:
            return {"type": "image_url", "image_url": {"url": url}}
        case {"type": "input_audio"}:
            raise BadRequest("This model takes no audio.", param=at)
        case {"type": "file"}:
            text = "This model takes no files; text can be sent as `documents`."
            raise BadRequest(text, param=at)
        case {}:
            return {name: value for name, value in part.items() if name != "cache_control"}
        case _:
            raise BadRequest("Expected a content part.", param=at)

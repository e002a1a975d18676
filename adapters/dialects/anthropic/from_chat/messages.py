"""A chat conversation, said as Anthropic's system prompt and turns."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from adapters.dialects.anthropic.from_chat.parts import blocks, with_cache_control
from adapters.dialects.lenient import record, records
from adapters.dialects.signatures import is_anthropics, plain_id
from adapters.errors import BadRequest
from adapters.types import Json

_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")


def conversation(messages: Any) -> tuple[list[Json], list[Json]]:
    """(system blocks, turns).

    System messages go to the system prompt wherever they stand, for most models refuse them
    among the turns; where they are all there is, the last one becomes the user's. Messages of
    one role are merged, those with nothing in them left out.

    Raises:
        BadRequest: something that cannot be said.

    """
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    system: list[list[Json]] = []
    turns: list[Json] = []
    for i, message in enumerate(_modern(messages)):
        at = f"messages[{i}]"
        match message.get("role"):
            case "system" | "developer":
                system.append(_plain(message, at))
            case "user":
                _add(turns, "user", _plain(message, at))
            case "assistant":
                _add(turns, "assistant", _assistant(message, at))
            case "tool":
                _add(turns, "user", [_tool_result(message, at)])
            case role:
                raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")
    if not turns and system:
        _add(turns, "user", system.pop())
    return [block for found in system for block in found], [
        _settled(turns, i) for i in range(len(turns))
    ]


def tool_id(id_: Any) -> str:
    """An id as Anthropic takes it: other providers' ids hold dots and colons."""
    return _NOT_IN_AN_ID.sub("_", plain_id(id_))


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


def _plain(message: Json, at: str) -> list[Json]:
    return with_cache_control(blocks(message.get("content"), at), message.get("cache_control"))


def _add(turns: list[Json], role: str, found: list[Json]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += found
    elif found:
        turns.append({"role": role, "content": list(found)})


def _settled(turns: list[Json], i: int) -> Json:
    """Tool results come first in a user's turn; a last word to continue ends in no space."""
    role, content = turns[i]["role"], turns[i]["content"]
    if role == "user":
        content = sorted(content, key=lambda block: block.get("type") != "tool_result")
    elif i == len(turns) - 1 and content[-1].get("type") == "text":
        content = [*content[:-1], {**content[-1], "text": content[-1]["text"].rstrip()}]
    return {"role": role, "content": content}


def _assistant(message: Json, at: str) -> list[Json]:
    said = blocks(message.get("content"), at)
    if not said and isinstance(message.get("refusal"), str):
        said = blocks(message["refusal"], at)
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest("Expected an array of tool calls.", param=f"{at}.tool_calls")
    found = [
        *_thinking(message),
        *_server_tools(message),
        *said,
        *(_tool_use(call, f"{at}.tool_calls[{j}]") for j, call in enumerate(calls)),
    ]
    return with_cache_control(found, message.get("cache_control"))


def _thinking(message: Json) -> list[Json]:
    """Signed thinking only: Anthropic refuses what it has not signed."""
    return [
        {name: value for name, value in block.items() if name not in {"cache_control", "index"}}
        for block in records(message.get("thinking_blocks"))
        if is_anthropics(block.get("signature")) or block.get("type") == "redacted_thinking"
    ]


def _server_tools(message: Json) -> list[Json]:
    """What Anthropic's own tools said in an earlier reply, if the client has kept it."""
    kept = record(message.get("provider_specific_fields")).get("blocks")
    return [
        {name: value for name, value in block.items() if name != "index"}
        for block in records(kept)
        if block.get("type")
    ]


def _tool_use(call: Any, at: str) -> Json:
    match call:
        case {"function": {"name": str() as name} as function}:
            arguments = function.get("arguments")
        case _:
            raise BadRequest("A tool call needs a function with a name.", param=at)
    block: Json = {
        "type": "tool_use",
        "id": tool_id(call.get("id")),
        "name": name,
        "input": _input(arguments, f"{at}.function.arguments"),
    }
    mark = call.get("cache_control")
    return {**block, "cache_control": mark} if mark is not None else block


def _input(arguments: Any, at: str) -> Json:
    if isinstance(arguments, dict):
        return arguments
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    try:
        parsed = orjson.loads(arguments)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"Expected JSON: {error}.", param=at) from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise BadRequest("Expected a JSON object.", param=at)
    return parsed


def _tool_result(message: Json, at: str) -> Json:
    """A cache mark inside a result is lifted onto it: Anthropic refuses it further in."""
    found = blocks(message.get("content"), at)
    marks = [block["cache_control"] for block in found if "cache_control" in block]
    mark = message.get("cache_control") or (marks[-1] if marks else None)
    result: Json = {"type": "tool_result", "tool_use_id": tool_id(message.get("tool_call_id"))}
    match found:
        case []:
            pass
        case [{"type": "text", "text": text}]:
            result["content"] = text
        case _:
            result["content"] = [
                {name: value for name, value in block.items() if name != "cache_control"}
                for block in found
            ]
    return {**result, "cache_control": mark} if mark is not None else result

"""A chat conversation, said as Converse's system prompt and turns.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
(read 2026-11).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.dialects.bedrock.models import Family, caches, family
from adapters.dialects.bedrock.names import Names, tool_id
from adapters.dialects.bedrock.parts import blocks, document_name, marked, with_mark
from adapters.dialects.lenient import record, records
from adapters.dialects.signatures import is_anthropics
from adapters.errors import BadRequest
from adapters.types import Json

_SERVER_SIDE = frozenset({"toolUse", "toolResult"})
_SIGNS = frozenset({Family.CLAUDE, Family.UNTOLD})


@dataclass(slots=True)
class Conversation:
    system: list[Json] = field(default_factory=list)
    turns: list[Json] = field(default_factory=list)
    called: bool = False  # whether a tool has been called in it


def conversation(chat: Json, names: Names) -> Conversation:
    """System messages go to the system prompt wherever they stand; where they are all there is,
    the last one becomes the user's. Messages of one role are merged, for turns must alternate;
    those with nothing in them are left out.

    Raises:
        BadRequest: something that cannot be said.
    """
    messages = chat.get("messages")
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    model = str(chat.get("model") or "")
    signs = family(model) in _SIGNS
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
                thoughts = _thinking(message) if signs else []
                _add(turns, "assistant", [*thoughts, *_assistant(message, at, names)])
            case "tool":
                _add(turns, "user", [_tool_result(message, at)])
            case role:
                raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")
    if not turns and system:
        _add(turns, "user", system.pop())
    can_cache = caches(model)
    _settle(turns)
    prompt = [block for found in system for block in found]
    return Conversation(
        system=marked(prompt, caches=can_cache),
        turns=[{**turn, "content": marked(turn["content"], caches=can_cache)} for turn in turns],
        called=any(block.keys() & _SERVER_SIDE for turn in turns for block in turn["content"]),
    )


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
    return with_mark(blocks(message.get("content"), at), message.get("cache_control"))


def _add(turns: list[Json], role: str, found: list[Json]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += found
    elif found:
        turns.append({"role": role, "content": list(found)})


def _settle(turns: list[Json]) -> None:
    """Tool results come first in a user's turn; a last word to continue ends in no space;
    documents have names.
    """
    taken: set[str] = set()
    for turn in turns:
        content = [_named(block, taken) for block in turn["content"]]
        if turn["role"] == "user":
            content.sort(key=lambda block: "toolResult" not in block)
        turn["content"] = content
    match turns[-1:]:
        case [{"role": "assistant", "content": [*_, {"text": str() as text} as last]}]:
            turns[-1]["content"][-1] = {**last, "text": text.rstrip()}


def _named(block: Json, taken: set[str]) -> Json:
    match block:
        case {"document": {"name": name} as document} if isinstance(name, str):
            return {**block, "document": {**document, "name": document_name(name, taken)}}
        case {"toolResult": {"content": [*inner]} as result}:
            named = [_named(item, taken) if isinstance(item, dict) else item for item in inner]
            return {**block, "toolResult": {**result, "content": named}}
        case _:
            return block


def _assistant(message: Json, at: str, names: Names) -> list[Json]:
    said = blocks(message.get("content"), at)
    if not said and isinstance(message.get("refusal"), str):
        said = blocks(message["refusal"], at)
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest("Expected an array of tool calls.", param=f"{at}.tool_calls")
    found = [
        *_server_tools(message),
        *said,
        *(_tool_use(call, f"{at}.tool_calls[{j}]", names) for j, call in enumerate(calls)),
    ]
    return with_mark(found, message.get("cache_control"))


def _thinking(message: Json) -> list[Json]:
    """Signed thinking only: Claude refuses what it has not signed, and others need none back."""
    found: list[Json] = []
    for block in records(message.get("thinking_blocks")):
        match block:
            case {"type": "redacted_thinking", "data": str() as data} if data:
                found.append({"reasoningContent": {"redactedContent": data}})
            case {"thinking": str() as text, "signature": sign} if is_anthropics(sign):
                told = {"text": text, "signature": sign}
                found.append({"reasoningContent": {"reasoningText": told}})
    return found


def _server_tools(message: Json) -> list[Json]:
    """What Bedrock's own tools said in an earlier reply, if the client has kept it."""
    kept = record(message.get("provider_specific_fields")).get("blocks")
    return [
        {name: value for name, value in block.items() if name != "index"}
        for block in records(kept)
        if block.keys() & _SERVER_SIDE
    ]


def _tool_use(call: Any, at: str, names: Names) -> Json:
    match call:
        case {"function": {"name": str() as name} as function}:
            arguments = function.get("arguments")
        case _:
            raise BadRequest("A tool call needs a function with a name.", param=at)
    use = {
        "toolUseId": tool_id(call.get("id")),
        "name": names.theirs(name),
        "input": _input(arguments, f"{at}.function.arguments"),
    }
    mark = call.get("cache_control")
    return {"toolUse": use, **({"cache_control": mark} if mark is not None else {})}


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
    """A cache mark inside a result is lifted onto it: cache points stand between blocks."""
    found = blocks(message.get("content"), at)
    marks = [block["cache_control"] for block in found if "cache_control" in block]
    mark = message.get("cache_control") or (marks[-1] if marks else None)
    result: Json = {
        "toolUseId": tool_id(message.get("tool_call_id")),
        "content": marked(found, caches=False),
    }
    return {"toolResult": result, **({"cache_control": mark} if mark is not None else {})}

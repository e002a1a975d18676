"""Anthropic's system prompt and turns, said as chat messages.

Source: https://platform.claude.com/docs/en/api/messages (read 2026-11).
"""

from typing import Any

import orjson

from adapters.dialects.anthropic.words import BILLING_MARK
from adapters.dialects.lenient import records, string
from adapters.errors import BadRequest
from adapters.types import Json

_IMAGE_FOLLOWS = "(the image is in the next message)"


def system_message(system: Any, at: str = "system") -> list[Json]:
    """The system prompt as one message, or none. Text as a string, which everybody takes, unless
    its blocks bear cache marks.
    """
    match system:
        case None | "" | []:
            return []
        case str():
            found: list[Json] = [{"type": "text", "text": system}]
        case list():
            found = [_text_block(block, f"{at}[{i}]") for i, block in enumerate(system)]
        case _:
            raise BadRequest("Expected a string or an array of blocks.", param=at)
    parts = [part for part in found if not part["text"].startswith(BILLING_MARK)]
    return [{"role": "system", "content": _content(parts, "\n")}] if parts else []


def chat_messages(messages: Any) -> list[Json]:
    """The turns. One turn may become several messages: results of tools have their own.

    Raises:
        BadRequest: a block that cannot be said.

    """
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    out: list[Json] = []
    for i, message in enumerate(messages):
        at = f"messages[{i}]"
        match message:
            case {"role": "user"}:
                out += _user(_blocks(message, at), at)
            case {"role": "assistant"}:
                out += _assistant(_blocks(message, at), at)
            case {"role": "system"}:
                out += system_message(message.get("content"), f"{at}.content")
            case _:
                raise BadRequest("Expected a message of a known role.", param=f"{at}.role")
    return out


def _blocks(message: Json, at: str) -> list[Json]:
    match message.get("content"):
        case None:
            return []
        case str() as text:
            return [{"type": "text", "text": text}]
        case list() as found if all(isinstance(block, dict) for block in found):
            return found
        case _:
            raise BadRequest("Expected a string or an array of blocks.", param=f"{at}.content")


def _content(parts: list[Json], glue: str = "") -> Any:
    """Parts as a string, where they are text alone and nothing is lost."""
    if all(part.keys() == {"type", "text"} for part in parts):
        return glue.join(part["text"] for part in parts)
    return parts


def _user(found: list[Json], at: str) -> list[Json]:
    out: list[Json] = []
    parts: list[Json] = []
    for i, block in enumerate(found):
        here = f"{at}.content[{i}]"
        if block.get("type") == "tool_result":
            result, media = _tool_result(block, here)
            out.append(result)
            parts += media
        else:
            parts += _part(block, here)
    if len(parts) == 1:
        out.append({"role": "user", "content": _content(parts)})
    elif parts:
        out.append({"role": "user", "content": parts})
    return out


def _tool_result(block: Json, at: str) -> tuple[Json, list[Json]]:
    """(the tool's message, what it returned that only a user's message can hold)."""
    content = _blocks(block, at)
    parts = [part for i, b in enumerate(content) for part in _part(b, f"{at}.content[{i}]")]
    media = [part for part in parts if part["type"] != "text"]
    text = "\n".join(part["text"] for part in parts if part["type"] == "text")
    if media and not text:
        text = _IMAGE_FOLLOWS
    if block.get("is_error") and not text.lower().startswith("error"):
        text = f"Error: {text}"
    message: Json = {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": text}
    if mark := block.get("cache_control"):
        marked = {"type": "text", "text": text, "cache_control": mark}
        return {**message, "content": [marked]}, media
    return message, media


def _part(block: Json, at: str) -> list[Json]:
    """One block of a user or of a tool's result as content parts."""
    match block:
        case {"type": "text"}:
            parts = [_text_block(block, at)]
        case {"type": "image", "source": {} as source}:
            parts = [{"type": "image_url", "image_url": {"url": _url(source, f"{at}.source")}}]
        case {"type": "document", "source": {} as source}:
            parts = _document(block, source, f"{at}.source")
        case {"type": "search_result"}:
            told = [string(b.get("text")) for b in records(block.get("content"))]
            head = [str(block.get("title") or ""), str(block.get("source") or "")]
            parts = [{"type": "text", "text": "\n".join([*head, *told])}]
        case {"type": "tool_reference", "tool_name": name}:
            parts = [{"type": "text", "text": f"Tool found: {name}"}]
        case _:
            kind = block.get("type")
            raise BadRequest(f"This model takes no {kind!r} block.", param=f"{at}.type")
    mark = block.get("cache_control")
    if mark is not None and parts:
        parts[-1] = {**parts[-1], "cache_control": mark}
    return parts


def _text_block(block: Any, at: str) -> Json:
    match block:
        case str():
            return {"type": "text", "text": block}
        case {"type": "text", "text": str() as text}:
            mark = block.get("cache_control")
            marked = {"cache_control": mark} if mark is not None else {}
            return {"type": "text", "text": text, **marked}
        case _:
            raise BadRequest("Expected a text block.", param=at)


def _url(source: Json, at: str) -> str:
    match source:
        case {"type": "base64", "media_type": str() as media_type, "data": str() as data}:
            return f"data:{media_type};base64,{data}"
        case {"type": "url", "url": str() as url}:
            return url
        case _:
            raise BadRequest("This model takes data and addresses only.", param=f"{at}.type")


def _document(block: Json, source: Json, at: str) -> list[Json]:
    match source:
        case {"type": "text", "data": str() as text}:
            titles = [str(block[name]) for name in ("title", "context") if block.get(name)]
            return [{"type": "text", "text": "\n".join([*titles, text])}]
        case {"type": "content", "content": str() as text}:
            return [{"type": "text", "text": text}]
        case {"type": "content", "content": [*inner]}:
            found = [_part(b, f"{at}.content[{i}]") for i, b in enumerate(records(inner))]
            return [part for parts in found for part in parts]
        case {"type": "file", "file_id": str() as id_}:
            return [{"type": "file", "file": {"file_id": id_}}]
        case _:  # an address: some take it as file data, the others refuse it by name
            file = {
                "filename": str(block.get("title") or "document.pdf"),
                "file_data": _url(source, at),
            }
            return [{"type": "file", "file": file}]


def _assistant(found: list[Json], at: str) -> list[Json]:
    parts: list[Json] = []
    calls: list[Json] = []
    thinking: list[Json] = []
    for i, block in enumerate(found):
        match block:
            case {"type": "text"}:
                parts.append(_text_block(block, f"{at}.content[{i}]"))
            case {"type": "tool_use"}:
                calls.append(_tool_call(block))
            case {"type": "thinking" | "redacted_thinking"}:
                thinking.append(block)
            case {"type": str()}:
                parts += _server_tool(block)
            case _:
                raise BadRequest("Expected a block.", param=f"{at}.content[{i}].type")
    if not (parts or calls or thinking):
        return []
    out: Json = {"role": "assistant", "content": _content(parts) if parts else None}
    if calls:
        out["tool_calls"] = calls
    elif not parts:
        out["content"] = ""
    return [{**out, **_thoughts(thinking)}]


def _thoughts(thinking: list[Json]) -> Json:
    """Thinking as text, and as blocks where somebody has signed them."""
    out: Json = {}
    if text := "".join(string(block.get("thinking")) for block in thinking):
        out["reasoning_content"] = text
    if any(block.get("signature") or block.get("data") for block in thinking):
        out["thinking_blocks"] = thinking
    return out


def _tool_call(block: Json) -> Json:
    arguments = orjson.dumps(block.get("input") or {}).decode()
    function = {"name": block.get("name") or "", "arguments": arguments}
    call: Json = {"id": block.get("id") or "", "type": "function", "function": function}
    mark = block.get("cache_control")
    return {**call, "cache_control": mark} if mark is not None else call


def _server_tool(block: Json) -> list[Json]:
    """What Anthropic's own tools did earlier, told as text; what only Anthropic can read is not."""
    match block:
        case {"type": "server_tool_use" | "mcp_tool_use", "name": name}:
            text = f"[{name}: {orjson.dumps(block.get('input') or {}).decode()}]"
        case {"type": "compaction", "content": str() as text}:
            pass
        case {"content": content}:
            text = f"[{block['type']}: {orjson.dumps(_readable(content)).decode()}]"
        case _:
            text = f"[{block['type']}]"
    return [{"type": "text", "text": f"{text}\n"}]


def _readable(value: Any) -> Any:
    match value:
        case dict():
            kept = {k: v for k, v in value.items() if not k.startswith("encrypted_")}
            return {name: _readable(inner) for name, inner in kept.items()}
        case list():
            return [_readable(inner) for inner in value]
        case _:
            return value

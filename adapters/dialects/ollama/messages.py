"""A chat conversation, said as Ollama's messages.

Content is one text; images stand beside it as base64. Arguments of tools are objects. A tool's
result names its tool, so the name is looked up from the call that it answers.
Source: https://docs.ollama.com/api/chat, https://docs.ollama.com/capabilities/vision and
https://docs.ollama.com/capabilities/tool-calling (read 2026-11).
"""

import base64
import binascii
from typing import Any

import orjson

from adapters.dialects.lenient import records, string
from adapters.dialects.signatures import plain_id
from adapters.errors import BadRequest
from adapters.types import Json

_ROLES = {"developer": "system", "function": "tool"}
_SAID_OTHERWISE = frozenset(
    {
        *("role", "content", "tool_calls", "tool_call_id", "function_call", "cache_control"),
        *("reasoning_content", "thinking_blocks", "provider_specific_fields", "annotations"),
        *("refusal", "audio"),
    }
)


def conversation(messages: Any) -> list[Json]:
    """Ollama's messages, one for each of the chat's.

    Raises:
        BadRequest: something that cannot be said.
    """
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    names: dict[str, str] = {}  # of the tools called so far, by the call's id
    return [_message(message, f"messages[{i}]", names) for i, message in enumerate(messages)]


def _message(message: Any, at: str, names: dict[str, str]) -> Json:
    if not isinstance(message, dict):
        raise BadRequest("Expected a message.", param=at)
    role = message.get("role")
    if role not in ("system", "developer", "user", "assistant", "tool", "function"):
        raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")
    role = _ROLES.get(role, role)
    rest = {name: value for name, value in message.items() if name not in _SAID_OTHERWISE}
    text, images = _content(message.get("content"), at)
    said: Json = {"role": role, "content": text, **({"images": images} if images else {})}
    match role:
        case "assistant":
            said |= _assistant(message, at, names)
        case "tool":
            said |= _result(message, rest, names)
    return {**rest, **said}


def _assistant(message: Json, at: str, names: dict[str, str]) -> Json:
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest("Expected an array of tool calls.", param=f"{at}.tool_calls")
    if message.get("function_call"):
        calls = [*calls, {"function": message["function_call"]}]
    said = {
        "thinking": _thought(message),
        "tool_calls": [_call(call, f"{at}.tool_calls[{i}]", names) for i, call in enumerate(calls)],
    }
    return {name: value for name, value in said.items() if value}


def _thought(message: Json) -> str:
    """The model's own thinking: models that think between calls lose their thread without it."""
    blocks = records(message.get("thinking_blocks"))
    return string(message.get("reasoning_content")) or "".join(
        string(block.get("thinking")) for block in blocks
    )


def _call(call: Any, at: str, names: dict[str, str]) -> Json:
    match call:
        case {"function": {"name": str() as name} as function}:
            arguments = _arguments(function.get("arguments"), f"{at}.function.arguments")
        case _:
            raise BadRequest("A tool call needs a function with a name.", param=at)
    said: Json = {"function": {"name": name, "arguments": arguments}}
    if id_ := plain_id(call.get("id")):
        names[id_] = name
        said = {"id": id_, **said}
    return said


def _arguments(arguments: Any, at: str) -> Json:
    if isinstance(arguments, dict):
        return arguments
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    try:
        parsed = orjson.loads(arguments)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"Expected JSON: {error}.", param=at) from error
    if parsed is not None and not isinstance(parsed, dict):
        raise BadRequest("Expected a JSON object.", param=at)
    return parsed or {}


def _result(message: Json, rest: Json, names: dict[str, str]) -> Json:
    """Whose result it is: by name, and, for servers since 0.13, by the call's id as well."""
    id_ = plain_id(message.get("tool_call_id"))
    name = names.get(id_) or string(rest.pop("name", None)) or string(rest.get("tool_name"))
    said = {"tool_name": name, "tool_call_id": id_}
    return {field: value for field, value in said.items() if value}


def _content(content: Any, at: str) -> tuple[str, list[str]]:
    """(text, images in base64). Parts of text are told apart by a line's end."""
    match content:
        case None:
            return "", []
        case str():
            return content, []
        case list():
            pass
        case _:
            text = "Expected a string or an array of content parts."
            raise BadRequest(text, param=f"{at}.content")
    texts: list[str] = []
    images: list[str] = []
    for i, part in enumerate(content):
        found, image = _part(part, f"{at}.content[{i}]")
        texts += [found] if found else []
        images += [image] if image else []
    return "\n".join(texts), images


def _part(part: Any, at: str) -> tuple[str, str]:
    """(text, image): one of them is empty, or both."""
    match part:
        case str():
            return part, ""
        case {"type": "text", "text": str() as text} | {
            "type": "refusal",
            "refusal": str() as text,
        }:
            return text, ""
        case {"type": "thinking"}:
            return "", ""  # Mistral's
        case {"type": "image_url", "image_url": {"url": str() as url} | (str() as url)}:
            return "", _image(url, f"{at}.image_url.url")
        case {"type": "file", "file": {"file_data": str() as data}}:
            return _file(data, f"{at}.file.file_data")
        case {"type": "input_audio"}:
            raise BadRequest("Ollama takes no audio.", param=at)
        case {"type": "file"}:
            raise BadRequest("Ollama takes no files but images and text.", param=at)
        case _:
            raise BadRequest("Expected a part of text or an image.", param=at)


def _image(url: str, at: str) -> str:
    media_type, data = _data_url(url)
    if not media_type.startswith("image/"):
        raise BadRequest("Expected an image as a base64 data URL.", param=at)
    return data


def _file(url: str, at: str) -> tuple[str, str]:
    media_type, data = _data_url(url)
    if media_type.startswith("image/"):
        return "", data
    if not media_type.startswith("text/"):
        raise BadRequest("Ollama takes no files but images and text.", param=at)
    try:
        return base64.b64decode(data, validate=True).decode(), ""
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadRequest("Expected base64 of UTF-8 text.", param=at) from error


def _data_url(url: str) -> tuple[str, str]:
    """(media type, base64); empty if it is no such thing."""
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        return "", ""
    return head.removeprefix("data:").split(";")[0].lower(), data

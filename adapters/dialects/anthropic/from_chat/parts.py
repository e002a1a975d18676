"""Content parts of a chat message, said as Anthropic's content blocks.

Source: https://platform.claude.com/docs/en/build-with-claude/vision and
https://platform.claude.com/docs/en/build-with-claude/pdf-support (read 2026-11).
"""

import base64
import binascii
from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json


def blocks(content: Any, at: str) -> list[Json]:
    """The blocks of a message's `content`. Empty text is left out: Anthropic refuses it.

    Parts that are already in Anthropic's words, or in nobody's, pass as they are.

    Raises:
        BadRequest: a part that cannot be said.

    """
    match content:
        case None:
            return []
        case str():
            return [{"type": "text", "text": content}] if content.strip() else []
        case list():
            found = [_block(part, f"{at}.content[{i}]") for i, part in enumerate(content)]
            return [block for block in found if block is not None]
        case _:
            raise BadRequest(
                "Expected a string or an array of content parts.", param=f"{at}.content"
            )


def with_cache_control(found: list[Json], mark: Any) -> list[Json]:
    """A mark on the message belongs on its last block that may bear one."""
    if mark is None:
        return found
    for i in reversed(range(len(found))):
        if found[i].get("type") not in {"thinking", "redacted_thinking"}:
            return [*found[:i], {**found[i], "cache_control": mark}, *found[i + 1 :]]
    return found


def _block(part: Any, at: str) -> Json | None:
    block: Json
    match part:
        case str():
            return {"type": "text", "text": part} if part.strip() else None
        case {"type": "text", "text": str() as text}:
            block = part
            return block if text.strip() else None
        case {"type": "refusal", "refusal": str() as text}:
            return {"type": "text", "text": text} if text.strip() else None
        case {"type": "thinking"} if not part.get("signature"):
            return None  # Mistral's; Anthropic refuses thinking it has not signed
        case {"type": "image_url", "image_url": {"url": str() as url} | (str() as url)}:
            return _marked(_medium(url, f"{at}.image_url.url"), part)
        case {"type": "file", "file": {} as file}:
            return _marked(_file(file, f"{at}.file"), part)
        case {"type": "input_audio"}:
            raise BadRequest("This model takes no audio.", param=at)
        case {"type": "image_url" | "file"}:
            raise BadRequest("This content part is incomplete.", param=at)
        case {}:
            block = part
            return block
        case _:
            raise BadRequest("Expected a content part.", param=at)


def _marked(block: Json, part: Json) -> Json:
    mark = part.get("cache_control")
    return {**block, "cache_control": mark} if mark is not None else block


def _file(file: Json, at: str) -> Json:
    title = {"title": file["filename"]} if file.get("filename") else {}
    match file:
        case {"file_data": str() as data} if data.startswith(("data:", "http:", "https:")):
            block = _medium(data, f"{at}.file_data", block_type="document")
        case {"file_data": str() as data}:
            source = {"type": "base64", "media_type": "application/pdf", "data": data}
            block = {"type": "document", "source": source}
        case {"file_id": str() as id_} if id_.startswith(("http:", "https:")):
            block = {"type": "document", "source": {"type": "url", "url": id_}}
        case {"file_id": str() as id_}:
            block = {"type": "document", "source": {"type": "file", "file_id": id_}}
        case _:
            raise BadRequest("A file needs `file_data` or `file_id`.", param=at)
    return {**block, **title} if block["type"] == "document" else block


def _medium(url: str, at: str, block_type: str = "image") -> Json:
    """An image or a document, from a data URL or an address."""
    if url.startswith(("http:", "https:")):
        return {"type": block_type, "source": {"type": "url", "url": url}}
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and comma and head.endswith(";base64")):
        raise BadRequest("Expected an http(s) URL or a base64 data URL.", param=at)
    media_type = head.removeprefix("data:").split(";")[0].lower()
    if media_type.startswith("image/"):
        kind = media_type.replace("image/jpg", "image/jpeg")
        return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
    if media_type.startswith("text/"):
        plain = {"type": "text", "media_type": "text/plain", "data": _text(data, at)}
        return {"type": "document", "source": plain}
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "document", "source": source}


def _text(data: str, at: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadRequest("Expected base64 of UTF-8 text.", param=at) from error

"""Content parts of a chat message, said as Converse's content blocks.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
(read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json

_FORMATS: Mapping[str, str] = {  # the last part of a media type, or a file's ending -> format
    "jpg": "jpeg",
    "plain": "txt",
    "text": "txt",
    "markdown": "md",
    "x-markdown": "md",
    "htm": "html",
    "msword": "doc",
    "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "vnd.ms-excel": "xls",
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "quicktime": "mov",
    "x-matroska": "mkv",
    "x-flv": "flv",
    "x-ms-wmv": "wmv",
    "3gpp": "three_gp",
    "3gp": "three_gp",
    "x-wav": "wav",
    "wave": "wav",
    "vnd.wave": "wav",
    "x-m4a": "m4a",
    "x-flac": "flac",
}
_IMAGES = frozenset({"png", "jpeg", "gif", "webp"})
_VIDEOS = frozenset({"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"})
_SOUNDS = frozenset({"mp3", "opus", "wav", "aac", "flac", "ogg", "mka", "m4a", "pcm"})
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9\s()\[\]-]|\s(?=\s)")
_NAME_LIMIT = 200


def blocks(content: Any, at: str) -> list[Json]:
    """The blocks of a message's `content`. Empty text is left out: Bedrock refuses it.

    Parts that are already in Converse's words, or in nobody's, pass as they are. A cache mark
    stays on its block, as `cache_control`: see `marked`.

    Raises:
        BadRequest: a part that cannot be said.
    """
    match content:
        case None:
            return []
        case str():
            return [{"text": content}] if content.strip() else []
        case list():
            found = [_block(part, f"{at}.content[{i}]") for i, part in enumerate(content)]
            return [block for block in found if block is not None]
        case _:
            raise BadRequest(
                "Expected a string or an array of content parts.", param=f"{at}.content"
            )


def marked(found: list[Json], *, caches: bool) -> list[Json]:
    """Cache marks said as cache points, which stand behind what they mark; or left out."""
    out: list[Json] = []
    for block in found:
        if "cache_control" not in block:
            out.append(block)
            continue
        out.append({name: value for name, value in block.items() if name != "cache_control"})
        if caches:
            out.append(cache_point(block["cache_control"]))
    return out


def cache_point(mark: Any) -> Json:
    point: Json = {"type": "default"}
    match mark:
        case {"ttl": "5m" | "1h" as ttl}:
            point["ttl"] = ttl
    return {"cachePoint": point}


def with_mark(found: list[Json], mark: Any) -> list[Json]:
    """A mark on the message belongs on its last block; thinking cannot bear one."""
    if mark is None:
        return found
    for i in reversed(range(len(found))):
        if "reasoningContent" not in found[i]:
            return [*found[:i], {**found[i], "cache_control": mark}, *found[i + 1 :]]
    return found


def document_name(wanted: Any, taken: set[str]) -> str:
    """A name that Bedrock takes: few characters are allowed, and none twice in a request."""
    stem = str(wanted or "").rpartition("/")[2]
    stem = stem.rpartition(".")[0] or stem
    name = " ".join(_NOT_IN_A_NAME.sub(" ", stem).split())[:_NAME_LIMIT].strip() or "document"
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name[: _NAME_LIMIT - 8]} {number}"
    taken.add(unique)
    return unique


def _block(part: Any, at: str) -> Json | None:
    match part:
        case str():
            return {"text": part} if part.strip() else None
        case {"type": "text", "text": str() as text} | {
            "type": "refusal",
            "refusal": str() as text,
        }:
            return _bearing({"text": text}, part) if text.strip() else None
        case {"type": "guarded_text", "text": str() as text}:
            return _bearing({"guardContent": {"text": {"text": text}}}, part)
        case {"type": "image_url", "image_url": {"url": str() as url} | (str() as url)}:
            return _bearing(_medium(url, f"{at}.image_url.url"), part)
        case {"type": "video_url", "video_url": {"url": str() as url} | (str() as url)}:
            return _bearing(_medium(url, f"{at}.video_url.url"), part)
        case {"type": "file", "file": {} as file}:
            return _bearing(_file(file, f"{at}.file"), part)
        case {"type": "input_audio", "input_audio": {"data": str() as data} as audio} if data:
            kind = str(audio.get("format") or "wav")
            return _bearing(_bytes("audio", _FORMATS.get(kind, kind), data), part)
        case {"type": "image_url" | "video_url" | "file" | "input_audio"}:
            raise BadRequest("This content part is incomplete.", param=at)
        case {"type": "thinking" | "redacted_thinking"}:
            return None  # Mistral's; what is signed stands in `thinking_blocks`
        case {}:
            own: Json = part
            return own
        case _:
            raise BadRequest("Expected a content part.", param=at)


def _bearing(block: Json, part: Json) -> Json:
    mark = part.get("cache_control")
    return {**block, "cache_control": mark} if mark is not None else block


def _file(file: Json, at: str) -> Json:
    match file:
        case {"file_data": str() as data} if data.startswith("data:"):
            block = _medium(data, f"{at}.file_data")
        case {"file_data": str() as data} if data.startswith(("http:", "https:", "s3:")):
            block = _medium(data, f"{at}.file_data")
        case {"file_data": str() as data} if data:
            kind = _ending(str(file.get("filename") or "")) or "pdf"
            block = _bytes(_kind_of(kind), kind, data)
        case {"file_id": str() as id_} if id_.startswith(("data:", "http:", "https:", "s3:")):
            block = _medium(id_, f"{at}.file_id")
        case {"file_id": _}:
            raise BadRequest("Bedrock keeps no files: send `file_data`.", param=f"{at}.file_id")
        case _:
            raise BadRequest("A file needs `file_data`.", param=at)
    if "document" not in block:
        return block
    document = {**block["document"], "name": str(file.get("filename") or "")}
    if isinstance(file.get("citations"), dict):
        document["citations"] = file["citations"]
    return {"document": document}


def _medium(url: str, at: str) -> Json:
    """An image, a video, a sound or a document: bytes, or a place in a bucket."""
    if url.startswith("s3://"):
        kind = _ending(url)
        return _source(_kind_of(kind), kind, {"s3Location": {"uri": url}})
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and comma and head.endswith(";base64") and data):
        raise BadRequest("Expected a base64 data URL or an s3:// address.", param=at)
    media_type = head.removeprefix("data:").partition(";")[0].lower()
    group, _, rest = media_type.partition("/")
    kind = _FORMATS.get(rest, rest)
    return _bytes(group if group in {"image", "video", "audio"} else "document", kind, data)


def _bytes(block_type: str, kind: str, data: str) -> Json:
    return _source(block_type, kind, {"bytes": data})


def _source(block_type: str, kind: str, source: Json) -> Json:
    block: Json = {"format": kind, "source": source}
    if block_type == "document":
        block["name"] = ""  # the conversation gives it one
    return {block_type: block}


def _kind_of(ending: str) -> str:
    """What a file is, told from its ending."""
    if ending in _IMAGES:
        return "image"
    if ending in _VIDEOS:
        return "video"
    return "audio" if ending in _SOUNDS else "document"


def _ending(name: str) -> str:
    _, dot, ending = name.lower().rpartition(".")
    return _FORMATS.get(ending, ending) if dot else ""

"""Content parts of a chat message, said as Gemini's parts.

Sources, read 2026-11: https://ai.google.dev/gemini-api/docs/file-input-methods and
https://ai.google.dev/api/caching#Part. Addresses are passed on: Google fetches them itself, as it
does its own (`gs://`, uploaded files) and YouTube's.
"""

import mimetypes
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.dialects.lenient import record, string
from adapters.errors import BadRequest
from adapters.types import Json

_ADDRESSES = ("http:", "https:", "gs:")
_KINDS: Mapping[str, str] = {  # what a part is called -> what an address without a hint holds
    "image_url": "image/jpeg",
    "video_url": "video/mp4",
    "audio_url": "audio/mp3",
    "document_url": "application/pdf",
    "file_url": "application/pdf",
    "file": "application/pdf",
}
_AUDIO: Mapping[str, str] = {"mp3": "audio/mp3", "m4a": "audio/mp4", "pcm16": "audio/pcm"}


def parts(content: Any, at: str) -> list[Json]:
    """The parts of a message's `content`. Empty text is left out.

    Parts that are already in Gemini's words, or in nobody's, pass as they are.

    Raises:
        BadRequest: a part that cannot be said.

    """
    match content:
        case None:
            return []
        case str():
            return [{"text": content}] if content else []
        case list():
            found = [_part(part, f"{at}.content[{i}]") for i, part in enumerate(content)]
            return [part for part in found if part is not None]
        case _:
            raise BadRequest(
                "Expected a string or an array of content parts.", param=f"{at}.content"
            )


def medium(url: str, at: str, *, kind: str = "image_url", mime_type: str = "") -> Json:
    """A picture, a recording or a document, from a data URL or an address.

    Raises:
        BadRequest: it is neither.
    """
    if url.startswith(_ADDRESSES):
        found = mime_type or _guessed(url, kind)
        return {"fileData": {**({"mimeType": found} if found else {}), "fileUri": url}}
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and comma and head.endswith(";base64")):
        raise BadRequest("Expected an address or a base64 data URL.", param=at)
    found = mime_type or head.removeprefix("data:").split(";")[0].lower() or _KINDS[kind]
    return {"inlineData": {"mimeType": found.replace("image/jpg", "image/jpeg"), "data": data}}


def _part(part: Any, at: str) -> Json | None:
    match part:
        case str():
            return {"text": part} if part else None
        case {"type": "text", "text": str() as text}:
            return {"text": text} if text else None
        case {"type": "refusal", "refusal": str() as text}:
            return {"text": text} if text else None
        case {"type": "thinking" | "redacted_thinking"}:
            return None  # another provider's; Gemini's own ride elsewhere
        case {
            "type": "image_url" | "video_url" | "audio_url" | "document_url" | "file_url" as kind
        }:
            return _linked(part, kind, at)
        case {"type": "input_audio", "input_audio": {"data": str() as data} as audio}:
            spoken = string(audio.get("format")) or "wav"
            return {"inlineData": {"mimeType": _AUDIO.get(spoken, f"audio/{spoken}"), "data": data}}
        case {"type": "file", "file": {} as file}:
            return _described(_file(file, f"{at}.file"), {**part, **file})
        case {"type": "input_audio" | "file"}:
            raise BadRequest("This content part is incomplete.", param=at)
        case {}:
            return {name: value for name, value in part.items() if name != "cache_control"}
        case _:
            raise BadRequest("Expected a content part.", param=at)


def _linked(part: Json, kind: str, at: str) -> Json:
    told = part.get(kind)
    url = told.get("url") if isinstance(told, dict) else told
    if not isinstance(url, str):
        raise BadRequest("This content part is incomplete.", param=at)
    mime_type = string(record(told).get("format"))
    found = medium(url, f"{at}.{kind}.url", kind=kind, mime_type=mime_type)
    return _described(found, {**part, **record(told)})


def _file(file: Json, at: str) -> Json:
    mime_type = string(file.get("format")) or string(file.get("mime_type"))
    match file:
        case {"file_data": str() as data} if data.startswith(("data:", *_ADDRESSES)):
            return medium(data, f"{at}.file_data", kind="file", mime_type=mime_type)
        case {"file_data": str() as data}:
            found = mime_type or _guessed(string(file.get("filename")), "file")
            return {"inlineData": {"mimeType": found, "data": data}}
        case {"file_id": str() as id_}:
            found = mime_type or _guessed(id_, "") or _guessed(string(file.get("filename")), "")
            return {"fileData": {**({"mimeType": found} if found else {}), "fileUri": id_}}
        case _:
            raise BadRequest("A file needs `file_data` or `file_id`.", param=at)


def _described(found: Json, told: Json) -> Json:
    """Which stretch of a film is meant, in LiteLLM's spelling or Google's."""
    stretch = told.get("video_metadata") or told.get("videoMetadata")
    return {**found, "videoMetadata": stretch} if isinstance(stretch, dict) else found


def _guessed(url: str, kind: str) -> str:
    """The media type by the name's ending, else what this kind of part mostly holds. Films on
    YouTube and uploaded files need none.
    """
    try:
        place = urlsplit(url)
        host = place.hostname or ""
    except ValueError:
        return _KINDS.get(kind, "")
    if guessed := mimetypes.guess_type(place.path, strict=False)[0]:
        return guessed
    if host.endswith("generativelanguage.googleapis.com"):
        return ""
    if host.endswith(("youtube.com", "youtu.be")):
        return "video/mp4"
    return _KINDS.get(kind, "")

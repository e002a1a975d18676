"""Content parts of a chat message, said as the Responses API's.

Source: https://platform.openai.com/docs/guides/images-vision and
https://platform.openai.com/docs/guides/pdf-files (read 2026-11).
"""

from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json

_UNNAMED = "file.pdf"  # OpenAI wants a name beside the bytes of a file


def content(written: Any, at: str, *, text: str = "input_text") -> Any:
    """A message's `content`: text stays text, parts are said as `input_…`, or as `text` says.

    Raises:
        BadRequest: a part that cannot be said.
    """
    match written:
        case str():
            return written
        case None:
            return ""
        case list():
            said = [_part(part, f"{at}.content[{i}]", text) for i, part in enumerate(written)]
            return [part for part in said if part]
        case _:
            raise BadRequest(
                "Expected a string or an array of content parts.", param=f"{at}.content"
            )


def _part(part: Any, at: str, text: str) -> Json | None:
    match part:
        case str():
            return {"type": text, "text": part}
        case {"type": "text", "text": str()}:
            return {**_rest(part), "type": text}
        case {"type": "image_url", "image_url": {"url": str() as url} as image}:
            detail = image.get("detail") or "auto"
            rest = _rest(part, "image_url")
            return {**rest, "type": "input_image", "image_url": url, "detail": detail}
        case {"type": "image_url", "image_url": str() as url}:
            return {**_rest(part), "type": "input_image", "image_url": url, "detail": "auto"}
        case {"type": "file", "file": {} as file}:
            return {**_rest(part, "file"), "type": "input_file", **_file(file, f"{at}.file")}
        case {"type": "thinking" | "redacted_thinking"}:
            return None  # Mistral's and Anthropic's: what is ours travels in `thinking_blocks`
        case {"type": "image_url" | "file" | "text"}:
            raise BadRequest("This content part is incomplete.", param=at)
        case {}:
            return _rest(part)
        case _:
            raise BadRequest("Expected a content part.", param=at)


def _rest(part: Json, *known: str) -> Json:
    """Without Anthropic's cache mark: parts with fields that it does not know are refused."""
    return {
        name: value for name, value in part.items() if name not in known and name != "cache_control"
    }


def _file(file: Json, at: str) -> Json:
    match file:
        case {"file_id": str() as id_} if id_.startswith(("http:", "https:")):
            return {"file_url": id_}
        case {"file_data": str() as data} if data.startswith(("http:", "https:")):
            return {"file_url": data}
        case {"file_data": str()}:
            return {"filename": _UNNAMED, **_without_format(file)}
        case {"file_id": str()} | {"file_url": str()}:
            return _without_format(file)
        case _:
            raise BadRequest("A file needs `file_data` or `file_id`.", param=at)


def _without_format(file: Json) -> Json:
    """`format` is LiteLLM's hint for other providers."""
    return {name: value for name, value in file.items() if name != "format" and value is not None}

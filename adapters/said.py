"""Reads a provider's refusal, whatever its shape: what it says, in which words, for how long.

What the words mean is decided in `classify.py`. Shapes (read 2026-11) of OpenAI and those like it,
Anthropic, Google (google.rpc.Status), AWS (`__type`, `Message`, SageMaker's `OriginalMessage`),
Cohere, Mistral, FastAPI (`detail`), OpenRouter (`metadata.raw`), xAI and Ollama (the error is a
text), watsonx and Cloudflare (`errors`), Databricks (`error_code`), Replicate (problem details).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.sse import events
from adapters.types import Json

_TYPE_NAMES = ("type", "status", "error_type", "__type")
_CODE_NAMES = ("code", "error_code", "Code")
_WORDINGS = ("message", "Message", "detail", "error_message", "title")


@dataclass(frozen=True, slots=True)
class Said:
    """What a body says, whatever its shape."""

    message: str = ""
    type: str | None = None
    code: str | None = None
    param: str | None = None
    words: tuple[str, ...] = ()  # every code and type in it, lower case
    text: str = ""  # everything that a wording may be found in
    wait: str = ""  # Gemini's RetryInfo, and what is like it
    headers: Mapping[str, str] = field(default_factory=dict)  # those of the provider behind it
    status: int = 0  # that the one behind it has answered, where it says so
    is_error: bool = False


def read(body: bytes) -> Said:
    """What a refusal's body says. Web pages say nothing: they are not meant for the client."""
    text = body.decode(errors="replace").strip()
    if not text or text.startswith("<"):
        return Said()
    if text.startswith(("data:", "event:")):
        text = next((e.data.decode(errors="replace") for e in events(body) if e.data), "")
    document = _parsed(text)
    if isinstance(document, list):  # Vertex wraps errors in an array
        document = next((entry for entry in document if isinstance(entry, dict)), None)
    if isinstance(document, dict):
        return said(document)
    return Said(message=text if "\ufffd" not in text and "\0" not in text else "", text=text)


def said(document: Json) -> Said:
    """What a document says that is an error, or holds one."""
    error = _error(document)
    message = _message(error)
    metadata = error.get("metadata")  # OpenRouter's, about the provider behind it
    behind: Json = metadata if isinstance(metadata, dict) else {}
    raw = str(behind.get("raw") or error.get("OriginalMessage") or "")
    inner = _parsed(message if message.startswith("{") else raw)
    return Said(
        message=message,
        type=next((w for name in _TYPE_NAMES if isinstance(w := error.get(name), str) and w), None),
        code=next((w for name in _CODE_NAMES if (w := _word(error.get(name)))), None),
        param=_word(error.get("param")),
        words=tuple(_bare(word) for word in (*_words(error), *_words(inner))),
        text="\n".join((message, raw, *_debug_infos(error))),
        wait=next(_waits(error), ""),
        headers=_headers(behind),
        status=_status(error),
        is_error=bool(document.get("error") or document.get("errors"))
        or document.get("object") == "error",
    )


def word_of(header: str) -> str:
    """The word in AWS's `x-amzn-errortype`, which may go on with an address."""
    return _bare(header.partition(":")[0])


def _error(document: Json) -> Json:
    """The object that holds the words."""
    error: Any = document.get("error") or _first(document.get("errors")) or document
    if not isinstance(error, dict):  # xAI, Ollama: the error is its text
        error = {**document, "message": error}
    nested = error.get("error")
    return nested if isinstance(nested, dict) else error


def _message(error: Json) -> str:
    """Its wording for people; FastAPI's and Mistral's may be a list of what is wrong where."""
    wording = next((found for name in _WORDINGS if (found := error.get(name))), "")
    if isinstance(wording, str):
        return wording
    return orjson.dumps(wording, default=str).decode()


def _words(error: Any) -> Iterator[str]:
    """Every code and type in an error, also in the errors that it holds."""
    if not isinstance(error, dict):
        return
    for name in (*_CODE_NAMES, *_TYPE_NAMES, "reason"):
        if isinstance(word := error.get(name), str):
            yield word
    for name in ("error", "innererror", "inner_error"):
        yield from _words(error.get(name))
    for detail in _details(error):
        yield from _words(detail)


def _bare(word: str) -> str:
    """AWS puts a name space before a `#`."""
    return word.rpartition("#")[2].strip().lower()


def _waits(error: Json) -> Iterator[str]:
    """Gemini's RetryInfo, and how long HuggingFace needs to load a model (seconds)."""
    for detail in _details(error):
        if isinstance(detail, dict) and isinstance(delay := detail.get("retryDelay"), str):
            yield delay
    if isinstance(seconds := error.get("estimated_time"), int | float):
        yield f"{seconds}s"


def _debug_infos(error: Json) -> Iterator[str]:
    """Google says there what its message leaves out."""
    for detail in _details(error):
        if isinstance(detail, dict) and isinstance(told := detail.get("detail"), str):
            yield told


def _status(error: Json) -> int:
    """What a model's container has answered to SageMaker or Bedrock."""
    found = error.get("OriginalStatusCode") or error.get("originalStatusCode")
    return found if isinstance(found, int) and 400 <= found < 600 else 0


def _details(error: Json) -> list[Any]:
    details = error.get("details")
    return details if isinstance(details, list) else []


def _headers(behind: Json) -> Mapping[str, str]:
    headers = behind.get("headers")
    if not isinstance(headers, dict):
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _first(errors: Any) -> Any:
    return errors[0] if isinstance(errors, list) and errors else None


def _word(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and str(value) else None


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None

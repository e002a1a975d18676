"""What a request must look like. Only what we act on is checked; what is not known is passed on."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.errors import BadRequest
from adapters.types import Dialect, Json

_MOST_MESSAGES = 10_000
_MOST_TOOLS = 1_000

Check = Callable[[Any], str]
"""Says what is expected instead, or nothing."""


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "a non-empty string"


def _flag(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else "true or false"


def _count(value: Any) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31
    return "" if value is None or good else "a whole number of at least 1"


def _number(value: Any) -> str:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if value is None or good else "a number"


def _object(value: Any) -> str:
    return "" if value is None or isinstance(value, dict) else "an object"


def _messages(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return "a non-empty list of messages"
    return "" if len(value) <= _MOST_MESSAGES else f"at most {_MOST_MESSAGES} messages"


def _input(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    good = bool(value) and all(isinstance(item, str | int | list | dict) for item in items)
    if good and not isinstance(value, bool | int | dict):
        return ""
    return "a non-empty string, or a non-empty list of strings or of tokens"


def _documents(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(d, str | dict) for d in value):
        return ""
    return "a non-empty list of strings or objects"


def _no_stream(value: Any) -> str:
    return "false: the answer is one document" if value not in (None, False) else ""


def _tools(value: Any) -> str:
    if value is None or (isinstance(value, list) and all(isinstance(t, dict) for t in value)):
        return "" if len(value or ()) <= _MOST_TOOLS else f"at most {_MOST_TOOLS} tools"
    return "a list of objects"


def _stop(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(word, str) for word in value)
    return "" if value is None or isinstance(value, str) or good else "a string or strings"


_CHAT: Mapping[str, Check] = {
    "model": _text,
    "messages": _messages,
    "stream": _flag,
    "tools": _tools,
    "temperature": _number,
    "top_p": _number,
}
_CHECKS: Mapping[Dialect, Mapping[str, Check]] = {
    Dialect.OPENAI_CHAT: {
        **_CHAT,
        "max_tokens": _count,
        "max_completion_tokens": _count,
        "n": _count,
        "stop": _stop,
        "stream_options": _object,
        "response_format": _object,
    },
    Dialect.ANTHROPIC_MESSAGES: {
        **_CHAT,
        "max_tokens": _count,
        "stop_sequences": _stop,
        "thinking": _object,
        "metadata": _object,
    },
    Dialect.OPENAI_EMBEDDINGS: {
        "model": _text,
        "input": _input,
        "dimensions": _count,
        "stream": _no_stream,
    },
    Dialect.COHERE_RERANK: {
        "model": _text,
        "query": _text,
        "documents": _documents,
        "stream": _no_stream,
    },
}
CHECKED = frozenset(name for dialect in _CHECKS for name in _CHECKS[dialect])
"""All fields that are looked at here, in whatever dialect."""
_REQUIRED: Mapping[Dialect, tuple[str, ...]] = {
    Dialect.OPENAI_CHAT: ("model", "messages"),
    Dialect.ANTHROPIC_MESSAGES: ("model", "messages"),
    Dialect.OPENAI_EMBEDDINGS: ("model", "input"),
    Dialect.COHERE_RERANK: ("model", "query", "documents"),
}


def check(body: Json, dialect: Dialect) -> None:
    """Look at what we act on, and at what every provider would choke on.

    Raises:
        BadRequest: a field is missing or of a wrong type; it names the field.
    """
    for name in _REQUIRED[dialect]:
        if name not in body:
            raise BadRequest(f"The field {name!r} is missing.", param=name)
    checks = _CHECKS[dialect]
    for name, value in body.items():
        if name in checks and (expected := checks[name](value)):
            raise BadRequest(f"The field {name!r} must be {expected}.", param=name)
    if "messages" in checks:
        for index, message in enumerate(body["messages"]):
            plain = (  # what nearly all of a long history is: somebody, and a text
                isinstance(message, dict)
                and isinstance(message.get("role"), str)
                and isinstance(message.get("content"), str)
            )
            if not plain:
                _check_message(message, f"messages[{index}]")


def _check_message(message: Any, at: str) -> None:
    if not isinstance(message, dict):
        raise BadRequest(f"{at} must be an object.", param=at)
    if not isinstance(message.get("role"), str):
        raise BadRequest(f"{at}.role must be a string.", param=f"{at}.role")
    content = message.get("content")
    if isinstance(content, list):
        for index, part in enumerate(content):
            if not isinstance(part, dict) or not isinstance(part.get("type"), str):
                where = f"{at}.content[{index}]"
                raise BadRequest(f"{where} must be an object with a 'type'.", param=where)
    elif content is not None and not isinstance(content, str):
        where = f"{at}.content"
        raise BadRequest(f"{where} must be a string or a list of parts.", param=where)

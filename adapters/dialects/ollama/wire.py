"""How to recognise the moments of an Ollama stream, and its facts.

Every event is a document of the same shape; the last one is `done` and counts tokens. An error is
`{"error": "its text"}`, in a stream too.
Source: https://docs.ollama.com/api/chat and https://docs.ollama.com/api/errors (read 2026-11).
"""

import re

from adapters.dialects import Wire
from adapters.dialects.chat import count, error
from adapters.types import Json, Usage


def usage(document: Json) -> Usage | None:
    """Tokens as the last event tells them; None if it does not.

    Servers before 0.7 leave `prompt_eval_count` out where the whole prompt was cached.
    """
    if "eval_count" not in document and "prompt_eval_count" not in document:
        return None
    return Usage(
        input=count(document.get("prompt_eval_count")),
        output=count(document.get("eval_count")),
        cache_read=count(document.get("prompt_eval_cached_count")),
    )


def has_content(document: Json) -> bool:
    """Whether a document says anything, or is the last."""
    match document.get("message"):
        case {} as message if any(value for name, value in message.items() if name != "role"):
            return True
        case _:
            return document.get("done") is True


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    # Arguments of tools are objects and may well hold a `done`; what stands beside ours they lack.
    finish=re.compile(
        rb'"done_reason"\s*:\s*"|"eval_count"\s*:\s*\d'
        rb'|"done"\s*:\s*true\s*(?:,\s*"(?:total|load)_duration"|\}\s*$)'
    ),
    tells=re.compile(rb'"(?:prompt_)?eval_count"\s*:'),
    holds=("message", "done"),
)

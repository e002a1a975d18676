"""How to recognise the moments of a Gemini stream, and its facts.

Source: https://ai.google.dev/api/generate-content (read 2026-11). A stream is a row of documents,
each of the shape of a whole answer; there is no last event.
"""

import re

from adapters.dialects import Wire
from adapters.dialects.chat import count
from adapters.dialects.lenient import record, records
from adapters.types import Json, Usage

UNBLOCKED = frozenset({"", "BLOCK_REASON_UNSPECIFIED", "0"})


def usage(document: Json) -> Usage | None:
    """Tokens as a document or an event tells them; None if it does not.

    Streams tell running totals, so the later word counts. What Google's own tools read (a web
    page, a search) is counted apart from the prompt, and thoughts apart from the answer; our
    `input` and `output` hold both. Cached tokens are part of the prompt already.
    """
    raw = document.get("usageMetadata")
    if not isinstance(raw, dict):
        return None
    thoughts = count(raw.get("thoughtsTokenCount"))
    read = count(raw.get("promptTokenCount")) + count(raw.get("toolUsePromptTokenCount"))
    said = count(raw.get("candidatesTokenCount")) + thoughts
    cached = count(raw.get("cachedContentTokenCount"))
    if not (read or said or cached):
        return None
    return Usage(read, said, cached, reasoning=thoughts)


def error(document: Json) -> Json | None:
    """The error object of a document or an event, if it is one. A prompt that was blocked is one:
    there is no candidate then, only the reason.
    """
    if found := document.get("error"):
        return found if isinstance(found, dict) else {"message": str(found)}
    if document.get("candidates"):
        return None
    feedback = record(document.get("promptFeedback"))
    reason = str(feedback.get("blockReason") or "")
    if reason in UNBLOCKED:
        return None
    told = feedback.get("blockReasonMessage") or "The prompt was blocked."
    return {"message": f"{told} ({reason})", "code": "content_filter"}


def has_content(event: Json) -> bool:
    """Whether an event says anything; some are there for their usage alone."""
    return any(
        candidate.get("finishReason") or any(_says_something(part) for part in parts_of(candidate))
        for candidate in records(event.get("candidates"))
    )


def parts_of(candidate: Json) -> list[Json]:
    """What a candidate consists of; blocked and cut-off ones have no parts."""
    return records(record(candidate.get("content")).get("parts"))


def _says_something(part: Json) -> bool:
    return any(value for name, value in part.items() if name not in {"thought", "thoughtSignature"})


WIRE = Wire(
    content=has_content,
    error=error,
    usage=usage,
    finish=re.compile(rb'"finishReason"\s*:\s*(?:"[^"]|[1-9])'),
    tells=re.compile(rb'"usageMetadata"\s*:\s*\{'),
    counts_on=True,
    holds=("candidates",),
)

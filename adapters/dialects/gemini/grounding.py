"""What an answer rests on: Google's grounding and citations, as OpenAI's annotations.

Source: https://ai.google.dev/api/generate-content#GroundingMetadata (read 2026-11). Google counts
in bytes of UTF-8 from the beginning of a part, OpenAI in characters of the whole text.
"""

from collections.abc import Sequence
from typing import Any

from adapters.dialects.lenient import record, records, string
from adapters.types import Json

_SOURCES = ("web", "retrievedContext", "maps", "image")


def annotations(candidate: Json, text: str, starts: Sequence[int] = ()) -> list[Json]:
    """The sources of a candidate's text. `starts`: where its parts begin in it, by their number;
    in a stream nobody knows, and all is counted from the beginning.
    """
    grounding = record(candidate.get("groundingMetadata"))
    chunks = grounding.get("groundingChunks")
    known = [_source(chunk) for chunk in chunks] if isinstance(chunks, list) else []
    found: list[Json] = []
    for support in records(grounding.get("groundingSupports")):
        begin, end = _span(record(support.get("segment")), text, starts)
        numbers = support.get("groundingChunkIndices")
        found += [
            _cited(source, begin, end)
            for number in (numbers if isinstance(numbers, list) else ())
            if isinstance(number, int) and number < len(known) and (source := known[number])
        ]
    cited = record(candidate.get("citationMetadata"))
    for citation in records(cited.get("citations")) or records(cited.get("citationSources")):
        if isinstance(citation.get("uri"), str):
            begin, end = _span(citation, text, ())
            found.append(_cited(citation, begin, end))
    return found


def _source(chunk: Any) -> Json | None:
    for kind in _SOURCES:
        source = record(record(chunk).get(kind))
        if isinstance(source.get("uri"), str):
            return source
    return None


def _cited(source: Json, begin: int, end: int) -> Json:
    return {
        "type": "url_citation",
        "url_citation": {
            "start_index": begin,
            "end_index": end,
            "title": string(source.get("title")),
            "url": source["uri"],
        },
    }


def _span(segment: Json, text: str, starts: Sequence[int]) -> tuple[int, int]:
    """From where to where the segment reaches, in characters. Where Google's count is off, its
    wording decides.
    """
    number = _whole(segment.get("partIndex"))
    base = starts[number] if number < len(starts) else 0
    part = text[base:].encode()
    begin = base + len(part[: _whole(segment.get("startIndex"))].decode(errors="ignore"))
    end = base + len(part[: _whole(segment.get("endIndex"))].decode(errors="ignore"))
    wording = string(segment.get("text"))
    if wording and text[begin:end] != wording and (at := text.find(wording)) >= 0:
        return at, at + len(wording)
    return begin, max(begin, end)


def _whole(value: Any) -> int:
    return max(value, 0) if isinstance(value, int) else 0

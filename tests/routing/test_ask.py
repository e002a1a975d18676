"""What a call needs of whoever answers it."""

from typing import Any

import pytest

from adapters.types import Json
from routing.ask import Ask
from tests.routing.worlds import call

PDF = {"type": "document", "source": {"type": "base64", "data": "x"}}
NOTE = {"type": "document", "source": {"type": "text", "data": "x"}}


def said(*parts: Any) -> Json:
    return {"messages": [{"role": "user", "content": list(parts)}]}


NEEDS: dict[str, tuple[Json, set[str]]] = {
    "words": ({"messages": [{"role": "user", "content": "Hello"}]}, set()),
    "a picture": (said({"type": "image_url", "image_url": {"url": "u"}}), {"vision"}),
    "a picture as Anthropic has it": (said({"type": "image", "source": {}}), {"vision"}),
    "sound": (said({"type": "input_audio", "input_audio": {}}), {"audio_input"}),
    "a file": (said({"type": "file", "file": {}}), {"pdf_input"}),
    "a document": (said(PDF), {"pdf_input"}),
    "a document that is text": (said(NOTE), set()),
    "a film": (said({"type": "video_url"}), {"video_input"}),
    "a picture among the results of a tool": (
        said({"type": "tool_result", "content": [{"type": "image", "source": {}}]}),
        {"vision"},
    ),
    "tools": ({"tools": [{"type": "function"}]}, {"function_calling"}),
    "functions": ({"functions": [{"name": "f"}]}, {"function_calling"}),
    "no tools": ({"tools": []}, set()),
    "a schema": ({"response_format": {"type": "json_schema"}}, {"response_schema"}),
    "any JSON": ({"response_format": {"type": "json_object"}}, set()),
    "what cannot be read": (
        {"messages": [None, {"content": [1, {"type": 3}]}], "response_format": "x"},
        set(),
    ),
}


@pytest.mark.parametrize("case", NEEDS)
def test_a_body_tells_what_it_needs(case: str) -> None:
    body, needs = NEEDS[case]

    assert Ask(call(**body)).needs == needs

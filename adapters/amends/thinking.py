"""Thinking in a place of its own, where a provider makes it a part of the content.

    [{"type": "thinking", "thinking": [{"type": "text", "text": …}]}, {"type": "text", "text": …}]

Mistral's models that reason answer so, in streams as well. Clients find the thinking in
`reasoning_content`; the quirk `reasoning_content_as_thinking` gives it back.

Source: https://docs.mistral.ai/capabilities/reasoning (read 2026-11), and recorded traffic.
"""

import re
from collections.abc import Sequence
from typing import Any

from adapters.amended import Amend, Amends
from adapters.dialects.lenient import record, records, string
from adapters.types import Json


def _apart(said: Json) -> Sequence[Json]:
    choices = [_choice(choice) for choice in said["choices"]]
    return [said] if choices == said["choices"] else [{**said, "choices": choices}]


def _choice(choice: Any) -> Any:
    part = "delta" if "delta" in record(choice) else "message"
    message = record(record(choice).get(part))
    if not isinstance(message.get("content"), list):
        return choice
    parts = records(message["content"])
    text = "".join(string(part.get("text")) for part in parts if part.get("type") == "text")
    thoughts = [part for part in parts if part.get("type") == "thinking"]
    others = [part for part in parts if part.get("type") not in {"text", "thinking"}]
    found: Json = {"content": text or (None if thoughts or others else "")}
    if thought := "".join(map(_thought, thoughts)):
        found["reasoning_content"] = thought
    if others:  # references to documents, and whatever they invent next
        kept = record(message.get("provider_specific_fields"))
        found["provider_specific_fields"] = {**kept, "content": others}
    return {**choice, part: {**message, **found}}


def _thought(part: Json) -> str:
    told = part.get("thinking")
    return told if isinstance(told, str) else "".join(string(t.get("text")) for t in records(told))


def _make() -> Amend:
    return _apart


OUT_OF_CONTENT = Amends(_make, re.compile(rb'"content"\s*:\s*\['))

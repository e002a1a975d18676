"""Arguments of a call that arrive in pieces, each with the path to where it belongs.

Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling,
`streamFunctionCallArguments` (read 2026-11).
"""

import re
from typing import Any

from adapters.dialects.lenient import records, string
from adapters.types import Json

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,4})\]|\['([^']+)'\]")
_VALUES = ("numberValue", "boolValue", "nullValue")


def with_pieces(arguments: Json, call: Json) -> Json:
    """The arguments so far, and what this part of the call adds to them."""
    whole = call.get("args")
    if isinstance(whole, dict):
        arguments = {**arguments, **whole}
    for piece in records(call.get("partialArgs")):
        steps = [
            int(found[2]) if found[2] else found[1] or found[3]
            for found in _STEP.finditer(string(piece.get("jsonPath")))
        ]
        if steps:
            arguments = _put(arguments, steps, piece)
    return arguments


def _put(holder: Any, steps: list[Any], piece: Json) -> Any:
    if not steps:
        return _joined(holder, piece)
    step, *rest = steps
    if isinstance(step, int):
        row = list(holder) if isinstance(holder, list) else []
        row += [None] * (step + 1 - len(row))
        row[step] = _put(row[step], rest, piece)
        return row
    fields = dict(holder) if isinstance(holder, dict) else {}
    fields[step] = _put(fields.get(step), rest, piece)
    return fields


def _joined(before: Any, piece: Json) -> Any:
    """Texts are appended, anything else is replaced."""
    if isinstance(text := piece.get("stringValue"), str):
        return before + text if isinstance(before, str) else text
    if "nullValue" in piece:
        return None
    return next((piece[name] for name in _VALUES if name in piece), before)

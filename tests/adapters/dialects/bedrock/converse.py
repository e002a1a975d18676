"""What AWS's own description of Converse says of a body: botocore holds it."""

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from adapters.types import Json

_SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
CONVERSE = _SERVICE.operation_model("Converse").input_shape


def objections(body: Json) -> list[str]:
    """Everything that is wrong with a body: kinds, unions, patterns, enumerations, sizes."""
    asked = {"modelId": "m", **_with_bytes(body)}
    report = ParamValidator().validate(asked, CONVERSE)
    found = [report.generate_report()] if report.has_errors() else []
    return [*found, *_details(CONVERSE, asked, "")]


def _with_bytes(value: Any) -> Any:
    """Base64 on the wire is bytes to botocore."""
    match value:
        case dict():
            return {
                name: b"x" if name in {"bytes", "redactedContent"} else _with_bytes(inner)
                for name, inner in value.items()
            }
        case list():
            return [_with_bytes(inner) for inner in value]
        case _:
            return value


def _details(shape: Any, value: Any, at: str) -> Iterator[str]:
    """What botocore leaves to the server."""
    match shape.type_name:
        case "structure" if not shape.metadata.get("document"):
            for name, inner in value.items():
                if name not in shape.members:
                    yield f"{at}.{name}: unknown"
                else:
                    yield from _details(shape.members[name], inner, f"{at}.{name}")
        case "list":
            for i, inner in enumerate(value):
                yield from _details(shape.member, inner, f"{at}[{i}]")
        case "string":
            pattern, longest = shape.metadata.get("pattern"), shape.metadata.get("max", 10**9)
            if getattr(shape, "enum", None) and value not in shape.enum:
                yield f"{at}: {value!r} is none of {shape.enum}"
            if pattern and not re.fullmatch(pattern, value):
                yield f"{at}: {value!r} is not {pattern}"
            if len(value) > longest:
                yield f"{at}: too long"

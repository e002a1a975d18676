"""JSON schemas: what Anthropic's and OpenAI's strict modes allow.

Sources, read 2026-11: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
and https://platform.openai.com/docs/guides/structured-outputs.
"""

from typing import Any

from adapters.dialects.lenient import record
from adapters.types import Json

_NOT_ENFORCED = (  # keywords that Anthropic refuses; a description keeps their meaning
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)


def fit(schema: Any) -> Any:
    """The schema as Anthropic's structured outputs accept it.

    Objects are closed, `oneOf` is said as `anyOf`, and limits that cannot be enforced move into
    the description, where the model still reads them.
    """
    if isinstance(schema, list):
        return [fit(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: Json = {}
    notes: list[str] = []
    for name, value in schema.items():
        match name:
            case "properties" | "$defs" | "definitions" | "patternProperties":
                children = value.items() if isinstance(value, dict) else ()
                out[name] = {child: fit(sub) for child, sub in children}
            case "oneOf":
                out["anyOf"] = fit(value)
            case "items" | "anyOf" | "allOf":
                out[name] = fit(value)
            case "minItems" if value in (0, 1):
                out[name] = value
            case _ if name == "minItems" or name in _NOT_ENFORCED:
                notes.append(f"{name}: {value}")
            case _:
                out[name] = value
    if schema.get("type") == "object" or "properties" in schema:
        out["additionalProperties"] = False
    if notes:
        told = str(schema.get("description") or "")
        out["description"] = f"{told} ({', '.join(notes)})".strip()
    return out


def is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode accepts it: closed objects whose fields are all required."""
    match schema:
        case {"type": "object"} | {"properties": _}:
            properties = record(schema.get("properties"))
            closed = schema.get("additionalProperties") is False
            required = schema.get("required")
            named = required if isinstance(required, list) else []
            complete = all(name in named for name in properties)
            return closed and complete and _children_are_strict(schema)
        case dict():
            return _children_are_strict(schema)
        case list():
            return all(is_strict(item) for item in schema)
        case _:
            return True


def _children_are_strict(schema: Json) -> bool:
    named = [*record(schema.get("properties")).values(), *record(schema.get("$defs")).values()]
    return all(is_strict(child) for child in (*named, schema.get("items"), schema.get("anyOf")))

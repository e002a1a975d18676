"""JSON schemas for models that know only a subset of OpenAPI's: no references, no unions of types.

Source: https://ai.google.dev/api/caching#Schema (read 2026-11).
"""

from typing import Any

from adapters.dialects.lenient import record, records
from adapters.types import Json

_KEPT = frozenset(
    {
        "title",
        "description",
        "nullable",
        "default",
        "example",
        "maxItems",
        "minItems",
        "required",
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "propertyOrdering",
    }
)
_FORMATS = frozenset({"float", "double", "int32", "int64", "enum", "date-time"})
_MOST = 5000  # schemas in one: references may multiply


def fit(schema: Any) -> Json:
    """The schema as `parameters` and `responseSchema` take it."""
    return _Fitting(record(schema)).fit(record(schema), frozenset())


class _Fitting:
    """Rewrites one schema; where it refers to itself, or grows too large, anything goes."""

    def __init__(self, whole: Json) -> None:
        self._whole = whole
        self._left = _MOST

    def fit(self, schema: Json, within: frozenset[str]) -> Json:
        self._left -= 1
        schema, within = self._resolved(schema, within)
        if self._left < 0:
            return {"type": "object"}
        out: Json = {name: value for name, value in schema.items() if name in _KEPT}
        if str(schema.get("format")) in _FORMATS:
            out["format"] = schema["format"]
        choices = records(schema.get("anyOf")) or records(schema.get("oneOf"))
        _typed(out, schema.get("type"), choices)
        others = [choice for choice in choices if choice.get("type") != "null"]
        if len(others) < len(choices):
            out["nullable"] = True
        if len(others) == 1:
            out = {**self.fit(others[0], within), **out}
        elif others:
            out["anyOf"] = [self.fit(choice, within) for choice in others]
        for part in records(schema.get("allOf")):
            out = _joined(out, self.fit(part, within))
        _enumerated(out, schema)
        if children := record(schema.get("properties")):
            out["properties"] = {
                name: self.fit(record(child), within) for name, child in children.items()
            }
        if "items" in schema:
            out["items"] = self.fit(record(schema["items"]), within)
        return out

    def _resolved(self, schema: Json, within: frozenset[str]) -> tuple[Json, frozenset[str]]:
        """What a `$ref` stands for, and the references that led to it."""
        while isinstance(reference := schema.get("$ref"), str):
            if reference in within:
                return {"type": "object"}, within
            within |= {reference}
            found: Any = self._whole
            for step in reference.removeprefix("#").strip("/").split("/"):
                found = record(found).get(step)
            rest = {name: value for name, value in schema.items() if name != "$ref"}
            schema = {**record(found), **rest}
        return schema, within


def _typed(out: Json, types: Any, choices: list[Json]) -> None:
    """A list of types becomes one, and `nullable`."""
    if isinstance(types, list):
        known = [name for name in types if name != "null"]
        if len(known) < len(types):
            out["nullable"] = True
        if len(known) == 1:
            out["type"] = known[0]
        elif known and not choices:
            out["anyOf"] = [{"type": name} for name in known]
    elif isinstance(types, str):
        out["type"] = types


def _enumerated(out: Json, schema: Json) -> None:
    """Enums are of strings only."""
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(allowed, list) and allowed and all(isinstance(v, str) for v in allowed):
        out |= {"type": "string", "enum": allowed}


def _joined(one: Json, other: Json) -> Json:
    """Two schemas that both hold."""
    joined = {**other, **one}
    if "properties" in one and "properties" in other:
        joined["properties"] = {**other["properties"], **one["properties"]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        joined["required"] = [*one["required"], *other["required"]]
    return joined

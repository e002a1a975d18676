"""The small edits that quirks are made of. Each returns what it was given if nothing changes."""

from collections.abc import Callable
from typing import Any

from adapters.types import Json


def renamed(body: Json, old: str, new: str) -> Json:
    """`body` with the value of `old` called `new`; if both are there, `new` is believed."""
    if old not in body:
        return body
    rest = dict(body)
    value = rest.pop(old)
    if rest.get(new) is None:
        rest[new] = value
    return rest


def without(item: Json, *names: str) -> Json:
    for name in names:
        if name in item:
            return {key: value for key, value in item.items() if key not in names}
    return item


def each(item: Json, name: str, edit: Callable[[Json], Json]) -> Json:
    """`item` with `edit` done to each object of the list called `name`; `item` itself if none of
    them changed, so that a long history costs a look and no copy.
    """
    old = item.get(name)
    if not isinstance(old, list):
        return item
    new: list[Any] = [edit(entry) if isinstance(entry, dict) else entry for entry in old]
    for after, before in zip(new, old, strict=True):
        if after is not before:
            return {**item, name: new}
    return item


def objects(item: Json, name: str) -> list[Json]:
    """The objects in the list called `name`; none if it is no list."""
    value = item.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

"""Reads JSON that others wrote: what is not of the shape it should be counts as not there."""

from typing import Any

import orjson

from adapters.errors import Failure, Kind
from adapters.sse import Event
from adapters.types import Json


def record(value: Any) -> Json:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[Json]:
    """The objects of an array, or none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: Any) -> str:
    """A text, or an empty one."""
    return value if isinstance(value, str) else ""


def parsed(event: Event) -> Json:
    """The data of an event that must be a JSON object.

    Raises:
        Failure: BROKEN, it is not.
    """
    if event.document is not None:
        return event.document
    try:
        found = orjson.loads(event.data)
    except orjson.JSONDecodeError as error:
        text = f"the provider sent an event that is not JSON: {error}"
        raise Failure(Kind.BROKEN, text) from error
    if not isinstance(found, dict):
        raise Failure(Kind.BROKEN, "the provider sent an event that is no object")
    return found

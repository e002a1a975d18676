"""Places inside a body, in the notation of LiteLLM's `additional_drop_params`.

`field`, `parent.child`, `tools[0]`, `tools[*].function.strict`.
Source: https://docs.litellm.ai/docs/completion/drop_params (read 2026-11).
"""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from adapters.types import Json

Step: TypeAlias = str | int | None  # a field, an element, every element

_NAME = re.compile(r"[^.\[\]]+")
_INDEX = re.compile(r"\[(\*|\d+)\]")


def parse(path: str) -> tuple[Step, ...]:
    """The steps that lead to a place.

    Raises:
        ValueError: this is no path; the message says where it stops being one.
    """
    steps: list[Step] = []
    at = 0
    while True:
        name = _NAME.match(path, at)
        if not name:
            raise ValueError(f"expected a field's name {_where(path, at)}")
        steps.append(name.group())
        at = name.end()
        while index := _INDEX.match(path, at):
            steps.append(None if index[1] == "*" else int(index[1]))
            at = index.end()
        if at == len(path):
            return tuple(steps)
        if path[at] != ".":
            raise ValueError(f"expected [0], [*] or a dot {_where(path, at)}")
        at += 1


def without(body: Json, paths: Sequence[str]) -> Json:
    """`body` with nothing at any of the places. What did not change is not copied, and a body that
    has none of them is returned itself.

    Every path means a place in the body as it came: `tools[0]` and `tools[1]` are its first two.

    Raises:
        ValueError: one of them is no path.
    """
    for steps in sorted(map(parse, paths), key=_inmost_and_last_first):
        body = _without(body, steps)
    return body


def _inmost_and_last_first(steps: tuple[Step, ...]) -> tuple[int, int]:
    """Taking out an element moves those behind it: they must have been seen to before."""
    last = steps[-1]
    return -len(steps), -last if isinstance(last, int) else 0


def _without(value: Any, steps: Sequence[Step]) -> Any:
    step, *rest = steps
    match value, step:
        case dict(), str() if step in value:
            if not rest:
                return {name: inner for name, inner in value.items() if name != step}
            inner = _without(value[step], rest)
            return value if inner is value[step] else {**value, step: inner}
        case list(), int() if step < len(value):
            if not rest:
                return [*value[:step], *value[step + 1 :]]
            inner = _without(value[step], rest)
            return value if inner is value[step] else [*value[:step], inner, *value[step + 1 :]]
        case list(), None if value:
            new = [_without(entry, rest) for entry in value] if rest else []
            same = len(new) == len(value) and all(map(_is, new, value))
            return value if same else new
        case _:
            return value


def _is(one: object, other: object) -> bool:
    return one is other


def _where(path: str, at: int) -> str:
    return f"at {path[at:]!r} of {path!r}" if path[at:] else f"at the end of {path!r}"

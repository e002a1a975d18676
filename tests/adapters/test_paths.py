"""Places inside a body: what a path leads to, and what is left without it."""

from copy import deepcopy
from typing import Any

import pytest

from adapters.paths import parse, without
from adapters.types import Json

BODY: Json = {
    "model": "m",
    "top_k": None,
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "a", "cache_control": 1}]},
        {"role": "user", "content": "b", "cache_control": 2},
    ],
    "tools": [
        {"name": "f", "input_examples": [1], "function": {"strict": True, "name": "f"}},
        {"name": "g", "function": {"name": "g"}},
        {"name": "h", "input_examples": [2], "function": {"strict": False}},
    ],
    "response_format": {"type": "json_schema", "json_schema": {"strict": True, "schema": {}}},
}

GONE: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {
    "a field": (["model"], [("model",)]),
    "a field that holds nothing": (["top_k"], [("top_k",)]),
    "a field of a field": (
        ["response_format.json_schema.strict"],
        [("response_format", "json_schema", "strict")],
    ),
    "a field of every element that has it": (
        ["tools[*].input_examples"],
        [("tools", 0, "input_examples"), ("tools", 2, "input_examples")],
    ),
    "a field further down in every element": (
        ["tools[*].function.strict"],
        [("tools", 0, "function", "strict"), ("tools", 2, "function", "strict")],
    ),
    "a field of one element": (["tools[0].function.strict"], [("tools", 0, "function", "strict")]),
    "lists within lists": (
        ["messages[*].content[*].cache_control"],
        [("messages", 0, "content", 0, "cache_control")],
    ),
    "one element": (["tools[1]"], [("tools", 1)]),
    "two elements, counted before either is gone": (["tools[0]", "tools[1]"], [("tools", 0)] * 2),
    "an element, and a field of the one behind it": (
        ["tools[1]", "tools[2].name"],
        [("tools", 2, "name"), ("tools", 1)],
    ),
    "several": (["model", "tools"], [("model",), ("tools",)]),
    "a whole and a part of it": (["tools", "tools[0].name"], [("tools",)]),
}


@pytest.mark.parametrize(("paths", "places"), GONE.values(), ids=GONE)
def test_what_the_paths_name_is_gone_and_nothing_else(
    paths: list[str], places: list[tuple[Any, ...]]
) -> None:
    before = deepcopy(BODY)
    left = deepcopy(BODY)
    for *way, last in places:
        within: Any = left
        for step in way:
            within = within[step]
        del within[last]

    assert without(BODY, paths) == left
    assert before == BODY


def test_every_element_leaves_an_empty_list() -> None:
    assert without({"stop": ["a", "b"]}, ["stop[*]"]) == {"stop": []}


NOTHING_THERE = {
    "nothing is asked": [],
    "no such field": ["top_p", "tools[*].nothing", "response_format.nothing.strict"],
    "no such element": ["tools[3]", "tools[9].name"],
    "a field of a list": ["tools.name"],
    "an element of an object": ["response_format[0]", "response_format[*].type"],
    "a field of a text": ["model.name", "messages[1].content[*].cache_control"],
    "a field of nothing": ["top_k.a"],
}


@pytest.mark.parametrize("paths", NOTHING_THERE.values(), ids=NOTHING_THERE)
def test_a_body_without_such_a_place_is_returned_itself(paths: list[str]) -> None:
    assert without(BODY, paths) is BODY


def test_no_elements_are_no_place_either() -> None:
    body: Json = {"tools": []}

    assert without(body, ["tools[*]", "tools[*].name"]) is body


def test_only_what_changes_is_copied() -> None:
    left = without(BODY, ["tools[0].name"])

    assert left["messages"] is BODY["messages"]
    assert left["tools"][1] is BODY["tools"][1]
    assert left["tools"][0] is not BODY["tools"][0]


PARSED: dict[str, tuple[str | int | None, ...]] = {
    "field": ("field",),
    "parent.child": ("parent", "child"),
    "array[*]": ("array", None),
    "array[12]": ("array", 12),
    "tools[*].input_examples": ("tools", None, "input_examples"),
    "tools[0].metadata.field": ("tools", 0, "metadata", "field"),
    "grid[0][*].x-y z": ("grid", 0, None, "x-y z"),
}


@pytest.mark.parametrize(("path", "steps"), PARSED.items())
def test_a_path_is_read_step_by_step(path: str, steps: tuple[str | int | None, ...]) -> None:
    assert parse(path) == steps


NO_PATHS = {
    "": "expected a field's name at the end of ''",
    "a.": "expected a field's name at the end of 'a.'",
    ".a": "expected a field's name at '.a' of '.a'",
    "a..b": "expected a field's name at '.b' of 'a..b'",
    "[0]": r"expected a field's name at '\[0\]' of",
    "a[x]": r"expected \[0\], \[\*\] or a dot at '\[x\]' of 'a\[x\]'",
    "a[-1]": r"expected \[0\], \[\*\] or a dot at '\[-1\]'",
    "a[]": r"expected \[0\], \[\*\] or a dot at '\[\]'",
    "a[0": r"expected \[0\], \[\*\] or a dot at '\[0' of",
    "a[0]b": r"expected \[0\], \[\*\] or a dot at 'b' of",
    "a]": r"expected \[0\], \[\*\] or a dot at '\]' of",
}


@pytest.mark.parametrize(("path", "said"), NO_PATHS.items())
def test_what_is_no_path_is_told_with_its_place(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(path)
    with pytest.raises(ValueError, match=said):
        without({}, [path])

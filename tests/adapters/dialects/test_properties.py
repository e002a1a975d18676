"""What holds whatever is said."""

import contextlib
import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.errors import BadRequest, Failure
from adapters.sse import Event
from adapters.types import Json
from tests.adapters.dialects.golden import (
    DIRECTIONS,
    REQUESTS,
    STREAMS,
    Case,
    decoded,
    translated,
)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
unknown = st.dictionaries(st.text(min_size=1).map(lambda name: f"x_{name}"), values, min_size=1)


@pytest.mark.parametrize("direction", DIRECTIONS)
@settings(UNHURRIED, max_examples=50)
@given(fields=unknown)
def test_unknown_fields_survive(direction: str, fields: Json) -> None:
    asked: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    said = DIRECTIONS[direction].translation.request(asked)

    holder = said[unknown] if (unknown := DIRECTIONS[direction].unknown) else said
    assert {name: holder[name] for name in fields} == fields


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_a_request_is_never_changed(case: Case) -> None:
    asked = case.asked
    before = copy.deepcopy(asked)
    translation = case.direction.translation

    first = copy.deepcopy(translation.request(asked))
    second = translation.request(asked)

    assert asked == before
    assert first == second


@pytest.mark.parametrize("case", STREAMS, ids=str)
@settings(UNHURRIED, max_examples=20)
@given(data=st.data())
def test_any_cut_of_the_bytes_says_the_same(case: Case, data: st.DataObject) -> None:
    stream = case.path.read_bytes()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    reads = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]

    whole = translated(case.direction.translation, case.asked, stream)
    cut = translated(case.direction.translation, case.asked, *reads)

    assert cut == whole


JUNK: list[Any] = [None, 7, True, 0.5, "x", "", [], {}, ["x"], [[]], [{}], {"type": 7}]


@pytest.mark.parametrize("case", REQUESTS, ids=str)
@settings(UNHURRIED, max_examples=50)
@given(data=st.data())
def test_a_request_of_any_shape_is_translated_or_refused(case: Case, data: st.DataObject) -> None:
    asked = case.asked
    path = data.draw(st.sampled_from(list(_paths(asked))))
    wrong = _replaced(asked, path, data.draw(st.sampled_from(JUNK)))

    with contextlib.suppress(BadRequest):
        assert isinstance(case.direction.translation.request(wrong), dict)


@pytest.mark.parametrize("case", STREAMS, ids=str)
@settings(UNHURRIED, max_examples=50)
@given(data=st.data())
def test_an_event_of_any_shape_is_translated_or_broken(case: Case, data: st.DataObject) -> None:
    events = [event for event in decoded(case.path.read_bytes()) if event.data != b"[DONE]"]
    at = data.draw(st.integers(0, len(events) - 1))
    said = orjson.loads(events[at].data)
    path = data.draw(st.sampled_from([p for p in _paths(said) if "usage" not in p[:-1]]))
    events[at] = Event(orjson.dumps(_replaced(said, path, data.draw(st.sampled_from(JUNK)))))
    machine = case.direction.translation.stream(case.asked, 0)

    with contextlib.suppress(Failure):
        assert all(out.data for event in events for out in machine.feed(event))


def _paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside."""
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for name, child in children:
        yield (*above, name)
        if isinstance(child, dict | list):
            yield from _paths(child, (*above, name))


def _replaced(document: Json, path: tuple[Any, ...], value: Any) -> Json:
    out = copy.deepcopy(document)
    holder: Any = out
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return out

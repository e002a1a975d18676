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

from adapters.dialects.anthropic import FROM_CHAT, TO_CHAT
from adapters.errors import BadRequest, Failure
from adapters.sse import Event
from adapters.types import Json
from tests.adapters.dialects.anthropic.golden import (
    DIRECTIONS,
    REQUESTS,
    STREAMS,
    Case,
    decoded,
    translated,
)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
unknown = st.dictionaries(st.text(min_size=1).map(lambda name: f"x_{name}"), values, min_size=1)
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("direction", DIRECTIONS)
@settings(UNHURRIED)
@given(fields=unknown)
def test_unknown_fields_survive(direction: str, fields: Json) -> None:
    asked: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    said = DIRECTIONS[direction].translation.request(asked)

    assert {name: said[name] for name in fields} == fields


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
        assert "messages" in case.direction.translation.request(wrong)


@pytest.mark.parametrize("case", STREAMS, ids=str)
@settings(UNHURRIED, max_examples=50)
@given(data=st.data())
def test_an_event_of_any_shape_is_translated_or_broken(case: Case, data: st.DataObject) -> None:
    events = [event for event in decoded(case.path.read_bytes()) if event.data != b"[DONE]"]
    at = data.draw(st.integers(0, len(events) - 1))
    said = orjson.loads(events[at].data)
    path = data.draw(st.sampled_from([p for p in _paths(said) if "usage" not in p[:-1]]))
    events[at] = Event(orjson.dumps(_replaced(said, path, data.draw(st.sampled_from(JUNK)))))
    machine = case.direction.translation.stream(case.asked)

    with contextlib.suppress(Failure):
        assert all(out.data for event in events for out in machine.feed(event))


blocks = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("thinking"),
            "thinking": texts,
            "signature": st.text("abcE=+/", min_size=1),
        }
    )
    | st.fixed_dictionaries(
        {"type": st.just("redacted_thinking"), "data": st.text("abc", min_size=1)}
    ),
    max_size=4,
)


@settings(UNHURRIED)
@given(thinking=blocks)
def test_thinking_comes_back_as_it_went(thinking: list[Json]) -> None:
    said: list[Json] = [*thinking, {"type": "text", "text": "So."}]
    document = {"id": "m", "content": said, "stop_reason": "end_turn", "usage": {}}

    message = FROM_CHAT.reply(document, {"model": "claude-opus-5"})["choices"][0]["message"]
    asked = {"model": "claude-opus-5", "messages": [_user("Why?"), message, _user("And?")]}

    assert FROM_CHAT.request(asked)["messages"][1] == {"role": "assistant", "content": said}


@settings(UNHURRIED)
@given(thinking=blocks)
def test_thinking_goes_through_a_chat_and_back(thinking: list[Json]) -> None:
    turns = [
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": [*thinking, {"type": "text", "text": "So."}]},
        {"role": "user", "content": "And?"},
    ]
    chat = TO_CHAT.request({"model": "claude-opus-5", "max_tokens": 9, "messages": turns})

    assert FROM_CHAT.request(chat)["messages"][1] == turns[1]


arguments = st.dictionaries(texts, st.integers(-9, 9) | texts, max_size=3)


@settings(UNHURRIED)
@given(inputs=st.lists(arguments, min_size=1, max_size=3), order=st.randoms())
def test_calls_told_side_by_side_end_up_in_a_row(inputs: list[Json], order: Any) -> None:
    """Pieces of parallel calls in any order that keeps each call's own."""
    whole = [orjson.dumps(value).decode() for value in inputs]
    halves = [[text[: len(text) // 2], text[len(text) // 2 :]] for text in whole]
    turns = [i for i in range(len(inputs)) for _ in range(2)]
    order.shuffle(turns)
    machine = TO_CHAT.stream({"model": "m"})
    seen: set[int] = set()
    said = []
    for i in turns:
        head = {} if i in seen else {"id": f"call_{i}"}
        function = {"arguments": halves[i].pop(0), **({} if i in seen else {"name": f"f{i}"})}
        seen.add(i)
        said += machine.feed(_event({"tool_calls": [{"index": i, **head, "function": function}]}))
    said += machine.feed(_event({}, "tool_calls"))
    said += machine.close()

    assert _inputs([orjson.loads(event.data) for event in said]) == {
        f"call_{i}": value for i, value in enumerate(inputs)
    }


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


def _user(text: str) -> Json:
    return {"role": "user", "content": text}


def _event(delta: Json, finish: str | None = None) -> Event:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return Event(orjson.dumps({"id": "c", "choices": [choice]}))


def _inputs(said: list[Json]) -> dict[str, Json]:
    """What an Anthropic client makes of the tool blocks; blocks must come one after another."""
    found: dict[str, str] = {}
    current = ""
    for event in said:
        match event:
            case {"type": "content_block_start", "content_block": {"id": id_}}:
                assert current == ""
                current = id_
                found[current] = ""
            case {"type": "content_block_delta", "delta": {"partial_json": part}}:
                found[current] += part
            case {"type": "content_block_stop"}:
                current = ""
    return {id_: orjson.loads(text) for id_, text in found.items()}

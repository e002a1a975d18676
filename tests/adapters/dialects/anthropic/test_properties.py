"""What holds of Anthropic's translations whatever is said."""

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dialects.anthropic import FROM_CHAT, TO_CHAT
from adapters.sse import Event
from adapters.types import Json

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
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

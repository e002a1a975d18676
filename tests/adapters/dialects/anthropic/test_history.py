"""What becomes of thinking that others have signed, on its way to Claude."""

import base64
from typing import Any

import orjson
import pytest

from adapters.dialects.anthropic.history import own_thinking
from adapters.types import Json

OWN = {"type": "thinking", "thinking": "Hm.", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}
HIDDEN = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"}
OPENAIS = {"type": "thinking", "thinking": "Hm.", "signature": "responses#gAAAAAB"}
GOOGLES = {
    "type": "thinking",
    "thinking": "Hm.",
    "signature": base64.b64encode(b"\x12\x90\x01\x0a\x8e\x01\x01" + b"s" * 40).decode(),
}
NOBODYS = {"type": "thinking", "thinking": "Hm.", "signature": ""}
SAID = {"type": "text", "text": "Hi."}
CALL = {"type": "tool_use", "id": "call_1", "name": "f", "input": {}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1"}]}
BUDGET = {"type": "enabled", "budget_tokens": 2000}

strange = pytest.mark.parametrize("theirs", [OPENAIS, GOOGLES, NOBODYS])


def _body(*turns: Json, model: str = "claude-sonnet-4-5", **more: Any) -> Json:
    return {"model": model, "messages": [{"role": "user", "content": "Hello"}, *turns], **more}


def _assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


@strange
def test_what_others_have_thought_is_left_out(theirs: Json) -> None:
    body = _body(_assistant(theirs, SAID), _assistant(OWN, HIDDEN, SAID))

    assert own_thinking(body, b"") == _body(_assistant(SAID), _assistant(OWN, HIDDEN, SAID))


@strange
def test_a_turn_that_was_nothing_else_is_left_out_whole(theirs: Json) -> None:
    assert own_thinking(_body(_assistant(theirs)), b"") == _body()


@strange
def test_without_the_thinking_before_a_call_its_result_is_answered_without_any(
    theirs: Json,
) -> None:
    body = _body(_assistant(theirs, CALL), RESULT, thinking=BUDGET)

    assert own_thinking(body, b"") == _body(_assistant(CALL), RESULT)


@strange
def test_thinking_that_needs_no_budget_stays_on(theirs: Json) -> None:
    adaptive = {"type": "adaptive"}
    body = _body(_assistant(theirs, CALL), RESULT, thinking=adaptive)

    assert own_thinking(body, b"") == _body(_assistant(CALL), RESULT, thinking=adaptive)


@pytest.mark.parametrize(
    "body",
    [
        _body(_assistant(OWN, CALL), RESULT, thinking=BUDGET),
        _body(_assistant(CALL), RESULT, thinking=BUDGET),  # whoever has lost it is told by Claude
        _body({"role": "assistant", "content": "Hi."}),
        _body(_assistant(GOOGLES), model="deepseek-chat"),  # it asks nobody for a signature
        {"model": "claude-sonnet-4-5", "messages": "odd"},
        {"model": None},
    ],
)
def test_everything_else_is_left_alone(body: Json) -> None:
    assert own_thinking(body, b"") is body


def test_where_nothing_is_signed_nobody_looks() -> None:
    body = _body(_assistant(NOBODYS))

    assert own_thinking(body, b'{"messages": []}') is body
    assert own_thinking(body, orjson.dumps(body)) == _body()
    assert own_thinking(body, rb'{"sign\u0061ture": ""}') == _body()

"""What `modify_params` puts right, for whom, and that it touches nothing else."""

from copy import deepcopy

import pytest

from adapters.repair import repaired
from adapters.types import Dialect, Json

CHAT = Dialect.OPENAI_CHAT
ANTHROPIC = Dialect.ANTHROPIC_MESSAGES
BEDROCK = Dialect.BEDROCK_CONVERSE
GEMINI = Dialect.GEMINI_GENERATE
TOOLS = [{"type": "function", "function": {"name": "f"}}]


def _says(role: str, content: object = "hi", **rest: object) -> Json:
    return {"role": role, "content": content, **rest}


def _calls(*ids: str) -> Json:
    calls = [{"id": id_, "type": "function", "function": {"name": "f"}} for id_ in ids]
    return _says("assistant", None, tool_calls=calls)


def _result(id_: str, content: str = "ok") -> Json:
    return {"role": "tool", "tool_call_id": id_, "content": content}


INTERRUPTED = "There is no result: f was interrupted."

HISTORIES: dict[str, tuple[Dialect, list[Json], list[Json]]] = {
    "a call without a result": (
        CHAT,
        [_says("user"), _calls("1", "2"), _result("2"), _says("user", "stop")],
        [
            _says("user"),
            _calls("1", "2"),
            _result("2"),
            _result("1", INTERRUPTED),
            _says("user", "stop"),
        ],
    ),
    "a call at the very end": (
        CHAT,
        [_says("user"), _calls("1")],
        [_says("user"), _calls("1"), _result("1", INTERRUPTED)],
    ),
    "a result without a call": (
        CHAT,
        [_says("user"), _result("9"), _says("assistant")],
        [_says("user"), _says("assistant")],
    ),
    "a second result of one call": (
        CHAT,
        [_says("user"), _calls("1"), _result("1"), _result("1", "again")],
        [_says("user"), _calls("1"), _result("1")],
    ),
    "a result before its call": (
        CHAT,
        [_says("user"), _result("1"), _calls("1")],
        [_says("user"), _calls("1"), _result("1", INTERRUPTED)],
    ),
    "a result that came late": (
        CHAT,
        [_says("user"), _calls("1", "2"), _result("1"), _says("user", "well?"), _result("2")],
        [_says("user"), _calls("1", "2"), _result("1"), _result("2"), _says("user", "well?")],
    ),
    "results that do not say whose they are": (
        CHAT,
        [
            _says("user"),
            _calls("1", "2"),
            {"role": "tool", "content": "one"},
            {"role": "tool", "content": "two", "tool_call_id": None},
            {"role": "tool", "content": "three"},
        ],
        [_says("user"), _calls("1", "2"), _result("1", "one"), _result("2", "two")],
    ),
    "ids that come again in every turn": (
        CHAT,
        [_says("user"), _calls("1"), _result("1"), _calls("1"), _says("user")],
        [
            _says("user"),
            _calls("1"),
            _result("1"),
            _calls("1"),
            _result("1", INTERRUPTED),
            _says("user"),
        ],
    ),
    "nothing in a turn": (
        CHAT,
        [_says("user", ""), _says("assistant", " \n"), _says("user", None), _says("user", [])],
        [
            _says("user", "(nothing was said)"),
            _says("assistant", "(nothing was said)"),
            _says("user", "(nothing was said)"),
            _says("user", "(nothing was said)"),
        ],
    ),
    "nothing in a part": (
        CHAT,
        [_says("user", [{"type": "text", "text": ""}, {"type": "text", "text": "a"}])],
        [_says("user", [{"type": "text", "text": "a"}])],
    ),
    "nothing in any part": (
        CHAT,
        [_says("user", [{"type": "text", "text": " "}])],
        [_says("user", "(nothing was said)")],
    ),
    "blanks beside a call": (
        CHAT,
        [_says("user"), {**_calls("1"), "content": "  "}, _result("1")],
        [_says("user"), _calls("1"), _result("1")],
    ),
    "the assistant begins, at Anthropic": (
        ANTHROPIC,
        [_says("system"), _says("assistant"), _says("user")],
        [_says("system"), _says("user", "Please continue."), _says("assistant"), _says("user")],
    ),
    "the assistant begins, at Bedrock": (
        BEDROCK,
        [_says("assistant"), _says("user")],
        [_says("user", "Please continue."), _says("assistant"), _says("user")],
    ),
    "the assistant begins, at Google": (
        GEMINI,
        [_says("assistant"), _says("user")],
        [_says("user", "Please continue."), _says("assistant"), _says("user")],
    ),
    "only the system speaks": (
        BEDROCK,
        [_says("system")],
        [_says("system"), _says("user", "Please continue.")],
    ),
    "a space at the end": (
        ANTHROPIC,
        [_says("user"), _says("assistant", "It is \n")],
        [_says("user"), _says("assistant", "It is")],
    ),
    "a space at the end of the last part": (
        BEDROCK,
        [_says("user"), _says("assistant", [{"type": "text", "text": "It is "}])],
        [_says("user"), _says("assistant", [{"type": "text", "text": "It is"}])],
    ),
}


@pytest.mark.parametrize(("theirs", "broken", "whole"), HISTORIES.values(), ids=HISTORIES)
def test_a_history_is_put_right(theirs: Dialect, broken: list[Json], whole: list[Json]) -> None:
    chat: Json = {"model": "m", "messages": broken, "tools": TOOLS, "x_new": 1}
    before = deepcopy(chat)

    mended = repaired(chat, theirs)

    assert mended == {**before, "messages": whole}
    assert chat == before
    assert repaired(mended, theirs) is mended


@pytest.mark.parametrize("theirs", [ANTHROPIC, BEDROCK])
def test_a_history_with_calls_gets_a_tool(theirs: Dialect) -> None:
    chat: Json = {"messages": [_says("user"), _calls("1"), _result("1")]}

    mended = repaired(chat, theirs)

    assert [tool["function"]["name"] for tool in mended["tools"]] == ["dummy_tool"]
    assert mended["messages"] is chat["messages"]
    assert "tools" not in chat


BUDGETS: dict[str, tuple[Json, Json]] = {
    "more than the answer may have": (
        {"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 8000}},
        {"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 3999}},
    ),
    "just as much": (
        {"max_completion_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"max_completion_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1999}},
    ),
    "more than there is any room for": (
        {"max_tokens": 1024, "thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"max_tokens": 1024},
    ),
}


@pytest.mark.parametrize(("asked", "capped"), BUDGETS.values(), ids=BUDGETS)
@pytest.mark.parametrize("theirs", [ANTHROPIC, BEDROCK])
def test_thinking_leaves_room_for_the_answer(theirs: Dialect, asked: Json, capped: Json) -> None:
    assert repaired(asked, theirs) == capped


SOUND: dict[str, tuple[Dialect, Json]] = {
    "a whole conversation": (
        ANTHROPIC,
        {
            "messages": [
                _says("system", ""),
                _says("user", [{"type": "image_url", "image_url": {"url": "x"}}]),
                _calls("1", "2"),
                _result("2", ""),
                _result("1"),
                _says("assistant", "It is"),
            ],
            "tools": TOOLS,
            "max_tokens": 4000,
            "thinking": {"type": "enabled", "budget_tokens": 3000},
        },
    ),
    "calls without tools, where nobody minds": (
        CHAT,
        {"messages": [_says("user"), _calls("1"), _result("1")]},
    ),
    "the assistant begins, where nobody minds": (CHAT, {"messages": [_says("assistant")]}),
    "a space at the end, where nobody minds": (
        GEMINI,
        {"messages": [_says("user"), _says("assistant", "It is ")]},
    ),
    "only the system speaks: Anthropic's translation knows what to do": (
        ANTHROPIC,
        {"messages": [_says("system")]},
    ),
    "thinking without a limit": (
        ANTHROPIC,
        {"messages": [_says("user")], "thinking": {"type": "enabled", "budget_tokens": 3000}},
    ),
    "thinking without a budget": (
        ANTHROPIC,
        {"messages": [_says("user")], "thinking": {"type": "adaptive"}, "max_tokens": 9},
    ),
    "a refusal": (CHAT, {"messages": [_says("user"), _says("assistant", None, refusal="no")]}),
    "another operation": (Dialect.OPENAI_EMBEDDINGS, {"input": "hi"}),
    "no messages": (BEDROCK, {"messages": []}),
    "messages that are no list": (ANTHROPIC, {"messages": "hi"}),
    "messages that are no objects": (ANTHROPIC, {"messages": ["hi", None]}),
    "calls that are no list": (
        ANTHROPIC,
        {"messages": [_says("user"), _says("assistant", tool_calls="f")]},
    ),
    "calls that are no objects": (
        ANTHROPIC,
        {"messages": [_says("user"), _says("assistant", tool_calls=["f"])]},
    ),
    "a budget that is no number": (
        ANTHROPIC,
        {"thinking": {"budget_tokens": "many"}, "max_tokens": 9},
    ),
}


@pytest.mark.parametrize(("theirs", "chat"), SOUND.values(), ids=SOUND)
def test_what_is_sound_is_returned_itself(theirs: Dialect, chat: Json) -> None:
    before = deepcopy(chat)

    assert repaired(chat, theirs) is chat
    assert chat == before


def test_whose_call_it_was_is_said_even_without_a_function() -> None:
    chat: Json = {"messages": [_says("assistant", None, tool_calls=[{"id": "1"}])]}

    filled = repaired(chat, CHAT)["messages"][-1]

    assert filled == _result("1", "There is no result: the tool was interrupted.")

"""What becomes of a chat request; the golden files hold the whole, here are the forks."""

from typing import Any

import pytest

from adapters.dialects.gemini import FROM_CHAT
from adapters.dialects.gemini.signatures import NOBODYS
from adapters.errors import BadRequest
from adapters.types import Json

HI: list[Json] = [{"role": "user", "content": "Hi"}]
FUNCTION: Json = {"type": "function", "function": {"name": "f", "parameters": {}}}


def said(model: str = "gemini-3.5-flash", **fields: Any) -> Json:
    return FROM_CHAT.request({"model": model, "messages": HI, **fields})


def config(model: str = "gemini-3.5-flash", **fields: Any) -> Json:
    found: Json = said(model, **fields).get("generationConfig", {})
    return found


def contents(*messages: Json, model: str = "gemini-3.5-flash") -> list[Json]:
    found: list[Json] = said(model, messages=list(messages))["contents"]
    return found


def call(id_: str, **more: Any) -> Json:
    tool = {"id": id_, "type": "function", "function": {"name": "f", "arguments": "{}"}, **more}
    return {"role": "assistant", "content": None, "tool_calls": [tool]}


def result(id_: str, content: Any = "done") -> Json:
    return {"role": "tool", "tool_call_id": id_, "content": content}


def signature(content: Json) -> Any:
    return content["parts"][0].get("thoughtSignature")


THINKING = {
    "a level": ("gemini-3.5-flash", "low", {"includeThoughts": True, "thinkingLevel": "LOW"}),
    "the highest there is": (
        "gemini-3-flash-preview",
        "xhigh",
        {"includeThoughts": True, "thinkingLevel": "HIGH"},
    ),
    "as little as can be": ("gemini-3.5-flash", "none", {"thinkingLevel": "MINIMAL"}),
    "a Pro never thinks less than low": (
        "gemini-3.1-pro-preview",
        "none",
        {"thinkingLevel": "LOW"},
    ),
    "a Flash that knows no minimal": (
        "gemini-3.8-flash",
        "minimal",
        {"includeThoughts": True, "thinkingLevel": "LOW"},
    ),
    "the first Pro with levels has no medium": (
        "gemini-3-pro-preview",
        "medium",
        {"includeThoughts": True, "thinkingLevel": "HIGH"},
    ),
    "a name without a version is the newest": (
        "gemini-flash-latest",
        "high",
        {"includeThoughts": True, "thinkingLevel": "HIGH"},
    ),
    "a budget": (
        "models/gemini-2.5-pro",
        "medium",
        {"includeThoughts": True, "thinkingBudget": 8192},
    ),
    "no budget": (
        "gemini-2.5-flash",
        "disable",
        {"includeThoughts": False, "thinkingBudget": 0},
    ),
    "an older Pro cannot but think": (
        "gemini-2.5-pro",
        "none",
        {"includeThoughts": False, "thinkingBudget": 128},
    ),
    "an effort as the Responses API spells it": (
        "gemini-2.5-flash",
        {"effort": "low"},
        {"includeThoughts": True, "thinkingBudget": 1024},
    ),
}


@pytest.mark.parametrize(("model", "effort", "thinking"), THINKING.values(), ids=THINKING)
def test_an_effort_becomes_what_the_model_knows(model: str, effort: Any, thinking: Json) -> None:
    assert config(model, reasoning_effort=effort) == {"thinkingConfig": thinking}


ANTHROPICS = {
    "a budget": ("gemini-2.5-flash", {"type": "enabled", "budget_tokens": 77}, 77),
    "no thinking": ("gemini-2.5-flash", {"type": "disabled"}, 0),
}


@pytest.mark.parametrize(("model", "thinking", "budget"), ANTHROPICS.values(), ids=ANTHROPICS)
def test_thinking_as_anthropic_spells_it(model: str, thinking: Json, budget: int) -> None:
    assert config(model, thinking=thinking)["thinkingConfig"]["thinkingBudget"] == budget


@pytest.mark.parametrize(
    ("tokens", "level"), [(0, "MINIMAL"), (1024, "LOW"), (5000, "MEDIUM"), (32000, "HIGH")]
)
def test_a_budget_becomes_a_level(tokens: int, level: str) -> None:
    found = config(thinking={"type": "enabled", "budget_tokens": tokens})

    assert found["thinkingConfig"]["thinkingLevel"] == level


def test_a_model_that_cannot_think_gets_the_effort_to_refuse_it() -> None:
    chat = {"model": "gemini-2.0-flash", "messages": HI, "reasoning_effort": "low"}

    assert FROM_CHAT.request(chat)["reasoning_effort"] == "low"
    assert "reasoning_effort" in FROM_CHAT.droppable(chat)
    assert "reasoning_effort" not in FROM_CHAT.droppable({**chat, "model": "gemini-2.5-flash"})


def test_geminis_own_words_win() -> None:
    found = config(
        reasoning_effort="high",
        max_tokens=5,
        thinking_config={"thinkingBudget": 3},
        generationConfig={"maxOutputTokens": 9},
    )

    assert found == {"maxOutputTokens": 9, "thinkingConfig": {"thinkingBudget": 3}}


CHOICES = {
    "auto": ("auto", {"mode": "AUTO"}),
    "none": ("none", {"mode": "NONE"}),
    "required": ("required", {"mode": "ANY"}),
    "a name": (
        {"type": "function", "function": {"name": "f"}},
        {"mode": "ANY", "allowedFunctionNames": ["f"]},
    ),
    "Anthropic's any": ({"type": "any"}, {"mode": "ANY"}),
}


@pytest.mark.parametrize(("choice", "calling"), CHOICES.values(), ids=CHOICES)
def test_a_tool_choice_is_said(choice: Any, calling: Json) -> None:
    found = said(tools=[FUNCTION], tool_choice=choice)

    assert found["toolConfig"] == {"functionCallingConfig": calling}


def test_a_choice_without_functions_is_left_out() -> None:
    assert "toolConfig" not in said(tools=[{"googleSearch": {}}], tool_choice="auto")


def test_a_choice_counts_for_declarations_in_geminis_own_words() -> None:
    own = {"function_declarations": [{"name": "f"}]}
    found = said(tools=[own], tool_choice="required")

    assert found["tools"] == [own]
    assert found["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}


def test_only_allowed_tools_are_offered_where_none_is_forced() -> None:
    other = {"type": "function", "function": {"name": "g"}}
    only = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "g"}}]}
    found = said(
        tools=[FUNCTION, other], tool_choice={"type": "allowed_tools", "allowed_tools": only}
    )

    assert found["tools"] == [{"functionDeclarations": [{"name": "g"}]}]


def test_web_search_becomes_googles() -> None:
    assert said(tools=[{"type": "web_search_preview"}])["tools"] == [{"googleSearch": {}}]
    assert said(web_search_options={})["tools"] == [{"googleSearch": {}}]


def test_tool_results_stay_apart_from_what_the_user_says() -> None:
    found = contents(
        *HI, call("a"), result("a"), {"role": "user", "content": "So?"}, model="gemini-2.5-flash"
    )

    assert [content["role"] for content in found] == ["user", "model", "user", "user"]
    assert found[2]["parts"] == [
        {"functionResponse": {"name": "f", "response": {"output": "done"}}}
    ]


def test_results_of_parallel_calls_come_together() -> None:
    both = {**call("a"), "tool_calls": [*call("a")["tool_calls"], *call("b")["tool_calls"]]}

    found = contents(*HI, both, result("b"), result("a"))

    assert [part["functionResponse"]["id"] for part in found[2]["parts"]] == ["b", "a"]


def test_a_result_without_an_id_answers_the_only_call() -> None:
    found = contents(*HI, call("a"), {"role": "tool", "content": "5"})

    assert found[2]["parts"][0]["functionResponse"]["name"] == "f"


def test_what_a_tools_result_cannot_hold_stands_beside_it() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}

    found = contents(*HI, call("a"), result("a", [sound]))

    assert [list(part) for part in found[2]["parts"]] == [["functionResponse"], ["inlineData"]]


SIGNED = {
    "in LiteLLM's field": {"provider_specific_fields": {"thought_signature": "c2ln"}},
    "in Google's field": {"extra_content": {"google": {"thought_signature": "c2ln"}}},
    "in the function, as LiteLLM once did": {
        "function": {
            "name": "f",
            "arguments": "{}",
            "provider_specific_fields": {"thought_signature": "c2ln"},
        }
    },
    "in the id": {"id": "a__thought__c2ln"},
}


@pytest.mark.parametrize("more", SIGNED.values(), ids=SIGNED)
def test_a_signature_comes_back_wherever_it_was_kept(more: Json) -> None:
    found = contents(*HI, call("a", **more), result("a"))

    assert signature(found[1]) == "c2ln"
    assert found[1]["parts"][0]["functionCall"]["id"] == "a"


def test_calls_of_others_are_excused_in_the_turn_that_is_going_on() -> None:
    found = contents(
        *HI, call("a"), result("a"), *HI, call("b"), result("b"), call("c"), result("c")
    )

    calls = [content for content in found if content["role"] == "model"]
    assert [signature(content) for content in calls] == [None, NOBODYS, NOBODYS]


def test_models_that_want_no_signature_get_no_stand_in() -> None:
    assert signature(contents(*HI, call("a"), result("a"), model="gemini-2.5-flash")[1]) is None


def test_thinking_that_another_provider_has_signed_is_left_out() -> None:
    claudes = "EqQBCkYIBRgCIkDRzQ=="
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": claudes}]

    found = contents(*HI, {"role": "assistant", "content": "So.", "thinking_blocks": blocks}, *HI)

    assert found[1]["parts"] == [{"text": "So."}]


ADDRESSES = {
    "an image by its ending": ("image_url", "https://x.test/a.png", "image/png"),
    "an image without one": ("image_url", "https://x.test/a?b=c", "image/jpeg"),
    "an address that is none": ("image_url", "https://[", "image/jpeg"),
    "a film": ("video_url", "gs://bucket/film", "video/mp4"),
    "YouTube": ("image_url", "https://www.youtube.com/watch?v=1", "video/mp4"),
    "an uploaded file": (
        "image_url",
        "https://generativelanguage.googleapis.com/v1beta/files/a",
        None,
    ),
}


@pytest.mark.parametrize(("kind", "url", "media"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_is_left_for_google_to_fetch(kind: str, url: str, media: str | None) -> None:
    part = {"type": kind, kind: {"url": url}}
    mime_type = {"mimeType": media} if media else {}

    (content,) = contents({"role": "user", "content": [part]})

    assert content["parts"] == [{"fileData": {**mime_type, "fileUri": url}}]


REFUSED: dict[str, tuple[Json, str]] = {
    "messages": ({"messages": "Hi"}, "messages"),
    "a role": ({"messages": [{"role": "narrator"}]}, "messages[0].role"),
    "a picture": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "cat"}]}]},
        "messages[0].content[0].image_url.url",
    ),
    "half a part": (
        {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
        "messages[0].content[0]",
    ),
    "an orphan": ({"messages": [*HI, result("nobody")]}, "messages[1].tool_call_id"),
    "arguments": (
        {"messages": [*HI, call("a", function={"name": "f", "arguments": "{"})]},
        "messages[1].tool_calls[0].function.arguments",
    ),
    "a tool": ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0]"),
    "a choice": ({"tools": [FUNCTION], "tool_choice": "maybe"}, "tool_choice"),
    "an effort": ({"reasoning_effort": "heroic"}, "reasoning_effort"),
}


@pytest.mark.parametrize(("fields", "param"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_said_is_refused_by_its_place(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        said(**fields)

    assert refused.value.param == param


def test_a_schema_that_multiplies_is_cut_short() -> None:
    defs = {
        f"d{i}": {"properties": {n: {"$ref": f"#/$defs/d{i + 1}"} for n in "abcd"}}
        for i in range(20)
    }
    schema = {"$ref": "#/$defs/d0", "$defs": defs}

    found = config(
        "gemini-1.5-pro", response_format={"type": "json_object", "response_schema": schema}
    )

    assert len(str(found["responseSchema"])) < 1_000_000

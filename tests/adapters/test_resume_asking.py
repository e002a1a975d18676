"""How the rest of an answer is asked for."""

from typing import Any

import pytest

from adapters.resume.asking import Question, question, unfit
from adapters.types import Dialect, Json, Target

CHAT, MESSAGES = Dialect.OPENAI_CHAT, Dialect.ANTHROPIC_MESSAGES
HELLO: Json = {"role": "user", "content": "Hello"}
SAID = "Good day, "


def asked(target: Target, dialect: Dialect = CHAT, text: str = SAID, **body: Any) -> Question:
    return question({"model": "m", "messages": [HELLO], **body}, dialect, target, text)


PREFILLS = {
    "Claude 4.5": (Target("anthropic", "claude-sonnet-4-5-20250929"), {}, " "),
    "Claude 3": (Target("anthropic", "claude-3-5-haiku-latest"), {}, " "),
    "Claude on Bedrock": (Target("bedrock", "us.anthropic.claude-opus-4-5-20251101-v1:0"), {}, " "),
    "Claude on Vertex": (Target("vertex_ai", "claude-haiku-4-5@20251001"), {}, " "),
    "Mistral repeats it": (Target("mistral", "mistral-large-latest"), {}, SAID),
    "DeepSeek's beta": (
        Target("deepseek", "deepseek-chat", base_url="https://api.deepseek.com/beta"),
        {"prefix": True},
        " ",
    ),
}


@pytest.mark.parametrize("case", PREFILLS)
def test_who_goes_on_from_a_beginning(case: str) -> None:
    target, mark, repeated = PREFILLS[case]

    found = asked(target)
    turn = {"role": "assistant", "content": "Good day,", **mark}
    assert found.body["messages"] == [HELLO, turn]
    assert (found.expected, found.prefilled) == (repeated, True)


CLAUDE = Target("anthropic", "claude-sonnet-4-5")
ANEW: dict[str, tuple[Target, Json]] = {
    "OpenAI": (Target("openai", "gpt-5"), {}),
    "Claude 4.6": (Target("anthropic", "claude-opus-4-6"), {}),
    "Claude 5": (Target("anthropic", "claude-sonnet-5"), {}),
    "a Claude of no known version": (Target("anthropic", "claude-latest"), {}),
    "no Claude at Anthropic's": (Target("anthropic", "something"), {}),
    "no Claude on Bedrock": (Target("bedrock", "amazon.nova-pro-v1:0"), {}),
    "Claude elsewhere": (Target("openrouter", "anthropic/claude-sonnet-4.5"), {}),
    "Claude when it thinks": (CLAUDE, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
    "Claude with effort": (CLAUDE, {"reasoning_effort": "low"}),
    "Claude whose deployment thinks": (
        Target("anthropic", "claude-sonnet-4-5", params={"reasoning_effort": "high"}),
        {},
    ),
    "Claude with a beginning of the client's": (
        CLAUDE,
        {"messages": [HELLO, {"role": "assistant", "content": "Well,"}]},
    ),
    "Mistral's thinkers": (Target("mistral", "magistral-medium-latest"), {}),
    "DeepSeek's usual address": (Target("deepseek", "deepseek-chat"), {}),
    "a deployment that answers in JSON": (
        Target("mistral", "mistral-small", params={"response_format": {"type": "json_object"}}),
        {},
    ),
}


@pytest.mark.parametrize("case", ANEW)
def test_who_is_asked_anew(case: str) -> None:
    target, body = ANEW[case]

    found = asked(target, **body)
    assert found == Question({"model": "m", "messages": [HELLO], **body}, SAID)


def test_deepseek_s_anthropic_door_knows_no_prefix() -> None:
    target = Target("deepseek", "deepseek-chat", base_url="https://api.deepseek.com/beta")

    assert not asked(target, MESSAGES).prefilled


def test_thinking_that_is_switched_off_does_no_harm() -> None:
    assert asked(CLAUDE, thinking={"type": "disabled"}, reasoning_effort="none").prefilled


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_is_no_beginning(text: str) -> None:
    assert not asked(CLAUDE, text=text).prefilled


def test_the_client_s_limit_counts_for_both_parts() -> None:
    target = Target("anthropic", "claude-sonnet-4-5", params={"max_tokens": 100})

    assert asked(target, text="x" * 160).body["max_tokens"] == 60
    assert asked(target, text="x" * 160, max_tokens=1000).body["max_tokens"] == 960
    assert asked(target, text="x" * 4000).body["max_tokens"] == 1
    assert "max_tokens" not in asked(CLAUDE).body


def test_asked_anew_an_answer_has_all_of_its_limit() -> None:
    assert asked(Target("openai", "gpt-5"), text="x" * 160, max_tokens=50).body["max_tokens"] == 50


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, ""),
        ({"response_format": {"type": "text"}, "n": 1, "logprobs": False, "store": False}, ""),
        ({"modalities": ["text"], "n": None, "output_config": {"effort": "low"}}, ""),
        ({"response_format": {"type": "json_object"}}, "its form was asked for"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "its form was asked for"),
        ({"response_format": "odd"}, "its form was asked for"),
        ({"output_format": {"type": "json_schema"}}, "its form was asked for"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "its form was asked for"),
        ({"n": 2}, "several choices were asked for"),
        ({"logprobs": True}, "log probabilities were asked for"),
        ({"top_logprobs": 2}, "log probabilities were asked for"),
        ({"store": True}, "it was to be stored"),
        ({"background": True}, "it was to be stored"),
        ({"modalities": ["text", "audio"]}, "speech was asked for"),
    ],
)
def test_what_must_not_be_put_together(body: Json, why: str) -> None:
    assert unfit(body) == why


def test_the_client_s_request_is_not_changed() -> None:
    body: Json = {"model": "m", "messages": [HELLO], "max_tokens": 50}

    question(body, CHAT, CLAUDE, SAID)
    assert body == {"model": "m", "messages": [HELLO], "max_tokens": 50}

"""What OpenAI's models refuse."""

from typing import Any

import pytest

from adapters.openai_rules import mended, reasons, refused, responses_only, tools_need_responses
from adapters.types import Json

SAMPLING = frozenset({"temperature", "top_p", "logprobs", "top_logprobs"})
STILL: Json = {"reasoning_effort": "none"}
HARD: Json = {"reasoning_effort": "high"}

REFUSES_TEMPERATURE: dict[tuple[str, str], bool] = {  # (model, effort) -> so
    ("gpt-4o", ""): False,
    ("gpt-4o-search-preview", ""): True,
    ("gpt-4.1-mini", ""): False,
    ("chatgpt-4o-latest", ""): False,
    ("o1", ""): True,
    ("o1-mini-2024-09-12", ""): True,
    ("o3-mini", ""): True,
    ("o3-pro", ""): True,
    ("o4-mini-2025-04-16", ""): True,
    ("ft:o4-mini-2025-04-16:acme::1", ""): True,
    ("gpt-5", ""): True,
    ("gpt-5", "none"): True,
    ("gpt-5-nano-2025-08-07", ""): True,
    ("gpt-5-chat-latest", ""): False,
    ("gpt-5.1", ""): False,
    ("gpt-5.1", "low"): True,
    ("gpt-5.1-codex-max", ""): True,
    ("gpt-5.2-chat-latest", ""): True,
    ("gpt-5.4-nano", ""): False,
    ("gpt-5.4", "high"): True,
    ("gpt-5.5", ""): True,
    ("gpt-5.5", "none"): False,
    ("openai/gpt-5.6-sol", ""): True,
    ("openai.gpt-5.6-luna", "none"): False,
    ("gpt-6.1-sol", ""): True,
    ("GPT-10", ""): True,
    ("llama-3-70b-instruct", ""): False,
    ("prod", ""): False,
}


@pytest.mark.parametrize(("named", "so"), REFUSES_TEMPERATURE.items())
def test_a_model_refuses_a_temperature(named: tuple[str, str], so: bool) -> None:
    model, effort = named
    body = {"model": model, **({"reasoning_effort": effort} if effort else {})}

    assert ("temperature" in refused(body)) is so


def test_effort_is_read_from_any_dialect() -> None:
    model = {"model": "gpt-5.4"}

    assert refused({**model, "reasoning": {"effort": "low"}}) >= SAMPLING
    assert refused({**model, "reasoning_effort": {"effort": "low"}}) >= SAMPLING
    assert refused({**model, "output_config": {"effort": "low"}}) >= SAMPLING
    assert refused({**model, "thinking": {"type": "enabled", "budget_tokens": 2048}}) >= SAMPLING
    assert not SAMPLING & refused({**model, "thinking": {"type": "disabled"}})


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-3.5-turbo", "gpt-35-turbo", "gpt-5-chat-latest"])
def test_models_that_do_not_reason_refuse_an_effort(model: str) -> None:
    assert "reasoning_effort" in refused({"model": model})


@pytest.mark.parametrize(
    ("model", "so"),
    [("o1", False), ("o3-mini", False), ("o3", True), ("o4-mini", True), ("gpt-5-mini", True)],
)
def test_newer_reasoning_models_refuse_stop(model: str, so: bool) -> None:
    assert ("stop" in refused({"model": model})) is so


def test_a_deployment_follows_the_rules_of_its_model() -> None:
    assert not refused({"model": "prod"})
    assert refused({"model": "prod"}, "gpt-5") >= SAMPLING
    assert "temperature" not in refused({"model": "gpt-5"}, "gpt-4o")


MENDED: dict[str, tuple[str, Json, Json]] = {  # model, fields, what is left of them
    "a default it refuses to be told": ("gpt-5", {"temperature": 1, "top_p": 1.0}, {}),
    "a value of one's own, for it to refuse": ("gpt-5", {"temperature": 0}, {"temperature": 0}),
    "a default it takes": ("gpt-4o", {"temperature": 1}, {"temperature": 1}),
    "neutral penalties": ("o3", {"presence_penalty": 0, "logit_bias": {}, "stop": None}, {}),
    "the newer word": ("o3", {"max_tokens": 9}, {"max_completion_tokens": 9}),
    "the newer word wins": (
        "gpt-6-sol",
        {"max_tokens": 9, "max_completion_tokens": 8},
        {"max_completion_tokens": 8},
    ),
    "the older word where it is known": ("gpt-4o", {"max_tokens": 9}, {"max_tokens": 9}),
}


@pytest.mark.parametrize(("model", "fields", "left"), MENDED.values(), ids=MENDED)
def test_a_body_is_mended(model: str, fields: Json, left: Json) -> None:
    body = {"model": model, "messages": [], **fields}

    assert mended(body) == {"model": model, "messages": [], **left}


def test_a_body_without_fault_is_not_copied() -> None:
    body: Json = {"model": "gpt-5", "messages": [{"role": "system", "content": "Hi"}]}

    assert mended(body) is body


def test_the_first_reasoning_models_know_no_system() -> None:
    messages = [{"role": role, "content": "x"} for role in ("system", "developer", "user")]
    said = mended({"model": "o1-mini", "messages": messages})

    assert [message["role"] for message in said["messages"]] == ["user"] * 3
    assert mended({"model": "o1", "messages": messages})["messages"] == messages


@pytest.mark.parametrize(
    "model",
    [
        *("o1-pro", "o3-pro-2025-06-10", "o3-deep-research", "o4-mini-deep-research-2025-06-26"),
        *("gpt-5-pro", "gpt-5.2-pro-2025-12-11", "gpt-5.5-pro", "computer-use-preview"),
        *("gpt-5-codex", "gpt-5.1-codex-max", "gpt-5.3-codex", "codex-mini-latest"),
        "openai/gpt-5-pro",
    ],
)
def test_some_models_are_in_the_responses_api_only(model: str) -> None:
    assert responses_only(model)
    assert reasons(model)


@pytest.mark.parametrize(
    "model", ["gpt-4o", "o1", "o3-mini", "gpt-5", "gpt-5.4-mini", "gpt-6.1-sol", "my-gpt-pro"]
)
def test_most_models_are_not(model: str) -> None:
    assert not responses_only(model)


TOOLS: list[Json] = [{"type": "function", "function": {"name": "f"}}]
NEED: list[tuple[str, Any, Json, bool]] = [  # model, tools, effort, so
    ("gpt-5.2", TOOLS, HARD, False),
    ("gpt-5.4", TOOLS, {}, False),
    ("gpt-5.4-mini", TOOLS, HARD, True),
    ("gpt-5.5", TOOLS, {}, True),
    ("gpt-5.6-terra", TOOLS, STILL, False),
    ("gpt-6-astra", TOOLS, {}, True),
    ("gpt-6-astra", [], HARD, False),
    ("gpt-6-astra", None, {}, False),
    ("gpt-4o", TOOLS, {}, False),
]


@pytest.mark.parametrize(("model", "tools", "effort", "so"), NEED)
def test_chat_takes_no_tools_from_who_thinks(
    model: str, tools: Any, effort: Json, so: bool
) -> None:
    assert tools_need_responses({"model": model, "tools": tools, **effort}) is so

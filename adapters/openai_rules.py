"""What OpenAI's models refuse, told from their names; the same on Azure, where the name is free and
`base_model` says which model it is.

Sources, read 2026-11: https://platform.openai.com/docs/guides/reasoning,
https://platform.openai.com/docs/guides/latest-model (sampling parameters need the effort `none`),
https://platform.openai.com/docs/api-reference/chat/create (`stop`, `reasoning_effort`),
https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning (the same as a table) and, on
tools, github.com/openai/openai-openapi/issues/541 and github.com/BerriAI/litellm/pull/34569.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapters.types import Json

_SAMPLERS = frozenset({"temperature", "top_p", "logprobs", "top_logprobs"})
_TASTES = frozenset({"presence_penalty", "frequency_penalty", "logit_bias"})
_THINKING = frozenset({"reasoning_effort", "verbosity"})
_NOTHING: frozenset[str] = frozenset()
_NAMES = 1000  # of models, whose rules are remembered


@dataclass(frozen=True, slots=True)
class Family:
    """Models that follow the same rules."""

    names: str  # a pattern for how they begin
    refuses: frozenset[str] = _NOTHING  # always
    refuses_thinking: frozenset[str] = _NOTHING  # unless the effort is `none`
    effort: str = ""  # how hard it thinks unless it is told; empty: it does not reason
    tools_when_still: bool = False  # its chat completions take tools with the effort `none` only


_UNKNOWN = Family("")
_FAMILIES: Sequence[Family] = (  # the first that matches
    Family(r"gpt-4o(-mini)?-search", _SAMPLERS | _TASTES | _THINKING | {"n", "seed"}),
    Family(r"chatgpt-|gpt-4|gpt-3\.?5|gpt-5-chat", _THINKING),
    Family(
        r"(o1|o3-mini)(?![\w.])(?!-(mini|preview))",
        _SAMPLERS | _TASTES | {"parallel_tool_calls"},
        effort="medium",
    ),
    Family(
        r"o[1-9](?![\w.])|codex-|computer-use-",
        _SAMPLERS | _TASTES | {"parallel_tool_calls", "stop"},
        effort="medium",
    ),
    Family(
        r"gpt-5(?![.\d])|gpt-5\.\d+-(chat|codex|pro)",
        _SAMPLERS | _TASTES | {"stop"},
        effort="medium",
    ),
    Family(r"gpt-5\.[1-3](?!\d)", _TASTES | {"stop"}, _SAMPLERS, effort="none"),
    Family(
        r"gpt-5\.4(?!\d)",
        _TASTES | {"stop"},
        _SAMPLERS,
        effort="none",
        tools_when_still=True,
    ),
    Family(
        r"gpt-(5\.\d|[6-9]|\d\d)",
        _TASTES | {"stop"},
        _SAMPLERS,
        effort="medium",
        tools_when_still=True,
    ),
)
_RESPONSES_ONLY = (  # "This model is only supported in v1/responses"
    r"o\d(-mini)?-(pro|deep-research)|codex-|computer-use-|gpt-\d+(\.\d+)?-(pro|codex)"
)
_FIRST_OF_ALL = r"o1-(mini|preview)"  # knew neither the system's nor the developer's role
_DEFAULTS: Json = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "presence_penalty": 0,
    "stop": [],
    "temperature": 1,
    "top_logprobs": 0,
    "top_p": 1,
}


def reasons(model: str) -> bool:
    """Whether a model of that name thinks before it speaks, if asked to."""
    return bool(_family(model).effort)


def responses_only(model: str) -> bool:
    """Whether a model of that name is not served by chat completions at all.

    Source: the model pages under https://platform.openai.com/docs/models (read 2026-11).
    """
    return _is(_RESPONSES_ONLY, model)


def tools_need_responses(body: Mapping[str, Any], model: str = "") -> bool:
    """Whether chat completions would refuse the request for thinking while it has functions:
    GPT-5.4 if it is told to think, its successors unless they are told not to.
    """
    family = _family(model or _model(body))
    if not family.tools_when_still or not (body.get("tools") or body.get("functions")):
        return False
    return _effort(body, family) != "none"


def refused(body: Mapping[str, Any], model: str = "") -> frozenset[str]:
    """Fields that the model refuses: left out where the operator says `drop_params`. `body` is one
    of chat completions or of the Responses API; `model`: if the body names it otherwise.
    """
    family = _family(model or _model(body))
    still = _effort(body, family) == "none"
    return family.refuses if still else family.refuses | family.refuses_thinking


def mended(body: Json, model: str = "") -> Json:
    """The same request without what only repeats a default that the model refuses to be told, and
    in its own words: `max_completion_tokens`, and no system message for the first two of all.
    """
    model = model or _model(body)
    if not reasons(model):
        return body
    needless = [name for name in refused(body, model) if _says_nothing(body, name)]
    old = "max_tokens" in body and "messages" in body
    first = _is(_FIRST_OF_ALL, model) and "messages" in body
    if not needless and not old and not first:
        return body
    out = {name: value for name, value in body.items() if name not in needless}
    if old:
        limit = out.pop("max_tokens")
        if out.get("max_completion_tokens") is None:
            out["max_completion_tokens"] = limit
    if first and isinstance(out["messages"], list):
        out["messages"] = [_as_user(message) for message in out["messages"]]
    return out


@lru_cache(_NAMES)
def _family(model: str) -> Family:
    return next((family for family in _FAMILIES if _is(family.names, model)), _UNKNOWN)


@lru_cache(_NAMES)
def _is(names: str, model: str) -> bool:
    """Platforms put words before a name: `openai/`, `openai.`, `ft:`."""
    return re.search(rf"(?:^|[/.:])(?:{names})", model.lower()) is not None


def _model(body: Mapping[str, Any]) -> str:
    return str(body.get("model") or "")


def _effort(body: Mapping[str, Any], family: Family) -> str:
    """What it is told in any dialect, Anthropic's included, or its own habit."""
    told = body.get("reasoning_effort")
    for name in ("reasoning", "output_config"):
        if told is None and isinstance(body.get(name), dict):
            told = body[name].get("effort")
    if isinstance(told, dict):
        told = told.get("effort")
    match body.get("thinking"):
        case {"type": "enabled" | "adaptive"} if told is None:
            told = "medium"
    return str(told or family.effort)


def _says_nothing(body: Json, name: str) -> bool:
    if name not in body or name not in _DEFAULTS:
        return False
    value = body[name]
    return value is None or bool(value == _DEFAULTS[name])


def _as_user(message: Any) -> Any:
    match message:
        case {"role": "system" | "developer"}:
            return {**message, "role": "user"}
        case _:
            return message

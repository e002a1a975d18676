"""How hard to think, as each family on Bedrock spells it in its own fields.

Sources, read 2026-11: https://docs.aws.amazon.com/bedrock/latest/userguide/
claude-messages-extended-thinking.html, .../model-parameters-openai.html and
https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html.
"""

from collections.abc import Mapping
from typing import Any

from adapters.dialects.anthropic.models import claude
from adapters.dialects.anthropic.words import BUDGET, NO_THINKING
from adapters.dialects.bedrock.models import Family, family
from adapters.dialects.lenient import record
from adapters.errors import BadRequest
from adapters.types import Json

_LEVELS: Mapping[str, str] = {  # of those that know three
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


def reasoning(
    chat: Json, extra: Json, inference: Json, turns: list[Json], *, may_think: bool
) -> Json:
    """The model's own fields with `reasoning_effort` said in them; what they say already wins.

    It is a hint: where the model would refuse to think, as when a tool is forced, it gives way.
    `inference` is raised where a budget for thinking leaves no room for the answer.
    """
    model = str(chat.get("model") or "")
    wanted = _wanted(chat)
    if wanted is not None:
        match family(model):
            case Family.CLAUDE:
                extra = _claude(wanted, model, extra, turns, may_think=may_think)
            case Family.NOVA_2:
                extra = {"reasoningConfig": _nova(wanted, inference), **extra}
            case Family.GPT_OSS:
                extra = {"reasoning_effort": _LEVELS.get(wanted, "low"), **extra}
            case _:
                extra = {"reasoning_effort": wanted, **extra}
    _make_room(extra, inference)
    return extra


def _wanted(chat: Json) -> str | None:
    wanted: Any = chat.get("reasoning_effort")
    if isinstance(wanted, dict):  # as the Responses API spells it
        wanted = wanted.get("effort")
    if wanted is None:
        return None
    if not isinstance(wanted, str):
        raise BadRequest("Expected a string.", param="reasoning_effort")
    if wanted not in _LEVELS and wanted not in NO_THINKING:
        raise BadRequest(f"Unknown effort: {wanted!r}.", param="reasoning_effort")
    return wanted


def _claude(wanted: str, model: str, extra: Json, turns: list[Json], *, may_think: bool) -> Json:
    known = claude(model)
    if extra.keys() & {"thinking", "reasoning_config"}:
        return extra
    if wanted in NO_THINKING:
        return _merged(extra, known.without_thinking())
    if known.adaptive:
        shown = {"display": "summarized"} if known.hides_thinking else {}
        thinking = {"thinking": {"type": "adaptive", **shown}} if may_think else {}
        return _merged(extra, {**thinking, "output_config": {"effort": known.effort(wanted)}})
    if not may_think or _lost_its_thinking(turns):
        return extra
    return {**extra, "thinking": {"type": "enabled", "budget_tokens": BUDGET[wanted]}}


def _merged(extra: Json, found: Json) -> Json:
    """`found`, with what `output_config` says already; the client's own words win."""
    own = record(extra.get("output_config"))
    merged = {**extra, **found}
    if own and "output_config" in found:
        merged["output_config"] = {**found["output_config"], **own}
    return merged


def _lost_its_thinking(turns: list[Json]) -> bool:
    """Whether a tool's result is answered without the thinking that led to the call.

    OpenAI clients do not send it back, and models with a budget refuse to think on without it.
    """
    match turns[-2:]:
        case [{"role": "assistant", "content": [first, *_]}, {"content": [{"toolResult": _}, *_]}]:
            return "reasoningContent" not in first
        case _:
            return False


def _nova(wanted: str, inference: Json) -> Json:
    """With the highest effort Nova refuses limits and sampling, so where they are set it is the
    next one.
    """
    if wanted in NO_THINKING:
        return {"type": "disabled"}
    level = _LEVELS[wanted]
    if level == "high" and inference.keys() & {"maxTokens", "temperature", "topP"}:
        level = "medium"
    return {"type": "enabled", "maxReasoningEffort": level}


def _make_room(extra: Json, inference: Json) -> None:
    thinking = record(extra.get("thinking")) or record(extra.get("reasoning_config"))
    budget, limit = thinking.get("budget_tokens"), inference.get("maxTokens")
    if isinstance(budget, int) and isinstance(limit, int) and limit <= budget:
        inference["maxTokens"] = limit + budget

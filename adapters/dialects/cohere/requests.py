"""An OpenAI chat request, said in Cohere's words.

Sources, read 2026-11: https://docs.cohere.com/reference/chat,
https://docs.cohere.com/docs/structured-outputs and https://docs.cohere.com/docs/reasoning.
"""

import re
from typing import Any

from adapters.dialects.cohere.messages import conversation
from adapters.dialects.cohere.tools import tools
from adapters.dialects.cohere.words import BUDGET, NO_THINKING
from adapters.errors import BadRequest
from adapters.types import Json

_NO_WORD_FOR = frozenset(
    {"audio", "logit_bias", "metadata", "modalities", "n", "parallel_tool_calls", "prediction"}
    | {"service_tier", "store", "top_logprobs", "verbosity", "web_search_options"}
)
_NO_MATTER = frozenset(  # whoever reads them, the answer is the same: taken out without a word
    {"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier"}
    | {"stream_options", "user"}
)
_REWRITTEN = _NO_MATTER | {
    "function_call",
    "functions",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "reasoning_effort",
    "response_format",
    "stop",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
}
_MAY_BE_NULL = _NO_WORD_FOR | {
    "frequency_penalty",
    "logprobs",
    "presence_penalty",
    "seed",
    "stream",
    "temperature",
}
_NEUTRAL: Json = {  # what these fields say when they are not there
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "store": False,
    "top_logprobs": 0,
}
_NEUTRAL_TIERS = frozenset({"auto", "default"})
_LEAST_P, _MOST_P = 0.01, 0.99  # without it Cohere takes 0.75, so 1 cannot be left out
_CANNOT_THINK = re.compile(
    r"command(-light|-nightly|-r\b.*|-r7b.*|-r-plus.*)?$|command-a-(03|vi|tr)|aya"
)


def no_word_for(chat: Json) -> frozenset[str]:
    """Fields that Cohere, or this model, would refuse."""
    return _NO_WORD_FOR | ({"reasoning_effort", "thinking"} if _cannot_think(chat) else set())


def request(chat: Json) -> Json:
    """Say an OpenAI chat request in Cohere's words.

    Known fields are taken out and rewritten; whatever is left is sent as it came: Cohere's own
    (`documents`, `citation_options`, `safety_mode`, `k`, `p`) and fields nobody has heard of.

    Raises:
        BadRequest: something Cohere has no word for, where leaving it out would change the answer.
    """
    rest = {
        name: value
        for name, value in chat.items()
        if name not in _REWRITTEN and not _says_nothing(name, value)
    }
    return {
        **_sampling(chat),
        **_stop(chat),
        **_answer_format(chat),
        **_thinking(chat),
        **rest,
        "messages": conversation(chat.get("messages")),
        **tools(chat),
    }


def _says_nothing(name: str, value: Any) -> bool:
    if value is None:
        return name in _MAY_BE_NULL
    if name == "service_tier":
        return value in _NEUTRAL_TIERS if isinstance(value, str) else False
    return name in _NEUTRAL and bool(value == _NEUTRAL[name])


def _sampling(chat: Json) -> Json:
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    nucleus = chat.get("top_p")
    if isinstance(nucleus, int | float) and not isinstance(nucleus, bool):
        nucleus = min(max(nucleus, _LEAST_P), _MOST_P)
    said = {"max_tokens": limit, "k": chat.get("top_k"), "p": nucleus}
    return {name: value for name, value in said.items() if value is not None}


def _stop(chat: Json) -> Json:
    match chat.get("stop"):
        case None | "" | []:
            return {}
        case str() as stop:
            return {"stop_sequences": [stop]}
        case stop:
            return {"stop_sequences": stop}


def _answer_format(chat: Json) -> Json:
    """A schema is a kind of JSON object to Cohere; its own spelling passes."""
    match chat.get("response_format"):
        case None | {"type": "text"}:
            return {}
        case {"type": "json_schema", "json_schema": {"schema": {} as schema}}:
            return {"response_format": {"type": "json_object", "json_schema": schema}}
        case {"type": "json_schema"}:
            raise BadRequest("A schema is missing.", param="response_format.json_schema")
        case other:
            return {"response_format": other}


def _thinking(chat: Json) -> Json:
    """`thinking`, in Anthropic's words or Cohere's, wins over `reasoning_effort`."""
    match chat.get("thinking"):
        case None:
            return _effort(chat)
        case {"type": kind, **others}:
            budget = others.pop("budget_tokens", None)
            said = {"type": "enabled" if kind == "adaptive" else kind, **others}
            return {"thinking": said if budget is None else {**said, "token_budget": budget}}
        case other:
            return {"thinking": other}


def _effort(chat: Json) -> Json:
    wanted = chat.get("reasoning_effort")
    if isinstance(wanted, dict):  # as the Responses API spells it
        wanted = wanted.get("effort")
    if wanted is None:
        return {}
    if not isinstance(wanted, str) or wanted not in {*BUDGET, *NO_THINKING}:
        raise BadRequest(f"Unknown effort: {wanted!r}.", param="reasoning_effort")
    if wanted in NO_THINKING:
        return {} if _cannot_think(chat) else {"thinking": {"type": "disabled"}}
    if _cannot_think(chat):
        return {"reasoning_effort": wanted}
    budget = BUDGET[wanted]
    return {"thinking": {"type": "enabled", **({"token_budget": budget} if budget else {})}}


def _cannot_think(chat: Json) -> bool:
    """Whether the model is known to be one without reasoning; a new one is asked."""
    return _CANNOT_THINK.search(str(chat.get("model") or "")) is not None

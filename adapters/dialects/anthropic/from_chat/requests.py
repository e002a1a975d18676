"""An OpenAI chat request, said in Anthropic's words.

Sources, read 2026-11: https://platform.claude.com/docs/en/api/messages and
https://platform.openai.com/docs/api-reference/chat/create.
"""

import re
from typing import Any

from adapters.dialects.anthropic.from_chat.messages import conversation
from adapters.dialects.anthropic.from_chat.tools import tool_choice, tools
from adapters.dialects.anthropic.history import lost_its_thinking
from adapters.dialects.anthropic.models import Claude, claude
from adapters.dialects.anthropic.schemas import fit
from adapters.dialects.anthropic.words import BUDGET, JSON_TOOL, NO_THINKING
from adapters.errors import BadRequest
from adapters.types import Json

_NO_WORD_FOR = frozenset(
    {
        "audio",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "modalities",
        "moderation",
        "n",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "seed",
        "store",
        "top_logprobs",
        "verbosity",
    }
)

_REWRITTEN = frozenset(
    {
        "function_call",
        "functions",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "stop",
        "stream_options",
        "tool_choice",
        "tools",
        "user",
        "web_search_options",
    }
)
_MAY_BE_NULL = _NO_WORD_FOR | {"service_tier", "stream", "temperature", "thinking", "top_p"}
_NEUTRAL: Json = {  # what these fields say when they are not there
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "presence_penalty": 0,
    "store": False,
    "top_logprobs": 0,
}
_SERVICE_TIERS = {  # Anthropic has no flex: it refuses that by name
    "default": "standard_only",
    "priority": "auto",  # priority capacity if there is any
}
_EMAIL_OR_PHONE = re.compile(r"\S+@\S+\.\S+|\+?[\d\s().-]{7,}")


def no_word_for(chat: Json) -> frozenset[str]:
    """Fields that Anthropic, or this model, would refuse."""
    model = claude(str(chat.get("model") or ""))
    if model.samples_itself:
        return _NO_WORD_FOR | {"temperature", "top_p", "top_k"}
    if model.wants_one_sampler and chat.get("temperature") is not None:
        return _NO_WORD_FOR | {"top_p"}
    return _NO_WORD_FOR


def request(chat: Json) -> Json:
    """Say an OpenAI chat request in Anthropic's words.

    Known fields are taken out and rewritten; whatever is left is sent as it came, so a field we
    have never heard of reaches the provider.

    Raises:
        BadRequest: something Anthropic has no word for, where leaving it out would change the
            answer.

    """
    model = claude(str(chat.get("model") or ""))
    rest = {
        name: value
        for name, value in chat.items()
        if name not in _REWRITTEN and not _says_nothing(name, value, model)
    }
    system, turns = conversation(chat.get("messages"))
    known = tools(chat, model)
    choice, known = tool_choice(chat, known)
    forced = uses_json_tool(chat) or (choice or {}).get("type") in {"any", "tool"}
    may_think = not forced and (model.adaptive or not lost_its_thinking(turns))
    rest |= _thinking(chat, rest, model, may_think=may_think)
    rest |= _answer_format(chat, rest, model)
    if uses_json_tool(chat):
        known, choice = _with_json_tool(chat, known, choice, thinks="thinking" in rest)
    out: Json = {
        **rest,
        "max_tokens": _max_tokens(chat, rest, model),
        "messages": turns,
        **({"tools": known} if known else {}),
        **({"tool_choice": choice} if choice else {}),
        **_user(chat, rest),
        **_stop(chat),
    }
    if system:
        out["system"] = system
    if tier := _SERVICE_TIERS.get(str(rest.get("service_tier"))):
        out["service_tier"] = tier
    return out


def uses_json_tool(chat: Json) -> bool:
    """Whether the answer comes as arguments of a tool: a schema is asked of a model that knows
    no structured outputs. `json_object` alone forces nothing, for Anthropic has no word for it;
    the prompt must ask for JSON anyway, which OpenAI insists on.
    """
    schema = _schema(chat.get("response_format"))
    return schema is not None and not claude(str(chat.get("model") or "")).structured


def _says_nothing(name: str, value: Any, model: Claude) -> bool:
    if value is None:
        return name in _MAY_BE_NULL
    if model.samples_itself and name in {"temperature", "top_p"}:
        return bool(value == 1)  # what it does anyway
    return name in _NEUTRAL and value == _NEUTRAL[name]


def _schema(response_format: Any) -> Json | None:
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": {} as found}}:
            schema: Json = found
            return schema
        case _:
            return None


def _thinking(chat: Json, rest: Json, model: Claude, *, may_think: bool) -> Json:
    """`reasoning_effort` as an effort or a budget. Anthropic's own `thinking` wins over it.

    It is a hint: where Anthropic would refuse to think, as when a tool is forced, it gives way.
    """
    wanted = chat.get("reasoning_effort")
    if isinstance(wanted, dict):  # as the Responses API spells it
        wanted = wanted.get("effort")
    if wanted is None or "thinking" in rest:
        return {}
    if not isinstance(wanted, str):
        raise BadRequest("Expected a string.", param="reasoning_effort")
    if wanted in NO_THINKING:
        return _merged(rest, model.without_thinking())
    if wanted not in BUDGET:
        raise BadRequest(f"Unknown effort: {wanted!r}.", param="reasoning_effort")
    if model.adaptive:
        shown = {"display": "summarized"} if model.hides_thinking else {}
        thinking = {"thinking": {"type": "adaptive", **shown}} if may_think else {}
        return _merged(rest, {**thinking, "output_config": {"effort": model.effort(wanted)}})
    return {"thinking": {"type": "enabled", "budget_tokens": BUDGET[wanted]}} if may_think else {}


def _answer_format(chat: Json, rest: Json, model: Claude) -> Json:
    schema = _schema(chat.get("response_format"))
    if schema is None or not model.structured:
        return {}
    answer = {"type": "json_schema", "schema": fit(schema)}
    return _merged(rest, {"output_config": {"format": answer}})


def _merged(rest: Json, found: Json) -> Json:
    """`found`, with what `output_config` says already; the client's own words win."""
    if "output_config" not in found or not isinstance(rest.get("output_config"), dict):
        return found
    return {**found, "output_config": {**found["output_config"], **rest["output_config"]}}


def _with_json_tool(
    chat: Json, known: list[Json], choice: Json | None, *, thinks: bool
) -> tuple[list[Json], Json]:
    """The answer as one more tool. It is forced, unless there are tools that may come first, or
    the model thinks, which Anthropic does not allow together.
    """
    schema = _schema(chat.get("response_format")) or {}
    asked = chat["response_format"]["json_schema"]
    tool = {
        "name": JSON_TOOL,
        "description": str(asked.get("description") or "Give the final answer with this tool."),
        "input_schema": {"type": "object", **schema},
    }
    if choice and choice["type"] in {"any", "tool"}:
        return [*known, tool], choice
    forced: Json = {"type": "tool", "name": JSON_TOOL}
    if thinks:
        forced = {"type": "auto"}
    elif known and (choice or {}).get("type") != "none":
        forced = {"type": "any"}
    alone = {"disable_parallel_tool_use": True}
    return [*known, tool], forced | (alone if (choice or {}).keys() & alone.keys() else {})


def _max_tokens(chat: Json, rest: Json, model: Claude) -> Any:
    """The client's limit or the model's default; a thinking budget it leaves no room for is put
    on top of it, so that the limit is still what the client sees at most.
    """
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    limit = limit or model.default_max_tokens
    match rest.get("thinking"):
        case {"budget_tokens": int() as budget} if isinstance(limit, int) and limit <= budget:
            return limit + budget
        case _:
            return limit


def _user(chat: Json, rest: Json) -> Json:
    """`user` as metadata, unless it is personal: Anthropic forbids names, e-mails and phones."""
    user = chat.get("user") or chat.get("safety_identifier")
    if not isinstance(user, str) or not user or _EMAIL_OR_PHONE.fullmatch(user):
        return {}
    own = rest.get("metadata")
    return {"metadata": {"user_id": user, **(own if isinstance(own, dict) else {})}}


def _stop(chat: Json) -> Json:
    match chat.get("stop"):
        case None | "" | []:
            return {}
        case str() as stop:
            return {"stop_sequences": [stop]}
        case stop:
            return {"stop_sequences": stop}

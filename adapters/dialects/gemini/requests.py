"""An OpenAI chat request, said in Gemini's words.

Sources, read 2026-11: https://ai.google.dev/api/generate-content and
https://platform.openai.com/docs/api-reference/chat/create.
"""

from typing import Any

from adapters.dialects.gemini.messages import conversation
from adapters.dialects.gemini.models import Gemini, gemini
from adapters.dialects.gemini.schemas import fit
from adapters.dialects.gemini.tools import tools
from adapters.dialects.gemini.words import BUDGET, CONFIG, NO_THINKING, TOP
from adapters.dialects.lenient import record
from adapters.errors import BadRequest
from adapters.types import Json

_NO_WORD_FOR = frozenset(
    {
        "logit_bias",
        "moderation",
        "parallel_tool_calls",
        "prediction",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "store",
        "verbosity",
    }
)
_REWRITTEN = frozenset(
    {
        "audio",
        "function_call",
        "functions",
        "generationConfig",
        "generation_config",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "modalities",
        "model",
        "n",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "service_tier",
        "stop",
        "stream",
        "stream_options",
        "systemInstruction",
        "system_instruction",
        "thinking",
        "toolConfig",
        "tool_choice",
        "tool_config",
        "tools",
        "top_logprobs",
        "user",
        "web_search_options",
        *CONFIG,
        *TOP,
    }
)
_USUAL_TIERS = frozenset({"auto", "default", "standard", "standard_only"})
_NEUTRAL: Json = {  # what these fields say when they are not there
    "logit_bias": {},
    "parallel_tool_calls": True,
    "store": False,
    "verbosity": "medium",
}


def no_word_for(chat: Json) -> frozenset[str]:
    """Fields that Gemini, or this model, would refuse."""
    thinks = gemini(str(chat.get("model") or "")).thinks
    return _NO_WORD_FOR if thinks else _NO_WORD_FOR | {"reasoning_effort"}


def request(chat: Json) -> Json:
    """Say an OpenAI chat request in Gemini's words. Model and streaming stand in the address.

    Known fields are taken out and rewritten; whatever is left is sent as it came, so a field we
    have never heard of reaches the provider. Gemini's own fields may stand in a chat request, too:
    they win over what OpenAI's become.

    Raises:
        BadRequest: something Gemini has no word for, where leaving it out would change the
            answer.

    """
    model = gemini(str(chat.get("model") or ""))
    system, contents = conversation(chat.get("messages"), model)
    out: Json = {name: value for name, value in chat.items() if not _is_ours(name, value)}
    out |= {TOP[name]: chat[name] for name in TOP if chat.get(name) is not None}
    out["contents"] = contents
    own = chat.get("systemInstruction") or chat.get("system_instruction")
    if system:
        out["systemInstruction"] = {"parts": [*system, *_parts_of(own)]}
    elif own:
        out["systemInstruction"] = own
    out |= tools(chat, model)
    if config := _config(chat, model):
        out["generationConfig"] = config
    tier = chat.get("service_tier")
    if tier is not None and str(tier) not in _USUAL_TIERS:
        out["serviceTier"] = tier
    if not model.thinks and _effort(chat) not in {None, *NO_THINKING}:
        out["reasoning_effort"] = chat["reasoning_effort"]  # refused by name
    return out


def _is_ours(name: str, value: Any) -> bool:
    """Whether a field is rewritten, or says nothing."""
    if name in _REWRITTEN:
        return True
    if name in _NO_WORD_FOR and value is None:
        return True
    return name in _NEUTRAL and value == _NEUTRAL[name]


def _parts_of(own: Any) -> list[Json]:
    """A system instruction in Gemini's words that came beside system messages."""
    if isinstance(own, str):
        return [{"text": own}]
    found = record(own).get("parts")
    return found if isinstance(found, list) else []


def _config(chat: Json, model: Gemini) -> Json:
    config: Json = {}
    if limit := chat.get("max_completion_tokens") or chat.get("max_tokens"):
        config["maxOutputTokens"] = limit
    config |= _stop(chat) | _candidates(chat) | _logprobs(chat)
    config |= _answer_format(chat.get("response_format"), model)
    config |= _modalities(chat)
    if thinking := _thinking(chat, model):
        config["thinkingConfig"] = thinking
    config |= {CONFIG[name]: chat[name] for name in CONFIG if chat.get(name) is not None}
    if ("responseSchema" in config or "responseJsonSchema" in config) and (
        "responseMimeType" not in config
    ):
        config["responseMimeType"] = "application/json"
    return {**config, **record(chat.get("generation_config") or chat.get("generationConfig"))}


def _stop(chat: Json) -> Json:
    match chat.get("stop"):
        case None | "" | []:
            return {}
        case str() as stop:
            return {"stopSequences": [stop]}
        case stop:
            return {"stopSequences": stop}


def _candidates(chat: Json) -> Json:
    wanted = chat.get("n")
    return {} if wanted is None or wanted == 1 else {"candidateCount": wanted}


def _logprobs(chat: Json) -> Json:
    out: Json = {"responseLogprobs": True} if chat.get("logprobs") else {}
    if top := chat.get("top_logprobs"):
        out["logprobs"] = top
    return out


def _answer_format(wanted: Any, model: Gemini) -> Json:
    """JSON mode, with a schema or without; LiteLLM's users also write `response_schema` there."""
    as_json: Json = {"responseMimeType": "application/json"}
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": {} as schema}}:
            pass
        case {"type": "json_object" | "json_schema", "response_schema": {} as schema}:
            pass
        case {"type": "json_object" | "json_schema"}:
            return as_json
        case _:
            return {}
    if model.json_schema:
        return {**as_json, "responseJsonSchema": schema}
    return {**as_json, "responseSchema": fit(schema)}


def _modalities(chat: Json) -> Json:
    wanted = chat.get("modalities")
    if not isinstance(wanted, list) or wanted == ["text"]:
        return {}
    out: Json = {"responseModalities": [str(name).upper() for name in wanted]}
    if voice := record(chat.get("audio")).get("voice"):
        named = {"voiceName": voice} if isinstance(voice, str) else voice
        out["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": named}}
        out["responseModalities"] = [m for m in out["responseModalities"] if m != "TEXT"]
    return out


def _effort(chat: Json) -> str | None:
    wanted = chat.get("reasoning_effort")
    if isinstance(wanted, dict):  # as the Responses API spells it
        wanted = wanted.get("effort")
    if wanted is None:
        return None
    if not isinstance(wanted, str):
        raise BadRequest("Expected a string.", param="reasoning_effort")
    if wanted not in BUDGET and wanted not in NO_THINKING:
        raise BadRequest(f"Unknown effort: {wanted!r}.", param="reasoning_effort")
    return wanted


def _thinking(chat: Json, model: Gemini) -> Json:
    """`thinkingConfig`, from Anthropic's `thinking` or OpenAI's `reasoning_effort`."""
    effort = _effort(chat)
    match chat.get("thinking"):
        case {"type": "disabled"}:
            return model.thinking("none") if model.thinks else {}
        case {"budget_tokens": int() as budget}:
            return model.budget(budget)
        case {"type": str()}:
            return model.thinking(effort) if effort and model.thinks else {"includeThoughts": True}
    return model.thinking(effort) if effort and model.thinks else {}

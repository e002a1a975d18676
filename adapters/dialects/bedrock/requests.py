"""An OpenAI chat request, said in Converse's words.

A field that Converse has no place for goes to the model itself, in `additionalModelRequestFields`:
Converse would ignore it, the model takes it or refuses it by name.

Sources, read 2026-11: https://docs.aws.amazon.com/bedrock/latest/APIReference/
API_runtime_Converse.html and https://platform.openai.com/docs/api-reference/chat/create; which
fields of LiteLLM's users go where, https://docs.litellm.ai/docs/providers/bedrock.
"""

from typing import Any

import orjson

from adapters.dialects.anthropic.models import claude
from adapters.dialects.anthropic.schemas import fit
from adapters.dialects.bedrock.messages import conversation
from adapters.dialects.bedrock.models import (
    Family,
    family,
    reasons_by_effort,
    searches,
    structured,
)
from adapters.dialects.bedrock.names import Names
from adapters.dialects.bedrock.reasoning import reasoning
from adapters.dialects.bedrock.tools import Tools, tools, with_json_tool
from adapters.dialects.lenient import record
from adapters.types import Json

_NO_WORD_FOR = frozenset(
    {
        *("audio", "frequency_penalty", "logit_bias", "logprobs", "modalities", "moderation", "n"),
        *("prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "seed", "store", "top_logprobs", "verbosity"),
    }
)
_CONVERSE = frozenset(  # its own words, which pass as they are
    {
        *("additionalModelResponseFieldPaths", "guardrailConfig", "performanceConfig"),
        *("promptVariables", "requestMetadata", "serviceTier"),
    }
)
_REWRITTEN = frozenset(
    {
        *("additionalModelRequestFields", "function_call", "functions", "inferenceConfig"),
        *("max_completion_tokens", "max_tokens", "messages", "model", "outputConfig"),
        *("parallel_tool_calls", "reasoning_effort", "response_format", "service_tier", "stop"),
        *("stream", "stream_options", "system", "temperature", "tool_choice", "toolConfig"),
        *("tools", "top_k", "top_p"),
        # Hints about the caller: the answer is the same without, and what Bedrock keeps in its
        # logs (`requestMetadata`) is for the operator to say.
        *("safety_identifier", "user"),
    }
)
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
_TIERS = frozenset({"default", "flex", "priority", "reserved"})
_TOP_K = {Family.COHERE: "k"}


def no_word_for(chat: Json) -> frozenset[str]:
    """Fields that Bedrock, or this model there, would refuse."""
    model = str(chat.get("model") or "")
    refused = set(_NO_WORD_FOR)
    if not searches(model):
        refused.add("web_search_options")
    if not reasons_by_effort(model):
        refused.add("reasoning_effort")
    known = claude(model)
    if known.samples_itself:
        refused |= {"temperature", "top_p", "top_k"}
    elif known.wants_one_sampler and chat.get("temperature") is not None:
        refused.add("top_p")
    return frozenset(refused)


def request(chat: Json) -> Json:
    """Say an OpenAI chat request in Converse's words. The model stands in the path.

    Raises:
        BadRequest: something Bedrock has no word for, where leaving it out would change the
            answer.
    """
    model = str(chat.get("model") or "")
    names = Names(chat)
    said = conversation(chat, names)
    own = tools(chat, names, called=said.called)
    extra = _extra(chat, model, own)
    inference = _inference(chat, model)
    forced = own.forced or uses_json_tool(chat)
    extra = reasoning(chat, extra, inference, said.turns, may_think=not forced)
    if uses_json_tool(chat):
        own = with_json_tool(chat, _schema(chat) or {}, own, thinks="thinking" in extra)
    config = {**own.config, **record(chat.get("toolConfig"))}
    optional = {
        "system": [*_listed(chat.get("system")), *said.system],
        "inferenceConfig": inference,
        "toolConfig": config,
        "outputConfig": _output(chat),
        "serviceTier": _tier(chat),
        "additionalModelRequestFields": extra,
    }
    return {
        "messages": said.turns,
        **{name: value for name, value in optional.items() if value},
        **{name: value for name, value in chat.items() if name in _CONVERSE and value is not None},
    }


def uses_json_tool(chat: Json) -> bool:
    """Whether the answer comes as arguments of a tool: a schema is asked of a model that does not
    keep to one by itself. `json_object` alone forces nothing, for Bedrock has no word for it; the
    prompt must ask for JSON anyway, which OpenAI insists on.
    """
    return _schema(chat) is not None and not structured(str(chat.get("model") or ""))


def _schema(chat: Json) -> Json | None:
    match chat.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": {} as found}}:
            schema: Json = found
            return schema
        case _:
            return None


def _extra(chat: Json, model: str, own: Tools) -> Json:
    """The model's own fields: whatever nobody else has taken."""
    known = _REWRITTEN | _CONVERSE
    if searches(model):
        known |= {"web_search_options"}
    extra = {
        name: value
        for name, value in chat.items()
        if name not in known
        and (value is not None or name not in _NO_WORD_FOR)
        and not (name in _NEUTRAL and value == _NEUTRAL[name])
    }
    if extra.get("thinking", ...) is None:
        del extra["thinking"]
    if own.others:
        extra["tools"] = own.others
    extra |= record(chat.get("additionalModelRequestFields"))
    if (top_k := chat.get("top_k")) is not None:
        if family(model) in {Family.NOVA, Family.NOVA_2}:
            inner = record(extra.get("inferenceConfig"))
            extra["inferenceConfig"] = {"topK": top_k, **inner}
        else:
            extra[_TOP_K.get(family(model), "top_k")] = top_k
    return extra


def _inference(chat: Json, model: str) -> Json:
    itself = claude(model).samples_itself
    found = {
        "maxTokens": chat.get("max_completion_tokens") or chat.get("max_tokens"),
        "temperature": _sampler(chat.get("temperature"), itself=itself),
        "topP": _sampler(chat.get("top_p"), itself=itself),
        "stopSequences": _stop(chat.get("stop")),
    }
    said = {name: value for name, value in found.items() if value is not None}
    return {**said, **record(chat.get("inferenceConfig"))}


def _sampler(value: Any, *, itself: bool) -> Any:
    """Models that choose for themselves refuse even what they do anyway."""
    return None if itself and value == 1 else value


def _stop(stop: Any) -> Any:
    words = [stop] if isinstance(stop, str) else stop
    if isinstance(words, list):
        words = [word for word in words if word != ""]  # which Bedrock refuses
    return words or None


def _output(chat: Json) -> Json:
    schema = _schema(chat)
    own = record(chat.get("outputConfig"))
    if schema is None or not structured(str(chat.get("model") or "")):
        return own
    asked = chat["response_format"]["json_schema"]
    definition: Json = {"schema": orjson.dumps(fit(schema)).decode()}
    for name in ("name", "description"):
        if isinstance(asked.get(name), str) and asked[name]:
            definition[name] = asked[name]
    answer = {"type": "json_schema", "structure": {"jsonSchema": definition}}
    return {"textFormat": answer, **own}


def _tier(chat: Json) -> Json:
    """OpenAI's `auto` is what Bedrock does without a word."""
    tier = chat.get("service_tier")
    return {"type": tier} if isinstance(tier, str) and tier in _TIERS else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

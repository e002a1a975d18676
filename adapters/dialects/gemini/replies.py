"""Gemini's answer, said as an OpenAI chat completion."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from adapters.classify import classify_error
from adapters.dialects.chat import count
from adapters.dialects.gemini.grounding import annotations
from adapters.dialects.gemini.saying import Saying
from adapters.dialects.gemini.wire import error, parts_of, usage
from adapters.dialects.gemini.words import EXPECTED, FINISH, SERVICE_TIERS
from adapters.dialects.lenient import record, records, string
from adapters.errors import Failure, Kind
from adapters.types import Json, Usage

_ASIDE: Mapping[str, str] = {  # of a candidate: what chat has no place for
    "groundingMetadata": "grounding_metadata",
    "citationMetadata": "citation_metadata",
    "urlContextMetadata": "url_context_metadata",
    "safetyRatings": "safety_ratings",
    "avgLogprobs": "avg_logprobs",
}


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say Gemini's answer as a chat completion; what has no place there is kept aside.

    Raises:
        Failure: BLOCKED, the prompt was refused; BROKEN, there is no answer and no reason.

    """
    if found := error(document):
        raise classify_error("", found)
    candidates = records(document.get("candidates"))
    if not any(parts_of(c) or c.get("finishReason") for c in candidates):
        raise Failure(Kind.BROKEN, "the provider's answer holds no candidate")
    id_ = answer_id(document)
    return {
        "id": id_,
        "object": "chat.completion",
        "created": now,
        "model": document.get("modelVersion") or asked.get("model") or "",
        "choices": [
            _choice(candidate, number(candidate, i), id_, now)
            for i, candidate in enumerate(candidates)
        ],
        "usage": chat_usage(record(document.get("usageMetadata"))),
        **service_tier(document),
    }


def answer_id(document: Json) -> str:
    """Google's id of the answer, else one made of what it says."""
    if found := string(document.get("responseId")):
        return found
    return "gemini-" + sha256(orjson.dumps(document)).hexdigest()[:22]


def number(candidate: Json, place: int) -> int:
    """Which choice a candidate is; most do not say."""
    found = candidate.get("index")
    return found if isinstance(found, int) else place


def finish_reason(reason: Any, *, called: bool) -> str:
    """OpenAI's word for `finishReason`."""
    finish = FINISH.get(str(reason), "stop")
    return "tool_calls" if finish == "stop" and called else finish


def chat_usage(raw: Json) -> Json:
    """Usage as OpenAI counts: thoughts are part of the answer, and what Google's tools have read
    of the prompt.
    """
    told = usage({"usageMetadata": raw}) or Usage()
    prompt = _modalities(raw.get("promptTokensDetails"))
    answer = _modalities(raw.get("candidatesTokensDetails") or raw.get("responseTokensDetails"))
    by_tools = count(raw.get("toolUsePromptTokenCount"))
    traffic = raw.get("trafficType")
    return {
        "prompt_tokens": told.input,
        "completion_tokens": told.output,
        "total_tokens": told.input + told.output,
        "prompt_tokens_details": {
            **prompt,
            "cached_tokens": told.cache_read,
            **({"tool_use_tokens": by_tools} if by_tools else {}),
        },
        "completion_tokens_details": {**answer, "reasoning_tokens": told.reasoning},
        **({"traffic_type": traffic} if isinstance(traffic, str) else {}),
    }


def service_tier(document: Json) -> Json:
    tier = record(document.get("usageMetadata")).get("serviceTier")
    return {"service_tier": SERVICE_TIERS.get(tier, tier)} if isinstance(tier, str) else {}


def asides(candidate: Json) -> Json:
    """What a candidate says that chat has no place for."""
    kept = {ours: candidate[theirs] for theirs, ours in _ASIDE.items() if candidate.get(theirs)}
    reason = candidate.get("finishReason")
    if reason and str(reason) not in EXPECTED:
        kept["finish_reason"] = reason
        if isinstance(told := candidate.get("finishMessage"), str):
            kept["finish_message"] = told
    return kept


def logprobs(result: Any) -> Json | None:
    """OpenAI's `logprobs` of a choice."""
    chosen = records(record(result).get("chosenCandidates"))
    if not chosen:
        return None
    tops = records(record(result).get("topCandidates"))
    content: list[Json] = []
    for i, entry in enumerate(chosen):
        others = records(tops[i].get("candidates")) if i < len(tops) else []
        content.append({**_logprob(entry), "top_logprobs": [_logprob(other) for other in others]})
    return {"content": content, "refusal": None}


def _choice(candidate: Json, index: int, id_: str, now: int) -> Json:
    saying = Saying(id_, index, now)
    said = saying.read(parts_of(candidate))
    for name, value in saying.rest().items():
        said.setdefault(name, []).extend(value)
    calls = [
        {name: value for name, value in call.items() if name != "index"}
        for call in said.pop("tool_calls", [])
    ]
    content = said.pop("content", "")
    aside = {**said.pop("provider_specific_fields", {}), **asides(candidate)}
    found = annotations(candidate, saying.text, saying.starts)
    return {
        "index": index,
        "message": {
            "role": "assistant",
            "content": content if content or not calls else None,
            "refusal": None,
            **said,
            **({"tool_calls": calls} if calls else {}),
            **({"annotations": found} if found else {}),
            **({"provider_specific_fields": aside} if aside else {}),
        },
        "logprobs": logprobs(candidate.get("logprobsResult")),
        "finish_reason": finish_reason(candidate.get("finishReason"), called=saying.called),
    }


def _logprob(entry: Json) -> Json:
    token = string(entry.get("token"))
    value = entry.get("logProbability")
    return {
        "token": token,
        "logprob": value if isinstance(value, int | float) else 0.0,
        "bytes": list(token.encode()),
    }


def _modalities(details: Any) -> Json:
    """`text_tokens`, `image_tokens` and their like."""
    return {
        f"{entry['modality'].lower()}_tokens": count(entry.get("tokenCount"))
        for entry in records(details)
        if isinstance(entry.get("modality"), str)
    }

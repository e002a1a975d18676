"""From a provider's refusal to a `Failure` of one kind. All knowledge about that is here.

The provider's own code or type decides where it says more than the status, then its wording, then
the status. Sources (read 2026-11): platform.openai.com/docs/guides/error-codes,
docs.claude.com/en/api/errors, learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter,
ai.google.dev/gemini-api/docs/troubleshooting, openrouter.ai/docs/api-reference/errors,
docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html,
docs.cohere.com/reference/errors, replicate.com/docs/reference/http,
console.groq.com/docs/errors, api-docs.deepseek.com/quick_start/error_codes, LiteLLM 1.109.1's
recognisers, and answers recorded by other projects.

Three choices that may surprise:

- Larger than a limit per minute (Groq's 413, OpenAI's 429 "Request too large") is TOO_LONG: no
  waiting makes it fit, and a deployment must not rest because one request cannot.
- 404 is MODEL_GONE, a web page too: an `api_base` that leads nowhere is cured by another
  deployment. But it is CALLER where the model is there and cannot do what was asked, for one
  client's `tools` must not take a deployment away from all others.
- 403 is CREDENTIAL, but MODEL_GONE where the key is good and this model or country is not.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from adapters.errors import Failure, Kind
from adapters.pushback import again, wait
from adapters.said import Said, read, said, word_of
from adapters.types import Json

MESSAGE_LIMIT = 4000  # characters of a provider's wording that are passed on

_BY_STATUS: Mapping[int, Kind] = {
    401: Kind.CREDENTIAL,
    402: Kind.QUOTA,
    403: Kind.CREDENTIAL,
    404: Kind.MODEL_GONE,
    405: Kind.MODEL_GONE,  # the address is wrong: this path is for something else
    408: Kind.TIMEOUT,
    409: Kind.TRANSIENT,
    410: Kind.MODEL_GONE,
    413: Kind.TOO_LONG,
    424: Kind.TRANSIENT,  # Groq, text-generation-inference: what it depends on has failed
    425: Kind.TRANSIENT,
    429: Kind.RATE_LIMIT,
    498: Kind.RATE_LIMIT,  # Groq: no flex capacity
    499: Kind.TRANSIENT,  # the provider's proxy thinks that we left
    504: Kind.TIMEOUT,
    524: Kind.TIMEOUT,  # Cloudflare's 504
}

_BY_WORD: Mapping[str, Kind] = {  # codes and types that mean the same with every status
    "api_key_invalid": Kind.CREDENTIAL,
    "invalid_api_key": Kind.CREDENTIAL,
    "authentication_error": Kind.CREDENTIAL,
    "insufficient_quota": Kind.QUOTA,
    "billing_error": Kind.QUOTA,
    "billing_not_active": Kind.QUOTA,
    "billing_hard_limit_reached": Kind.QUOTA,
    "enforced_spend_limit_reached": Kind.QUOTA,
    "exceeded_current_quota_error": Kind.QUOTA,
    "insufficient_balance": Kind.QUOTA,
    "model_not_found": Kind.MODEL_GONE,
    "model_decommissioned": Kind.MODEL_GONE,
    "invalid_model": Kind.MODEL_GONE,
    "deploymentnotfound": Kind.MODEL_GONE,
    "unsupported_country_region_territory": Kind.MODEL_GONE,
    "context_length_exceeded": Kind.TOO_LONG,
    "context_window_exceeded": Kind.TOO_LONG,
    "exceed_context_size_error": Kind.TOO_LONG,
    "too_many_tokens": Kind.TOO_LONG,
    "too_many_prompt_tokens": Kind.TOO_LONG,
    "request_too_large": Kind.TOO_LONG,
    "content_filter": Kind.BLOCKED,
    "content_policy_violation": Kind.BLOCKED,
    "responsibleaipolicyviolation": Kind.BLOCKED,
    "data_inspection_failed": Kind.BLOCKED,
    "moderation_blocked": Kind.BLOCKED,
    "cyber_policy": Kind.BLOCKED,
    "overloaded_error": Kind.TRANSIENT,
    # watsonx, HuggingFace, Google, GitHub Models
    "authentication_token_expired": Kind.CREDENTIAL,
    "token_quota_reached": Kind.QUOTA,
    "billing_disabled": Kind.QUOTA,
    "model_not_supported": Kind.MODEL_GONE,
    "unknown_model": Kind.MODEL_GONE,
    "no_access": Kind.MODEL_GONE,
    "tokens_limit_reached": Kind.TOO_LONG,
    # AWS: exceptions, by their names without a name space
    "throttlingexception": Kind.RATE_LIMIT,
    "toomanyrequestsexception": Kind.RATE_LIMIT,
    "servicequotaexceededexception": Kind.RATE_LIMIT,  # a 400, and "resubmit your request later"
    "modelnotreadyexception": Kind.TRANSIENT,  # a 429, but nobody asks too much
    "modelstreamerrorexception": Kind.TRANSIENT,
    "modeltimeoutexception": Kind.TIMEOUT,
    "unrecognizedclientexception": Kind.CREDENTIAL,
    "invalidsignatureexception": Kind.CREDENTIAL,
    "incompletesignature": Kind.CREDENTIAL,
    "missingauthenticationtoken": Kind.CREDENTIAL,
    "expiredtokenexception": Kind.CREDENTIAL,
    "requestexpired": Kind.CREDENTIAL,
    "notauthorized": Kind.CREDENTIAL,
    "ftuformnotfilled": Kind.MODEL_GONE,
}

_BY_WEAK_WORD: Mapping[str, Kind] = {  # said of many things: only where there is no status
    "rate_limit_error": Kind.RATE_LIMIT,
    "rate_limit_exceeded": Kind.RATE_LIMIT,
    "resource_exhausted": Kind.RATE_LIMIT,
    "permission_error": Kind.CREDENTIAL,
    "permission_denied": Kind.CREDENTIAL,
    "not_found_error": Kind.MODEL_GONE,
    "timeout_error": Kind.TIMEOUT,
    "deadline_exceeded": Kind.TIMEOUT,
    "invalid_request_error": Kind.CALLER,
    "invalid_argument": Kind.CALLER,
    "validationexception": Kind.CALLER,
    "accessdeniedexception": Kind.CREDENTIAL,
    "resourcenotfoundexception": Kind.MODEL_GONE,
}


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_TOO_LONG = _any(
    r"exceed(s|ed)? (the )?(max |maximum |available )?context (limit|length|size|window)",
    r"maximum (context|prompt) (length|limit)|greater than the context length",
    r"longer than the (model's )?(maximum )?context",
    r"prompt (is )?too long|prompt: length",
    r"input is too long|input too long|too large to process",
    r"too many (input )?tokens|prompt has too many tokens",
    r"(token count|tokens?) \(?\d*\)? ?exceeds? the (model's )?maximum",
    r"exceeds the maximum number of tokens",
    r"input tokens exceed the configured limit",
    r"`inputs` tokens \+ `max_new_tokens`",
    r"maximum input length is",
    r"current length is .* while limit is",
    r"request too large for model|prompt exceeds max length",
    r"request payload size exceeds|expected maxlength|max allowed tokens per",
)
_BLOCKED = _any(
    r"content management policy|content filtering policy|content_filter_policy",
    r"violating our usage policy|violates? .*responsible ai pra",
    r"(result of|by) (our|the) safety system",
    r"your input was flagged|the response was blocked|data may contain inappropriate content",
    r"nsfw content|deny-?listed token|blocked (input|output)",
)
_QUOTA = _any(
    r"insufficient balance|insufficient credits?|credit balance is too low",
    r"used all available credits|monthly spending limit|key limit exceeded",
    r"reached your specified api usage limits|(any|out of) credits|insufficient credit\b",
    r"quota exceeded for metric\b[^*]{0,200}\blimit: 0\b",  # Gemini: not on the free tier at all
)
_CREDENTIAL = _any(r"(incorrect|invalid) api[ -]?key|api[ -]?key (not valid|is invalid)")
_NO_MODEL = _any(
    r"\bmodel[ :]+[`'\"]?[\w./:@-]{1,100}[`'\"]? (does not exist|(is |was )?not found|"
    r"(is|was|has been) (deprecated|decommissioned|removed|retired|discontinued))",
    r"is not a valid model id|invalid model:|model identifier is invalid",
    r"supported (api )?model(s| names) are|no such model|unknown model",
    r"the specified version does not exist|not supported by any provider you have enabled",
)
_NO_ACCESS = _any(
    r"not allowed to .* this model|access to (the|this) model|no access to model",
    r"user location is not supported|country, region,? or territory not supported",
)
_ABILITY = _any(
    r"endpoints found that support|not supported (in|by|with) this model",
    r"does not support|is not supported - hint|cannot use both",
)
_OTHER_THING = _any(r"\b(response|completion|file|thread|batch|conversation)\b.{0,80}not found")
_PER_MINUTE = _any(r"request too large")
_THROTTLED = _any(r"getting throttled|request was throttled")
_QUOTA_OR_ACCESS = ((_QUOTA, Kind.QUOTA), (_BLOCKED, Kind.BLOCKED), (_NO_ACCESS, Kind.MODEL_GONE))
_WORDINGS = (
    (_TOO_LONG, Kind.TOO_LONG),
    (_BLOCKED, Kind.BLOCKED),
    (_QUOTA, Kind.QUOTA),
    (_CREDENTIAL, Kind.CREDENTIAL),
    (_NO_MODEL, Kind.MODEL_GONE),
)
_BY_WORDING: Mapping[int, tuple[tuple[re.Pattern[str], Kind], ...]] = {
    0: (*_WORDINGS, (_PER_MINUTE, Kind.TOO_LONG)),  # no status
    400: (*_WORDINGS, (_NO_ACCESS, Kind.MODEL_GONE)),
    403: _QUOTA_OR_ACCESS,
    404: (
        (_ABILITY, Kind.CALLER),
        (_OTHER_THING, Kind.CALLER),
    ),
    422: _WORDINGS,
    429: ((_QUOTA, Kind.QUOTA), (_PER_MINUTE, Kind.TOO_LONG)),
    498: ((_BLOCKED, Kind.BLOCKED),),  # Cohere
    500: ((_TOO_LONG, Kind.TOO_LONG), (_ABILITY, Kind.CALLER)),  # llama.cpp means 400
    503: ((_THROTTLED, Kind.RATE_LIMIT),),  # Bedrock
}
_OVERLOADED = frozenset(  # Anthropic's, OpenAI's (Responses) and Moonshot's words for it
    {"overloaded_error", "server_is_overloaded", "slow_down", "engine_overloaded_error"}
)
_HAS_A_WAIT = {Kind.RATE_LIMIT, Kind.QUOTA, Kind.TRANSIENT, Kind.TIMEOUT}


def classify(
    provider: str, status: int, headers: Mapping[str, str], body: bytes, *, now_wall: float
) -> Failure:
    """Say what an answer means that is not what was asked for. `now_wall`: Unix seconds."""
    if 300 <= status < 400:
        text = f"{provider} answered with a redirect ({status}), which is never followed"
        return Failure(Kind.BROKEN, text, provider=provider, upstream_status=status)
    told = read(body)
    if status < 300 and not told.is_error:
        text = f"{provider} answered {status} with something that is no answer"
        return Failure(Kind.BROKEN, text, provider=provider, upstream_status=status)
    return _failure(provider, status, _lower(headers), told, now_wall)


def classify_error(
    provider: str,
    error: Json,
    status: int | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    now_wall: float = 0.0,
) -> Failure:
    """Say what an error object means that came with a 200, as a document or as an event."""
    told = said({"error": error})
    return _failure(provider, status or 200, _lower(headers or {}), told, now_wall)


def retry_after(
    headers: Mapping[str, str], body: bytes, now_wall: float, *, status: int = 429
) -> float | None:
    """Seconds that a refusal asks us to wait; None if it does not say. `headers` in lower case."""
    return _wait(headers, read(body), now_wall, status)


def _failure(
    provider: str, status: int, headers: Mapping[str, str], told: Said, now_wall: float
) -> Failure:
    if status < 400:  # the status is in the error, or nowhere
        status = int(told.code) if told.code and re.fullmatch("[45]\\d\\d", told.code) else 0
    if amazons := word_of(headers.get("x-amzn-errortype", "")):
        told = replace(told, words=(amazons, *told.words))
    kind = _kind(status, told)
    message = _masked(told.message)[:MESSAGE_LIMIT]
    return Failure(
        kind,
        message or (f"{provider} answered {status}" if status else f"{provider} reported an error"),
        provider=provider,
        upstream_status=status or None,
        type=told.type,
        code=told.code,
        param=told.param,
        retry_after=_wait(headers, told, now_wall, status) if kind in _HAS_A_WAIT else None,
        again=again({**told.headers, **headers}),
        overloaded=not _OVERLOADED.isdisjoint(told.words),
    )


def _wait(headers: Mapping[str, str], told: Said, now_wall: float, status: int) -> float | None:
    headers = {**told.headers, **headers}
    return wait(headers, told=told.wait, text=told.text, now_wall=now_wall, status=status)


def _kind(status: int, told: Said) -> Kind:
    """`status` 0: there is none."""
    status = told.status or status  # of a gateway less than of whoever is behind it
    for word in told.words:
        if kind := _BY_WORD.get(word):
            return kind
    if status >= 500 and ("resource_exhausted" in told.words or told.code == "429"):
        return Kind.RATE_LIMIT  # Vertex
    for pattern, kind in _BY_WORDING.get(status, ()):
        if pattern.search(told.text):
            return kind
    if not status:
        weak = (_BY_WEAK_WORD.get(word) for word in told.words)
        return next((kind for kind in weak if kind), Kind.TRANSIENT)
    if kind := _BY_STATUS.get(status):
        return kind
    return Kind.TRANSIENT if status >= 500 else Kind.CALLER


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_KEYS = (
    re.compile(r"(?i)(\bapi[ _-]?key(?: provided)?(?: is)?: *)[^\s,]+?(?=[.,;]?(?:\s|$))"),
    re.compile(r"(?i)(\bbearer +)[\w.~+/=-]{8,}"),
    re.compile(
        r"()\bsk-[\w*-]{4,}"
        r"|\b(?:gsk|xai|hf|r8|pplx|nvapi|fw|csk|ghp|github_pat)[-_]\w[\w-]{15,}"
        r"|\bAIza[\w-]{16,}|\bAKIA[A-Z0-9]{12,}|\beyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]+)?"
    ),
)


def _masked(message: str) -> str:
    """The provider's wording without anything that looks like a key."""
    for pattern in _KEYS:
        message = pattern.sub(lambda found: f"{found[1] or ''}***", message)
    return message

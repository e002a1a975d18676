"""What providers say when they refuse, and what we make of it."""

import orjson
import pytest

from adapters.classify import MESSAGE_LIMIT, classify, classify_error, retry_after
from adapters.errors import Kind

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def _error(message: str = "", **rest: object) -> bytes:
    return orjson.dumps({"error": {"message": message, **rest}})


REFUSALS: dict[str, tuple[str, int, bytes, Kind]] = {
    # by status alone
    "400": ("p", 400, _error("nonsense"), Kind.CALLER),
    "401": ("p", 401, _error("no"), Kind.CREDENTIAL),
    "402": ("p", 402, _error("pay"), Kind.QUOTA),
    "403": ("p", 403, _error("Forbidden", code="forbidden"), Kind.CREDENTIAL),
    "404 without a word": ("p", 404, b"", Kind.MODEL_GONE),
    "404 of a web server": ("p", 404, b"404 page not found", Kind.MODEL_GONE),
    "408": ("p", 408, b"", Kind.TIMEOUT),
    "409": ("p", 409, b"", Kind.TRANSIENT),
    "413": ("p", 413, b"<html>413</html>", Kind.TOO_LONG),
    "422": ("p", 422, _error("x"), Kind.CALLER),
    "429": ("p", 429, b"", Kind.RATE_LIMIT),
    "500": ("p", 500, b"", Kind.TRANSIENT),
    "502 as HTML": ("p", 502, b"<html>Bad gateway</html>", Kind.TRANSIENT),
    "504": ("p", 504, b"", Kind.TIMEOUT),
    "529": ("p", 529, b"", Kind.TRANSIENT),
    "418": ("p", 418, b"", Kind.CALLER),
    "405": ("p", 405, b"", Kind.MODEL_GONE),
    "410": ("p", 410, b"", Kind.MODEL_GONE),
    "424": ("p", 424, b"", Kind.TRANSIENT),
    "425": ("p", 425, b"", Kind.TRANSIENT),
    "498 of Groq": ("groq", 498, b"", Kind.RATE_LIMIT),
    "499": ("p", 499, b"", Kind.TRANSIENT),
    "524 of Cloudflare": ("p", 524, b"<html>A timeout occurred</html>", Kind.TIMEOUT),
    # Anthropic
    "anthropic: prompt too long": (
        "anthropic",
        400,
        b'{"type":"error","error":{"type":"invalid_request_error",'
        b'"message":"prompt is too long: 3333404 tokens > 200000 maximum"}}',
        Kind.TOO_LONG,
    ),
    "anthropic: prompt and answer together too long": (
        "anthropic",
        400,
        _error("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
        Kind.TOO_LONG,
    ),
    "anthropic: credit": (
        "anthropic",
        400,
        _error("Your credit balance is too low to access the Anthropic API."),
        Kind.QUOTA,
    ),
    "anthropic: spend limit as 429": (
        "anthropic",
        429,
        _error("...", type="rate_limit_error", code="enforced_spend_limit_reached"),
        Kind.QUOTA,
    ),
    "anthropic: no such model": (
        "anthropic",
        404,
        _error("model: claude-sonet-4-5", type="not_found_error"),
        Kind.MODEL_GONE,
    ),
    "anthropic: overloaded": (
        "anthropic",
        529,
        _error("Overloaded", type="overloaded_error"),
        Kind.TRANSIENT,
    ),
    "anthropic: a feature that the model lacks": (
        "anthropic",
        400,
        _error("role 'system' is not supported on this model", type="invalid_request_error"),
        Kind.CALLER,
    ),
    # OpenAI
    "openai: context": (
        "openai",
        400,
        _error("This model's maximum context length is 128000 tokens.", param="messages"),
        Kind.TOO_LONG,
    ),
    "openai: context by code": (
        "openai",
        400,
        _error("", code="context_length_exceeded"),
        Kind.TOO_LONG,
    ),
    "openai: out of money": (
        "openai",
        429,
        _error("You exceeded your current quota", type="insufficient_quota"),
        Kind.QUOTA,
    ),
    "openai: tokens per minute used up": (
        "openai",
        429,
        _error(
            "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): "
            "Limit 30000, Used 29000, Requested 2000. Please try again in 2s.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        Kind.RATE_LIMIT,
    ),
    "openai: larger than the tokens of a minute": (
        "openai",
        429,
        _error(
            "Request too large for gpt-4o in organization org-x on tokens per min (TPM): "
            "Limit 30000, Requested 40000.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        Kind.TOO_LONG,
    ),
    "openai: no such model": ("openai", 404, _error("", code="model_not_found"), Kind.MODEL_GONE),
    "openai: a model for something else": (
        "openai",
        404,
        _error("This is not a chat model", param="model", type="invalid_request_error"),
        Kind.MODEL_GONE,
    ),
    "openai: the model has no tools": (
        "openai",
        404,
        _error("tools is not supported in this model. For a list of supported models, refer to x"),
        Kind.CALLER,
    ),
    "openai: no such response": (
        "openai",
        404,
        _error("Response with id 'r' not found."),
        Kind.CALLER,
    ),
    "openai: model not allowed": (
        "openai",
        403,
        _error("You are not allowed to sample from this model"),
        Kind.MODEL_GONE,
    ),
    "openai: country": (
        "openai",
        403,
        _error(
            "Country, region, or territory not supported",
            code="unsupported_country_region_territory",
        ),
        Kind.MODEL_GONE,
    ),
    "openai: usage policy": (
        "openai",
        400,
        _error("Invalid prompt: it was flagged as potentially violating our usage policy."),
        Kind.BLOCKED,
    ),
    "openai: a word about places is no region": (
        "openai",
        400,
        _error("Invalid schema for function 'f': 'location' is not supported here"),
        Kind.CALLER,
    ),
    # Azure
    "azure: content filter": (
        "azure",
        400,
        _error(
            "filtered", code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}
        ),
        Kind.BLOCKED,
    ),
    "azure: content filter, older spelling": (
        "azure",
        400,
        _error("x", code=None, inner_error={"code": "ResponsibleAIPolicyViolation"}),
        Kind.BLOCKED,
    ),
    "azure: no such deployment": (
        "azure",
        404,
        _error("", code="DeploymentNotFound"),
        Kind.MODEL_GONE,
    ),
    "azure: key": ("azure", 401, _error("Access denied", code="401"), Kind.CREDENTIAL),
    # others
    "groq: larger than the tokens of a minute": (
        "groq",
        413,
        _error("Request too large for model `m`", type="tokens", code="rate_limit_exceeded"),
        Kind.TOO_LONG,
    ),
    "groq: retired model": ("groq", 400, _error("", code="model_decommissioned"), Kind.MODEL_GONE),
    "groq: malformed tool call": ("groq", 400, _error("x", code="tool_use_failed"), Kind.CALLER),
    "deepseek: balance": (
        "deepseek",
        402,
        _error("Insufficient Balance", type="unknown_error", code="invalid_request_error"),
        Kind.QUOTA,
    ),
    "deepseek: no such model": (
        "deepseek",
        400,
        _error("The supported API model names are a or b, but you passed c."),
        Kind.MODEL_GONE,
    ),
    "zai: balance as 429": ("zai", 429, _error("Insufficient balance", code="1113"), Kind.QUOTA),
    "xai: wrong key as 400": (
        "xai",
        400,
        b'{"code":"invalid-argument","error":"Incorrect API key provided. Look elsewhere."}',
        Kind.CREDENTIAL,
    ),
    "xai: retired model": (
        "xai",
        404,
        b'{"code":"Some entity was not found","error":"The model grok was deprecated"}',
        Kind.MODEL_GONE,
    ),
    "mistral: no such model": (
        "mistral",
        400,
        b'{"object":"error","message":"Invalid model: m","type":"invalid_model","code":"1500"}',
        Kind.MODEL_GONE,
    ),
    "mistral: a field too many": (
        "mistral",
        422,
        b'{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","x"]}]}}',
        Kind.CALLER,
    ),
    "mistral: context": (
        "mistral",
        400,
        b'{"message":"Prompt has 9 tokens, too large for model with 8 maximum context length"}',
        Kind.TOO_LONG,
    ),
    "perplexity: context": (
        "perplexity",
        400,
        _error("x", type="too_many_prompt_tokens"),
        Kind.TOO_LONG,
    ),
    "llama.cpp: context": (
        "vllm",
        400,
        _error("x", type="exceed_context_size_error"),
        Kind.TOO_LONG,
    ),
    "llama.cpp: context as 500": (
        "vllm",
        500,
        _error("input (4002 tokens) is too large to process. increase the physical batch size"),
        Kind.TOO_LONG,
    ),
    "llama.cpp: pictures as 500": (
        "vllm",
        500,
        _error("image input is not supported - hint: you may need to provide the mmproj"),
        Kind.CALLER,
    ),
    "ollama: context": (
        "ollama",
        400,
        _error("prompt too long; exceeded max context length by 9 tokens"),
        Kind.TOO_LONG,
    ),
    "openrouter: nobody serves it": (
        "openrouter",
        404,
        _error("No endpoints found for a/b."),
        Kind.MODEL_GONE,
    ),
    "openrouter: nobody serves it with tools": (
        "openrouter",
        404,
        _error("No endpoints found that support tool use.", code=404),
        Kind.CALLER,
    ),
    "openrouter: what the provider behind it said": (
        "openrouter",
        400,
        _error(
            "Provider returned error",
            code=400,
            metadata={"raw": '{"error":{"code":"context_length_exceeded","message":"long"}}'},
        ),
        Kind.TOO_LONG,
    ),
    "openrouter: moderation": (
        "openrouter",
        403,
        _error('openai/x requires moderation. Your input was flagged for "violence".'),
        Kind.BLOCKED,
    ),
    "gemini: wrong key as 400": (
        "gemini",
        400,
        _error("x", code=400, status="INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}]),
        Kind.CREDENTIAL,
    ),
    "gemini: rate, though it says quota": (
        "gemini",
        429,
        _error(
            "You exceeded your current quota, please check your plan.", status="RESOURCE_EXHAUSTED"
        ),
        Kind.RATE_LIMIT,
    ),
    "vertex: an array": (
        "vertex",
        400,
        b'[{"error":{"code":400,"message":"The input token count (2) exceeds the maximum number of '
        b'tokens allowed (1)."}}]',
        Kind.TOO_LONG,
    ),
    "vertex: rate under a 503": (
        "vertex",
        503,
        _error("x", status="RESOURCE_EXHAUSTED"),
        Kind.RATE_LIMIT,
    ),
    "an error as an event": (
        "p",
        400,
        b'event: error\ndata: {"error":{"code":"context_length_exceeded","message":"long"}}\n\n',
        Kind.TOO_LONG,
    ),
    "plain text": ("p", 400, b"the prompt is too long", Kind.TOO_LONG),
    "bytes that are no text": ("p", 400, b"\xff\xfe\x00", Kind.CALLER),
    "JSON that is no object": ("p", 400, b"[1, null]", Kind.CALLER),
    "a status where a number was due": (
        "p",
        404,
        b'{"status":404,"error":"Not Found"}',
        Kind.MODEL_GONE,
    ),
}


@pytest.mark.parametrize(("provider", "status", "body", "kind"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_of_one_kind(provider: str, status: int, body: bytes, kind: Kind) -> None:
    failure = classify(provider, status, {}, body, now_wall=NOW)

    assert failure.kind is kind
    assert (failure.provider, failure.upstream_status) == (provider, status)


def test_the_providers_words_are_kept() -> None:
    body = _error(
        "Unknown parameter: 'x'.", type="invalid_request_error", code="unknown_parameter", param="x"
    )

    failure = classify("openai", 400, {}, body, now_wall=NOW)

    assert failure.message == "Unknown parameter: 'x'."
    assert (failure.type, failure.code, failure.param) == (
        "invalid_request_error",
        "unknown_parameter",
        "x",
    )


def test_a_numeric_code_is_kept_as_text() -> None:
    failure = classify("openrouter", 429, {}, _error("slow", code=429), now_wall=NOW)

    assert failure.code == "429"


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE html><title>Blocked</title>", b"  <html>secret</html>", b"", b"\xff\xfe\x00"],
)
def test_what_is_not_meant_for_readers_never_reaches_the_message(body: bytes) -> None:
    failure = classify("groq", 503, {}, body, now_wall=NOW)

    assert failure.message == "groq answered 503"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_broken_answer(status: int) -> None:
    failure = classify("groq", status, {"location": "https://evil"}, b"", now_wall=NOW)

    assert failure.kind is Kind.BROKEN
    assert "redirect" in failure.message
    assert "evil" not in failure.message


def test_a_web_page_instead_of_an_answer_is_broken() -> None:
    failure = classify("groq", 200, {}, b"<html>Sign in to the Wi-Fi</html>", now_wall=NOW)

    assert failure.kind is Kind.BROKEN
    assert "Wi-Fi" not in failure.message


def test_an_error_inside_a_200_counts_as_the_status_that_it_names() -> None:
    failure = classify("openrouter", 200, {}, _error("slow down", code=429), now_wall=NOW)

    assert failure.kind is Kind.RATE_LIMIT
    assert failure.upstream_status == 429


LEAKS = {
    "Incorrect API key provided: sk-abc***xyz. You can find yours.": (
        "Incorrect API key provided: ***. You can find yours."
    ),
    "Incorrect API key provided: my-own-key": "Incorrect API key provided: ***",
    "Your api key: ****-key is invalid": "Your api key: *** is invalid",
    "token sk-proj-abcdefgh1234 (project) is off": "token *** (project) is off",
    "Bearer abcdefghijkl was refused": "Bearer *** was refused",
    "gsk_abcdefghijklmnopqrstu is off": "*** is off",
    "key AIzaSyA1234567890abcdefgh expired": "key *** expired",
    "hf-inference is busy": "hf-inference is busy",
    "task-based routing is off": "task-based routing is off",
    "Invalid API Key": "Invalid API Key",
}


@pytest.mark.parametrize(("wording", "shown"), LEAKS.items())
def test_what_looks_like_a_key_is_masked(wording: str, shown: str) -> None:
    assert classify("p", 400, {}, _error(wording), now_wall=NOW).message == shown


def test_a_long_wording_is_cut() -> None:
    failure = classify("p", 400, {}, _error("x" * 10_000), now_wall=NOW)

    assert len(failure.message) == MESSAGE_LIMIT


EVENTS = {
    "anthropic: overloaded": (
        {"type": "overloaded_error", "message": "Overloaded"},
        Kind.TRANSIENT,
    ),
    "anthropic: rate": ({"type": "rate_limit_error", "message": "x"}, Kind.RATE_LIMIT),
    "anthropic: their fault": ({"type": "api_error", "message": "x"}, Kind.TRANSIENT),
    "anthropic: ours": ({"type": "invalid_request_error", "message": "x"}, Kind.CALLER),
    "anthropic: too long": (
        {"type": "invalid_request_error", "message": "prompt is too long: 2 tokens > 1 maximum"},
        Kind.TOO_LONG,
    ),
    "groq: tool call": (
        {"type": "invalid_request_error", "code": "tool_use_failed", "message": "x"},
        Kind.CALLER,
    ),
    "openrouter: 502": ({"code": 502, "message": "Upstream error from Venice"}, Kind.TRANSIENT),
    "openrouter: 429": ({"code": 429, "message": "x"}, Kind.RATE_LIMIT),
    "gemini": ({"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}, Kind.TRANSIENT),
    "a code as text": ({"code": "500", "message": "x"}, Kind.TRANSIENT),
    "larger than a minute's tokens": (
        {
            "type": "tokens",
            "code": "rate_limit_exceeded",
            "message": "Request too large for gpt-4o",
        },
        Kind.TOO_LONG,
    ),
    "out of money": ({"code": "insufficient_quota", "message": "x"}, Kind.QUOTA),
    "nothing we know": ({"message": "boom"}, Kind.TRANSIENT),
    "nothing at all": ({}, Kind.TRANSIENT),
}


@pytest.mark.parametrize(("error", "kind"), EVENTS.values(), ids=EVENTS)
def test_an_error_after_a_200_is_of_the_same_kinds(error: dict[str, object], kind: Kind) -> None:
    assert classify_error("p", error).kind is kind


WORDS = {
    "api_key_invalid": Kind.CREDENTIAL,
    "authentication_error": Kind.CREDENTIAL,
    "billing_error": Kind.QUOTA,
    "billing_not_active": Kind.QUOTA,
    "billing_hard_limit_reached": Kind.QUOTA,
    "exceeded_current_quota_error": Kind.QUOTA,
    "insufficient_balance": Kind.QUOTA,
    "model_decommissioned": Kind.MODEL_GONE,
    "not_found_error": Kind.MODEL_GONE,
    "request_too_large": Kind.TOO_LONG,
    "context_window_exceeded": Kind.TOO_LONG,
    "TOO_MANY_TOKENS": Kind.TOO_LONG,
    "content_policy_violation": Kind.BLOCKED,
    "data_inspection_failed": Kind.BLOCKED,
    "moderation_blocked": Kind.BLOCKED,
    "cyber_policy": Kind.BLOCKED,
    "RESOURCE_EXHAUSTED": Kind.RATE_LIMIT,
    "permission_error": Kind.CREDENTIAL,
    "timeout_error": Kind.TIMEOUT,
    "DEADLINE_EXCEEDED": Kind.TIMEOUT,
    "INVALID_ARGUMENT": Kind.CALLER,
}


@pytest.mark.parametrize("place", ["code", "type", "status"])
@pytest.mark.parametrize(("word", "kind"), WORDS.items())
def test_a_word_is_understood_wherever_it_stands(place: str, word: str, kind: Kind) -> None:
    assert classify_error("p", {place: word, "message": "x"}).kind is kind


def test_an_error_that_says_nothing_still_says_whose_it_is() -> None:
    assert classify_error("groq", {"message": ""}).message == "groq reported an error"


WAITS: dict[str, tuple[dict[str, str], bytes, float | None]] = {
    "nothing said": ({}, b"", None),
    "seconds": ({"retry-after": "7"}, b"", 7),
    "fractions": ({"retry-after": "0.5"}, b"", 0.5),
    "milliseconds first": ({"retry-after-ms": "1500", "retry-after": "9"}, b"", 1.5),
    "no milliseconds are no answer": ({"retry-after-ms": "0", "retry-after": "1"}, b"", 1),
    "only no milliseconds": ({"retry-after-ms": "0"}, b"", 0),
    "a date": ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, b"", 30),
    "a date, by the provider's own clock": (
        {
            "retry-after": "Tue, 14 Nov 2023 10:00:10 GMT",
            "date": "Tue, 14 Nov 2023 10:00:00 GMT",
        },
        b"",
        10,
    ),
    "a date that is past": ({"retry-after": "Mon, 13 Nov 2023 22:13:50 GMT"}, b"", 0),
    "far too long": ({"retry-after": "1000000000"}, b"", 3600),
    "garbage": ({"retry-after": "soon"}, b"", None),
    "a negative number": ({"retry-after": "-5"}, b"", None),
    "not a number": ({"retry-after": "nan"}, b"", None),
    "infinity": ({"retry-after": "inf"}, b"", None),
    "an impossible date": ({"retry-after": "Tue, 99 Nov 2023 22:13:50 GMT"}, b"", None),
    "Gemini's RetryInfo": ({}, _error("x", details=[{"retryDelay": "34.4s"}]), 34.4),
    "OpenAI: seconds in the text": ({}, _error("Please try again in 9.8s. Visit x"), 9.8),
    "OpenAI: milliseconds in the text": ({}, _error("Please try again in 174ms."), 0.174),
    "OpenAI: minutes in the text": ({}, _error("Please try again in 9m38s."), 578),
    "Azure: words": ({}, _error("Please retry after 12 seconds."), 12),
    "a reset of each sort": (
        {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "20ms"},
        b"",
        0.02,
    ),
    "the reset of what is used up": (
        {
            "x-ratelimit-reset-requests": "6m0s",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-tokens": "20ms",
            "x-ratelimit-remaining-tokens": "900",
        },
        b"",
        360,
    ),
    "Anthropic's resets": (
        {
            "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:25Z",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-tokens-reset": "2023-11-14T22:14:20Z",
            "anthropic-ratelimit-tokens-remaining": "0",
        },
        b"",
        60,
    ),
    "an epoch in seconds": ({"x-ratelimit-reset": "1700000015"}, b"", 15),
    "OpenRouter: an epoch in milliseconds, in the body": (
        {},
        _error("x", metadata={"headers": {"X-RateLimit-Reset": "1700000015000"}}),
        15,
    ),
    "a reset that is garbage": ({"x-ratelimit-reset-tokens": "REDACTED"}, b"", None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS)
def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: float | None) -> None:
    assert retry_after(headers, body, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_resets_count_only_when_a_limit_was_hit() -> None:
    assert retry_after({"x-ratelimit-reset-tokens": "5s"}, b"", NOW, status=503) is None


def test_a_failure_carries_the_wait_whatever_the_case_of_the_header() -> None:
    failure = classify("p", 503, {"Retry-After": "3"}, b"", now_wall=NOW)

    assert failure.retry_after == 3


def test_the_callers_mistake_is_not_cured_by_waiting() -> None:
    assert classify("p", 400, {"retry-after": "3"}, b"", now_wall=NOW).retry_after is None


SAID_AGAIN: dict[str, tuple[dict[str, str], bytes, bool | None]] = {
    "nothing": ({}, b"", None),
    "yes": ({"x-should-retry": "true"}, b"", True),
    "no": ({"X-Should-Retry": "false"}, b"", False),
    "neither": ({"x-should-retry": "maybe"}, b"", None),
    "by the provider behind it": (
        {},
        _error("x", metadata={"headers": {"X-Should-Retry": "false"}}),
        False,
    ),
}


@pytest.mark.parametrize("status", [400, 429, 529])
@pytest.mark.parametrize(("headers", "body", "again"), SAID_AGAIN.values(), ids=SAID_AGAIN)
def test_whether_the_provider_wants_to_see_the_request_again(
    headers: dict[str, str], body: bytes, again: bool | None, status: int
) -> None:
    assert classify("p", status, headers, body, now_wall=NOW).again is again


@pytest.mark.parametrize(
    ("error", "overloaded"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, True),
        ({"code": "server_is_overloaded", "message": "x"}, True),
        ({"type": "engine_overloaded_error", "message": "x"}, True),
        ({"type": "rate_limit_error", "message": "Overloaded"}, False),
        ({"type": "api_error", "message": "x"}, False),
    ],
)
@pytest.mark.parametrize("status", [200, 429, 500])
def test_too_much_to_do_is_heard_in_words_whatever_the_status(
    error: dict[str, object], status: int, overloaded: bool
) -> None:
    assert classify_error("p", error, status).overloaded is overloaded


AMAZONS: dict[str, tuple[int, str, dict[str, object], Kind]] = {
    "throttled": (
        429,
        "ThrottlingException",
        {"message": "Too many tokens, wait"},
        Kind.RATE_LIMIT,
    ),
    "throttled as 503": (
        503,
        "ServiceUnavailableException:http://internal.amazon.com/coral/com.amazon.bedrock/",
        {"message": "Model is getting throttled. Try your request again."},
        Kind.RATE_LIMIT,
    ),
    "unavailable": (503, "ServiceUnavailableException", {"message": "x"}, Kind.TRANSIENT),
    "not ready": (429, "ModelNotReadyException", {"message": "x"}, Kind.TRANSIENT),
    "quota": (400, "ServiceQuotaExceededException", {"message": "x"}, Kind.RATE_LIMIT),
    "signature": (400, "IncompleteSignature", {"message": "x"}, Kind.CREDENTIAL),
    "no use case filed": (404, "FTUFormNotFilled", {"message": "x"}, Kind.MODEL_GONE),
    "too long": (400, "ValidationException", {"message": "Input is too long."}, Kind.TOO_LONG),
    "wrong": (400, "ValidationException", {"message": "Malformed input request"}, Kind.CALLER),
    "no permission": (403, "AccessDeniedException", {"message": "x"}, Kind.CREDENTIAL),
    "the model's own": (424, "ModelErrorException", {"message": "x"}, Kind.TRANSIENT),
    "behind SageMaker, the caller's": (
        424,
        "",
        {"Message": "client error", "OriginalStatusCode": 400, "OriginalMessage": "no such field"},
        Kind.CALLER,
    ),
    "behind SageMaker, too long": (
        424,
        "",
        {
            "Message": "client error (422) from primary",
            "OriginalStatusCode": 422,
            "OriginalMessage": "`inputs` tokens + `max_new_tokens` must be <= 4096",
        },
        Kind.TOO_LONG,
    ),
}


@pytest.mark.parametrize(("status", "header", "body", "kind"), AMAZONS.values(), ids=AMAZONS)
def test_amazon_says_in_a_header_what_it_means(
    status: int, header: str, body: dict[str, object], kind: Kind
) -> None:
    headers = {"x-amzn-ErrorType": header}

    failure = classify("bedrock", status, headers, orjson.dumps(body), now_wall=NOW)

    assert failure.kind is kind
    assert failure.message == body.get("message", body.get("Message"))


@pytest.mark.parametrize("name", ["ThrottlingException", "com.amazon.bedrock#ThrottlingException"])
def test_amazon_may_say_it_in_the_body_with_a_name_space(name: str) -> None:
    body = orjson.dumps({"__type": name, "message": "slow down"})

    assert classify("bedrock", 400, {}, body, now_wall=NOW).kind is Kind.RATE_LIMIT


IN_A_STREAM = {
    "throttlingException": Kind.RATE_LIMIT,
    "modelStreamErrorException": Kind.TRANSIENT,
    "internalServerException": Kind.TRANSIENT,
    "serviceUnavailableException": Kind.TRANSIENT,
    "modelTimeoutException": Kind.TIMEOUT,
    "validationException": Kind.CALLER,
}


@pytest.mark.parametrize(("name", "kind"), IN_A_STREAM.items())
def test_an_exception_in_amazons_stream_is_of_the_same_kinds(name: str, kind: Kind) -> None:
    assert classify_error("bedrock", {"type": name, "message": "x"}).kind is kind


SHAPES: dict[str, tuple[int, object, Kind, str]] = {
    "google hides it in the details": (
        400,
        {
            "error": {
                "code": 400,
                "message": "precondition failed",
                "status": "FAILED_PRECONDITION",
                "details": [{"detail": "User location is not supported for the API use."}],
            }
        },
        Kind.MODEL_GONE,
        "precondition failed",
    ),
    "google: 429 under a 503": (
        503,
        {"error": {"code": 429, "message": "busy"}},
        Kind.RATE_LIMIT,
        "busy",
    ),
    "google: nothing of it is free": (
        429,
        {"error": {"message": "Quota exceeded for metric: x/free_tier_requests, limit: 0"}},
        Kind.QUOTA,
        "Quota exceeded for metric: x/free_tier_requests, limit: 0",
    ),
    "google: too many bytes": (
        400,
        {"error": {"message": "Request payload size exceeds the limit: 20971520 bytes."}},
        Kind.TOO_LONG,
        "Request payload size exceeds the limit: 20971520 bytes.",
    ),
    "cohere: blocked": (498, {"message": "blocked input or output"}, Kind.BLOCKED, ""),
    "cohere: too many tokens": (
        400,
        {"message": "too many tokens: size limit exceeded", "error_type": "TOO_MANY_TOKENS"},
        Kind.TOO_LONG,
        "",
    ),
    "watsonx": (
        404,
        {"errors": [{"code": "model_not_supported", "message": "Model 'x' is not supported"}]},
        Kind.MODEL_GONE,
        "Model 'x' is not supported",
    ),
    "watsonx: the month is used up": (
        403,
        {"errors": [{"code": "token_quota_reached", "message": "no tokens left"}]},
        Kind.QUOTA,
        "no tokens left",
    ),
    "cloudflare": (
        400,
        {"success": False, "errors": [{"code": 5007, "message": "No such model @cf/x"}]},
        Kind.MODEL_GONE,
        "No such model @cf/x",
    ),
    "databricks": (
        429,
        {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"},
        Kind.RATE_LIMIT,
        "slow down",
    ),
    "replicate": (
        422,
        {"title": "Invalid version", "detail": "The specified version does not exist"},
        Kind.MODEL_GONE,
        "The specified version does not exist",
    ),
    "replicate: no money": (
        402,
        {"title": "Insufficient credit", "detail": "You have insufficient credit"},
        Kind.QUOTA,
        "You have insufficient credit",
    ),
    "huggingface: nobody serves it": (
        400,
        {"error": {"message": "not served", "code": "model_not_supported"}},
        Kind.MODEL_GONE,
        "not served",
    ),
    "huggingface: loading": (
        503,
        {"error": "Model x is currently loading", "estimated_time": 20.5},
        Kind.TRANSIENT,
        "Model x is currently loading",
    ),
    "ollama": (404, {"error": "model 'x' not found"}, Kind.MODEL_GONE, "model 'x' not found"),
    "ollama: no tools": (400, {"error": '"x" does not support tools'}, Kind.CALLER, ""),
    "github": (
        403,
        {"error": {"code": "no_access", "message": "No access to model: openai/o1"}},
        Kind.MODEL_GONE,
        "",
    ),
    "xai: no money": (
        403,
        {"error": "Your newly created team doesn't have any credits yet."},
        Kind.QUOTA,
        "",
    ),
}


@pytest.mark.parametrize(("status", "body", "kind", "message"), SHAPES.values(), ids=SHAPES)
def test_every_shape_of_a_refusal_is_read(
    status: int, body: object, kind: Kind, message: str
) -> None:
    failure = classify("p", status, {}, orjson.dumps(body), now_wall=NOW)

    assert failure.kind is kind
    assert failure.message == message or not message


TOLD_WAITS = {
    "huggingface": ({"error": "Model x is currently loading", "estimated_time": 20.5}, 20.5),
    "replicate": ({"detail": "Request was throttled. Expected available in 3 seconds."}, 3.0),
    "github": ({"error": {"message": "Please wait 12 seconds before retrying."}}, 12.0),
    "google": ({"error": {"details": [{"retryDelay": "34.4s"}]}}, 34.4),
}


@pytest.mark.parametrize(("body", "seconds"), TOLD_WAITS.values(), ids=TOLD_WAITS)
def test_a_wait_is_read_from_wherever_it_is_told(body: dict[str, object], seconds: float) -> None:
    assert retry_after({}, orjson.dumps(body), NOW) == seconds

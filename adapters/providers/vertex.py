"""Google Vertex AI: one address, and a path for each publisher of models.

===============================  ===============================================================
`gemini-2.5-pro`                 Google's own: Gemini's dialect
`1234567890`, `gemini/123…`      a tuned Gemini, at an endpoint of the project's own
`claude-sonnet-4-5@20250929`     Anthropic's dialect: the model stands in the path, the version in
                                 the body, and images must come as bytes
`mistral-medium-3`, `jamba-…`    OpenAI's chat, posted to the publisher's `rawPredict`
`meta/llama-…`, `qwen/qwen3-…`   OpenAI's chat, at one door for all other publishers
`openai/1234567890`              OpenAI's chat, at an endpoint of the project's own
`text-embedding-005`             embeddings by `predict`; `gemini-embedding-2` by `embedContent`
===============================  ===============================================================

Sources, read 2026-11, below https://cloud.google.com/vertex-ai/generative-ai/docs/:
learn/locations, partner-models/claude/use-claude, partner-models/mistral,
maas/call-open-model-apis, start/express-mode/overview. Model names and settings are those of
https://docs.litellm.ai/docs/providers/vertex_partner. Claude's images:
https://github.com/BerriAI/litellm/issues/18430.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from adapters.auth.google import PROJECT, QUOTA_PROJECT, Google
from adapters.auth.keys import key_of, with_bearer
from adapters.clock import Clock
from adapters.dialects.gemini.embed import alone
from adapters.errors import Failure, Kind
from adapters.provider import Auth, Endpoint, Provider, Transport, Upstream
from adapters.quirks.fields import max_tokens_only, no_stream_options
from adapters.quirks.messages import (
    developer_as_system,
    no_cache_control,
    no_reasoning_content,
    no_thinking_blocks,
)
from adapters.types import Call, Dialect, Json, Target

_PLACE = "/projects/{vertex_project}/locations/{vertex_location}"
_UNTOLD = "-"  # stands for a project that only the credentials name
_NUMBER = re.compile(r"\d+")
_MISTRAL = re.compile(r"(?:mistral|codestral|ministral|magistral|devstral|pixtral)")
_PUBLISHER = re.compile(
    r"google/(?=gemini)|gemini/(?=\d)|anthropic/(?=claude)|ai21/(?=jamba)"
    rf"|mistralai/(?={_MISTRAL.pattern})"
)
_REGIONLESS = re.compile(r"gemini-(?:[3-9]|\d\d)")  # since Gemini 3, no single region serves them


def settled(target: Target) -> Target:
    """The target with its publisher's prefix off, its location known, and the host of that."""
    model = _bare(target.model)
    told = target.options
    default = "global" if _REGIONLESS.match(model) or _express(target) else "us-central1"
    location = told.get("vertex_ai_location") or told.get("vertex_location") or default
    options = {
        **told,
        "vertex_project": _project(target) or _UNTOLD,
        "vertex_location": location,
        "vertex_host": _host(location),
    }
    return replace(target, model=model, options=options)


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    """What the model of a settled target speaks, and where."""
    model = target.model
    if _NUMBER.fullmatch(model):
        return _TUNED
    if model.startswith("claude"):
        return {Dialect.ANTHROPIC_MESSAGES: _CLAUDE}
    if _MISTRAL.match(model):
        return {Dialect.OPENAI_CHAT: _MISTRALS}
    if model.startswith("jamba"):
        return {Dialect.OPENAI_CHAT: _JAMBA}
    if "/" in model:
        own = _NUMBER.fullmatch(model.removeprefix("openai/"))
        return {Dialect.OPENAI_CHAT: _own(model) if own else _OPEN}
    googles = _googles(model)
    if _express(target):
        return {spoken: _placeless(endpoint) for spoken, endpoint in googles.items()}
    return googles


def login(transport: Transport, clock: Clock) -> Auth:
    """Credentials that config names, else an API key, else what the machine has."""
    google = Google(transport, clock)

    async def auth(request: Upstream, target: Target) -> Upstream:
        if "authorization" in target.headers:  # the operator has a way of his own
            return _placed(request, "")
        credentials = _credentials(target)
        if not credentials and (key := key_of(target)):
            return _placed(request.with_headers({"x-goog-api-key": key}), "")
        token = await google.token(credentials)
        request = with_bearer(_placed(request, token.facts.get(PROJECT, "")), token.text)
        if quota := token.facts.get(QUOTA_PROJECT):
            return request.with_headers({"x-goog-user-project": quota})
        return request

    return auth


def tidy(url: str) -> str:
    """The address meant, if `api_base` already held a part of the path, or all of it.

    >>> tidy("https://x/v1/projects/p/locations/l/publishers/google/models/m"
    ...      "/v1beta1/projects/-/locations/l/publishers/google/models/m:generateContent")
    'https://x/v1/projects/p/locations/l/publishers/google/models/m:generateContent'
    """
    url = _WHOLE.sub(r"\1\2", url)
    return _VERSION_TWICE.sub("", _PLACE_TWICE.sub(r"\1", url))


_V = r"/v1(?:beta1)?"
_METHOD = r"(?::\w+|/chat/completions)"
_WHOLE = re.compile(
    rf"(/(?:models|endpoints)/[^/:?]+){_METHOD}?(?:\?[^/]*)?"
    rf"{_V}/(?:projects|publishers)/.*?({_METHOD}(?:\?.*)?)$"
)
_PLACE_TWICE = re.compile(
    rf"({_V}/projects/[^/]+/locations/[^/]+){_V}/projects/[^/]+/locations/[^/]+"
)
_VERSION_TWICE = re.compile(rf"{_V}(?={_V}/(?:projects|publishers)/)")


def _bare(model: str) -> str:
    """The model without a publisher that its name tells anyway."""
    prefix = _PUBLISHER.match(model)
    return model[prefix.end() :] if prefix else model


def _project(target: Target) -> str:
    return target.options.get("vertex_ai_project") or target.options.get("vertex_project") or ""


def _credentials(target: Target) -> str:
    return key_of(target, "vertex_credentials") or key_of(target, "vertex_ai_credentials")


def _express(target: Target) -> bool:
    """Whether a key stands for project and location: what Google calls the express mode."""
    untold = _project(target) in {"", _UNTOLD}
    return untold and bool(key_of(target)) and not _credentials(target)


def _host(location: str) -> str:
    match location:
        case "global":
            return "aiplatform.googleapis.com"
        case "us" | "eu":
            return f"aiplatform.{location}.rep.googleapis.com"
        case _:
            return f"{location}-aiplatform.googleapis.com"


def _googles(model: str) -> Mapping[Dialect, Endpoint]:
    if "embedding" not in model:
        return {Dialect.GEMINI_GENERATE: _GEMINI}
    if model.startswith("gemini-embedding-") and not model.endswith("-001"):
        return {Dialect.GEMINI_EMBED: _EMBED_CONTENT}
    return {Dialect.VERTEX_EMBED: _PREDICT}


def _placeless(endpoint: Endpoint) -> Endpoint:
    path, stream = endpoint.path.replace(_PLACE, ""), endpoint.stream_path.replace(_PLACE, "")
    return replace(endpoint, path=path, stream_path=stream)


def _placed(request: Upstream, project: str) -> Upstream:
    """The request with the project in its address that the credentials name.

    Raises:
        Failure: MODEL_GONE, the address needs one, and there is none.
    """
    untold = f"/projects/{_UNTOLD}/"
    if untold not in request.url:
        return request
    if not project:
        raise Failure(Kind.MODEL_GONE, "vertex_project is not set, nor do the credentials name one")
    told = f"/projects/{quote(project, safe='')}/"
    return replace(request, url=request.url.replace(untold, told))


def _own(model: str) -> Endpoint:
    number = model.removeprefix("openai/")
    return Endpoint(f"/v1beta1{_PLACE}/endpoints/{number}/chat/completions", mend=_nameless)


def _nameless(body: Json, _call: Call, _target: Target) -> Json:
    return {**body, "model": ""}


def _as_claude(body: Json, _call: Call, _target: Target) -> Json:
    rest = {name: value for name, value in body.items() if name != "model"}
    return {"anthropic_version": "vertex-2023-10-16", **rest}


def _as_mistral(body: Json, call: Call, target: Target) -> Json:
    return _unversioned(no_reasoning_content(no_stream_options(body)), call, target)


def _unversioned(body: Json, _call: Call, target: Target) -> Json:
    """The model without what stands behind @ in the path."""
    return {**body, "model": target.model.partition("@")[0]}


def _raw(publisher: str) -> tuple[str, str]:
    models = f"/v1{_PLACE}/publishers/{publisher}/models/{{model}}"
    return f"{models}:rawPredict", f"{models}:streamRawPredict"


_GOOGLE = f"/v1beta1{_PLACE}/publishers/google/models/{{model}}"
_ENDPOINTS = f"/v1beta1{_PLACE}/endpoints/{{model}}"
_STREAM = ":streamGenerateContent?alt=sse"
_GEMINI = Endpoint(f"{_GOOGLE}:generateContent", f"{_GOOGLE}{_STREAM}")
_PREDICT = Endpoint(f"{_GOOGLE}:predict")
_EMBED_CONTENT = Endpoint(f"{_GOOGLE}:embedContent", mend=alone)
_CLAUDE = Endpoint(*_raw("anthropic"), mend=_as_claude, inlines=True)
_MISTRALS = Endpoint(*_raw("mistralai"), mend=_as_mistral)
_JAMBA = Endpoint(*_raw("ai21"), mend=_unversioned)
_OPEN = Endpoint(f"/v1{_PLACE}/endpoints/openapi/chat/completions")
_TUNED: Mapping[Dialect, Endpoint] = {
    Dialect.GEMINI_GENERATE: Endpoint(f"{_ENDPOINTS}:generateContent", f"{_ENDPOINTS}{_STREAM}"),
    Dialect.VERTEX_EMBED: Endpoint(f"{_ENDPOINTS}:predict"),
}

PROVIDER = Provider(
    name="vertex_ai",
    base_url="https://{vertex_host}",
    key_env=("VERTEX_API_KEY", "GOOGLE_VERTEX_API_KEY"),
    key_optional=True,
    base_url_env=("VERTEXAI_API_BASE", "VERTEX_API_BASE"),
    speaks={
        Dialect.GEMINI_GENERATE: _GEMINI,
        Dialect.ANTHROPIC_MESSAGES: _CLAUDE,
        Dialect.OPENAI_CHAT: _OPEN,
        Dialect.VERTEX_EMBED: _PREDICT,
        Dialect.GEMINI_EMBED: _EMBED_CONTENT,
    },
    login=login,
    url=tidy,
    settled=settled,
    speaking=speaking,
    quirks=(developer_as_system, max_tokens_only, no_cache_control, no_thinking_blocks),
    options_env={
        "vertex_project": ("VERTEXAI_PROJECT", "GOOGLE_CLOUD_PROJECT", "VERTEX_PROJECT"),
        "vertex_location": ("VERTEXAI_LOCATION", "VERTEX_LOCATION", "GOOGLE_CLOUD_LOCATION"),
        "vertex_ai_project": (),
        "vertex_ai_location": (),
    },
    secrets_env={
        "vertex_credentials": ("VERTEXAI_CREDENTIALS", "VERTEX_CREDENTIALS"),
        "vertex_ai_credentials": (),
    },
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
)

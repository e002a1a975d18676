"""Microsoft Foundry (Azure AI Foundry): one resource, and a path for each kind of model.

============================  =================================================================
`…/openai/v1` as api_base     OpenAI's own paths: chat, responses, embeddings
`claude-…`                    Anthropic's messages, under `/anthropic`
`…rerank…`                    Cohere's rerank, under `/providers/cohere`
everything else               the model inference API, under `/models`
a serverless endpoint         one model at an address of its own: `/v1/…`, the key as bearer
============================  =================================================================

Sources, read 2026-11: https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints,
https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry,
https://docs.cohere.com/docs/cohere-on-microsoft-azure, https://docs.litellm.ai/docs/providers/azure_ai.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from adapters.auth.azure import OPTIONS_ENV, SECRETS_ENV, entra
from adapters.auth.keys import key_needed, key_of, with_bearer
from adapters.clock import Clock
from adapters.provider import Auth, Endpoint, Provider, Transport, Upstream
from adapters.quirks.fields import max_completion_tokens_only
from adapters.quirks.messages import developer_as_system, no_cache_control, no_thinking_blocks
from adapters.types import Dialect, Json, Target

_KEY_ENV = ("AZURE_AI_API_KEY",)
_SERVERLESS = re.compile(r"\.(?:inference|models)\.ai\.azure\.com$")
_TOLD_ALREADY = re.compile(
    r"/(?:models(?:/chat/completions|/embeddings)?|anthropic(?:/v1)?(?:/messages)?"
    r"|chat/completions|v1/chat/completions|providers/cohere(?:/v2/rerank)?)/?$"
)
_PASSES = {"extra-parameters": "pass-through"}  # else it refuses what it does not know
_DATED = "?api-version={api_version}"


def login(transport: Transport, clock: Clock) -> Auth:
    """As Azure OpenAI's, but that a serverless endpoint wants its key as a bearer."""
    of_resource = entra(transport, clock, _KEY_ENV)

    async def auth(request: Upstream, target: Target) -> Upstream:
        if _is_serverless(request.url) and not key_of(target, "azure_ad_token"):
            return with_bearer(request, key_needed(target, _KEY_ENV))
        return await of_resource(request, target)

    return auth


def settled(target: Target) -> Target:
    """The target with a base that ends where our paths begin, and the version that it named."""
    parts = urlsplit(target.base_url)
    path = parts.path.rstrip("/")
    told = parse_qs(parts.query).get("api-version", [])
    if path.endswith("/openai/v1/chat/completions"):
        path = path.removesuffix("/chat/completions")
    elif not path.endswith("/openai/v1"):
        path = _TOLD_ALREADY.sub("", path)
    options = {**({"api_version": told[0]} if told else {}), **target.options}
    base = parts._replace(path=path, query="").geturl()
    return replace(target, base_url=base, options=options)


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    model = target.model.lower()
    if "claude" in model:
        return _CLAUDE
    if "rerank" in model:
        return _SERVERLESS_RERANK if _is_serverless(target.base_url) else _RERANK
    if target.base_url.endswith("/openai/v1"):
        return _OPENAI
    return _ALONE if _is_serverless(target.base_url) else _MODELS


def _is_serverless(url: str) -> bool:
    return bool(_SERVERLESS.search(urlsplit(url).hostname or ""))


_CLAUDE: Mapping[Dialect, Endpoint] = {
    Dialect.ANTHROPIC_MESSAGES: Endpoint(
        "/anthropic/v1/messages", headers={"anthropic-version": "2023-06-01"}
    )
}
_RERANK: Mapping[Dialect, Endpoint] = {
    Dialect.COHERE_RERANK: Endpoint("/providers/cohere/v2/rerank")
}
_SERVERLESS_RERANK: Mapping[Dialect, Endpoint] = {Dialect.COHERE_RERANK: Endpoint("/v2/rerank")}
_OPENAI: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/chat/completions"),
    Dialect.OPENAI_RESPONSES: Endpoint("/responses"),
    Dialect.OPENAI_EMBEDDINGS: Endpoint("/embeddings"),
}
_ALONE: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/v1/chat/completions"),
    Dialect.OPENAI_EMBEDDINGS: Endpoint("/v1/embeddings"),
}
_MODELS: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint(f"/models/chat/completions{_DATED}", headers=_PASSES),
    Dialect.OPENAI_EMBEDDINGS: Endpoint(f"/models/embeddings{_DATED}", headers=_PASSES),
}
PROVIDER = Provider(
    name="azure_ai",
    key_env=_KEY_ENV,
    base_url_env=("AZURE_AI_API_BASE",),
    speaks={**_MODELS, **_CLAUDE, **_RERANK},
    login=login,
    settled=settled,
    speaking=speaking,
    quirks=(developer_as_system, max_completion_tokens_only, no_cache_control, no_thinking_blocks),
    options_env={**OPTIONS_ENV, "api_version": ("AZURE_AI_API_VERSION",)},
    secrets_env=SECRETS_ENV,
    options={"api_version": "2024-05-01-preview"},
    docs="https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints",
)

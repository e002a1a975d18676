"""Azure OpenAI: the deployment's name is in the path, the API's version in the query.

Source: https://learn.microsoft.com/azure/ai-foundry/openai/reference and, for the newer address
that wants neither, .../openai/api-version-lifecycle (read 2026-11): an `api_base` that ends in
`/openai/v1`, or a version that is no date, is taken at its word; the deployment's name is then
`model` in the body. The Responses API is there only, for any version.

A deployment may have any name, so whose rules it follows is said beside it: `base_model`, or
LiteLLM's prefixes `o_series/` and `gpt5_series/`. Its `responses/` asks for the Responses API.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.amended import Amended
from adapters.amends.fields import FILTERED
from adapters.amends.words import OBJECT
from adapters.auth.azure import KEY_ENV, OPTIONS_ENV, SECRETS_ENV, login
from adapters.openai_rules import tools_need_responses
from adapters.provider import Endpoint, Provider
from adapters.providers import openai
from adapters.quirks.fields import max_completion_tokens_only
from adapters.quirks.messages import call_ids_up_to_40, no_cache_control, no_thinking_blocks
from adapters.types import Dialect, Target

_SERIES = {"o_series": "o3", "gpt5_series": "gpt-5"}  # prefix -> a model with the same rules
_UNDATED = frozenset({"latest", "preview", "v1"})
_OWN = r"(?:/(?:chat/completions|embeddings))?"
_DATED = re.compile(rf"/openai/v1{_OWN}/openai/deployments/[^/]+/([^?]+)\?.*$")
_TWICE = re.compile(rf"/openai/deployments/[^/?]+{_OWN}(?=/openai/(?:deployments|v1)/)")
_TOLD_TWICE = re.compile(r"/openai/v1(?:/[a-z/]+)?(?=/openai/v1/)")
_RESPONSES = re.compile(r"(/openai/(?:v1/)?responses(?:\?[^/]*)?)/openai/v1/responses$")


def settled(target: Target) -> Target:
    """The target without the prefixes that are no part of the deployment's name."""
    target = openai.settled(target)
    series, slash, model = target.model.partition("/")
    if series not in _SERIES or not slash:
        return target
    options = {"base_model": _SERIES[series], **target.options}
    return replace(target, model=model, options=options)


def speaking(
    target: Target, asked: Mapping[str, Any] = openai.NOTHING
) -> Mapping[Dialect, Endpoint]:
    """Chat, unless the model, the request or config wants the Responses API."""
    undated = target.options.get("api_version") in _UNDATED
    tools = tools_need_responses({**target.params, **asked}, openai.model_of(target))
    if tools or openai.wants_responses(target):
        return _NEW_WITHOUT_CHAT if undated else _WITHOUT_CHAT
    return _NEW if undated else _SPEAKS


def tidy(url: str) -> str:
    """The address meant, if `api_base` already held a part of the path.

    >>> tidy("https://x.openai.azure.com/openai/v1/openai/deployments/d/chat/completions?api-version=1")
    'https://x.openai.azure.com/openai/v1/chat/completions'
    """
    url = _RESPONSES.sub(r"\1", url.replace("/openai/openai/", "/openai/", 1))
    return _TOLD_TWICE.sub("", _DATED.sub(r"/openai/v1/\1", _TWICE.sub("", url)))


_DEPLOYMENT = "/openai/deployments/{model}"
_VERSION = "?api-version={api_version}"
_WITHOUT_CHAT: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_RESPONSES: Endpoint("/openai/v1/responses", mend=openai.mend_responses),
    Dialect.OPENAI_EMBEDDINGS: Endpoint(f"{_DEPLOYMENT}/embeddings{_VERSION}"),
}
_SPEAKS: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint(f"{_DEPLOYMENT}/chat/completions{_VERSION}", mend=openai.mend),
    **_WITHOUT_CHAT,
}
_NEW_WITHOUT_CHAT: Mapping[Dialect, Endpoint] = {
    **_WITHOUT_CHAT,
    Dialect.OPENAI_EMBEDDINGS: Endpoint("/openai/v1/embeddings"),
}
_NEW: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/openai/v1/chat/completions", mend=openai.mend),
    **_NEW_WITHOUT_CHAT,
}
PROVIDER = Provider(
    name="azure",
    key_env=KEY_ENV,
    base_url_env=("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"),
    speaks=_SPEAKS,
    login=login,
    settled=settled,
    speaking=speaking,
    url=tidy,
    transport=Amended((OBJECT, FILTERED)),
    quirks=(max_completion_tokens_only, no_cache_control, no_thinking_blocks, call_ids_up_to_40),
    options_env={**OPTIONS_ENV, "api_version": ("AZURE_API_VERSION",)},
    secrets_env=SECRETS_ENV,
    options={"api_version": "2025-02-01-preview"},
    docs="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
)

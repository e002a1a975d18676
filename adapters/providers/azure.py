"""Azure OpenAI: the deployment's name is in the path, the API's version in the query.

Source: https://learn.microsoft.com/azure/ai-foundry/openai/reference and, for the newer address
that wants neither, .../openai/api-version-lifecycle (read 2026-11): an `api_base` that ends in
`/openai/v1` is taken at its word; the deployment's name is then `model` in the body.
"""

import re

from adapters.auth.keys import key_needed, key_of, with_bearer
from adapters.provider import Endpoint, Provider, Upstream
from adapters.quirks import max_completion_tokens_only, no_cache_control, no_thinking_blocks
from adapters.types import Dialect, Target

_KEY_ENV = ("AZURE_API_KEY", "AZURE_OPENAI_API_KEY")
_DATED = re.compile(r"/openai/v1(?:/chat/completions)?/openai/deployments/[^/]+/([^?]+)\?.*$")
_TWICE = re.compile(r"/openai/deployments/[^/?]+(?:/chat/completions)?(?=/openai/deployments/)")


async def auth(request: Upstream, target: Target) -> Upstream:
    """An Entra token as bearer where config has one, else the key in `api-key`."""
    if token := key_of(target, "azure_ad_token"):
        return with_bearer(request, token)
    return request.with_headers({"api-key": key_needed(target, _KEY_ENV)})


def tidy(url: str) -> str:
    """The address meant, if `api_base` already held a part of the path.

    >>> tidy("https://x.openai.azure.com/openai/v1/openai/deployments/d/chat/completions?api-version=1")
    'https://x.openai.azure.com/openai/v1/chat/completions'
    """
    url = url.replace("/openai/openai/", "/openai/", 1)
    return _DATED.sub(r"/openai/v1/\1", _TWICE.sub("", url))


PROVIDER = Provider(
    name="azure",
    key_env=_KEY_ENV,
    base_url_env=("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"),
    speaks={
        Dialect.OPENAI_CHAT: Endpoint(
            "/openai/deployments/{model}/chat/completions?api-version={api_version}"
        )
    },
    auth=auth,
    url=tidy,
    quirks=(max_completion_tokens_only, no_cache_control, no_thinking_blocks),
    options_env={"api_version": ("AZURE_API_VERSION",)},
    options={"api_version": "2025-02-01-preview"},
    docs="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
)

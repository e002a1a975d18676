"""Databricks: foundation models and serving endpoints of a workspace, named in `model`.

Claude's thinking is a part of the content here, both ways; chat has fields of its own for it. An
`api_base` may end in `/serving-endpoints`, as LiteLLM's does, or in one endpoint's `/invocations`.

Sources, read 2026-11, below https://docs.databricks.com/aws/en/machine-learning/:
foundation-model-apis/api-reference and model-serving/query-reason-models; the login:
https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m. And recorded traffic.
"""

import base64
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters.amended import Amends
from adapters.auth.keys import key_needed, key_of, with_bearer
from adapters.auth.tokens import Tokens, exchange
from adapters.clock import Clock
from adapters.dialects.hosted_claude import (
    Amender,
    cache_control_for_claude,
    is_claude,
    thinking_for_claude,
)
from adapters.provider import Auth, Endpoint, Provider, Transport, Upstream
from adapters.quirks.fields import max_tokens_only, no_stream_options
from adapters.quirks.messages import developer_as_system, no_reasoning_content, no_thinking_blocks
from adapters.types import Dialect, Json, Target

_KEY_ENV = ("DATABRICKS_API_KEY", "DATABRICKS_TOKEN")
_REPEATED = re.compile(r"/serving-endpoints(?:/chat/completions)?(?=/serving-endpoints/)")
_INVOCATIONS = re.compile(r"(/invocations)/serving-endpoints/.*$")
_FORM = {"grant_type": "client_credentials", "scope": "all-apis"}


def login(transport: Transport, clock: Clock) -> Auth:
    """A service principal by OAuth where config has one, else a token of its own."""
    tokens = Tokens(clock)

    async def auth(request: Upstream, target: Target) -> Upstream:
        user, word = key_of(target, "client_id"), key_of(target, "client_secret")
        if not (user and word):
            return with_bearer(request, key_needed(target, _KEY_ENV))
        parts = urlsplit(request.url)
        url = f"{parts.scheme}://{parts.netloc}/oidc/v1/token"
        shown = base64.b64encode(f"{user}:{word}".encode()).decode()
        headers = {"authorization": f"Basic {shown}"}
        token = await tokens.get(
            f"{url}\0{shown}", lambda: exchange(transport, url, _FORM, headers=headers)
        )
        return with_bearer(request, token)

    return auth


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    """Anthropic's door is Claude's only, and one endpoint's address has none beside it."""
    if is_claude(target.model) and not target.base_url.rstrip("/").endswith("/invocations"):
        return PROVIDER.speaks
    return {
        dialect: endpoint
        for dialect, endpoint in PROVIDER.speaks.items()
        if dialect is not Dialect.ANTHROPIC_MESSAGES
    }


def tidy(url: str) -> str:
    """The address meant, if `api_base` held a part of the path, or lacks `https://`."""
    url = url if "://" in url else f"https://{url}"
    return _INVOCATIONS.sub(r"\1", _REPEATED.sub("", url))


PROVIDER = Provider(
    name="databricks",
    key_env=_KEY_ENV,
    base_url_env=("DATABRICKS_API_BASE", "DATABRICKS_HOST"),
    speaks={
        Dialect.OPENAI_CHAT: Endpoint("/serving-endpoints/chat/completions"),
        Dialect.ANTHROPIC_MESSAGES: Endpoint(
            "/serving-endpoints/anthropic/v1/messages", headers={"anthropic-version": "2023-06-01"}
        ),
        Dialect.OPENAI_EMBEDDINGS: Endpoint("/serving-endpoints/embeddings"),
    },
    login=login,
    speaking=speaking,
    url=tidy,
    transport=Amends(
        Amender, re.compile(rb'"(?:completion|total)_tokens"\s*:\s*null|"content"\s*:\s*\[')
    ),
    quirks=(
        developer_as_system,
        max_tokens_only,
        no_stream_options,  # it tells the usage unasked
        cache_control_for_claude,
        thinking_for_claude,
        no_thinking_blocks,
        no_reasoning_content,
    ),
    secrets_env={
        "client_id": ("DATABRICKS_CLIENT_ID",),
        "client_secret": ("DATABRICKS_CLIENT_SECRET",),
    },
    docs="https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference",
)

"""Anthropic. https://docs.claude.com/en/api/overview (read 2026-11).

API keys go into `x-api-key`; OAuth tokens (`sk-ant-oat…`, what `ANTHROPIC_AUTH_TOKEN` holds) are
bearers. The version header here is a default: that of a client which speaks Anthropic wins.
"""

import re

from adapters.auth.keys import key_needed, key_of, with_bearer
from adapters.provider import Endpoint, Provider, Upstream
from adapters.types import Dialect, Target

_KEY_ENV = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_REPEATED = re.compile(r"/v1(?:/messages)?(?=/v1/messages)")


async def auth(request: Upstream, target: Target) -> Upstream:
    if token := key_of(target, "auth_token"):
        return with_bearer(request, token)
    key = key_needed(target, _KEY_ENV)
    if key.startswith("sk-ant-oat"):
        return with_bearer(request, key)
    return request.with_headers({"x-api-key": key})


def tidy(url: str) -> str:
    """The address meant, if `api_base` ended in `/v1` or `/v1/messages`."""
    return _REPEATED.sub("", url)


PROVIDER = Provider(
    name="anthropic",
    base_url="https://api.anthropic.com",
    key_env=_KEY_ENV,
    base_url_env=("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"),
    speaks={
        Dialect.ANTHROPIC_MESSAGES: Endpoint(
            "/v1/messages", headers={"anthropic-version": "2023-06-01"}
        )
    },
    auth=auth,
    url=tidy,
    secrets_env={"auth_token": ("ANTHROPIC_AUTH_TOKEN",)},
    docs="https://docs.claude.com/en/api/messages",
)

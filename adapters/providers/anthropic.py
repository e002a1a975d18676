"""Anthropic. https://docs.claude.com/en/api/overview (read 2026-11).

API keys go into `x-api-key`; OAuth tokens (`sk-ant-oat…`, what `ANTHROPIC_AUTH_TOKEN` holds) are
bearers. The version header here is a default: that of a client which speaks Anthropic wins.
"""

import re
from collections.abc import Mapping

from adapters.auth.keys import Shown, bearing, key_needed, key_of
from adapters.provider import Endpoint, Provider
from adapters.types import Dialect, Target

_KEY_ENV = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_REPEATED = re.compile(r"/v1(?:/messages)?(?=/v1/messages)")


def shown(target: Target) -> Mapping[str, str]:
    if token := key_of(target, "auth_token"):
        return bearing(token)
    key = key_needed(target, _KEY_ENV)
    return bearing(key) if key.startswith("sk-ant-oat") else {"x-api-key": key}


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
    auth=Shown(shown),
    url=tidy,
    secrets_env={"auth_token": ("ANTHROPIC_AUTH_TOKEN",)},
    docs="https://docs.claude.com/en/api/messages",
)

"""Cloudflare Workers AI, by its OpenAI-compatible doors.

Its answers hold an object where a JSON schema was asked for; OpenAI's `content` is its text.
Source: https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility (read
2026-11), and recorded traffic.
"""

import re
from typing import Any

import orjson

from adapters.amended import Amend, Amends
from adapters.auth.keys import bearer_needed
from adapters.provider import Endpoint, Provider
from adapters.quirks.fields import max_tokens_only
from adapters.quirks.messages import developer_as_system, no_cache_control, no_thinking_blocks
from adapters.types import Dialect, Json

_KEY_ENV = ("CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN")
_OF_LITELLM = re.compile(r"/ai(?:/run|/v1(?:/chat/completions)?)?/?(?=/ai/v1/)")


def tidy(url: str) -> str:
    """The address meant, if `api_base` ended in `/ai/run/`, as LiteLLM's does, or in `/ai/v1`."""
    return _OF_LITELLM.sub("", url)


def amend(completion: Json) -> list[Json]:
    """The completion with text where an object is."""
    choices = [_with_text(choice) for choice in completion["choices"]]
    return [{**completion, "choices": choices}]


def _with_text(choice: Any) -> Any:
    match choice:
        case {"message": {"content": dict() | list() as content} as message}:
            text = orjson.dumps(content).decode()
            return {**choice, "message": {**message, "content": text}}
        case _:
            return choice


def _amend() -> Amend:
    return amend


PROVIDER = Provider(
    name="cloudflare",
    base_url="https://api.cloudflare.com/client/v4/accounts/{account_id}",
    key_env=_KEY_ENV,
    base_url_env=("CLOUDFLARE_API_BASE",),
    speaks={
        Dialect.OPENAI_CHAT: Endpoint("/ai/v1/chat/completions"),
        Dialect.OPENAI_EMBEDDINGS: Endpoint("/ai/v1/embeddings"),
    },
    auth=bearer_needed(_KEY_ENV),
    url=tidy,
    transport=Amends(_amend, re.compile(rb'"content"\s*:\s*[{\[]')),
    quirks=(developer_as_system, no_cache_control, no_thinking_blocks, max_tokens_only),
    options_env={"account_id": ("CLOUDFLARE_ACCOUNT_ID",)},
    docs="https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
)

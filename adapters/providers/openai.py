"""OpenAI. https://platform.openai.com/docs/api-reference/authentication (read 2026-11)."""

from adapters.auth.keys import bearer_needed
from adapters.provider import Provider, Upstream
from adapters.quirks import max_completion_tokens_only, no_cache_control, no_thinking_blocks
from adapters.types import Target

_KEY_ENV = ("OPENAI_API_KEY",)
_bearer = bearer_needed(_KEY_ENV)


async def auth(request: Upstream, target: Target) -> Upstream:
    """The key, and which organisation and project pay for the call, where config says so."""
    request = await _bearer(request, target)
    return request.with_headers(
        {
            f"openai-{name}": target.options[name]
            for name in ("organization", "project")
            if target.options.get(name)
        }
    )


PROVIDER = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_env=_KEY_ENV,
    base_url_env=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    auth=auth,
    quirks=(max_completion_tokens_only, no_cache_control, no_thinking_blocks),
    options_env={"organization": ("OPENAI_ORGANIZATION",), "project": ("OPENAI_PROJECT",)},
    docs="https://platform.openai.com/docs/api-reference/chat",
)

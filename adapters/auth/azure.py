"""Ways into Azure OpenAI: an Entra token, what one is exchanged for, or the resource's key.

Sources, read 2026-11: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity
and https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow. Names
of settings are LiteLLM's.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from adapters.auth.keys import key_needed, key_of, with_bearer
from adapters.auth.tokens import Tokens, exchange
from adapters.clock import Clock
from adapters.provider import Auth, Transport, Upstream
from adapters.types import Target

OPTIONS_ENV: Mapping[str, tuple[str, ...]] = {
    "azure_scope": ("AZURE_SCOPE",),
    "azure_authority_host": ("AZURE_AUTHORITY_HOST",),
}
SECRETS_ENV: Mapping[str, tuple[str, ...]] = {
    "azure_ad_token": ("AZURE_AD_TOKEN",),
    "tenant_id": ("AZURE_TENANT_ID",),
    "client_id": ("AZURE_CLIENT_ID",),
    "client_secret": ("AZURE_CLIENT_SECRET",),
}
KEY_ENV = ("AZURE_API_KEY", "AZURE_OPENAI_API_KEY")

_AUTHORITY = "https://login.microsoftonline.com"
_SCOPE = "https://cognitiveservices.azure.com/.default"


def login(transport: Transport, clock: Clock) -> Auth:
    """Azure OpenAI's: in order a token of config's own, the tenant's application, the key."""
    return entra(transport, clock, KEY_ENV)


def entra(transport: Transport, clock: Clock, key_env: Sequence[str]) -> Auth:
    """The same for its relatives. `key_env`: what could have held the key, for the message that
    says there is none.
    """
    tokens = Tokens(clock)

    async def auth(request: Upstream, target: Target) -> Upstream:
        if token := key_of(target, "azure_ad_token"):
            return with_bearer(request, token)
        if not _is_application(target):
            return request.with_headers({"api-key": key_needed(target, key_env)})
        url, form = _asked(target)
        key = "\0".join((url, *form.values()))
        token = await tokens.get(key, lambda: exchange(transport, url, form))
        return with_bearer(request, token)

    return auth


def _is_application(target: Target) -> bool:
    return all(key_of(target, name) for name in ("tenant_id", "client_id", "client_secret"))


def _asked(target: Target) -> tuple[str, Mapping[str, str]]:
    """Where the application shows itself, and how."""
    authority = (target.options.get("azure_authority_host") or _AUTHORITY).rstrip("/")
    if "://" not in authority:
        authority = f"https://{authority}"
    tenant = quote(key_of(target, "tenant_id"), safe="")
    return f"{authority}/{tenant}/oauth2/v2.0/token", {
        "grant_type": "client_credentials",
        "client_id": key_of(target, "client_id"),
        "client_secret": key_of(target, "client_secret"),
        "scope": target.options.get("azure_scope") or _SCOPE,
    }

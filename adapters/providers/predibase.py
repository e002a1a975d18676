"""Predibase: each deployment has an address of its own, `model` in the body names an adapter.

Source: https://docs.predibase.com/user-guide/inference/migrate-openai (read 2026-11).
"""

from adapters.auth.keys import bearer_needed
from adapters.provider import Endpoint, Provider
from adapters.quirks.fields import max_tokens_only
from adapters.quirks.messages import developer_as_system, no_cache_control, no_thinking_blocks
from adapters.types import Call, Dialect, Json, Target

_KEY_ENV = ("PREDIBASE_API_KEY", "PREDIBASE_API_TOKEN")


def with_adapter(body: Json, _: Call, target: Target) -> Json:
    """The body with the adapter that config names; without one it is the deployment's own model."""
    return {**body, "model": target.options.get("adapter_id", "")}


PROVIDER = Provider(
    name="predibase",
    base_url="https://serving.app.predibase.com",
    key_env=_KEY_ENV,
    base_url_env=("PREDIBASE_API_BASE",),
    speaks={
        Dialect.OPENAI_CHAT: Endpoint(
            "/{tenant_id}/deployments/v2/llms/{model}/v1/chat/completions", mend=with_adapter
        )
    },
    auth=bearer_needed(_KEY_ENV),
    quirks=(developer_as_system, no_cache_control, no_thinking_blocks, max_tokens_only),
    options_env={"tenant_id": ("PREDIBASE_TENANT_ID",), "adapter_id": ()},
    docs="https://docs.predibase.com/user-guide/inference/migrate-openai",
)

"""Hugging Face: the router to Inference Providers, or an endpoint of your own (TGI, vLLM, TEI).

The router takes `org/model:provider`; LiteLLM's spelling `provider/org/model` becomes that. With an
`api_base` of your own the model's name is passed as it is, and `/v1/chat/completions` is put behind
it unless it is there. `huggingface/https://…` is LiteLLM's older way to name such an endpoint.

Sources, read 2026-11: https://huggingface.co/docs/inference-providers/tasks/chat-completion,
https://huggingface.co/docs/text-generation-inference/messages_api,
https://docs.litellm.ai/docs/providers/huggingface.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from adapters.amended import Amended
from adapters.amends.words import FINISH_REASON, SERVICE_TIER
from adapters.auth.keys import bearer
from adapters.provider import Endpoint, Provider
from adapters.quirks.fields import max_tokens_only
from adapters.quirks.messages import developer_as_system, no_cache_control, no_thinking_blocks
from adapters.types import Dialect, Json, Target

_ROUTER = "https://router.huggingface.co"
_OF_ROUTER = re.compile(r"(?:https://router\.huggingface\.co(?:/v1)?/?)?")
_REPEATED = re.compile(r"(?:/v1)?(?:/chat/completions|/embeddings)?(?=/v1/(?:chat|embeddings))")
_CHAT = Endpoint("/v1/chat/completions")


def settled(target: Target) -> Target:
    """The target with a name that the router, or the endpoint, understands."""
    model = target.model
    if model.startswith(("https://", "http://")):
        return replace(target, base_url=model, model="tgi")
    match model.split("/"):
        case [provider, org, name] if _OF_ROUTER.fullmatch(target.base_url):
            return replace(target, model=f"{org}/{name}:{provider}")
        case _:
            return target


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    """The router serves chat; an endpoint may be Text Embeddings Inference as well."""
    if _OF_ROUTER.fullmatch(target.base_url):
        return {Dialect.OPENAI_CHAT: _CHAT}
    return PROVIDER.speaks


def tidy(url: str) -> str:
    """The address meant, if `api_base` held a part of the path already."""
    return _REPEATED.sub("", url, count=1)


PROVIDER = Provider(
    name="huggingface",
    base_url=_ROUTER,
    key_env=("HUGGINGFACE_API_KEY", "HF_TOKEN"),
    base_url_env=("HF_API_BASE", "HUGGINGFACE_API_BASE"),
    speaks={
        Dialect.OPENAI_CHAT: _CHAT,
        Dialect.OPENAI_EMBEDDINGS: Endpoint("/v1/embeddings"),
    },
    auth=bearer,
    key_optional=True,  # an endpoint of your own may need none
    settled=settled,
    speaking=speaking,
    url=tidy,
    transport=Amended((FINISH_REASON, SERVICE_TIER)),
    quirks=(developer_as_system, no_cache_control, no_thinking_blocks, max_tokens_only),
    docs="https://huggingface.co/docs/inference-providers/tasks/chat-completion",
)

"""Jina AI: embeddings, nearly OpenAI's, and a rerank in Cohere's shape.

Source: https://jina.ai/embeddings and https://api.jina.ai/redoc (read 2026-11).
"""

from adapters.auth.keys import bearer_needed
from adapters.provider import Endpoint, Provider
from adapters.types import Call, Dialect, Json, Target

_KEY_ENV = ("JINA_AI_API_KEY", "JINA_API_KEY")


def _in_its_words(body: Json, _call: Call, _target: Target) -> Json:
    """It calls the format `embedding_type`; numbers, its default, can be said in any."""
    return {n: v for n, v in body.items() if n not in {"encoding_format", "user"}}


PROVIDER = Provider(
    name="jina_ai",
    base_url="https://api.jina.ai/v1",
    key_env=_KEY_ENV,
    base_url_env=("JINA_AI_API_BASE",),
    speaks={
        Dialect.OPENAI_EMBEDDINGS: Endpoint("/embeddings", mend=_in_its_words),
        Dialect.COHERE_RERANK: Endpoint("/rerank"),
    },
    auth=bearer_needed(_KEY_ENV),
    docs="https://jina.ai/embeddings",
)

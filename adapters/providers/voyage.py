"""Voyage AI: embeddings, nearly OpenAI's, and a rerank of its own.

Source: https://docs.voyageai.com/reference/embeddings-api (read 2026-11).
"""

from adapters.auth.keys import bearer_needed
from adapters.dialects.voyage import embeddings
from adapters.provider import Endpoint, Provider
from adapters.types import Dialect

_KEY_ENV = ("VOYAGE_API_KEY", "VOYAGE_AI_API_KEY", "VOYAGE_AI_TOKEN")

PROVIDER = Provider(
    name="voyage",
    base_url="https://api.voyageai.com/v1",
    key_env=_KEY_ENV,
    base_url_env=("VOYAGE_API_BASE",),
    speaks={
        Dialect.OPENAI_EMBEDDINGS: Endpoint("/embeddings", mend=embeddings),
        Dialect.VOYAGE_RERANK: Endpoint("/rerank"),
    },
    auth=bearer_needed(_KEY_ENV),
    docs="https://docs.voyageai.com/reference/embeddings-api",
)

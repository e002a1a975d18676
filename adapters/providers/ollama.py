"""Ollama, on your own machine or at ollama.com. https://docs.ollama.com/api (read 2026-11).

It is spoken to in its own words: only there are `num_ctx`, `keep_alive` and the other settings
that decide whether a model answers well (its doors for OpenAI's and Anthropic's clients read none
of them, and a prompt over the default context is cut off without a word). An `api_base` that ends
in `/v1` asks for those doors all the same, and the bytes pass untouched; Anthropic's is there since
Ollama 0.14.
"""

from collections.abc import Mapping

from adapters.framing import Framing
from adapters.provider import Endpoint, Provider
from adapters.quirks.fields import max_tokens_only
from adapters.quirks.messages import developer_as_system, no_cache_control, no_thinking_blocks
from adapters.types import Dialect, Json, Target

KEY_ENV = ("OLLAMA_API_KEY",)
BASE_URL = "http://localhost:11434"
BASE_URL_ENV = ("OLLAMA_API_BASE",)
DOCS = "https://docs.ollama.com/api"
QUIRKS = (developer_as_system, no_cache_control, no_thinking_blocks, max_tokens_only)  # of the door
SPEAKS: Mapping[Dialect, Endpoint] = {
    Dialect.OLLAMA_CHAT: Endpoint("/api/chat", framing=Framing.JSON_LINES, inlines=True),
    Dialect.OPENAI_EMBEDDINGS: Endpoint("/v1/embeddings"),
}
DOORS: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/chat/completions", inlines=True),
    Dialect.ANTHROPIC_MESSAGES: Endpoint("/messages", headers={"anthropic-version": "2023-06-01"}),
    Dialect.OPENAI_EMBEDDINGS: Endpoint("/embeddings"),
}


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    return DOORS if target.base_url.rstrip("/").endswith("/v1") else SPEAKS


def tidy(url: str) -> str:
    """The address meant, if `api_base` held the path already, as LiteLLM allows."""
    for path in ("/api/chat", "/api/generate"):
        url = url.replace(f"{path}/api/chat", "/api/chat", 1)
    return url


PROVIDER = Provider(
    name="ollama",
    base_url=BASE_URL,
    key_env=KEY_ENV,
    base_url_env=BASE_URL_ENV,
    speaks=SPEAKS,
    url=tidy,
    speaking=speaking,
    key_optional=True,
    quirks=QUIRKS,
    docs=DOCS,
)

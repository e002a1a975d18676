"""LiteLLM's other name for Ollama: there `ollama` writes prompts out, `ollama_chat` sends turns.
Here both send turns.
"""

from adapters.provider import Provider
from adapters.providers.ollama import (
    BASE_URL,
    BASE_URL_ENV,
    DOCS,
    KEY_ENV,
    QUIRKS,
    SPEAKS,
    speaking,
    tidy,
)

PROVIDER = Provider(
    name="ollama_chat",
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

"""LiteLLM's other name for Cohere, from the days when chat was a second API beside `generate`."""

from adapters.provider import Provider
from adapters.providers.cohere import AUTH, BASE_URL, BASE_URL_ENV, DOCS, KEY_ENV, SPEAKS, tidy

PROVIDER = Provider(
    name="cohere_chat",
    base_url=BASE_URL,
    key_env=KEY_ENV,
    base_url_env=BASE_URL_ENV,
    speaks=SPEAKS,
    auth=AUTH,
    url=tidy,
    docs=DOCS,
)

"""Cohere. https://docs.cohere.com/reference/about (read 2026-11)."""

import re
from collections.abc import Mapping

from adapters.auth.keys import bearer_needed
from adapters.dialects.rerank import plain
from adapters.provider import Endpoint, Provider
from adapters.types import Dialect

BASE_URL = "https://api.cohere.com"
BASE_URL_ENV = ("COHERE_API_BASE", "CO_API_URL")
KEY_ENV = ("COHERE_API_KEY", "CO_API_KEY")
DOCS = "https://docs.cohere.com/reference/chat"
SPEAKS: Mapping[Dialect, Endpoint] = {
    Dialect.COHERE_CHAT: Endpoint("/v2/chat"),
    Dialect.COHERE_EMBED: Endpoint("/v2/embed"),
    Dialect.COHERE_RERANK: Endpoint("/v2/rerank", mend=plain),
}
AUTH = bearer_needed(KEY_ENV)

_REPEATED = re.compile(r"/v[12](?:/(?:chat|embed|rerank))?(?=/v2/)")


def tidy(url: str) -> str:
    """The address meant, if `api_base` held a version, or a version and a path."""
    return _REPEATED.sub("", url)


PROVIDER = Provider(
    name="cohere",
    base_url=BASE_URL,
    key_env=KEY_ENV,
    base_url_env=BASE_URL_ENV,
    speaks=SPEAKS,
    auth=AUTH,
    url=tidy,
    docs=DOCS,
)

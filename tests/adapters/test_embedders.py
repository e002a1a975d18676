"""Providers of embeddings and rerank: addresses, keys, and what their bodies lose on the way."""

import pytest

from adapters.catalog import find
from adapters.provider import Provider, Upstream, address, best_dialect
from adapters.types import Call, Dialect, Json, Target

ADDRESSES = [
    ("cohere", "", Dialect.OPENAI_CHAT, "https://api.cohere.com/v2/chat"),
    ("cohere_chat", "", Dialect.ANTHROPIC_MESSAGES, "https://api.cohere.com/v2/chat"),
    ("cohere", "", Dialect.OPENAI_EMBEDDINGS, "https://api.cohere.com/v2/embed"),
    ("cohere", "", Dialect.COHERE_RERANK, "https://api.cohere.com/v2/rerank"),
    ("cohere", "https://x/v1", Dialect.OPENAI_CHAT, "https://x/v2/chat"),
    ("cohere", "https://x/v2/chat", Dialect.OPENAI_CHAT, "https://x/v2/chat"),
    ("cohere", "https://x/y/v1/rerank/", Dialect.COHERE_RERANK, "https://x/y/v2/rerank"),
    ("voyage", "", Dialect.OPENAI_EMBEDDINGS, "https://api.voyageai.com/v1/embeddings"),
    ("voyage", "", Dialect.COHERE_RERANK, "https://api.voyageai.com/v1/rerank"),
    ("jina_ai", "", Dialect.OPENAI_EMBEDDINGS, "https://api.jina.ai/v1/embeddings"),
    ("jina_ai", "", Dialect.COHERE_RERANK, "https://api.jina.ai/v1/rerank"),
    ("infinity", "http://h:7997", Dialect.OPENAI_EMBEDDINGS, "http://h:7997/embeddings"),
    ("infinity", "http://h:7997", Dialect.COHERE_RERANK, "http://h:7997/rerank"),
    ("mistral", "", Dialect.OPENAI_EMBEDDINGS, "https://api.mistral.ai/v1/embeddings"),
    ("hosted_vllm", "http://h/v1", Dialect.COHERE_RERANK, "http://h/v1/rerank"),
]


def row(name: str) -> Provider:
    provider = find(name)
    assert provider
    return provider


@pytest.mark.parametrize(("name", "base", "asked", "url"), ADDRESSES)
def test_a_request_goes_to_the_address_for_it(
    name: str, base: str, asked: Dialect, url: str
) -> None:
    provider = row(name)
    spoken = best_dialect(asked, provider.speaks)
    assert spoken
    endpoint = provider.speaks[spoken]

    assert address(provider, endpoint, Target(name, "m", base), stream=False) == url


@pytest.mark.parametrize("name", ["cohere", "cohere_chat", "voyage", "jina_ai"])
async def test_the_key_is_a_bearer(name: str) -> None:
    provider = row(name)
    assert provider.auth

    sent = await provider.auth(Upstream("u", b""), Target(name, "m", secrets={"api_key": "k-1"}))

    assert sent.headers["authorization"] == "Bearer k-1"


@pytest.mark.parametrize("name", ["voyage", "jina_ai", "infinity"])
def test_who_serves_no_chat_says_so(name: str) -> None:
    assert best_dialect(Dialect.OPENAI_CHAT, row(name).speaks) is None


def test_jina_is_asked_for_numbers() -> None:
    mend = row("jina_ai").speaks[Dialect.OPENAI_EMBEDDINGS].mend
    body: Json = {"model": "m", "input": [{"image": "https://x/y.png"}], "task": "text-matching"}
    call = Call(Dialect.OPENAI_EMBEDDINGS, "alias", {})
    assert mend

    sent = mend({**body, "encoding_format": "base64", "user": "u"}, call, Target("jina_ai", "m"))

    assert sent == body

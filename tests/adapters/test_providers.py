"""The providers that need more than a row: their addresses and their ways of letting us in."""

import pytest
from yarl import URL

from adapters.catalog import find, names
from adapters.errors import Failure, Kind
from adapters.provider import Endpoint, Provider, Quirk, Upstream, address, best_dialect
from adapters.quirks.fields import max_completion_tokens_only
from adapters.quirks.messages import no_cache_control, no_reasoning_content
from adapters.quirks.thinking import reasoning_content_as_reasoning
from adapters.types import Dialect, Target

BUILTIN = {name: provider for name in names() if (provider := find(name))}


async def _sent(
    name: str,
    base: str = "",
    dialect: Dialect = Dialect.OPENAI_CHAT,
    secrets: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> Upstream:
    """The request as it would leave: address and credentials."""
    provider = BUILTIN[name]
    target = Target(
        name, "gpt-4o", secrets=secrets or {"api_key": "k"}, options=options or {}, base_url=base
    )
    assert provider.auth is not None
    url = address(provider, provider.speaks[dialect], target, stream=False)
    return await provider.auth(Upstream(url, b""), target)


DEPLOYMENT = "/openai/deployments/gpt-4o/chat/completions?api-version="
AZURE = {  # api_base, api_version -> address
    ("https://proxy/azure", ""): f"https://proxy/azure{DEPLOYMENT}2025-02-01-preview",
    ("https://x/openai/deployments/d", ""): f"https://x{DEPLOYMENT}2025-02-01-preview",
    ("https://x", "2024-10-21"): f"https://x{DEPLOYMENT}2024-10-21",
}


@pytest.mark.parametrize(("where", "url"), AZURE.items())
def test_azure_is_addressed(where: tuple[str, str], url: str) -> None:
    base, version = where
    options = {"api_version": version} if version else {}
    target = Target("azure", "gpt-4o", base, options=options)
    azure = BUILTIN["azure"]

    assert address(azure, azure.speaks[Dialect.OPENAI_CHAT], target, stream=False) == url


@pytest.mark.parametrize(
    "base",
    [
        "",
        "https://api.anthropic.com/",
        "https://api.anthropic.com/v1",
        "https://api.anthropic.com/v1/messages",
    ],
)
async def test_anthropic_is_addressed(base: str) -> None:
    sent = await _sent("anthropic", base, Dialect.ANTHROPIC_MESSAGES)

    assert sent.url == "https://api.anthropic.com/v1/messages"


ANTHROPIC = {
    "an API key": ({"api_key": "sk-ant-api03-x"}, {"x-api-key": "sk-ant-api03-x"}),
    "a key of another make": ({"api_key": "k"}, {"x-api-key": "k"}),
    "an OAuth token": ({"api_key": "sk-ant-oat01-x"}, {"authorization": "Bearer sk-ant-oat01-x"}),
    "a token said to be one": (
        {"auth_token": "t", "api_key": "k"},
        {"authorization": "Bearer t"},
    ),
}


@pytest.mark.parametrize(("secrets", "headers"), ANTHROPIC.values(), ids=ANTHROPIC)
async def test_anthropic_lets_us_in_by(secrets: dict[str, str], headers: dict[str, str]) -> None:
    sent = await _sent("anthropic", "", Dialect.ANTHROPIC_MESSAGES, secrets)

    assert sent.headers == headers


def test_anthropic_is_told_a_version() -> None:
    endpoint = BUILTIN["anthropic"].speaks[Dialect.ANTHROPIC_MESSAGES]

    assert endpoint.headers == {"anthropic-version": "2023-06-01"}


async def test_openai_is_told_who_pays() -> None:
    sent = await _sent("openai", options={"organization": "org-1", "project": "proj_1"})

    assert sent.url == "https://api.openai.com/v1/chat/completions"
    assert sent.headers == {
        "authorization": "Bearer k",
        "openai-organization": "org-1",
        "openai-project": "proj_1",
    }


async def test_openai_is_not_told_what_config_does_not_say() -> None:
    assert (await _sent("openai")).headers == {"authorization": "Bearer k"}


@pytest.mark.parametrize("name", ["openai", "anthropic", "groq"])
async def test_without_a_key_nothing_is_sent(name: str) -> None:
    provider = BUILTIN[name]
    assert provider.auth is not None

    with pytest.raises(Failure, match=provider.key_env[0]):
        await provider.auth(Upstream("https://x", b""), Target(name, "m"))


DOORS = {
    ("deepseek", ""): "https://api.deepseek.com/anthropic/v1/messages",
    ("deepseek", "https://api.deepseek.com/v1"): "https://api.deepseek.com/anthropic/v1/messages",
    ("deepseek", "https://api.deepseek.com/beta"): "https://api.deepseek.com/anthropic/v1/messages",
    ("moonshot", ""): "https://api.moonshot.ai/anthropic/v1/messages",
    ("minimax", ""): "https://api.minimax.io/anthropic/v1/messages",
}


@pytest.mark.parametrize(("where", "url"), DOORS.items())
async def test_a_second_door_is_beside_the_first(where: tuple[str, str], url: str) -> None:
    name, base = where

    sent = await _sent(name, base, Dialect.ANTHROPIC_MESSAGES)

    assert str(URL(sent.url)) == url


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("deepseek", Dialect.ANTHROPIC_MESSAGES),
        ("anthropic", Dialect.ANTHROPIC_MESSAGES),
        ("groq", Dialect.OPENAI_CHAT),
        ("azure", Dialect.OPENAI_CHAT),
    ],
)
def test_an_anthropic_client_is_served_in_its_own_words_where_it_can_be(
    name: str, dialect: Dialect
) -> None:
    assert best_dialect(Dialect.ANTHROPIC_MESSAGES, BUILTIN[name].speaks) is dialect


@pytest.mark.parametrize(
    ("name", "quirk"),
    [
        ("groq", reasoning_content_as_reasoning),
        ("cerebras", reasoning_content_as_reasoning),
        ("mistral", no_reasoning_content),
        ("codestral", no_reasoning_content),
    ],
)
def test_who_refuses_unknown_fields_is_not_sent_any(name: str, quirk: Quirk) -> None:
    assert {quirk, no_cache_control} <= set(BUILTIN[name].quirks)


@pytest.mark.parametrize(
    "name", ["openrouter", "litellm_proxy", "dashscope", "minimax", "openai_like"]
)
def test_who_understands_cache_marks_gets_them(name: str) -> None:
    assert no_cache_control not in BUILTIN[name].quirks


@pytest.mark.parametrize("name", ["openai", "azure"])
def test_reasoning_models_are_told_their_limit_in_the_newer_word(name: str) -> None:
    assert max_completion_tokens_only in BUILTIN[name].quirks


def test_an_address_that_needs_what_nobody_has_set_says_so() -> None:
    provider = Provider("acme", "https://acme.test")
    target = Target("acme", "m")

    with pytest.raises(Failure, match="acme needs the option 'region'") as caught:
        address(provider, Endpoint("/{region}/chat"), target, stream=False)

    assert caught.value.kind is Kind.MODEL_GONE

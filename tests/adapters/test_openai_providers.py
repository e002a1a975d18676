"""OpenAI and Azure OpenAI: which API a model is spoken to in, where, and by whose rules."""

from typing import Any

import pytest

from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.provider import Endpoint, Provider, Transport, Upstream, address, best_dialect
from adapters.providers import azure, openai
from adapters.types import Call, Dialect, Json, Target

CHAT, RESPONSES = Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES
EMBEDDINGS, ANTHROPIC = Dialect.OPENAI_EMBEDDINGS, Dialect.ANTHROPIC_MESSAGES
TOOLS: list[Json] = [{"type": "function", "function": {"name": "f"}}]


def _target(model: str, **settings: Any) -> Target:
    target = Target("openai", model, **settings)
    return openai.settled(target)


def _spoken(model: str, inbound: Dialect = CHAT, **settings: Any) -> Dialect | None:
    return best_dialect(inbound, openai.speaking(_target(model, **settings)))


SPOKEN: dict[tuple[str, Dialect], Dialect] = {
    ("gpt-4o", CHAT): CHAT,
    ("gpt-4o", ANTHROPIC): CHAT,
    ("gpt-4o", RESPONSES): RESPONSES,
    ("responses/gpt-4o", CHAT): RESPONSES,
    ("responses/gpt-4o", ANTHROPIC): RESPONSES,
    ("gpt-5-pro", CHAT): RESPONSES,
    ("gpt-5.1-codex", ANTHROPIC): RESPONSES,
    ("text-embedding-3-small", EMBEDDINGS): EMBEDDINGS,
    ("responses/gpt-4o", EMBEDDINGS): EMBEDDINGS,
}


@pytest.mark.parametrize(("asked", "spoken"), SPOKEN.items())
def test_openai_is_spoken_to_in(asked: tuple[str, Dialect], spoken: Dialect) -> None:
    assert _spoken(*asked) is spoken


def test_a_prefix_is_no_part_of_the_model() -> None:
    assert _target("responses/gpt-5-pro").model == "gpt-5-pro"
    assert _target("gpt-5-pro") == Target("openai", "gpt-5-pro")
    assert _target("responses").model == "responses"


def test_the_base_model_says_which_api() -> None:
    assert _spoken("prod", options={"base_model": "gpt-5-pro"}) is RESPONSES


@pytest.mark.parametrize(
    ("target", "spoken"),
    [
        (_target("gpt-6.1-sol"), RESPONSES),
        (_target("gpt-6.1-sol", base_url="https://eu.api.openai.com/v1"), RESPONSES),
        (_target("gpt-6.1-sol", base_url="http://localhost:8000/v1"), CHAT),
        (_target("gpt-4o"), CHAT),
    ],
)
def test_tools_may_decide_it(target: Target, spoken: Dialect) -> None:
    assert best_dialect(CHAT, openai.speaking(target, {"tools": TOOLS})) is spoken
    assert best_dialect(CHAT, openai.speaking(target)) is CHAT


def test_the_deployments_own_tools_count() -> None:
    assert _spoken("gpt-6.1-sol", params={"tools": TOOLS}) is RESPONSES


URLS: dict[tuple[str, Dialect], str] = {
    ("", CHAT): "https://api.openai.com/v1/chat/completions",
    ("", RESPONSES): "https://api.openai.com/v1/responses",
    ("", EMBEDDINGS): "https://api.openai.com/v1/embeddings",
    ("http://localhost:1/v1/", RESPONSES): "http://localhost:1/v1/responses",
}


@pytest.mark.parametrize(("where", "url"), URLS.items())
def test_openai_is_addressed(where: tuple[str, Dialect], url: str) -> None:
    base, dialect = where

    assert _url(openai.PROVIDER, _target("m", base_url=base), dialect) == url


def _url(provider: Provider, target: Target, dialect: Dialect) -> str:
    assert provider.speaking is not None
    return address(provider, provider.speaking(target)[dialect], target, stream=False)


HOST = "https://x.openai.azure.com"
OLD = f"{HOST}/openai/deployments/prod"
VERSION = "?api-version=2025-02-01-preview"
AZURE: dict[tuple[str, Dialect], str] = {
    (HOST, CHAT): f"{OLD}/chat/completions{VERSION}",
    (HOST, EMBEDDINGS): f"{OLD}/embeddings{VERSION}",
    (HOST, RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{HOST}/", RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{HOST}/openai", RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{HOST}/openai", EMBEDDINGS): f"{OLD}/embeddings{VERSION}",
    (f"{HOST}/openai/v1", CHAT): f"{HOST}/openai/v1/chat/completions",
    (f"{HOST}/openai/v1/", EMBEDDINGS): f"{HOST}/openai/v1/embeddings",
    (f"{HOST}/openai/v1", RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{HOST}/openai/v1/responses", RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{HOST}/openai/v1/chat/completions", RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{HOST}/openai/v1/chat/completions", CHAT): f"{HOST}/openai/v1/chat/completions",
    (OLD, RESPONSES): f"{HOST}/openai/v1/responses",
    (f"{OLD}/embeddings", EMBEDDINGS): f"{OLD}/embeddings{VERSION}",
    (f"{OLD}/chat/completions", CHAT): f"{OLD}/chat/completions{VERSION}",
    (f"{HOST}/openai/responses?api-version=2025-04-01-preview", RESPONSES): (
        f"{HOST}/openai/responses?api-version=2025-04-01-preview"
    ),
}


@pytest.mark.parametrize(("where", "url"), AZURE.items())
def test_azure_is_addressed(where: tuple[str, Dialect], url: str) -> None:
    base, dialect = where

    assert _url(azure.PROVIDER, Target("azure", "prod", base_url=base), dialect) == url


@pytest.mark.parametrize("version", ["v1", "preview", "latest"])
def test_azure_without_a_date_is_the_new_one(version: str) -> None:
    target = Target("azure", "prod", base_url=HOST, options={"api_version": version})

    assert _url(azure.PROVIDER, target, CHAT) == f"{HOST}/openai/v1/chat/completions"
    assert _url(azure.PROVIDER, target, EMBEDDINGS) == f"{HOST}/openai/v1/embeddings"


PREFIXES: dict[str, tuple[str, str]] = {  # model in config -> deployment, whose rules
    "prod": ("prod", ""),
    "o_series/prod": ("prod", "o3"),
    "gpt5_series/prod": ("prod", "gpt-5"),
    "responses/prod": ("prod", ""),
    "responses/gpt5_series/prod": ("prod", "gpt-5"),
    "eu/prod": ("eu/prod", ""),
}


@pytest.mark.parametrize(("written", "meant"), PREFIXES.items())
def test_azures_prefixes_are_no_part_of_the_deployment(
    written: str, meant: tuple[str, str]
) -> None:
    target = azure.settled(Target("azure", written))

    assert (target.model, target.options.get("base_model", "")) == meant


def test_a_base_model_wins_over_a_prefix() -> None:
    target = Target("azure", "o_series/prod", options={"base_model": "o1"})

    assert azure.settled(target).options["base_model"] == "o1"


@pytest.mark.parametrize(
    ("target", "spoken"),
    [
        (Target("azure", "prod"), CHAT),
        (Target("azure", "responses/prod"), RESPONSES),
        (Target("azure", "prod", options={"base_model": "azure/gpt-5.3-codex"}), RESPONSES),
        (Target("azure", "o3-pro", options={"api_version": "v1"}), RESPONSES),
        (Target("azure", "gpt-6-luna", params={"tools": TOOLS}), RESPONSES),
    ],
)
def test_azure_is_spoken_to_in(target: Target, spoken: Dialect) -> None:
    assert best_dialect(CHAT, azure.speaking(azure.settled(target))) is spoken


SERIES = azure.settled(Target("azure", "gpt5_series/prod"))
DROPS = Target("azure", "prod", options={"base_model": "o3"}, drop_params=True)
KEEPS = Target(
    "azure", "prod", options={"base_model": "o3"}, drop_params=True, keep_params=("temperature",)
)
MENDS: list[tuple[Target, Json, Json]] = [
    (SERIES, {"max_tokens": 9}, {"max_completion_tokens": 9}),
    (SERIES, {"temperature": 1}, {}),
    (SERIES, {"temperature": 0.2}, {"temperature": 0.2}),
    (DROPS, {"temperature": 0.2, "top_p": 0.5, "seed": 1}, {"seed": 1}),
    (KEEPS, {"temperature": 0.2, "top_p": 0.5}, {"temperature": 0.2}),
    (Target("azure", "prod", drop_params=True), {"temperature": 0.2}, {"temperature": 0.2}),
]


@pytest.mark.parametrize(("target", "fields", "left"), MENDS)
def test_a_deployment_is_asked_by_the_rules_of_its_model(
    target: Target, fields: Json, left: Json
) -> None:
    body: Json = {"model": target.model, "messages": []}
    mend = azure.speaking(target)[CHAT].mend
    assert mend is not None

    assert mend({**body, **fields}, Call(CHAT, "alias", {}), target) == {**body, **left}


SECRET = "reasoning.encrypted_content"
INCLUDES: list[tuple[str, Dialect, Json, Any]] = [
    ("gpt-5", CHAT, {}, [SECRET]),
    ("gpt-5", CHAT, {"include": [SECRET]}, [SECRET]),
    ("gpt-5", ANTHROPIC, {"include": ["x"]}, ["x", SECRET]),
    ("gpt-5", CHAT, {"store": True}, None),
    ("gpt-5", RESPONSES, {}, None),
    ("gpt-4o", CHAT, {}, None),
]


@pytest.mark.parametrize(("model", "inbound", "fields", "included"), INCLUDES)
def test_thoughts_are_asked_for_where_the_model_has_some(
    model: str, inbound: Dialect, fields: Json, included: Any
) -> None:
    target = Target("azure", "prod", options={"base_model": model})
    body = {"model": "prod", "input": [], **fields}

    said = openai.mend_responses(body, Call(inbound, "alias", {}), target)

    assert said.get("include") == included


class _Nowhere:
    async def post(self, *_: object) -> Any:
        raise AssertionError("nobody should be asked")


async def _let_in(secrets: dict[str, str]) -> dict[str, str]:
    login = azure.PROVIDER.login
    assert login is not None
    transport: Transport = _Nowhere()
    auth = login(transport, SystemClock())
    sent = await auth(Upstream(HOST, b""), Target("azure", "prod", secrets=secrets))
    return dict(sent.headers)


async def test_azure_takes_a_key_in_its_own_header() -> None:
    assert await _let_in({"api_key": "k"}) == {"api-key": "k"}


async def test_azure_prefers_an_entra_token() -> None:
    both = {"api_key": "k", "azure_ad_token": "t"}

    assert await _let_in(both) == {"authorization": "Bearer t"}


async def test_azure_says_which_key_is_missing() -> None:
    with pytest.raises(Failure, match="AZURE_API_KEY") as caught:
        await _let_in({})

    assert caught.value.kind is Kind.CREDENTIAL


def test_everything_that_is_spoken_has_an_address() -> None:
    for provider in (openai.PROVIDER, azure.PROVIDER):
        assert set(provider.speaks) == {CHAT, RESPONSES, EMBEDDINGS}
        assert all(isinstance(endpoint, Endpoint) for endpoint in provider.speaks.values())

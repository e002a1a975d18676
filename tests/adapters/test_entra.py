from urllib.parse import parse_qs

import orjson
import pytest

from adapters.auth.azure import login
from adapters.errors import Failure, Kind
from adapters.provider import Upstream
from adapters.types import Target
from tests.fakes import FakeAnswer, FakeClock, FakeTransport

REQUEST = Upstream("https://x.openai.azure.com/openai/deployments/d/chat/completions", b"{}")
APPLICATION = {"tenant_id": "a-tenant", "client_id": "an-app", "client_secret": "s3cr3t-word"}


def target(secrets: dict[str, str], **options: str) -> Target:
    return Target("azure", "d", secrets=secrets, options=options)


def network(*tokens: str) -> FakeTransport:
    bodies = [orjson.dumps({"access_token": text, "expires_in": 3599}) for text in tokens]
    return FakeTransport(*map(FakeAnswer, bodies))


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a token of config's own": ({"azure_ad_token": "t"}, {"authorization": "Bearer t"}),
    "that token before everything": (
        {"azure_ad_token": "t", "api_key": "k", **APPLICATION},
        {"authorization": "Bearer t"},
    ),
    "an application": (APPLICATION, {"authorization": "Bearer one"}),
    "an application before a key": (
        {"api_key": "k", **APPLICATION},
        {"authorization": "Bearer one"},
    ),
    "a key": ({"api_key": "k"}, {"api-key": "k"}),
    "a key, and half an application": (
        {"api_key": "k", "tenant_id": "a", "client_id": "b"},
        {"api-key": "k"},
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_the_way_in_is_what_config_gives(name: str) -> None:
    secrets, headers = CASES[name]

    sent = await login(network("one"), FakeClock())(REQUEST, target(secrets))

    assert sent.headers == headers


async def test_an_application_shows_itself_to_its_tenant() -> None:
    transport = network("one")

    await login(transport, FakeClock())(REQUEST, target(APPLICATION))

    asked = transport.requests[0]
    assert asked.url == "https://login.microsoftonline.com/a-tenant/oauth2/v2.0/token"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["an-app"],
        "client_secret": ["s3cr3t-word"],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }


@pytest.mark.parametrize("host", ["login.microsoftonline.us", "https://login.microsoftonline.us/"])
async def test_other_clouds_have_another_authority_and_scope(host: str) -> None:
    transport = network("one")
    there = target(APPLICATION, azure_authority_host=host, azure_scope="https://y.us/.default")

    await login(transport, FakeClock())(REQUEST, there)

    asked = transport.requests[0]
    assert asked.url == "https://login.microsoftonline.us/a-tenant/oauth2/v2.0/token"
    assert parse_qs(asked.body.decode())["scope"] == ["https://y.us/.default"]


async def test_a_tenant_cannot_change_the_path() -> None:
    transport = network("one")

    await login(transport, FakeClock())(REQUEST, target({**APPLICATION, "tenant_id": "../x?y"}))

    assert "/..%2Fx%3Fy/oauth2/" in transport.requests[0].url


async def test_a_token_serves_every_request_of_its_application_and_of_no_other() -> None:
    transport = network("one", "two")
    auth = login(transport, FakeClock())
    other = target({**APPLICATION, "client_id": "another"})

    sent = [await auth(REQUEST, which) for which in (target(APPLICATION), other) * 2]

    assert [one.headers["authorization"] for one in sent] == ["Bearer one", "Bearer two"] * 2
    assert len(transport.requests) == 2


async def test_nothing_to_show_is_told_with_what_could_have_held_it() -> None:
    with pytest.raises(Failure, match="set api_key or AZURE_API_KEY or AZURE_OPENAI") as caught:
        await login(network("one"), FakeClock())(REQUEST, target({}))

    assert caught.value.kind is Kind.CREDENTIAL


async def test_what_entra_refuses_is_told_without_the_secret() -> None:
    words = {"error": "invalid_client", "error_description": "AADSTS7000215: not s3cr3t-word"}
    transport = FakeTransport(FakeAnswer(orjson.dumps(words), status=401))

    with pytest.raises(Failure, match="AADSTS7000215") as caught:
        await login(transport, FakeClock())(REQUEST, target(APPLICATION))

    assert caught.value.kind is Kind.CREDENTIAL
    assert "s3cr3t" not in caught.value.message

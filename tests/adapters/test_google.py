import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapters.auth.google import PROJECT, QUOTA_PROJECT, SCOPE, Blocking, Google
from adapters.errors import Failure, Kind
from adapters.http import Http
from tests.fakes import FakeClock
from tests.upstream import Script, Seen, Upstream, Wire, document

TOKEN = {"access_token": "ya29.one", "expires_in": 3600, "token_type": "Bearer"}


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_account(token_uri: str) -> dict[str, Any]:
    pem = key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "a-project",
        "private_key_id": "k1",
        "private_key": pem.decode(),
        "client_email": "robot@a-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


def authorized_user() -> dict[str, Any]:
    return {
        "type": "authorized_user",
        "client_id": "1",
        "client_secret": "very-secret",
        "refresh_token": "refresh-secret",
        "quota_project_id": "pays",
    }


@pytest.fixture
async def provider() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        upstream.play(document(TOKEN))
        yield upstream


@pytest.fixture
async def google(provider: Upstream) -> AsyncIterator[Google]:
    """Where google-auth does not let a file name the address, it is turned towards us."""
    ask = Blocking()

    def turned(*, url: str, **options: Any) -> Any:
        return ask(url.replace("https://oauth2.googleapis.com", provider.url), **options)

    async with Http() as http:
        yield Google(http, FakeClock(), turned)


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without credentials of its own, and without a metadata server."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    return iter([None])


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_service_account_signs_for_its_token(provider: Upstream, google: Google) -> None:
    token = await google.token(json.dumps(service_account(f"{provider.url}/token")))

    assert (token.text, token.facts) == ("ya29.one", {PROJECT: "a-project"})
    assert 3500 < token.lifetime_s <= 3600
    form = parse_qs(provider.requests[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    signed, _, signature = form["assertion"][0].rpartition(".")
    key().public_key().verify(
        _bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    claims = json.loads(_bytes(signed.partition(".")[2]))
    assert claims["iss"] == "robot@a-project.iam.gserviceaccount.com"
    assert (claims["aud"], claims["scope"]) == ("https://oauth2.googleapis.com/token", SCOPE)


async def test_a_users_refresh_token_is_exchanged(provider: Upstream, google: Google) -> None:
    token = await google.token(json.dumps(authorized_user()))

    assert token.facts == {PROJECT: "pays", QUOTA_PROJECT: "pays"}
    form = parse_qs(provider.requests[0].body.decode())
    assert form["refresh_token"] == ["refresh-secret"]
    assert "scope" not in form


async def test_another_clouds_token_is_exchanged(
    provider: Upstream, google: Google, tmp_path: Path
) -> None:
    subject = tmp_path / "subject"
    subject.write_text("from-elsewhere")
    info = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/"
        "providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{provider.url}/sts",
        "credential_source": {"file": str(subject)},
    }

    token = await google.token(json.dumps(info))

    assert token.text == "ya29.one"
    form = parse_qs(provider.requests[0].body.decode())
    assert (form["subject_token"], form["scope"]) == (["from-elsewhere"], [SCOPE])


async def test_a_token_is_fetched_once_for_all_who_ask(provider: Upstream, google: Google) -> None:
    text = json.dumps(service_account(f"{provider.url}/token"))

    got = await asyncio.gather(*(google.token(text) for _ in range(10)))

    assert {token.text for token in got} == {"ya29.one"}
    assert len(provider.requests) == 1


async def test_a_path_to_a_file_will_do(provider: Upstream, google: Google, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(service_account(f"{provider.url}/token")))

    assert (await google.token(str(file))).text == "ya29.one"


@pytest.mark.parametrize("way", ["named by a variable", "left by gcloud"])
async def test_what_the_machine_has_is_used(
    way: str,
    provider: Upstream,
    google: Google,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "gcloud" / "application_default_credentials.json"
    file.parent.mkdir()
    file.write_text(json.dumps(authorized_user()))
    if way == "named by a variable":
        file = file.rename(tmp_path / "elsewhere.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))

    assert (await google.token()).text == "ya29.one"


def metadata(body: bytes, *, flavor: str = "Google") -> Script:
    return document(body, headers={"metadata-flavor": flavor})


async def test_a_metadata_server_is_asked_last(
    provider: Upstream, google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{provider.port}")
    provider.forget()
    provider.play(metadata(json.dumps(TOKEN).encode()), metadata(b"the-machines-project"))

    token = await google.token()

    assert (token.text, token.lifetime_s) == ("ya29.one", 3600.0)
    assert token.facts == {PROJECT: "the-machines-project"}
    assert [seen.path for seen in provider.requests] == [
        "/computeMetadata/v1/instance/service-accounts/default/token",
        "/computeMetadata/v1/project/project-id",
    ]
    assert {seen.headers["metadata-flavor"] for seen in provider.requests} == {"Google"}


async def test_what_only_looks_like_a_metadata_server_is_not_believed(
    provider: Upstream, google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{provider.port}")

    with pytest.raises(Failure, match="no Google credentials"):
        await google.token()


async def test_a_machine_with_nothing_says_what_to_set(google: Google) -> None:
    with pytest.raises(Failure, match="set vertex_credentials or GOOGLE_APP") as caught:
        await google.token()

    assert caught.value.kind is Kind.CREDENTIAL


UNUSABLE = {
    "no json": ("{private", "neither JSON nor a file"),
    "no such file": ("/nowhere/key.json", "neither JSON nor a file"),
    "mangled": ("x" * 5000, "neither JSON nor a file"),
    "an unknown type": ('{"type": "invented"}', "type 'invented' is unknown"),
    "no type": ("{}", "type None is unknown"),
    "half of it": ('{"type": "service_account", "client_email": "x"}', "missing fields token_uri"),
    "a broken key": (
        json.dumps({**service_account("https://x.example/t"), "private_key": "my-secret-key"}),
        "cannot be used",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_unusable_credentials_are_told_without_quoting_them(
    name: str, google: Google
) -> None:
    text, message = UNUSABLE[name]

    with pytest.raises(Failure, match=message) as caught:
        await google.token(text)

    assert caught.value.kind is Kind.CREDENTIAL
    assert "my-secret-key" not in caught.value.message


async def test_what_google_refuses_is_a_matter_of_the_credential(
    provider: Upstream, google: Google
) -> None:
    provider.forget()
    text = "Token refresh-secret has been expired or revoked."
    provider.play(document({"error": "invalid_grant", "error_description": text}, status=400))

    with pytest.raises(Failure, match="invalid_grant") as caught:
        await google.token(json.dumps(authorized_user()))

    assert caught.value.kind is Kind.CREDENTIAL
    assert "refresh-secret" not in caught.value.message


async def test_a_google_that_cannot_be_reached_is_a_matter_of_time(google: Google) -> None:
    with pytest.raises(Failure, match="cannot be reached") as caught:
        await google.token(json.dumps(service_account("http://127.0.0.1:9/token")))

    assert caught.value.kind is Kind.TRANSIENT


async def test_redirects_are_not_followed(provider: Upstream, google: Google) -> None:
    async def elsewhere(wire: Wire, _: Seen) -> None:
        place = f"{provider.url}/elsewhere"
        await wire.head(302, {"location": place, "content-length": "0"})

    provider.forget()
    provider.play(elsewhere)

    with pytest.raises(Failure):
        await google.token(json.dumps(authorized_user()))

    assert [seen.path for seen in provider.requests] == ["/token"]

"""Google's access tokens: service accounts, users, other clouds' identities, and metadata servers.

What a credentials file says is exchanged by google-auth, an optional extra. Where there is no file
the order is that of Application Default Credentials; the last of them, the metadata server that
Compute Engine, GKE and Cloud Run have, is asked by ourselves: google-auth needs a package for it
that we do not ship.

Sources, read 2026-11: https://cloud.google.com/docs/authentication/application-default-credentials,
https://cloud.google.com/compute/docs/metadata/querying-metadata and
https://googleapis.dev/python/google-auth/latest/.
"""

import asyncio
import http.client
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from adapters.auth.tokens import Token, Tokens, without_secrets
from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Transport, Upstream
from adapters.types import Json, Timeouts

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PROJECT = "project"  # facts of a token, where they are known
QUOTA_PROJECT = "quota_project"

_LIMIT_S = 40.0  # for one exchange, with google-auth's own second and third tries
_STEP_S = 10.0  # for one step on the network
_ANSWER_LIMIT = 2**20  # bytes
_METADATA = "/computeMetadata/v1/"
_METADATA_S = 3.0
_NONE = (
    "no Google credentials: set vertex_credentials or GOOGLE_APPLICATION_CREDENTIALS, run "
    "`gcloud auth application-default login`, or run where there is a metadata server"
)


class Google:
    """Access tokens for Google's clouds, by what config says about credentials."""

    def __init__(
        self, transport: Transport, clock: Clock, ask: Callable[..., Any] | None = None
    ) -> None:
        """`ask`: google-auth's way to the network, which blocks."""
        self._transport = transport
        self._tokens = Tokens(clock)
        self._ask = ask or Blocking()

    async def token(self, credentials: str = "") -> Token:
        """A token that serves now. `credentials`: the JSON text of a credentials file, or a path
        to one; empty: whatever the machine has.

        Raises:
            Failure: CREDENTIAL if there are none or Google refuses them, TRANSIENT or TIMEOUT if
                Google cannot be asked.
        """
        return await self._tokens.whole(credentials, lambda: self._fetch(credentials))

    async def _fetch(self, credentials: str) -> Token:
        source = credentials or await asyncio.to_thread(_default_file)
        if not source:
            return await self._from_metadata()
        try:
            async with asyncio.timeout(_LIMIT_S):
                return await asyncio.to_thread(_from_file, source, self._ask)
        except TimeoutError as error:
            raise Failure(Kind.TIMEOUT, f"Google gave no token within {_LIMIT_S:g} s") from error

    async def _from_metadata(self) -> Token:
        try:
            answer = orjson.loads(await self._metadata("instance/service-accounts/default/token"))
            text, lifetime_s = str(answer["access_token"]), float(answer["expires_in"])
        except (Failure, TimeoutError, KeyError, TypeError, ValueError) as error:
            raise Failure(Kind.CREDENTIAL, _NONE) from error
        try:
            project = (await self._metadata("project/project-id")).decode()
        except (Failure, TimeoutError, ValueError):
            project = ""
        return Token(text, lifetime_s, {PROJECT: project} if project else {})

    async def _metadata(self, what: str) -> bytes:
        """One of the metadata server's answers. Plain HTTP: it is the machine itself."""
        host = os.environ.get("GCE_METADATA_HOST") or "169.254.169.254"
        headers = {"metadata-flavor": "Google", "user-agent": "sluicegate"}
        request = Upstream(f"http://{host}{_METADATA}{what}", b"", headers, "GET")
        async with asyncio.timeout(_METADATA_S):
            answer = await self._transport.post(request, Timeouts(connect=_METADATA_S), "metadata")
            try:
                body = await answer.document()
            finally:
                await answer.close(finished=False)
        if answer.status != 200 or answer.headers.get("metadata-flavor") != "Google":
            raise Failure(Kind.CREDENTIAL, _NONE)  # a captive network may answer to that address
        return body


@dataclass(frozen=True, slots=True)
class _Answer:
    """What google-auth wants to know of an answer."""

    status: int
    headers: http.client.HTTPMessage  # names in any case
    data: bytes


class Blocking:
    """google-auth's transport over the standard library: no proxies, no redirects, bounded."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> _Answer:
        exceptions = import_module("google.auth.exceptions")
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(
            parts.hostname or "", parts.port, timeout=min(timeout or _STEP_S, _STEP_S)
        )
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return _Answer(answer.status, answer.headers, answer.read(_ANSWER_LIMIT))
        except (OSError, http.client.HTTPException) as error:
            text = f"{parts.hostname} cannot be reached: {type(error).__name__}"
            raise exceptions.TransportError(text) from error
        finally:
            connection.close()


def _default_file() -> str:
    """The file of Application Default Credentials; empty if there is none."""
    if named := os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "").strip():
        return named
    folder = os.environ.get("CLOUDSDK_CONFIG")
    root = os.environ.get("APPDATA") if os.name == "nt" else None
    home = Path(folder) if folder else Path(root or Path.home() / ".config") / "gcloud"
    file = home / "application_default_credentials.json"
    return str(file) if file.is_file() else ""


def _from_file(source: str, ask: Callable[..., Any]) -> Token:
    """Exchange what a credentials file says. This blocks."""
    info = _read(source)
    try:
        return _exchanged(info, ask)
    except ImportError as error:
        text = "Google credentials need the extra: pip install 'sluicegate[vertex]'"
        raise Failure(Kind.CREDENTIAL, text) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"the Google credentials cannot be used: {_told(info, error)}"
        raise Failure(Kind.CREDENTIAL, text) from error


def _read(source: str) -> Json:
    try:
        data = source if source.lstrip().startswith("{") else Path(source).read_bytes()
        info = orjson.loads(data)
    except (OSError, ValueError):
        text = "the Google credentials are neither JSON nor a file that can be read"
        raise Failure(Kind.CREDENTIAL, text) from None  # the cause would quote them
    if not isinstance(info, dict):
        raise Failure(Kind.CREDENTIAL, "the Google credentials are not a JSON object")
    return info


def _exchanged(info: Json, ask: Callable[..., Any]) -> Token:
    exceptions = import_module("google.auth.exceptions")
    try:
        credentials = _credentials(info)
        credentials.refresh(ask)
    except exceptions.GoogleAuthError as error:
        down = isinstance(error, exceptions.TransportError) or error.retryable
        kind = Kind.TRANSIENT if down else Kind.CREDENTIAL
        raise Failure(kind, f"Google gives no token: {_told(info, error)}") from error
    ends = credentials.expiry.replace(tzinfo=UTC)  # naive, and meant as UTC
    return Token(credentials.token, (ends - datetime.now(UTC)).total_seconds(), dict(_facts(info)))


def _credentials(info: Json) -> Any:
    """google-auth's object for a file. Scopes are asked for where the file does not bring them."""
    scopes = {"scopes": [SCOPE]}
    match info:
        case {"type": "service_account"}:
            made = _made("google.oauth2.service_account", "from_service_account_info")
        case {"type": "authorized_user"}:
            made, scopes = _made("google.oauth2.credentials", "from_authorized_user_info"), {}
        case {"type": "impersonated_service_account"}:
            where = "google.auth.impersonated_credentials"
            made = _made(where, "from_impersonated_service_account_info")
        case {"type": "external_account_authorized_user"}:
            made, scopes = _made("google.auth.external_account_authorized_user", "from_info"), {}
        case {"type": "external_account", "credential_source": {"environment_id": _}}:
            made = _made("google.auth.aws", "from_info")
        case {"type": "external_account", "credential_source": {"executable": _}}:
            made = _made("google.auth.pluggable", "from_info")
        case {"type": "external_account"}:
            made = _made("google.auth.identity_pool", "from_info")
        case _:
            raise ValueError(f"type {info.get('type')!r} is unknown")
    return made(info, **scopes)


def _made(module: str, method: str) -> Callable[..., Any]:
    made: Callable[..., Any] = getattr(import_module(module).Credentials, method)
    return made


def _facts(info: Json) -> Mapping[str, str]:
    facts = {
        PROJECT: info.get("project_id") or info.get("quota_project_id"),
        QUOTA_PROJECT: info.get("quota_project_id"),
    }
    return {name: value for name, value in facts.items() if isinstance(value, str) and value}


def _told(info: Json, error: Exception) -> str:
    """What an exception says, in one line without secrets."""
    first = str(error.args[0]) if error.args else type(error).__name__
    return without_secrets(info, first).partition("\n")[0][:300]

"""AWS: who we are, and a signature over each request (SigV4).

A bearer token (a Bedrock API key) needs nothing else. All other ways need botocore, which comes
with the extra `sluicegate[bedrock]`:

=======================================  ====================================================
`aws_access_key_id` and its secret       as they are, with `aws_session_token` if there is one
`aws_profile_name`                       a profile of the shared files
`aws_role_name`                          assumed by STS, with what the above or the chain gives
`aws_role_name`, `aws_web_identity_token`  assumed with an OIDC token, or a file that holds one
nothing                                  botocore's chain: environment, shared files, ECS, EC2
=======================================  ====================================================

Sources, read 2026-11: https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_sigv-create-signed-request.html and https://docs.litellm.ai/docs/providers/bedrock.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from adapters.auth.keys import key_of, with_bearer
from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Auth, Upstream
from adapters.types import Target

SECRETS: Mapping[str, tuple[str, ...]] = {  # Provider.secrets_env
    "aws_access_key_id": ("AWS_ACCESS_KEY_ID",),
    "aws_secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
    "aws_session_token": ("AWS_SESSION_TOKEN",),
    "aws_web_identity_token": (),
}
OPTIONS: Mapping[str, tuple[str, ...]] = {  # Provider.options_env
    "aws_region_name": ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"),
    "aws_profile_name": (),
    "aws_role_name": (),
    "aws_session_name": (),
    "aws_external_id": (),
    "aws_sts_endpoint": (),
}
REGION = "us-west-2"  # where config and environment say nothing, as with LiteLLM

_NEEDLESS = re.compile("%(?:21|2[46789AC]|3[ABD]|40)", re.IGNORECASE)
"""Quoted characters that an HTTP client (aiohttp with yarl 1.25) says as they are in a path."""

_SESSION_NAME = "sluicegate"
_LOOK_AGAIN_S = 900.0  # shared files and the environment may have changed
_AHEAD_S = 600  # of its end, what expires is renewed; botocore would have to then, too
_LIMIT_S = 30.0  # for one look at metadata services and STS
_KEPT = 256  # identities; more than that are a sign of something else


def signed(clock: Clock, service: str, region: str = REGION) -> Auth:
    """Requests bear a key if there is one, else a signature for `service`. `region`: where nobody
    says another.
    """
    identities = Identities(clock)

    async def auth(request: Upstream, target: Target) -> Upstream:
        if key := key_of(target):
            return with_bearer(request, key)
        found = await identities.get(target)
        return sign(request, found, service, target.options.get("aws_region_name") or region)

    return auth


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose signature it is."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def sign(request: Upstream, identity: Identity, service: str, region: str) -> Upstream:
    """The request with a signature over its address, its body and the headers that count.

    The address is rewritten to what goes over the wire, for every byte of it counts.

    Raises:
        Failure: CREDENTIAL, botocore is not installed.
    """
    url = _NEEDLESS.sub(lambda found: unquote(found[0]), request.url)
    request = replace(request, url=url)
    auth, awsrequest = _botocore("auth"), _botocore("awsrequest")
    counted = {
        name: value
        for name, value in request.headers.items()
        if name == "content-type" or name.startswith("x-amz")
    }
    draft = awsrequest.AWSRequest(
        method=request.method, url=url, data=request.body, headers=counted
    )
    auth.SigV4Auth(_credentials(identity), service, region).add_auth(draft)
    return request.with_headers({name.lower(): value for name, value in draft.headers.items()})


class Identities:
    """Finds out whose signature a target's requests bear, and remembers it.

    What botocore does may wait for a file, a metadata service or STS, so it does it in a thread,
    once for all who ask. What expires, botocore renews in good time; what does not is looked up
    again every quarter of an hour.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, ...], _Kept] = {}
        self._running: dict[tuple[str, ...], asyncio.Task[Identity]] = {}

    async def get(self, target: Target) -> Identity:
        """The identity of one target.

        Raises:
            Failure: CREDENTIAL if there is none or it is refused, TRANSIENT if who would tell
                cannot be reached, TIMEOUT if it is silent.
        """
        wish = _Wish.of(target)
        if wish.is_static:
            return Identity(wish.access_key, wish.secret_key, wish.token)
        key = wish.key
        kept = self._kept.get(key)
        if kept and kept.is_fresh(self._clock.now()):
            return kept.identity
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self._find(key, wish))
            running.add_done_callback(_seen)
        return await asyncio.shield(running)  # who stops waiting does not stop the others

    async def _find(self, key: tuple[str, ...], wish: "_Wish") -> Identity:
        kept = self._kept.get(key)
        source = kept.source if kept and kept.renews else None
        try:
            async with asyncio.timeout(_LIMIT_S):
                source, identity = await asyncio.to_thread(_look, wish, source)
        except TimeoutError as error:
            text = f"no AWS credentials within {_LIMIT_S:g} s"
            raise Failure(Kind.TIMEOUT, text) from error
        finally:
            del self._running[key]
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = _Kept(source, identity, self._clock.now() + _LOOK_AGAIN_S)
        return identity


@dataclass(frozen=True, slots=True)
class _Kept:
    source: Any  # botocore's credentials, which may renew themselves
    identity: Identity
    until: float  # by the clock

    @property
    def renews(self) -> bool:
        return hasattr(self.source, "refresh_needed")

    def is_fresh(self, now: float) -> bool:
        if self.renews:
            return not self.source.refresh_needed(_AHEAD_S)
        return now < self.until


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a deployment says about its identity."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    web_token: str = field(repr=False)
    profile: str
    role: str
    session: str
    external_id: str
    region: str
    sts: str

    @classmethod
    def of(cls, target: Target) -> "_Wish":
        told = target.options
        return cls(
            access_key=key_of(target, "aws_access_key_id"),
            secret_key=key_of(target, "aws_secret_access_key"),
            token=key_of(target, "aws_session_token"),
            web_token=key_of(target, "aws_web_identity_token"),
            profile=told.get("aws_profile_name", ""),
            role=told.get("aws_role_name", ""),
            session=told.get("aws_session_name", "") or _SESSION_NAME,
            external_id=told.get("aws_external_id", ""),
            region=told.get("aws_region_name", "") or REGION,
            sts=told.get("aws_sts_endpoint", ""),
        )

    @property
    def is_static(self) -> bool:
        """Whether the keys are all there is to it. A profile that is named wins over them, for
        they may stand in the environment for others' sake.
        """
        return bool(self.access_key and self.secret_key and not (self.profile or self.role))

    @property
    def key(self) -> tuple[str, ...]:
        keys = (self.access_key, self.secret_key, self.token, self.web_token)
        return (*keys, self.profile, self.role, self.session, self.external_id, self.sts)


def _look(wish: _Wish, source: Any) -> tuple[Any, Identity]:
    """Botocore's credentials and what they are now. Runs in a thread: it may wait."""
    exceptions = _botocore("exceptions")
    try:
        source = source or _source(wish)
        now = source.get_frozen_credentials()
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise Failure(Kind.TRANSIENT, f"AWS gives no credentials: {error}") from error
    except (exceptions.BotoCoreError, exceptions.ClientError, ValueError) as error:
        raise Failure(Kind.CREDENTIAL, f"AWS gives no credentials: {error}") from error
    return source, Identity(now.access_key, now.secret_key, now.token or "")


def _source(wish: _Wish) -> Any:
    session = _botocore("session").Session(profile=wish.profile or None)
    if wish.role and wish.web_token:
        return _assumed(session, wish, None)
    if wish.access_key and wish.secret_key and not wish.profile:
        base = _credentials(Identity(wish.access_key, wish.secret_key, wish.token))
    else:
        base = session.get_credentials()
    if base is None:
        ways = "aws_access_key_id, aws_profile_name, aws_role_name or api_key"
        text = f"no AWS credentials: set {ways}, or let the environment hold some"
        raise Failure(Kind.CREDENTIAL, text)
    return _assumed(session, wish, base) if wish.role else base


def _assumed(session: Any, wish: _Wish, base: Any) -> Any:
    """Credentials of a role, which renew themselves. `base`: who assumes it; None: a token."""
    credentials = _botocore("credentials")
    extra = {"RoleSessionName": wish.session}
    if wish.external_id:
        extra["ExternalId"] = wish.external_id

    def client(service: str, **options: Any) -> Any:
        endpoint = wish.sts or None
        return session.create_client(
            service, region_name=wish.region, endpoint_url=endpoint, **options
        )

    if base is None:
        fetcher = credentials.AssumeRoleWithWebIdentityCredentialFetcher(
            client, lambda: _web_token(wish.web_token), wish.role, extra_args=extra
        )
    else:
        fetcher = credentials.AssumeRoleCredentialFetcher(client, base, wish.role, extra_args=extra)
    return credentials.DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )


def _web_token(given: str) -> str:
    """The token itself, or what a file holds now: such tokens are replaced in place."""
    if not given.startswith("/"):
        return given
    try:
        return Path(given).read_text(encoding="utf-8").strip()
    except OSError as error:
        text = f"the file with the web identity token cannot be read: {error.strerror}"
        raise Failure(Kind.CREDENTIAL, text) from error


def _credentials(identity: Identity) -> Any:
    made = _botocore("credentials").Credentials
    return made(identity.access_key, identity.secret_key, identity.token or None)


def _botocore(module: str) -> Any:
    try:
        return import_module(f"botocore.{module}")
    except ModuleNotFoundError as error:
        text = "signing for AWS needs botocore: pip install 'sluicegate[bedrock]'"
        raise Failure(Kind.CREDENTIAL, text) from error


def _seen(task: asyncio.Task[Identity]) -> None:
    """A failure that nobody waits for any more is nobody's matter."""
    if not task.cancelled():
        task.exception()

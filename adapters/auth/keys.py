"""Ways to show an API key: `Authorization: Bearer`, or a header of the provider's own.

A missing key is reported with the variables that could have held it; a key itself is never part
of a message.
"""

from collections.abc import Sequence

from adapters.errors import Failure, Kind
from adapters.provider import Auth, Upstream
from adapters.types import Target


async def bearer(request: Upstream, target: Target) -> Upstream:
    """`Authorization: Bearer <key>`, if there is a key."""
    key = key_of(target)
    return with_bearer(request, key) if key else request


def bearer_needed(key_env: Sequence[str]) -> Auth:
    """As `bearer`, but without a key nothing is sent at all."""

    async def auth(request: Upstream, target: Target) -> Upstream:
        return with_bearer(request, key_needed(target, key_env))

    return auth


def header(name: str, key_env: Sequence[str]) -> Auth:
    """`<name>: <key>`, as with Azure's `api-key`."""

    async def auth(request: Upstream, target: Target) -> Upstream:
        return request.with_headers({name: key_needed(target, key_env)})

    return auth


def with_bearer(request: Upstream, token: str) -> Upstream:
    return request.with_headers({"authorization": f"Bearer {token}"})


def key_of(target: Target, name: str = "api_key") -> str:
    """One of the deployment's secrets; empty if it has none of that name."""
    return target.secrets.get(name, "").strip()


def key_needed(target: Target, key_env: Sequence[str]) -> str:
    """The deployment's key.

    Raises:
        Failure: it has none.

    """
    if key := key_of(target):
        return key
    ways = " or ".join(("api_key", *key_env))
    message = f"no API key for {target.provider}: set {ways}"
    raise Failure(Kind.CREDENTIAL, message, provider=target.provider)

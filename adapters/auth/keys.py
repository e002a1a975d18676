"""Ways to show an API key: `Authorization: Bearer`, or a header of the provider's own.

A missing key is reported with the variables that could have held it; a key itself is never part
of a message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.errors import Failure, Kind
from adapters.provider import Upstream
from adapters.types import Target


@dataclass(frozen=True, slots=True)
class Shown:
    """A way in by headers that depend on the target alone, so that they can be made once."""

    headers: Callable[[Target], Mapping[str, str]]

    async def __call__(self, request: Upstream, target: Target) -> Upstream:
        return request.with_headers(self.headers(target))


def bearer_needed(key_env: Sequence[str]) -> Shown:
    """As `bearer`, but without a key nothing is sent at all."""
    return Shown(lambda target: bearing(key_needed(target, key_env)))


def header(name: str, key_env: Sequence[str]) -> Shown:
    """`<name>: <key>`, as with Azure's `api-key`."""
    return Shown(lambda target: {name: key_needed(target, key_env)})


def bearing(token: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {token}"}


def with_bearer(request: Upstream, token: str) -> Upstream:
    return request.with_headers(bearing(token))


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


def _bearing_if_any(target: Target) -> Mapping[str, str]:
    key = key_of(target)
    return bearing(key) if key else {}


bearer = Shown(_bearing_if_any)
"""`Authorization: Bearer <key>`, if there is a key."""

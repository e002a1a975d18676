"""What of a deployment's settings may be seen by clients."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from adapters.types import Json
from gateway.config.secrets import is_secret
from gateway.config.settings import ModelInfo

_HEADERS = re.compile(r"headers?$", re.IGNORECASE)  # their values are credentials, mostly
_TELLING = 8  # characters; anything shorter is found in innocent texts too


def secrets_of(model: ModelInfo) -> tuple[str, ...]:
    target = model.deployment.target
    values = (*target.secrets.values(), *target.headers.values())
    return tuple(value for value in values if len(value) >= _TELLING)


def shown(settings: Mapping[str, object], secrets: Sequence[str]) -> Json:
    """Settings without what must not be seen, were it nested or pasted into another field."""
    return {
        key: _harmless(value, secrets)
        for key, value in settings.items()
        if not (is_secret(str(key)) or _HEADERS.search(str(key)))
    }


def _harmless(value: object, secrets: Sequence[str]) -> object:
    match value:
        case Mapping():
            return shown(value, secrets)
        case list() | tuple():
            return [_harmless(item, secrets) for item in value]
        case str() if any(secret in value for secret in secrets):
            return "(hidden)"
        case str() if re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE):
            return address(value)
        case _:
            return value


def address(url: str) -> str:
    """An address without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return "(hidden)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

"""Who is asking. One key for now: the operator's master key."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from adapters.errors import BadRequest, NotAuthorised

_USUAL = b"authorization"
_HEADERS = (  # where clients of different families put their key
    _USUAL,
    b"api-key",
    b"x-api-key",
    b"x-goog-api-key",
    b"ocp-apim-subscription-key",
)
_MOST_KNOWN = 100


@dataclass(frozen=True, slots=True)
class Key:
    """A caller that has been let in."""

    name: str


_MASTER = Key("master")
_ANYONE = Key("anonymous")


class Keys:
    """Checks credentials. Without a master key everybody is let in: the server then listens on
    the loopback address only.
    """

    def __init__(self, master_key: str, key_header: str = "") -> None:
        self._master = sha256(master_key.encode()).digest() if master_key else b""
        self._first = key_header.encode() or b"x-litellm-api-key"
        self._others = {self._first, *_HEADERS} - {_USUAL}
        self._known: dict[bytes, Key] = {}  # what has let somebody in before, as it was written

    def identify(self, headers: Mapping[bytes, bytes]) -> Key:
        """Let the caller in, or not.

        Raises:
            NotAuthorised: no key, or a wrong one; the answer is the same for all wrong ones.
            BadRequest: two different credentials, so that nobody can tell which one counts.
        """
        if not self._master:
            return _ANYONE
        usual = headers.get(_USUAL, b"")
        if usual in self._known and self._others.isdisjoint(headers):
            return self._known[usual]
        given = self._given(headers)
        if not given:
            raise NotAuthorised(
                "No API key was given. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'."
            )
        if not hmac.compare_digest(sha256(given).digest(), self._master):
            raise NotAuthorised("The API key is not valid.")
        if len(self._known) < _MOST_KNOWN and _bare(usual) == given:
            self._known[usual] = _MASTER
        return _MASTER

    def _given(self, headers: Mapping[bytes, bytes]) -> bytes:
        if chosen := headers.get(self._first):
            return _bare(chosen)
        found = {_bare(value) for name in _HEADERS if (value := headers.get(name))}
        if not found:
            return b""
        given = found.pop()
        if found or b"\n" in given:
            raise BadRequest(
                "The request carries different credentials; send one.",
                code="ambiguous_credentials",
            )
        return given


def _bare(value: bytes) -> bytes:
    if value.startswith(b"Bearer "):
        return value[7:].strip()
    scheme, _, rest = value.partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else value.strip()

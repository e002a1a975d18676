"""Where an answer comes from, as headers of the reply."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from routing.deployment import Deployment
from routing.journey import Attempt

_ODD = re.compile(r"[^ -~]")
_PLAIN = " !#$%&'()*+,-./:;<=>?@[]^_`{|}~"  # beside letters and digits


class _Told(NamedTuple):
    alias: str
    headers: Sequence[tuple[bytes, bytes]]


class Whence:
    """Of every deployment; written once for each, and again where it answers by another name."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def of(self, answered: Attempt) -> Sequence[tuple[bytes, bytes]]:
        """The deployment's id and address, and what it was asked for as, in LiteLLM's names."""
        id_, alias = answered.deployment.id, answered.alias
        told = self._told.get(id_)
        if told is None or told.alias != alias:
            group = (b"x-litellm-model-group", harmless(alias))  # a wildcard's: the client's word
            told = _Told(alias, (*_headers(answered.deployment), group))
            self._told[id_] = told
        return told.headers


def _headers(deployment: Deployment) -> list[tuple[bytes, bytes]]:
    told = [(b"x-litellm-model-id", harmless(deployment.id))]
    if (base := deployment.target.base_url) and "@" not in base:  # no password in a header
        told.append((b"x-litellm-model-api-base", harmless(base.partition("?")[0])))
    return told


def harmless(text: str) -> bytes:
    """Text as a header can hold it: no line ends, no control characters, ASCII."""
    return quote(text, safe=_PLAIN).encode() if _ODD.search(text) else text.encode()

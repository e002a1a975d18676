"""Where an answer comes from, as headers of the reply."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from routing.deployment import Deployment

_ODD = re.compile(r"[^ -~]")
_PLAIN = " !#$%&'()*+,-./:;<=>?@[]^_`{|}~"  # beside letters and digits


class Whence:
    """Of every deployment; written once for each."""

    def __init__(self) -> None:
        self._known: dict[str, Sequence[tuple[bytes, bytes]]] = {}

    def of(self, deployment: Deployment) -> Sequence[tuple[bytes, bytes]]:
        """Its id and its address, in LiteLLM's names."""
        known = self._known.get(deployment.id)
        if known is None:
            known = self._known[deployment.id] = tuple(_headers(deployment))
        return known


def _headers(deployment: Deployment) -> list[tuple[bytes, bytes]]:
    told = [(b"x-litellm-model-id", harmless(deployment.id))]
    if (base := deployment.target.base_url) and "@" not in base:  # no password in a header
        told.append((b"x-litellm-model-api-base", harmless(base.partition("?")[0])))
    return told


def harmless(text: str) -> bytes:
    """Text as a header can hold it: no line ends, no control characters, ASCII."""
    return quote(text, safe=_PLAIN).encode() if _ODD.search(text) else text.encode()

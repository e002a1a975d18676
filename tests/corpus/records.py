"""Exchanges with providers as other projects have recorded them: one JSON document in a line.

They lie beside the project, not in it; `SLUICEGATE_CORPUS` names another folder.
"""

import base64
import gzip
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BESIDE = Path(__file__).parents[3] / "shared" / "corpus"


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded exchange. `body` is the reply as bytes, whatever it was stored as."""

    id: str
    provider: str
    kind: str
    fidelity: str  # how true to the wire it is: see the README beside the recordings
    source: str
    method: str
    url: str
    request: Any = field(repr=False)  # the body that was sent: JSON, text or None
    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    streaming: bool = False
    reads: tuple[int, ...] = ()  # bytes of each read as it arrived, where somebody noted them

    @property
    def asked(self) -> dict[str, Any]:
        """The request, if it was a JSON object."""
        return self.request if isinstance(self.request, dict) else {}

    @property
    def refused(self) -> bool:
        return self.status >= 400


def folder() -> Path | None:
    """Where the recordings are; None: not on this machine."""
    path = Path(os.environ.get("SLUICEGATE_CORPUS") or _BESIDE)
    return path if path.is_dir() else None


def records(within: Path, provider: str = "") -> Iterator[Record]:
    """All of them, or one provider's, in the order of the files."""
    for path in sorted(within.glob(f"{provider or '*'}.jsonl*")):
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                yield read(json.loads(line))


def read(raw: Mapping[str, Any]) -> Record:
    """One line."""
    text = raw.get("response_body") or ""
    encoded = raw.get("response_body_encoding") == "base64"
    return Record(
        id=raw["id"],
        provider=raw["provider"],
        kind=raw["kind"],
        fidelity=raw["fidelity"],
        source=raw["source"],
        method=raw.get("method") or "POST",
        url=raw.get("url") or "",
        request=raw.get("request_body"),
        status=raw["status"],
        headers={
            name.lower(): value if isinstance(value, str) else ", ".join(map(str, value))
            for name, value in (raw.get("response_headers") or {}).items()
        },
        body=base64.b64decode(text) if encoded else text.encode("utf-8", "surrogatepass"),
        streaming=bool(raw.get("streaming")),
        reads=tuple(raw.get("chunk_lengths") or ()),
    )

"""What a request says of where it may go: tags, region, conversation. Pure.

They stand in the body, in its `metadata` (or `litellm_metadata`), or in headers, as LiteLLM's
clients send them: https://docs.litellm.ai/docs/proxy/request_headers (read 2026-11).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json

OURS = frozenset({"tags", "session_id", "trace_id"})  # in `metadata`: no provider is told
METADATA = frozenset({"metadata", "litellm_metadata"})
_SESSIONS = (b"x-litellm-session-id", b"x-session-id", b"x-claude-code-session-id")
HEADERS = frozenset({b"x-litellm-tags", *_SESSIONS})
"""Where else something of this may stand."""
_MOST_TAGS = 50
_LONGEST = 256  # characters of a tag, a region, the name of a session


@dataclass(frozen=True, slots=True)
class Hints:
    tags: frozenset[str] = frozenset()
    region: str = ""
    session: str = ""  # the conversation that the request belongs to


def read(body: Json, headers: Mapping[bytes, bytes]) -> Hints:
    """Raises `BadRequest` where a limit may have been meant and cannot be read."""
    return Hints(_tags(body, headers), _region(body), _session(body, headers))


def stripped(body: Json) -> Json:
    """The same body, its `metadata` without what is ours."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not OURS & metadata.keys():
        return body
    rest = {name: value for name, value in metadata.items() if name not in OURS}
    others = {name: value for name, value in body.items() if name != "metadata"}
    return {**body, "metadata": rest} if rest else others


def _tags(body: Json, headers: Mapping[bytes, bytes]) -> frozenset[str]:
    """All of them, from wherever. What is no tag is an error where only tags belong, because it may
    have been meant as a limit.
    """
    listed = headers.get(b"x-litellm-tags", b"").decode("latin-1")
    found = {tag.strip() for tag in listed.split(",")}
    if (own := body.get("tags")) is not None:
        found |= set(_texts(own))
        if not _is_tags(own):
            raise BadRequest("The field 'tags' must be a list of strings.", param="tags")
    for name in METADATA:
        found |= set(_texts(_object(body, name).get("tags")))
    found.discard("")
    if len(found) > _MOST_TAGS or any(len(tag) > _LONGEST for tag in found):
        said = f"At most {_MOST_TAGS} tags of {_LONGEST} characters are accepted."
        raise BadRequest(said, param="tags")
    return frozenset(found)


def _region(body: Json) -> str:
    match body.get("allowed_model_region"):
        case None:
            return ""
        case str() as name if 0 < len(name) <= _LONGEST:
            return name
        case _:
            said = "The field 'allowed_model_region' must be the name of a region."
            raise BadRequest(said, param="allowed_model_region")


def _session(body: Json, headers: Mapping[bytes, bytes]) -> str:
    """Nothing if the request does not say, or says too much."""
    said = [body.get("litellm_session_id")]
    said += [_object(body, name).get("session_id") for name in ("metadata", "litellm_metadata")]
    said += [headers[name].decode("latin-1") for name in _SESSIONS if name in headers]
    found = next((name for name in said if isinstance(name, str) and name), "")
    return found if len(found) <= _LONGEST else ""


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _is_tags(value: Any) -> bool:
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return texts or isinstance(value, str)


def _texts(value: Any) -> Iterator[str]:
    """A tag alone is a tag too."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str):
            yield item

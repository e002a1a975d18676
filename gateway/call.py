"""From the bytes of a request to a `Call`, and to what its sender wants of routing. Pure.

Fields meant for the gateway are taken out here and never reach a provider. Everything else is
passed on as it is, known to us or not; only what we act on, or what every provider would choke on,
is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from adapters.errors import BadRequest
from adapters.types import Call, Dialect, Json
from gateway import hints
from gateway.hints import Hints
from gateway.shapes import CHECKED, check
from routing.policy import Fallback, Policy

_LONGEST_DEADLINE_S = 3600.0

_JSON = b"application/json"
_FORWARDED = frozenset({b"anthropic-beta", b"anthropic-version", b"openai-beta"})
_OURS = frozenset(  # taken out; those without effect yet are LiteLLM's, which its clients send
    {"fallbacks", "disable_fallbacks", "num_retries", "timeout", "tags", "mock_response"}
    | {"cache", "caching", "guardrails", "priority", "ttl", "no-log", "request_timeout"}
    | {"stream_timeout", "context_window_fallback_dict", "litellm_metadata", "litellm_call_id"}
    | {"litellm_session_id", "litellm_trace_id", "litellm_logging_obj", "allowed_model_region"}
)
_SAID = _OURS | hints.METADATA  # where something may be said to us
_SAID_IN_HEADERS = hints.HEADERS | {
    b"x-litellm-num-retries",
    b"x-litellm-stream-timeout",
    b"x-litellm-timeout",
    b"x-litellm-priority",
}
_READ_HEADERS = _FORWARDED | _SAID_IN_HEADERS
_REFUSED = frozenset({"api_key", "api_base", "base_url", "api_version", "extra_headers", "headers"})
_PLAIN = CHECKED - _SAID - _REFUSED  # what nearly all requests are made of
_REFUSED_PREFIXES = ("aws_", "vertex_", "azure_", "mock_testing_")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a client asks of routing, for this request only. Most ask nothing: `NO_WISHES`."""

    retries: int | None = None
    deadline: float | None = None  # seconds
    fallbacks: tuple[Fallback, ...] | None = None
    no_fallbacks: bool = False
    hints: Hints = field(default_factory=Hints)
    priority: int | None = None  # lower goes first when calls wait for room

    def applied(self, policy: Policy, alias: str) -> Policy:
        """The operator's policy with the wishes granted."""
        if self is NO_WISHES:
            return policy
        if self.retries is not None:
            policy = replace(policy, retries_asked=self.retries)
        if self.deadline is not None:
            policy = replace(policy, deadline=min(self.deadline, _LONGEST_DEADLINE_S))
        if self.no_fallbacks:
            policy = replace(policy, fallbacks={}, fallbacks_by_kind={})
        elif self.fallbacks is not None:
            policy = replace(policy, fallbacks={alias: self.fallbacks}, fallbacks_by_kind={})
        return policy


NO_WISHES = Wishes()


def read_call(
    dialect: Dialect,
    raw: bytes,
    headers: Mapping[bytes, bytes],
    *,
    request_id: str,
    model: str | None = None,
) -> tuple[Call, Wishes]:
    """The call that `raw` is. `model` comes from the path, where the path names one.

    Raises:
        BadRequest: it is not JSON, or a field is missing, of a wrong type or not for clients.
    """
    sent = _object_in(raw, headers)
    if model is not None:
        sent["model"] = model
    plain, quiet = sent.keys() <= _PLAIN, _READ_HEADERS.isdisjoint(headers)
    if not plain:
        _refuse(sent)
    check(sent, dialect)
    wishes, body = NO_WISHES, sent
    forwarded: Mapping[str, str] = {}
    unsaid = plain or _SAID.isdisjoint(sent)
    if not (unsaid and (quiet or _SAID_IN_HEADERS.isdisjoint(headers))):
        wishes = _wishes(sent, headers)
        body = {name: value for name, value in sent.items() if name not in _OURS}
    if not quiet:
        forwarded = {
            name.decode(): value.replace(b"\n", b", ").decode("latin-1")
            for name, value in headers.items()
            if name in _FORWARDED
        }
    if dialect is Dialect.OPENAI_CHAT:
        if not (plain or body.get("store")):
            body.pop("metadata", None)  # OpenAI allows it with `store` only; else it is for us
    elif dialect is Dialect.ANTHROPIC_MESSAGES:
        body = hints.stripped(body)  # Anthropic refuses what it does not know
    else:
        body.pop("metadata", None)  # nobody has it there: it is for us
        body.pop("stream", None)
    call = Call(
        dialect,
        body["model"],
        body,
        stream=body.get("stream") is True,
        headers=forwarded,
        id=request_id,
        raw=raw,
    )
    return call, wishes


def _object_in(raw: bytes, headers: Mapping[bytes, bytes]) -> Json:
    kind = headers.get(b"content-type", _JSON)
    if kind != _JSON:
        kind = kind.partition(b";")[0].strip().lower()
        if kind != _JSON and not kind.endswith(b"+json"):
            said = kind.decode("latin-1")
            raise BadRequest(f"The body must be sent as application/json, not {said}.")
    try:
        sent = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}", param="request_body") from error
    if not isinstance(sent, dict):
        raise BadRequest("The body must be a JSON object.", param="request_body")
    return sent


def _refuse(body: Json) -> None:
    for name in body:
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise BadRequest(
                f"The field {name!r} is not accepted from clients: where a request goes, and with "
                "which key, is the operator's configuration.",
                param=name,
            )


def _wishes(body: Json, headers: Mapping[bytes, bytes]) -> Wishes:
    retries = body.get("num_retries", headers.get(b"x-litellm-num-retries"))
    first = body.get("stream_timeout", headers.get(b"x-litellm-stream-timeout"))
    whole = body.get("timeout", headers.get(b"x-litellm-timeout"))
    deadline = first if body.get("stream") and first is not None else whole
    fallbacks = body.get("fallbacks")
    priority = body.get("priority", headers.get(b"x-litellm-priority"))
    return Wishes(
        retries=None if retries is None else int(_positive("num_retries", retries, 100)),
        deadline=None if deadline is None else _positive("timeout", deadline, 1e9, least=0.001),
        fallbacks=None if fallbacks is None else _fallbacks(fallbacks),
        no_fallbacks=body.get("disable_fallbacks") is True,
        hints=hints.read(body, headers),
        priority=None if priority is None else int(_positive("priority", priority, 2**31)),
    )


def _positive(name: str, value: Any, most: float, least: float = 0) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not least <= number <= most:
        raise BadRequest(f"The field {name!r} must be a number of at least {least:g}.", param=name)
    return number


def _fallbacks(value: Any) -> tuple[Fallback, ...]:
    chain: list[Fallback] = []
    for index, item in enumerate(value if isinstance(value, list) else [None]):
        match item:
            case str():
                chain.append(Fallback(item))
            case {"model": str(alias)}:
                override: Json = {name: item[name] for name in item if name != "model"}
                _refuse(override)
                chain.append(Fallback(alias, override))
            case _:
                raise BadRequest(
                    "The field 'fallbacks' must be a list of model names, or of objects with a "
                    "'model' and the fields that differ there.",
                    param=f"fallbacks[{index}]",
                )
    return tuple(chain)

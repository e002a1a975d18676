"""From the bytes of a request to a `Call`, and to what its sender wants of routing. Pure.

Fields meant for the gateway are taken out here and never reach a provider. Everything else is
passed on as it is, known to us or not; only what we act on, or what every provider would choke on,
is checked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from adapters.errors import BadRequest
from adapters.types import Call, Dialect, Json, Operation
from gateway import hints
from gateway.hints import Hints
from routing.policy import Fallback, Policy

_MOST_MESSAGES = 10_000
_MOST_TOOLS = 1_000
_LONGEST_DEADLINE_S = 3600.0

_FORWARDED = ("anthropic-beta", "anthropic-version", "openai-beta")
_OURS = frozenset(  # taken out; those without effect yet are LiteLLM's, which its clients send
    {"fallbacks", "disable_fallbacks", "num_retries", "timeout", "tags", "mock_response"}
    | {"cache", "caching", "guardrails", "priority", "ttl", "no-log", "request_timeout"}
    | {"stream_timeout", "context_window_fallback_dict", "litellm_metadata", "litellm_call_id"}
    | {"litellm_session_id", "litellm_trace_id", "litellm_logging_obj", "allowed_model_region"}
)
_REFUSED = frozenset({"api_key", "api_base", "base_url", "api_version", "extra_headers", "headers"})
_REFUSED_PREFIXES = ("aws_", "vertex_", "azure_", "mock_testing_")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a client asks of routing, for this request only."""

    retries: int | None = None
    deadline: float | None = None  # seconds
    fallbacks: tuple[Fallback, ...] | None = None
    no_fallbacks: bool = False
    hints: Hints = field(default_factory=Hints)
    priority: int | None = None  # lower goes first when calls wait for room

    def applied(self, policy: Policy, alias: str) -> Policy:
        """The operator's policy with the wishes granted."""
        if self == _NONE:
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


_NONE = Wishes()


def read_call(
    dialect: Dialect,
    raw: bytes,
    headers: Mapping[str, str],
    *,
    request_id: str,
    model: str | None = None,
) -> tuple[Call, Wishes]:
    """The call that `raw` is. `model` comes from the path, where the path names one.

    Raises:
        BadRequest: it is not JSON, or a field is missing, of a wrong type or not for clients.
    """
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise BadRequest(f"The body must be sent as application/json, not {kind}.")
    try:
        sent = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}", param="request_body") from error
    if not isinstance(sent, dict):
        raise BadRequest("The body must be a JSON object.", param="request_body")
    if model is not None:
        sent["model"] = model
    _refuse(sent)
    _check(sent, dialect)
    wishes = _wishes(sent, headers)
    body = {name: value for name, value in sent.items() if name not in _OURS}
    if dialect.operation is not Operation.CHAT:
        body.pop("metadata", None)  # nobody has it there: it is for us
        body.pop("stream", None)
    elif dialect is Dialect.OPENAI_CHAT and not body.get("store"):
        body.pop("metadata", None)  # OpenAI allows it with `store` only; otherwise it is for us
    elif dialect is Dialect.ANTHROPIC_MESSAGES:
        body = hints.stripped(body)  # Anthropic refuses what it does not know
    forwarded = {n: headers[n].replace("\n", ", ") for n in _FORWARDED if n in headers}
    call = Call(
        dialect,
        body["model"],
        body,
        stream=body.get("stream") is True,
        headers=forwarded,
        id=request_id,
    )
    return call, wishes


def _refuse(body: Json) -> None:
    for name in body:
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise BadRequest(
                f"The field {name!r} is not accepted from clients: where a request goes, and with "
                "which key, is the operator's configuration.",
                param=name,
            )


Check = Callable[[Any], str]
"""Says what is expected instead, or nothing."""


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "a non-empty string"


def _flag(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else "true or false"


def _count(value: Any) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31
    return "" if value is None or good else "a whole number of at least 1"


def _number(value: Any) -> str:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if value is None or good else "a number"


def _object(value: Any) -> str:
    return "" if value is None or isinstance(value, dict) else "an object"


def _messages(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return "a non-empty list of messages"
    return "" if len(value) <= _MOST_MESSAGES else f"at most {_MOST_MESSAGES} messages"


def _input(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    good = bool(value) and all(isinstance(item, str | int | list | dict) for item in items)
    if good and not isinstance(value, bool | int | dict):
        return ""
    return "a non-empty string, or a non-empty list of strings or of tokens"


def _documents(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(d, str | dict) for d in value):
        return ""
    return "a non-empty list of strings or objects"


def _no_stream(value: Any) -> str:
    return "false: the answer is one document" if value not in (None, False) else ""


def _tools(value: Any) -> str:
    if value is None or (isinstance(value, list) and all(isinstance(t, dict) for t in value)):
        return "" if len(value or ()) <= _MOST_TOOLS else f"at most {_MOST_TOOLS} tools"
    return "a list of objects"


def _stop(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(word, str) for word in value)
    return "" if value is None or isinstance(value, str) or good else "a string or strings"


_CHAT: Mapping[str, Check] = {
    "model": _text,
    "messages": _messages,
    "stream": _flag,
    "tools": _tools,
    "temperature": _number,
    "top_p": _number,
}
_CHECKS: Mapping[Dialect, Mapping[str, Check]] = {
    Dialect.OPENAI_CHAT: {
        **_CHAT,
        "max_tokens": _count,
        "max_completion_tokens": _count,
        "n": _count,
        "stop": _stop,
        "stream_options": _object,
        "response_format": _object,
    },
    Dialect.ANTHROPIC_MESSAGES: {
        **_CHAT,
        "max_tokens": _count,
        "stop_sequences": _stop,
        "thinking": _object,
        "metadata": _object,
    },
    Dialect.OPENAI_EMBEDDINGS: {
        "model": _text,
        "input": _input,
        "dimensions": _count,
        "stream": _no_stream,
    },
    Dialect.COHERE_RERANK: {
        "model": _text,
        "query": _text,
        "documents": _documents,
        "stream": _no_stream,
    },
}
_REQUIRED: Mapping[Operation, tuple[str, ...]] = {
    Operation.CHAT: ("model", "messages"),
    Operation.EMBEDDINGS: ("model", "input"),
    Operation.RERANK: ("model", "query", "documents"),
}


def _check(body: Json, dialect: Dialect) -> None:
    for name in _REQUIRED[dialect.operation]:
        if name not in body:
            raise BadRequest(f"The field {name!r} is missing.", param=name)
    for name, check in _CHECKS[dialect].items():
        if name in body and (expected := check(body[name])):
            raise BadRequest(f"The field {name!r} must be {expected}.", param=name)
    if dialect.operation is Operation.CHAT:
        for index, message in enumerate(body["messages"]):
            _check_message(message, f"messages[{index}]")


def _check_message(message: Any, at: str) -> None:
    if not isinstance(message, dict):
        raise BadRequest(f"{at} must be an object.", param=at)
    if not isinstance(message.get("role"), str):
        raise BadRequest(f"{at}.role must be a string.", param=f"{at}.role")
    content = message.get("content")
    if isinstance(content, list):
        for index, part in enumerate(content):
            if not isinstance(part, dict) or not isinstance(part.get("type"), str):
                where = f"{at}.content[{index}]"
                raise BadRequest(f"{where} must be an object with a 'type'.", param=where)
    elif content is not None and not isinstance(content, str):
        where = f"{at}.content"
        raise BadRequest(f"{where} must be a string or a list of parts.", param=where)


def _wishes(body: Json, headers: Mapping[str, str]) -> Wishes:
    retries = body.get("num_retries", headers.get("x-litellm-num-retries"))
    first = body.get("stream_timeout", headers.get("x-litellm-stream-timeout"))
    whole = body.get("timeout", headers.get("x-litellm-timeout"))
    deadline = first if body.get("stream") and first is not None else whole
    fallbacks = body.get("fallbacks")
    priority = body.get("priority", headers.get("x-litellm-priority"))
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

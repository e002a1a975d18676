"""OpenAI: chat completions, and the Responses API for models that have nothing else.

Source: https://platform.openai.com/docs/api-reference/authentication (read 2026-11). LiteLLM's
`openai/responses/MODEL` asks for the Responses API whatever the model is.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from adapters.auth.keys import Shown, bearing, key_needed
from adapters.hops import dropped
from adapters.openai_rules import mended, reasons, refused, responses_only, tools_need_responses
from adapters.provider import Endpoint, Provider
from adapters.quirks.fields import max_completion_tokens_only
from adapters.quirks.messages import call_ids_up_to_40, no_cache_control, no_thinking_blocks
from adapters.types import Call, Dialect, Json, Target

_KEY_ENV = ("OPENAI_API_KEY",)
_DOOR = "responses"  # the prefix of a model, and the option that remembers it
_THOUGHTS = "reasoning.encrypted_content"
NOTHING: Mapping[str, Any] = MappingProxyType({})


def shown(target: Target) -> Mapping[str, str]:
    """The key, and which organisation and project pay for the call, where config says so."""
    options = target.options
    payers = (name for name in ("organization", "project") if options.get(name))
    key = bearing(key_needed(target, _KEY_ENV))
    return {**key, **{f"openai-{name}": options[name] for name in payers}}


def settled(target: Target) -> Target:
    """The target without the prefix that only says which API is meant."""
    door, slash, model = target.model.partition("/")
    if door != _DOOR or not slash:
        return target
    return replace(target, model=model, options={**target.options, "api": _DOOR})


def speaking(target: Target, asked: Mapping[str, Any] = NOTHING) -> Mapping[Dialect, Endpoint]:
    """Chat, unless the model, the request or config wants the Responses API. `asked`: the request,
    for some models take tools there only; where somebody else serves them, we cannot know.
    """
    if wants_responses(target):
        return _WITHOUT_CHAT
    if not tools_need_responses({**target.params, **asked}, model_of(target)):
        return _SPEAKS
    at_home = "openai.com" in (urlsplit(target.base_url).hostname or "openai.com")
    return _WITHOUT_CHAT if at_home else _SPEAKS


def wants_responses(target: Target) -> bool:
    """Whether the target, settled, is to be spoken to in the Responses API."""
    return target.options.get("api") == _DOOR or responses_only(model_of(target))


def model_of(target: Target) -> str:
    """Whose rules apply: a deployment's name may say nothing."""
    return target.options.get("base_model") or target.model


def mend(body: Json, _call: Call, target: Target) -> Json:
    """The body as this model takes it; what it refuses is left out where the operator says so."""
    model = model_of(target)
    if target.drop_params:
        body = dropped(body, refused(body, model), target)
    return mended(body, model)


def mend_responses(body: Json, call: Call, target: Target) -> Json:
    """The same, and thoughts are asked for that a client of ours can send back; one who speaks the
    Responses API itself asks for what it wants.
    """
    body = mend(body, call, target)
    wanted = body.get("include") or []
    if call.dialect is Dialect.OPENAI_RESPONSES or body.get("store") or _THOUGHTS in wanted:
        return body
    return {**body, "include": [*wanted, _THOUGHTS]} if reasons(model_of(target)) else body


_WITHOUT_CHAT: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_RESPONSES: Endpoint("/responses", mend=mend_responses),
    Dialect.OPENAI_EMBEDDINGS: Endpoint("/embeddings"),
}
_SPEAKS: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/chat/completions", mend=mend),
    **_WITHOUT_CHAT,
}
PROVIDER = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_env=_KEY_ENV,
    base_url_env=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    speaks=_SPEAKS,
    auth=Shown(shown),
    settled=settled,
    speaking=speaking,
    quirks=(max_completion_tokens_only, no_cache_control, no_thinking_blocks, call_ids_up_to_40),
    droppable=refused,
    options_env={"organization": ("OPENAI_ORGANIZATION",), "project": ("OPENAI_PROJECT",)},
    docs="https://platform.openai.com/docs/api-reference/chat",
)

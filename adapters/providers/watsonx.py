"""IBM watsonx.ai: OpenAI's chat in most things, at addresses of its own for streams.

The body says `model_id`, and the project or the space that pays. `watsonx/deployment/<id>` is a
model deployed to a space, which has an address of its own. IBM Cloud's key is exchanged for a
token that lives an hour; `WATSONX_TOKEN` is such a token, `WATSONX_ZENAPIKEY` the encoded name and
key of a cluster of your own (Cloud Pak for Data).

Sources, read 2026-11: https://cloud.ibm.com/apidocs/watsonx-ai#text-chat,
https://cloud.ibm.com/docs/account?topic=account-iamtoken_from_apikey and, for the names,
https://docs.litellm.ai/docs/providers/watsonx.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.amended import Amend, Amends
from adapters.auth.keys import key_needed, key_of, with_bearer
from adapters.auth.tokens import Tokens, exchange
from adapters.clock import Clock
from adapters.provider import Auth, Endpoint, Provider, Transport, Upstream
from adapters.quirks.fields import no_stream_options
from adapters.quirks.messages import developer_as_system, no_cache_control, no_thinking_blocks
from adapters.types import Call, Dialect, Json, Target

_KEY_ENV = ("WATSONX_APIKEY", "WATSONX_API_KEY", "WX_API_KEY")
_IAM = "https://iam.cloud.ibm.com/identity/token"
_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_DEPLOYMENT = "deployment/"
_REPEATED = re.compile(r"/ml/v1(?:/text/chat(?:_stream)?)?(?:\?[^/]*)?(?=/ml/v1/)")
_FINISH = {"time_limit": "length", "cancelled": "stop", "error": "stop"}


def login(transport: Transport, clock: Clock) -> Auth:
    """A token of config's own, a cluster's key, or a token for IBM Cloud's key."""
    tokens = Tokens(clock)

    async def auth(request: Upstream, target: Target) -> Upstream:
        if token := key_of(target, "token"):
            return with_bearer(request, token)
        if zen := key_of(target, "zen_api_key"):
            return request.with_headers({"authorization": f"ZenApiKey {zen}"})
        key = key_needed(target, _KEY_ENV)
        url = target.options.get("iam_url") or _IAM
        form = {"grant_type": _GRANT, "apikey": key}
        token = await tokens.get(f"{url}\0{key}", lambda: exchange(transport, url, form))
        return with_bearer(request, token)

    return auth


def settled(target: Target) -> Target:
    if not target.model.startswith(_DEPLOYMENT):
        return target
    id_ = target.model.removeprefix(_DEPLOYMENT)
    return replace(target, options={**target.options, "deployment": id_})


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    return {Dialect.OPENAI_CHAT: _DEPLOYED} if "deployment" in target.options else PROVIDER.speaks


def scoped(body: Json, call: Call, target: Target) -> Json:
    """The body with the model and who pays for it, in watsonx's words."""
    told = target.options
    owner = {name: told[name] for name in ("project_id", "space_id") if told.get(name)}
    if len(owner) > 1:  # one of them, says the API
        del owner["space_id"]
    return {"model_id": target.model, **owner, **alone(body, call, target)}


def alone(body: Json, _: Call, __: Target) -> Json:
    """The body without what the address says; a choice in one word has a field of its own."""
    rest = {name: value for name, value in body.items() if name not in {"model", "stream"}}
    if isinstance(rest.get("tool_choice"), str):
        rest["tool_choice_option"] = rest.pop("tool_choice")
    return rest


def amend(said: Json) -> list[Json]:
    """The completion, or the chunk, with OpenAI's words for why it ended, and all that it needs."""
    chunk = any("delta" in choice for choice in said["choices"]) or not said["choices"]
    needed = {
        "object": "chat.completion.chunk" if chunk else "chat.completion",
        "model": said.get("model_id") or "",
    }
    choices = [_amended(choice) for choice in said["choices"]]
    if choices == said["choices"] and needed.keys() <= said.keys():
        return [said]
    return [{**needed, **said, "choices": choices}]


def _amended(choice: Any) -> Any:
    match choice:
        case {"finish_reason": str() as reason} if reason in _FINISH:
            return {**choice, "finish_reason": _FINISH[reason]}
        case _:
            return choice


def _amend() -> Amend:
    return amend


def tidy(url: str) -> str:
    """The address meant, if `api_base` held a part of the path already."""
    return _REPEATED.sub("", url)


_DEPLOYED = Endpoint(
    "/ml/v1/deployments/{deployment}/text/chat?version={api_version}",
    stream_path="/ml/v1/deployments/{deployment}/text/chat_stream?version={api_version}",
    mend=alone,
)
PROVIDER = Provider(
    name="watsonx",
    key_env=_KEY_ENV,
    base_url_env=("WATSONX_API_BASE", "WATSONX_URL", "WX_URL", "WML_URL"),
    speaks={
        Dialect.OPENAI_CHAT: Endpoint(
            "/ml/v1/text/chat?version={api_version}",
            stream_path="/ml/v1/text/chat_stream?version={api_version}",
            mend=scoped,
        )
    },
    login=login,
    settled=settled,
    speaking=speaking,
    url=tidy,
    transport=Amends(_amend, re.compile(rb'"model_id"')),
    quirks=(developer_as_system, no_cache_control, no_thinking_blocks, no_stream_options),
    options_env={
        "project_id": ("WATSONX_PROJECT_ID", "WX_PROJECT_ID", "PROJECT_ID"),
        "space_id": ("WATSONX_DEPLOYMENT_SPACE_ID", "WATSONX_SPACE_ID", "WX_SPACE_ID", "SPACE_ID"),
        "api_version": ("WATSONX_API_VERSION",),
        "iam_url": ("WATSONX_IAM_URL",),
    },
    secrets_env={
        "token": ("WATSONX_TOKEN", "WX_TOKEN"),
        "zen_api_key": ("WATSONX_ZENAPIKEY",),
    },
    options={"api_version": "2025-02-11"},
    docs="https://cloud.ibm.com/apidocs/watsonx-ai#text-chat",
)

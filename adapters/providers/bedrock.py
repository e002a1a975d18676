"""Amazon Bedrock: one address, and several ways to ask a model.

=====================================  =======================================================
`anthropic.claude-…`, `amazon.nova-…`  Converse; clients of Anthropic get Claude by InvokeModel,
                                       which takes and gives Anthropic's own words
`us.…`, `eu.…`, `global.…`             the same, over several regions
`us-west-2/…`                          in that region
`arn:aws:bedrock:…`                    in the ARN's region; `base_model` says what it is of
`converse/…`, `converse_like/…`        Converse for everybody
`invoke/anthropic.claude-…`            InvokeModel for everybody; other families have bodies of
                                       their own there, and are asked by Converse all the same
`chat_completions/…`                   OpenAI's chat, at Bedrock's own door for it
`openai/arn:…:imported-model/…`        OpenAI's chat through InvokeModel
`llama/…`, `deepseek_r1/…`, `qwen3/…`  imported models: Converse
=====================================  =======================================================

Sources, read 2026-11: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-api.html,
.../inference-profiles-use.html, .../model-parameters-anthropic-claude-messages.html and, for names
and options, https://docs.litellm.ai/docs/providers/bedrock.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from adapters.auth.aws import OPTIONS, REGION, SECRETS, signed
from adapters.clock import Clock
from adapters.dialects.bedrock.models import Family, family
from adapters.framing import Framing
from adapters.provider import Auth, Endpoint, Provider, Transport
from adapters.types import Call, Dialect, Json, Target

_ROUTES = frozenset(
    {
        *("chat_completions", "converse", "converse_like", "deepseek_r1", "invoke", "llama"),
        *("moonshot", "openai", "qwen3"),
    }
)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")
_ARN_REGION = re.compile(r"arn:[^:]*:(?:bedrock|sagemaker):([^:]+):")
_COMMITMENT = re.compile(r"\d-month-commitment/")
_ANTHROPIC_VERSION = "bedrock-2023-05-31"
_NOT_HERE = re.compile(  # betas of Anthropic's own platform: Bedrock refuses their very names
    r"claude-code-|oauth-|ccr-|files-api-|mcp-client-|code-execution-|skills-|web-fetch-|"
    r"prompt-caching-scope-"
)
_INVOKE = "/model/{model_id}/invoke"
_INVOKE_STREAM = "/model/{model_id}/invoke-with-response-stream"


def login(_transport: Transport, clock: Clock) -> Auth:
    return signed(clock, "bedrock")


def settled(target: Target) -> Target:
    """The target with everything its model's name says beside the model.

    The region in the name wins: nowhere else is such a model, or such an ARN. `model_id` is what
    stands in the path, `model` what the model is, as far as it is known.
    """
    options = dict(target.options)
    model = target.model
    head, slash, rest = model.partition("/")
    if slash and head in _ROUTES:
        options["bedrock_route"], model = head, rest
        head, slash, rest = model.partition("/")
    if slash and _REGION.fullmatch(head):
        options["aws_region_name"], model = head, _COMMITMENT.sub("", rest, count=1)
    model_id = options.get("model_id") or model
    if found := _ARN_REGION.match(model_id):
        options["aws_region_name"] = found[1]
    options["model_id"] = model_id
    if model.startswith("arn:"):
        model = options.get("base_model") or model
    base_url = target.base_url or options.get("aws_bedrock_runtime_endpoint", "")
    return replace(target, model=model, options=options, base_url=base_url)


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    """What this model is asked in, the best for a chat first."""
    claude = family(target.model) is Family.CLAUDE
    match target.options.get("bedrock_route"):
        case "chat_completions":
            return _CHAT
        case "openai":
            return _IMPORTED
        case "invoke" if claude:
            return {**_CLAUDE, **_EMBED}
        case None if claude:
            return {**_CONVERSE, **_CLAUDE, **_EMBED}
        case _:
            return {**_CONVERSE, **_EMBED}


def for_claude(body: Json, call: Call, _target: Target) -> Json:
    """Anthropic's body as InvokeModel takes it: model and stream stand in the path, betas in the
    body.
    """
    rest = {name: value for name, value in body.items() if name not in {"model", "stream"}}
    header = call.headers.get("anthropic-beta", "")
    named = (name.strip() for name in header.split(","))
    wanted = [name for name in named if name and not _NOT_HERE.match(name)]
    given = rest.get("anthropic_beta")
    betas = list(dict.fromkeys([*(given if isinstance(given, list) else []), *wanted]))
    if betas:
        rest["anthropic_beta"] = betas
    return {"anthropic_version": _ANTHROPIC_VERSION, **rest}


def without_model(body: Json, _call: Call, _target: Target) -> Json:
    return {name: value for name, value in body.items() if name not in {"model", "stream"}}


_CONVERSE: Mapping[Dialect, Endpoint] = {
    Dialect.BEDROCK_CONVERSE: Endpoint(
        "/model/{model_id}/converse",
        stream_path="/model/{model_id}/converse-stream",
        framing=Framing.AWS,
        inlines=True,
    )
}
_CLAUDE: Mapping[Dialect, Endpoint] = {
    Dialect.ANTHROPIC_MESSAGES: Endpoint(
        _INVOKE, stream_path=_INVOKE_STREAM, framing=Framing.AWS, mend=for_claude, inlines=True
    )
}
_CHAT: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/openai/v1/chat/completions"),
    Dialect.OPENAI_RESPONSES: Endpoint("/openai/v1/responses"),
}
_IMPORTED: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint(
        _INVOKE, stream_path=_INVOKE_STREAM, framing=Framing.AWS, mend=without_model
    )
}
_EMBED: Mapping[Dialect, Endpoint] = {Dialect.BEDROCK_EMBED: Endpoint(_INVOKE)}

PROVIDER = Provider(
    name="bedrock",
    base_url="https://bedrock-runtime.{aws_region_name}.amazonaws.com",
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    key_optional=True,
    speaks={**_CONVERSE, **_CLAUDE, **_EMBED},
    login=login,
    settled=settled,
    speaking=speaking,
    options={"aws_region_name": REGION},
    options_env={
        **OPTIONS,
        "aws_bedrock_runtime_endpoint": ("AWS_BEDROCK_RUNTIME_ENDPOINT",),
        "model_id": (),
    },
    secrets_env=SECRETS,
    docs="https://docs.aws.amazon.com/bedrock/latest/userguide/inference-api.html",
)

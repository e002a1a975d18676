"""Amazon Bedrock's other address, `bedrock-mantle`, which speaks others' dialects.

Claude takes Anthropic's, at a path of its own; OpenAI's newer models only Responses, likewise; all
others OpenAI's chat and Responses. A region may stand before the model, as with `bedrock`.

Sources, read 2026-11: https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html,
.../inference-responses-api.html and https://docs.litellm.ai/docs/providers/bedrock_mantle.
"""

import re
from collections.abc import Mapping

from adapters.auth.aws import OPTIONS, SECRETS, signed
from adapters.clock import Clock
from adapters.provider import Auth, Endpoint, Provider, Transport
from adapters.providers.bedrock import settled
from adapters.types import Dialect, Json, Target

_REGION = "us-east-1"
_REPEATED = re.compile(r"(?:/openai|/anthropic)?/v1(?=/(?:openai/|anthropic/)?v1/)")
_NEWER = re.compile(r"openai\.gpt-\d")


def login(_transport: Transport, clock: Clock) -> Auth:
    return signed(clock, "bedrock-mantle", _REGION)


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    if "claude" in target.model:
        return _CLAUDE
    return _RESPONSES if _NEWER.match(target.model) else _OPENAI


def tidy(url: str) -> str:
    """The address meant, if `api_base` ended in `/v1`, as LiteLLM's does."""
    return _REPEATED.sub("", url)


_OPENAI: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_CHAT: Endpoint("/v1/chat/completions"),
    Dialect.OPENAI_RESPONSES: Endpoint("/v1/responses"),
}
_RESPONSES: Mapping[Dialect, Endpoint] = {
    Dialect.OPENAI_RESPONSES: Endpoint("/openai/v1/responses")
}
_CLAUDE: Mapping[Dialect, Endpoint] = {
    Dialect.ANTHROPIC_MESSAGES: Endpoint(
        "/anthropic/v1/messages", headers={"anthropic-version": "2023-06-01"}
    )
}

PROVIDER = Provider(
    name="bedrock_mantle",
    base_url="https://bedrock-mantle.{aws_region_name}.api.aws",
    key_env=("BEDROCK_MANTLE_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"),
    base_url_env=("BEDROCK_MANTLE_API_BASE",),
    key_optional=True,
    speaks={**_OPENAI, **_CLAUDE},
    login=login,
    url=tidy,
    settled=settled,
    speaking=speaking,
    options={"aws_region_name": _REGION},
    options_env={
        **OPTIONS,
        "aws_region_name": ("BEDROCK_MANTLE_REGION", *OPTIONS["aws_region_name"]),
    },
    secrets_env=SECRETS,
    docs="https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
)

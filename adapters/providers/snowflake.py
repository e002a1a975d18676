"""Snowflake Cortex: OpenAI's chat for all its models, Anthropic's messages for Claude.

A token is a programmatic access token, a JWT made with a key pair, or OAuth's; a header says which.
LiteLLM's users write `pat/` before the first. Empty texts stand where OpenAI has nothing, and
Claude's streams end without a reason to finish: both are put right.

Source: https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api and
.../developer-guide/snowflake-rest-api/authentication (read 2026-11), and recorded traffic.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.amended import Amends
from adapters.auth.keys import key_needed, with_bearer
from adapters.dialects.hosted_claude import cache_control_for_claude, is_claude
from adapters.dialects.lenient import record, records
from adapters.provider import Endpoint, Provider, Upstream
from adapters.quirks.edits import renamed
from adapters.quirks.messages import developer_as_system, no_thinking_blocks
from adapters.types import Dialect, Json, Target

_KEY_ENV = ("SNOWFLAKE_JWT", "SNOWFLAKE_PAT", "SNOWFLAKE_API_KEY")
_KIND = "x-snowflake-authorization-token-type"
_PATH = "/api/v2/cortex/v1"
_REPEATED = re.compile(r"/api/v2(?:/cortex(?:/v1|/inference:complete)?)?(?=/api/v2/)")
_MESSAGES = Endpoint(f"{_PATH}/messages", headers={"anthropic-version": "2023-06-01"})


async def auth(request: Upstream, target: Target) -> Upstream:
    key = key_needed(target, _KEY_ENV)
    token = key.removeprefix("pat/")
    is_jwt = token == key and token.startswith("eyJ")
    kind = "KEYPAIR_JWT" if is_jwt else "PROGRAMMATIC_ACCESS_TOKEN"
    request = with_bearer(request, token)
    return request if _KIND in request.headers else request.with_headers({_KIND: kind})


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    if is_claude(target.model):
        return PROVIDER.speaks
    return {Dialect.OPENAI_CHAT: PROVIDER.speaks[Dialect.OPENAI_CHAT]}


def tidy(url: str) -> str:
    """The address meant, if `api_base` held a part of the path, LiteLLM's older one too."""
    return _REPEATED.sub("", url)


def max_completion_tokens_everywhere(body: Json) -> Json:
    """Say the limit by the newer word, whatever the model: Cortex ignores `max_tokens` and stops
    at 4096 (github.com/langchain-ai/langchain-snowflake/issues/132, 2026-04).
    """
    return renamed(body, "max_tokens", "max_completion_tokens")


class Amender:
    """Takes away what stands for nothing, and says why an answer ended."""

    def __init__(self) -> None:
        self._called = False
        self._finished = False
        self._begun = False

    def __call__(self, said: Json) -> Sequence[Json]:
        whole = said.get("object") != "chat.completion.chunk"
        choices = [self._choice(choice, whole=whole) for choice in records(said["choices"])]
        head = {name: value for name, value in said.items() if value != "" or name in _NEEDED}
        out = [{**head, "choices": choices}]
        if not choices and self._begun and not self._finished:  # usage comes last of all
            self._finished = True
            last = {"index": 0, "delta": {}, "finish_reason": self._reason()}
            said_last = {name: value for name, value in head.items() if name != "usage"}
            out.insert(0, {**said_last, "choices": [last]})
        return [said] if out == [said] else out

    def _choice(self, choice: Json, *, whole: bool) -> Json:
        part = "message" if whole else "delta"
        message = {name: _real(value) for name, value in record(choice.get(part)).items()}
        message = {name: value for name, value in message.items() if name in _KEPT or value}
        if calls := records(message.get("tool_calls")):
            message["tool_calls"] = [{k: v for k, v in c.items() if _real(v)} for c in calls]
        self._begun = True
        self._called = self._called or bool(calls)
        reason = choice.get("finish_reason") or (self._reason() if whole else None)
        self._finished = self._finished or bool(reason)
        chances = choice.get("logprobs")
        return {
            **choice,
            part: message,
            "finish_reason": reason,
            "logprobs": chances if _real(chances) else None,
        }

    def _reason(self) -> str:
        return "tool_calls" if self._called else "stop"


_NEEDED = frozenset({"id", "model"})
_KEPT = frozenset({"role", "content"})


def _real(value: Any) -> Any:
    """The value; None if it is an empty text or an object of nothing else."""
    if isinstance(value, dict):
        return value if any(_real(inner) for inner in value.values()) else None
    return value


PROVIDER = Provider(
    name="snowflake",
    base_url="https://{account_id}.snowflakecomputing.com",
    key_env=_KEY_ENV,
    base_url_env=("SNOWFLAKE_API_BASE",),
    speaks={
        Dialect.OPENAI_CHAT: Endpoint(f"{_PATH}/chat/completions"),
        Dialect.ANTHROPIC_MESSAGES: _MESSAGES,
    },
    auth=auth,
    speaking=speaking,
    url=tidy,
    transport=Amends(Amender, re.compile(rb'"choices"')),
    quirks=(
        developer_as_system,
        cache_control_for_claude,
        no_thinking_blocks,
        max_completion_tokens_everywhere,
    ),
    options_env={"account_id": ("SNOWFLAKE_ACCOUNT_ID",)},
    docs="https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
)

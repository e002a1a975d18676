"""What a model on Bedrock understands, told from its name.

Names are of the form `[us.]anthropic.claude-sonnet-4-5-20250929-v1:0`, or ARNs that hold one, or
ARNs that tell nothing (application profiles, provisioned and imported models). Of the latter
nothing is assumed.

Sources, read 2026-11, all below https://docs.aws.amazon.com: bedrock/latest/userguide/
structured-output.html, prompt-caching.html, model-parameters.html, conversation-inference-
supported-models-features.html, and nova/latest/nova2-userguide/extended-thinking.html.
"""

import re
from enum import StrEnum

from adapters.dialects.anthropic.models import claude


class Family(StrEnum):
    CLAUDE = "claude"
    NOVA = "nova"  # 1
    NOVA_2 = "nova-2"
    GPT_OSS = "gpt-oss"
    MISTRAL = "mistral"
    COHERE = "cohere"
    OTHER = "other"
    UNTOLD = "untold"


_FAMILIES = (
    (re.compile(r"claude"), Family.CLAUDE),
    (re.compile(r"nova-2"), Family.NOVA_2),
    (re.compile(r"nova-(micro|lite|pro|premier)"), Family.NOVA),
    (re.compile(r"gpt-oss"), Family.GPT_OSS),
    (re.compile(r"mistral\.|(mistral|pixtral|magistral|ministral)-"), Family.MISTRAL),
    (re.compile(r"cohere\."), Family.COHERE),
)
_UNTOLD = re.compile(r"arn:[^/]*/[a-z0-9]+$")
_STRUCTURED = re.compile(  # open models that keep to a schema by themselves
    r"qwen\.|google\.gemma|minimax\.|moonshot|nvidia\.|gpt-oss|zai\."
    r"|deepseek\.v3|ministral|magistral|voxtral|mistral-large-3"
)


def family(model: str) -> Family:
    name = model.lower()
    for pattern, found in _FAMILIES:
        if pattern.search(name):
            return found
    return Family.UNTOLD if _UNTOLD.match(name) else Family.OTHER


def structured(model: str) -> bool:
    """Whether it answers by a JSON schema without the help of a tool.

    Of the Claudes those that AWS's list names, and from 5 on; between them the newer 4s refuse
    the field (Opus 4.7) or are slow to honour it (Sonnet 4.6), as other gateways have found.
    """
    if family(model) is not Family.CLAUDE:
        return bool(_STRUCTURED.search(model.lower()))
    known = claude(model)
    return (
        known.version == (4, 5)
        or (known.family == "opus" and known.version == (4, 6))
        or known.version >= (5, 0)
    )


def can_be_forced(model: str) -> bool:
    """Whether `toolChoice` may name a tool."""
    return family(model) in {Family.CLAUDE, Family.NOVA, Family.NOVA_2, Family.MISTRAL}


def caches(model: str) -> bool:
    """Whether it takes cache points. Others refuse the whole request for one."""
    return family(model) in {Family.CLAUDE, Family.NOVA, Family.NOVA_2, Family.UNTOLD}


def caches_tools(model: str) -> bool:
    return family(model) in {Family.CLAUDE, Family.UNTOLD}


def searches(model: str) -> bool:
    """Whether Amazon's own web search is there."""
    return family(model) is Family.NOVA_2 or "nova-premier" in model.lower()


def reasons_by_effort(model: str) -> bool:
    return family(model) in {Family.CLAUDE, Family.NOVA_2, Family.GPT_OSS}

"""How hard to try for one call: retries, fallbacks, patience."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import Kind


@dataclass(frozen=True, slots=True)
class Fallback:
    """Another alias to ask, with fields of the body that are different there."""

    alias: str
    override: Mapping[str, Any] = field(default_factory=dict)


Chains = Mapping[str, Sequence[Fallback]]
ErrorRetries = Mapping[str, int]
"""LiteLLM's exception class, `exceptions.py`, or `OTHERWISE` -> retries after it."""
OTHERWISE = "Default"


@dataclass(frozen=True, slots=True)
class HedgeRules:
    """When a second attempt is made beside one that is slow to begin."""

    percentile: float = 95.0  # of the deployment's last streams that have begun earlier
    max_share: float = 0.02  # of an alias's requests


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard to try. Durations in seconds.

    The key `"*"` of a chain stands for every alias that has no entry of its own.
    """

    retries: int = 2  # further attempts within one alias and order, where a deployment has no say
    retries_asked: int | None = None  # the client's own word, which counts before all others
    backoff: float = 0.5
    backoff_max: float = 8.0
    backoff_min: float = 0.0  # router_settings.retry_after
    patience: float = 10.0  # the longest the client is kept waiting for a deployment to recover
    deadline: float = 600.0  # all attempts together, until the first event
    fallbacks: Chains = field(default_factory=dict)
    fallbacks_by_kind: Mapping[Kind, Chains] = field(default_factory=dict)
    max_fallbacks: int = 5
    retries_by_error: ErrorRetries = field(default_factory=dict)  # retry_policy
    retries_by_alias: Mapping[str, ErrorRetries] = field(default_factory=dict)  # of a model_group
    retry_budget: bool = True  # refuse second uses of a deployment when there are too many of them
    hedge: HedgeRules | None = None
    resume: bool = False  # a stream that breaks off goes on at another deployment


@dataclass(frozen=True, slots=True)
class RestRules:
    """When a failing deployment rests, and for how long. Durations in seconds.

    None: LiteLLM's key is not set, and the rules of `cooldown.py` hold.
    """

    allowed_fails: int | None = None  # failures within a minute that are forgiven
    cooldown: float | None = None
    enabled: bool = True
    allowed_fails_policy: Mapping[str, int] = field(default_factory=dict)  # by exception class

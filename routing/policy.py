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


@dataclass(frozen=True, slots=True)
class RestRules:
    """When a failing deployment rests, and for how long. Durations in seconds."""

    allowed_fails: int = 3  # failures within a minute that are forgiven
    cooldown: float = 5.0
    enabled: bool = True

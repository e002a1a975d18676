"""A deployment: one place where an alias can be served, and what we know about it right now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.types import Target


@dataclass(frozen=True, slots=True)
class Budget:
    """So much may be spent in one period, which begins with the first spending."""

    limit: int  # nano-dollars
    period_s: float


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of `model_list`.

    `id` names it in logs, headers and metrics; it holds no secret and survives a key rotation.
    `off` says why it cannot be used at all, e.g. an environment variable that is not set.
    """

    id: str
    alias: str  # model_name; may hold `*`
    target: Target
    weight: float | None = None
    order: int = 0  # the lowest order that has a usable deployment is served first
    rpm: int | None = None  # requests per minute
    tpm: int | None = None  # tokens per minute, input + output
    max_parallel: int | None = None  # answers under way at the same time, in all processes
    quota: str = ""  # deployments with the same share what their provider's headers tell
    cooldown_s: float | None = None  # None: the router's
    retries: int | None = None  # None: the router's
    input_price: float | None = None  # dollars per token; None: not known
    output_price: float | None = None
    window: int | None = None  # tokens that a prompt may have; None: not known
    abilities: frozenset[str] | None = None  # vision, tools, audio ...; None: not known
    unable: frozenset[str] = frozenset()  # what it cannot do, by the operator's word
    region: str = ""  # as the provider names it, or eu, us
    tags: frozenset[str] = frozenset()
    tag_patterns: tuple[re.Pattern[str], ...] = ()  # of `User-Agent: ...`
    budget: Budget | None = None
    access_groups: frozenset[str] = frozenset()
    allowed_fails: int | None = None  # None: the router's; as the next
    allowed_fails_policy: Mapping[str, int] = field(default_factory=dict)
    off: str = ""
    limited: bool = field(init=False, compare=False)  # config sets a limit that must be asked for

    def __post_init__(self) -> None:
        limits = (self.rpm, self.tpm, self.max_parallel)
        object.__setattr__(self, "limited", limits != (None, None, None))


@dataclass(frozen=True, slots=True)
class Stats:
    """What we know about one deployment right now. Durations in seconds."""

    in_flight: int = 0
    failures: int = 0  # since the last success, within a minute
    cooling: float = 0.0  # until it may be used again; 0: now
    probing: bool = False  # it has rested, and one request is finding out whether it is well
    ejected: bool = False  # it rests, or has rested and not answered yet, on nobody's word but ours
    warmth: float = 1.0  # share of its usual traffic that it may have; it grows after a rest
    requests: int = 0  # within the last minute
    tokens: int = 0
    left: float = 1.0  # share of its provider's allowance that is left, as its headers told
    # Measured. Not compared: what has happened is the same, however long it took.
    ttft: float | None = field(default=None, compare=False)  # moving average; None: not known
    per_token: float | None = field(default=None, compare=False)  # of each token after the first
    latencies: tuple[float, ...] = field(default=(), compare=False)  # per token, the newest last
    latency_ages: tuple[float, ...] = field(default=(), compare=False)  # of each of these
    first_tokens: tuple[float, ...] = field(default=(), compare=False)  # times until, newest last
    first_token_ages: tuple[float, ...] = field(default=(), compare=False)


IDLE = Stats()

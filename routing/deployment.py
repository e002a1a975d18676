"""A deployment: one place where an alias can be served, and what we know about it right now."""

from dataclasses import dataclass

from adapters.types import Target


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
    cooldown_s: float | None = None  # None: the router's
    retries: int | None = None  # None: the router's
    off: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    """What we know about one deployment right now. Durations in seconds."""

    in_flight: int = 0
    failures: int = 0  # since the last success, within a minute
    cooling: float = 0.0  # until it may be used again; 0: now


IDLE = Stats()

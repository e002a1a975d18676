"""What the bench and the gateway that it measures say to each other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """What to serve. It goes through a pipe, where nobody else reads."""

    config: str  # a file
    upstream: str  # the measured provider's address
    key: str  # instead of the master key
    server: str
    with_state: bool  # use the Redis that config names


@dataclass(frozen=True, slots=True)
class Used:
    """So far, by the gateway's process."""

    cpu_s: float
    memory_mb: float
    memory: str  # what `memory_mb` is

"""What happened to one call, as it happens."""

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.errors import Failure
from routing.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Attempt:
    """One use of one deployment. Seconds; `failure` is None if it answered."""

    alias: str
    deployment: Deployment
    took: float
    failure: Failure | None = None
    rest: float = 0.0  # how long the deployment rests now


@dataclass(slots=True)
class Journey:
    """`told` hears of each failed attempt at once."""

    told: Callable[[Attempt], None] = lambda _: None
    attempts: list[Attempt] = field(default_factory=list)
    fallbacks: int = 0
    answered: Attempt | None = None  # the attempt whose answer the client gets

    @property
    def retries(self) -> int:
        """Further attempts within the alias that answered, or that was tried last."""
        alias = self.attempts[-1].alias if self.attempts else ""
        return max(0, sum(attempt.alias == alias for attempt in self.attempts) - 1)

    def note(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        if attempt.failure:
            self.told(attempt)
        else:
            self.answered = attempt

"""What happened to one call, as it happens."""

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.errors import Failure
from routing.deployment import Deployment


@dataclass(slots=True)
class Attempt:
    """One use of one deployment. Seconds; `failure` is None if it answered."""

    alias: str
    deployment: Deployment
    took: float
    failure: Failure | None = None
    rest: float = 0.0  # how long the deployment rests now
    hedge: bool = False  # made beside another one that was slow
    lost: bool = False  # called off, or later than another one made beside it


@dataclass(frozen=True, slots=True)
class Resumption:
    """A stream that broke off at one deployment and goes on at another."""

    alias: str
    broken: Deployment
    by: Deployment
    failure: Failure
    characters: int  # that the client had read
    prefilled: bool  # the answer goes on by itself; else it was given anew and skipped


@dataclass(slots=True)
class Journey:
    """`told` hears of each failed attempt at once."""

    told: Callable[[Attempt], None] = lambda _: None
    attempts: list[Attempt] = field(default_factory=list)
    fallbacks: int = 0
    answered: Attempt | None = None  # the attempt whose answer the client gets
    queued: float = 0.0  # seconds that it waited for room
    estimate: int = 0  # tokens that were reserved for the last attempt; 0: nobody had to ask
    resumed: Callable[[Resumption], None] = lambda _: None
    resumption: Resumption | None = None
    not_resumed: str = ""  # why a stream that broke off could not go on, where it was to

    @property
    def retries(self) -> int:
        """Further attempts within the alias that answered, or that was tried last."""
        if len(self.attempts) < 2:
            return 0
        alias = self.attempts[-1].alias
        made = sum(attempt.alias == alias and not attempt.hedge for attempt in self.attempts)
        return max(0, made - 1)

    @property
    def hedged(self) -> bool:
        """Whether a second attempt was made beside one that was slow."""
        return len(self.attempts) > 1 and any(attempt.hedge for attempt in self.attempts)

    def note(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        if attempt.failure:
            self.told(attempt)
        else:
            self.answered = attempt

"""What strategies are told of deployments: `Stats` that look when they are asked.

Most strategies read one or two of a dozen numbers, many of them of two candidates only, however
many there are. So nothing is gathered for a choice: there is one view for each deployment, made at
start, and what a strategy reads is looked up as it reads.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from adapters.clock import Clock
from routing.deployment import Deployment, Stats
from routing.health import Health
from routing.limits import Limits


def known(
    deployments: Iterable[Deployment], health: Health, limits: Limits, clock: Clock
) -> Mapping[str, Stats]:
    """The views of all deployments, by id."""
    views = {d.id: Seen(d, health, limits, clock) for d in deployments}
    # A view has everything that `Stats` has; a test holds that. `Stats` itself stays a plain value.
    return cast("Mapping[str, Stats]", views)


class Seen:
    """`Stats` of one deployment, as they are at this very moment."""

    __slots__ = ("_clock", "_deployment", "_health", "_id", "_limits", "_timing")

    def __init__(
        self, deployment: Deployment, health: Health, limits: Limits, clock: Clock
    ) -> None:
        self._deployment = deployment
        self._id = deployment.id
        self._health = health
        self._limits = limits
        self._clock = clock
        self._timing = health.timing(deployment.id)

    @property
    def in_flight(self) -> int:
        return self._health.in_flight(self._id)

    @property
    def warmth(self) -> float:
        return self._health.warmth(self._id)

    @property
    def failures(self) -> int:
        return self._health.failures(self._id)

    @property
    def cooling(self) -> float:
        return self._now.cooling

    @property
    def probing(self) -> bool:
        return self._now.probing

    @property
    def ejected(self) -> bool:
        return self._now.ejected

    @property
    def requests(self) -> int:
        return self._limits.used(self._deployment)[0]

    @property
    def tokens(self) -> int:
        return self._limits.used(self._deployment)[1]

    @property
    def left(self) -> float:
        return self._limits.left(self._deployment)

    @property
    def ttft(self) -> float | None:
        return self._timing.first.value(self._clock.now())

    @property
    def per_token(self) -> float | None:
        return self._timing.per_token.value(self._clock.now())

    @property
    def latencies(self) -> tuple[float, ...]:
        return self._timing.latencies.seconds(self._clock.now())

    @property
    def latency_ages(self) -> tuple[float, ...]:
        return self._timing.latencies.ages(self._clock.now())

    @property
    def first_tokens(self) -> tuple[float, ...]:
        return self._timing.firsts.seconds(self._clock.now())

    @property
    def first_token_ages(self) -> tuple[float, ...]:
        return self._timing.firsts.ages(self._clock.now())

    @property
    def _now(self) -> Stats:
        return self._health.stats((self._deployment,))[self._id]

"""What happened to each deployment, and so what may be used now. One process's view."""

from collections import deque
from collections.abc import Mapping, Sequence

from adapters.clock import Clock
from adapters.errors import Failure
from routing.cooldown import NOT_ITS_FAULT, rest_s
from routing.deployment import IDLE, Deployment, Stats
from routing.policy import RestRules

_WINDOW_S = 60.0  # failures older than this are forgotten
_REMEMBERED = 1000  # failures of one deployment


class _State:
    __slots__ = ("failures", "in_flight", "rested_at")

    def __init__(self) -> None:
        self.in_flight = 0
        self.failures: deque[float] = deque(maxlen=_REMEMBERED)  # when
        self.rested_at = 0.0  # when it may be used again

    def seen(self, now: float) -> Stats:
        failures = self.failures
        while failures and failures[0] < now - _WINDOW_S:
            failures.popleft()
        return Stats(self.in_flight, len(failures), _left(self.rested_at - now))


class Health:
    """Writes outcomes, reads `Stats`. Nothing here waits, so routing never suspends on it."""

    def __init__(self, rules: RestRules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._states: dict[str, _State] = {}

    def stats(self, deployments: Sequence[Deployment]) -> Mapping[str, Stats]:
        now = self._clock.now()
        states = self._states
        return {
            deployment.id: state.seen(now) if (state := states.get(deployment.id)) else IDLE
            for deployment in deployments
        }

    def started(self, deployment: Deployment) -> None:
        self._state(deployment).in_flight += 1

    def ended(self, deployment: Deployment) -> None:
        self._state(deployment).in_flight -= 1

    def failed(self, deployment: Deployment, failure: Failure, *, lone: bool) -> float:
        """Note a failure; returns the seconds that the deployment now rests."""
        if failure.kind in NOT_ITS_FAULT:
            return 0.0
        state = self._state(deployment)
        now = self._clock.now()
        state.failures.append(now)
        rest = rest_s(
            failure,
            recent=state.seen(now).failures,
            rules=self._rules,
            own_s=deployment.cooldown_s,
            lone=lone,
        )
        state.rested_at = max(state.rested_at, now + rest)
        return rest

    def succeeded(self, deployment: Deployment) -> None:
        """An answer came to its end: what failed before says nothing about now."""
        state = self._states.get(deployment.id)
        if state and state.failures:
            state.failures.clear()

    def timed(
        self, deployment: Deployment, first_s: float | None, took_s: float, output: int
    ) -> None:
        """An answer of `output` tokens took so long; `first_s`: until its first, if it streamed."""

    def _state(self, deployment: Deployment) -> _State:
        state = self._states.get(deployment.id)
        if state is None:
            state = self._states[deployment.id] = _State()
        return state


def _left(seconds: float) -> float:
    """Timers may wake a few milliseconds early; whoever slept for a rest has slept enough."""
    return seconds if seconds > 0.01 else 0.0

"""What happened to each deployment, and so what may be used now. One process's view."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from adapters.clock import Clock
from adapters.errors import Failure, Kind
from routing.breaker import Breaker, Phase, left
from routing.cooldown import ILL, NO_REST, NOT_ITS_FAULT, Record, Rest, rest_of
from routing.deployment import IDLE, Deployment, Stats
from routing.exceptions import exception_of
from routing.latency import Timing
from routing.policy import RestRules

_WINDOW_S = 60.0  # failures older than this are forgotten
_REMEMBERED = 1000  # failures of one deployment


class _State:
    __slots__ = ("breaker", "failures", "in_flight", "rested_at", "timing")

    def __init__(self) -> None:
        self.in_flight = 0
        self.failures: deque[tuple[float, str]] = deque(maxlen=_REMEMBERED)  # when, which class
        self.rested_at = 0.0  # when a rest that was asked for is over
        self.breaker = Breaker()
        self.timing = Timing()

    def seen(self, now: float) -> Stats:
        self._forget(now)
        failures, asked, breaker = len(self.failures), left(self.rested_at, now), self.breaker
        if breaker.phase(now) is Phase.CLOSED:
            return Stats(self.in_flight, failures, asked, warmth=breaker.warmth(now))
        return Stats(
            in_flight=self.in_flight,
            failures=failures,
            cooling=max(asked, breaker.left(now)),
            probing=breaker.probing,
            warmth=breaker.warmth(now),
            ejected=not asked,
        )

    def measured(self, now: float) -> Stats:
        """The same, and how fast it was."""
        return replace(self.seen(now), **self.timing.seen(now))

    def recent(self, now: float) -> int:
        self._forget(now)
        return len(self.failures)

    def well(self, now: float) -> bool:
        return self.breaker.phase(now) is Phase.CLOSED and not left(self.rested_at, now)

    def failed(self, failure: Failure, now: float, began: float) -> Record:
        """Note it; returns all that is known."""
        self._forget(now)
        name, breaker = exception_of(failure), self.breaker
        self.failures.append((now, name))
        if failure.kind in ILL:
            breaker.failed(now)
        outcomes, failures = breaker.outcomes.total(now)
        return Record(
            recent=len(self.failures),
            same=sum(other == name for _, other in self.failures),
            in_a_row=breaker.in_a_row,
            outcomes=outcomes,
            failures=failures,
            ejections=breaker.ejections(now),
            phase=breaker.phase_for(now, began),
        )

    def succeeded(self, now: float) -> None:
        self.breaker.succeeded(now)
        if self.failures:
            self.failures.clear()

    def rest(self, now: float, rest: Rest) -> None:
        if rest.ejection:
            self.breaker.eject(now, rest.seconds)
        else:
            self.rested_at = max(self.rested_at, now + rest.seconds)

    def _forget(self, now: float) -> None:
        failures = self.failures
        while failures and failures[0][0] < now - _WINDOW_S:
            failures.popleft()


class Health:
    """Writes outcomes, reads `Stats`. Nothing here waits, so routing never suspends on it.

    `told` hears of each rest that begins, of which deployment and for how many seconds, and of 0
    seconds when one has ended early: other processes may want to know.

    `began` is when the attempt was made that an outcome is of; None: now.
    """

    def __init__(
        self,
        rules: RestRules,
        clock: Clock,
        rng: Random,
        *,
        told: Callable[[str, float], None] | None = None,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._rng = rng
        self._told = told or _nobody
        self._states: dict[str, _State] = {}
        self._unwell: set[str] = set()  # everybody who rests or is on probation, and maybe others

    def stats(self, deployments: Sequence[Deployment]) -> Mapping[str, Stats]:
        now = self._clock.now()
        states = self._states
        return {
            deployment.id: state.measured(now) if (state := states.get(deployment.id)) else IDLE
            for deployment in deployments
        }

    def unwell(self) -> Mapping[str, Stats]:
        """Of those that rest or are on probation, by id: mostly nobody, however many there are."""
        if not self._unwell:
            return {}
        now, states = self._clock.now(), self._states
        self._unwell = {id_ for id_ in self._unwell if not states[id_].well(now)}
        return {id_: states[id_].seen(now) for id_ in self._unwell}

    @property
    def all_well(self) -> bool:
        """Whether surely nobody rests or is on probation, which is quicker to say."""
        return not self._unwell

    def in_flight(self, deployment_id: str) -> int:
        state = self._states.get(deployment_id)
        return state.in_flight if state else 0

    def failures(self, deployment_id: str) -> int:
        """Since the last success, within a minute."""
        state = self._states.get(deployment_id)
        return state.recent(self._clock.now()) if state and state.failures else 0

    def warmth(self, deployment_id: str) -> float:
        state = self._states.get(deployment_id)
        return state.breaker.warmth(self._clock.now()) if state else 1.0

    def timing(self, deployment_id: str) -> Timing:
        return self._state(deployment_id).timing

    def started(self, deployment: Deployment) -> None:
        state = self._state(deployment.id)
        state.in_flight += 1
        if state.breaker.opened_at is not None:
            state.breaker.started(self._clock.now())

    def answered(self, deployment: Deployment, began: float | None = None) -> None:
        """An answer has begun: who was ejected is well again, and warms up."""
        state = self._state(deployment.id)
        if state.breaker.opened_at is None:
            return
        now = self._clock.now()
        unused = state.breaker.answered(now, now if began is None else began)
        if unused and not left(state.rested_at, now):
            self._told(deployment.id, 0.0)

    def ended(self, deployment: Deployment, began: float | None = None) -> None:
        state = self._state(deployment.id)
        state.in_flight -= 1
        state.breaker.ended(self._clock.now() if began is None else began)

    def failed(
        self, deployment: Deployment, failure: Failure, *, lone: bool, began: float | None = None
    ) -> float:
        """Note a failure; returns the seconds that the deployment now rests."""
        if failure.kind in NOT_ITS_FAULT:
            return 0.0
        state = self._state(deployment.id)
        now = self._clock.now()
        if failure.kind is Kind.TIMEOUT:
            state.timing.timed_out(now, 0.0 if began is None else now - began)
        record = state.failed(failure, now, now if began is None else began)
        rest = rest_of(failure, record, self._rules, deployment, lone=lone, rng=self._rng)
        if rest != NO_REST:
            state.rest(now, rest)
            self._unwell.add(deployment.id)
            self._told(deployment.id, rest.seconds)
        return rest.seconds

    def succeeded(self, deployment: Deployment, began: float | None = None) -> None:
        """An answer came to its end: what failed before says nothing about now."""
        self.answered(deployment, began)
        self._state(deployment.id).succeeded(self._clock.now())

    def learn(self, deployment_id: str, seconds: float) -> None:
        """Another process has begun to leave it alone; for as long, so do we.

        Nobody knows here whose word that rest is. It is taken for a guess, so that a rest which is
        none of the provider's doing can never shut out everybody.
        """
        if seconds > 0 and self._rules.enabled:
            self._state(deployment_id).breaker.learn(self._clock.now(), seconds)
            self._unwell.add(deployment_id)

    def timed(
        self, deployment: Deployment, first_s: float | None, took_s: float, output: int
    ) -> None:
        """An answer of `output` tokens took so long; `first_s`: until its first, if it streamed."""
        state = self._state(deployment.id)
        state.timing.timed(self._clock.now(), first_s, took_s, output)

    def done(
        self,
        deployment: Deployment,
        began: float,
        first_s: float | None,
        took_s: float,
        output: int,
    ) -> None:
        """It has answered and succeeded, was timed and has ended, all of it at the same moment."""
        state, now = self._state(deployment.id), self._clock.now()
        if state.breaker.opened_at is not None:
            self.answered(deployment, began)
        state.succeeded(now)
        state.timing.timed(now, first_s, took_s, output)
        state.in_flight -= 1

    def _state(self, deployment_id: str) -> _State:
        state = self._states.get(deployment_id)
        if state is None:
            state = self._states[deployment_id] = _State()
        return state


def _nobody(deployment_id: str, seconds: float) -> None:
    """Told of rests where this process is alone."""

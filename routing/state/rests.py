"""Rests that processes tell each other of: what one has felt, the others need not."""

from collections.abc import Callable, Sequence
from math import inf

from adapters.clock import Clock
from routing.state.store import Store, StoreGone

_LOOK_S = 1.0
_ECHO_S = 2.0  # in which what we hear may be our own word from before


class SharedRests:
    """Tells of rests that begin here, hears of those that began elsewhere."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._deaf_until: dict[str, float] = {}  # our own rests come back to us

    def told(self, deployment_id: str, seconds: float) -> None:
        """A rest begins, or with 0 seconds it has ended early."""
        self._store.rest(deployment_id, seconds)
        self._deaf_until[deployment_id] = self._clock.now() + seconds + _ECHO_S

    async def listen(
        self, deployment_ids: Sequence[str], learn: Callable[[str, float], None]
    ) -> None:
        """Once a second, for ever."""
        while True:
            await self._clock.sleep(_LOOK_S)
            try:
                rests = await self._store.rests(deployment_ids)
            except StoreGone:
                continue
            now = self._clock.now()
            for deployment_id, seconds in zip(deployment_ids, rests, strict=True):
                if seconds and not self._own(deployment_id, seconds, now):
                    learn(deployment_id, seconds)

    def _own(self, deployment_id: str, seconds: float, now: float) -> bool:
        return now + seconds <= self._deaf_until.get(deployment_id, -inf)

"""A shared store that nobody has to wait for: while it is slow or gone, each process is on its own.

    trusted --a call fails--> doubted --5 trials fail--> gone
       ^                         |                         |
       '------- a trial ends well, all has been told ------'

Only while it is trusted is anybody made to wait, and it says itself, within its patience, that it
does not answer. In doubt, which begins with the first failure, and while it is gone, answers come
from memory at once; trials are made in the background, one after the other, then one a second.

Alone, a process may use its share: the limit divided by the processes last known to share the
store, at least 1. It knows what it has used itself within the last minute, because it has counted
along. What it takes is told to the shared store as soon as that can be reached, at the time when it
was taken, and once; so are corrections and slots. Nothing is lost but what is older than a minute.

Of a budget it may spend its share of what was left, as last heard: what it spends alone counts for
each of the others too, until they have been told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from typing import TypeVar

from adapters.clock import Clock
from routing.state.memory import MemoryStore
from routing.state.store import Claim, Grant, Spent, Store, StoreGone

_IN_A_ROW = 5  # failures until it is gone
_DOUBT_S = 1.0  # or so long without a success
_TRIAL_S = 1.0  # between trials while it is gone
_SOON_S = 0.05  # between trials before that

T = TypeVar("T")


class Trust(Enum):
    TRUSTED = auto()
    DOUBTED = auto()
    GONE = auto()


class Guarded:
    """`sharers`: how many processes share the store, as last known. `told(up, why)`: hears when it
    is gone, and when it is back.
    """

    def __init__(
        self,
        shared: Store,
        clock: Clock,
        *,
        sharers: Callable[[], int],
        told: Callable[[bool, str], None] | None = None,
    ) -> None:
        self.alone = 0  # decisions made without the others
        self._shared = shared
        self._local = MemoryStore(clock)
        self._clock = clock
        self._sharers = sharers
        self._told = told or _nobody
        self._trust = Trust.GONE
        self._failures = 0
        self._doubted_at = 0.0
        self._trials: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether decisions are shared, but for a moment of doubt."""
        return self._trust is not Trust.GONE

    async def start(self) -> None:
        """Find out whether it is there. If not, that is no reason not to start."""
        try:
            await self._try()
        except StoreGone as error:
            self._gone(error)
            self._trials = asyncio.create_task(self._recover())
        else:
            self._trust = Trust.TRUSTED

    async def take(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> Grant:
        if self._trust is Trust.TRUSTED:
            try:
                grant = await self._watched(self._shared.take(lease, claims, slots))
            except StoreGone:
                # Perhaps it was granted: counted too much, but the slot must come back.
                self._shared.settle(lease, (), slots.key if slots else "", ago=0.0)
            else:
                if grant.granted:
                    self._local.took(lease, claims, slots)
                return grant
        return await self._take_alone(lease, claims, slots)

    def took(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> None:
        self._shared.took(lease, claims, slots)
        self._local.took(lease, claims, slots)

    def settle(self, lease: str, claims: Sequence[Claim], slots: str, *, ago: float) -> None:
        self._shared.settle(lease, claims, slots, ago=ago)
        self._local.settle(lease, claims, slots, ago=ago)

    def rest(self, key: str, seconds: float) -> None:
        self._shared.rest(key, seconds)
        self._local.rest(key, seconds)

    async def rests(self, keys: Sequence[str]) -> Sequence[float]:
        if self._trust is Trust.TRUSTED:
            with suppress(StoreGone):
                return await self._watched(self._shared.rests(keys))
        return await self._local.rests(keys)

    def put(self, key: str, value: bytes, ttl: float) -> None:
        self._shared.put(key, value, ttl)
        self._local.put(key, value, ttl)

    async def get(self, key: str) -> bytes | None:
        if self._trust is Trust.TRUSTED:
            with suppress(StoreGone):
                return await self._watched(self._shared.get(key))
        return await self._local.get(key)

    async def gets(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        if self._trust is Trust.TRUSTED:
            with suppress(StoreGone):
                return await self._watched(self._shared.gets(keys))
        return await self._local.gets(keys)

    def spend(self, key: str, amount: int, period_s: float) -> None:
        self._shared.spend(key, amount, period_s)

    def spent(self, key: str) -> Spent:
        known = self._shared.spent(key)
        if self._trust is Trust.TRUSTED or not known.untold:
            return known
        others = max(1, self._sharers()) - 1
        return known._replace(amount=known.amount + others * known.untold)

    async def flush(self) -> None:
        """Tell the others, if they can be reached."""
        if self._trust is Trust.TRUSTED:
            with suppress(StoreGone):
                await self._watched(self._shared.flush())

    async def close(self) -> None:
        if self._trials:
            self._trials.cancel()
            await asyncio.wait([self._trials])
        await self._shared.close()

    async def _take_alone(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> Grant:
        """Within this process's share. What is larger than the share may go when nothing else has
        gone: that one call would be refused for ever otherwise.
        """
        self.alone += 1
        sharers = max(1, self._sharers())
        shares = [_share(claim, sharers) for claim in claims]
        grant = await self._local.take(lease, shares, slots and _share(slots, sharers))
        if grant.granted:
            self._shared.took(lease, claims, slots)
            rests = [
                replace(claim, amount=claim.amount - share.amount)
                for claim, share in zip(claims, shares, strict=True)
                if claim.amount > share.amount
            ]
            self._local.settle(lease, rests, "", ago=0.0)
        return grant

    async def _watched(self, answer: Awaitable[T]) -> T:
        """Raises `StoreGone`, which is noted."""
        try:
            return await answer
        except StoreGone:
            if self._trust is Trust.TRUSTED:
                self._doubt()
            raise

    def _doubt(self) -> None:
        self._trust = Trust.DOUBTED
        self._failures = 1
        self._doubted_at = self._clock.now()
        self._trials = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        """Try until it is back."""
        while True:
            pause_s = _TRIAL_S if self._trust is Trust.GONE else _SOON_S
            await self._clock.sleep(pause_s)
            try:
                await self._try()
            except StoreGone as error:
                self._failures += 1
                if self._trust is Trust.DOUBTED and self._is_gone():
                    self._gone(error)
            else:
                break
        was, self._trust = self._trust, Trust.TRUSTED
        if was is Trust.GONE:
            self._told(True, "")

    async def _try(self) -> None:
        """Whether it takes our word, and answers in time."""
        await self._shared.flush()
        await self._shared.get("trial")

    def _is_gone(self) -> bool:
        doubted_s = self._clock.now() - self._doubted_at
        return self._failures >= _IN_A_ROW or doubted_s >= _DOUBT_S

    def _gone(self, error: Exception) -> None:
        self._trust = Trust.GONE
        self._told(False, str(error))


def _share(claim: Claim, sharers: int) -> Claim:
    share = max(1, claim.limit // sharers) if claim.limit else 0
    fits = claim.amount <= claim.limit
    return replace(claim, amount=min(claim.amount, share) if fits else claim.amount, limit=share)


def _nobody(up: bool, why: str) -> None:
    """Nobody wants to know."""

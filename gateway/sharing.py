"""What this process shares with others: the store, whether it can be reached, rests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

from adapters.clock import Clock
from gateway.log import Level, Log
from routing.state.address import RedisAddress
from routing.state.guarded import Guarded
from routing.state.memory import MemoryStore
from routing.state.rests import SharedRests
from routing.state.store import Store


@dataclass(frozen=True, slots=True)
class Sharing:
    """`guarded` and `rests` are there only if there is somebody to share with."""

    store: Store
    owner: str = ""  # the name of this process
    guarded: Guarded | None = None
    rests: SharedRests | None = None

    @property
    def told(self) -> Callable[[str, float], None] | None:
        """Whom to tell of rests."""
        return self.rests.told if self.rests else None

    @asynccontextmanager
    async def listening(
        self, deployment_ids: Sequence[str], learn: Callable[[str, float], None]
    ) -> AsyncIterator[None]:
        """Hear of rests that began elsewhere for as long as the block lasts."""
        if self.rests is None:
            yield
            return
        task = asyncio.create_task(self.rests.listen(deployment_ids, learn))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@asynccontextmanager
async def sharing(address: RedisAddress | None, log: Log, clock: Clock) -> AsyncIterator[Sharing]:
    """Through a Redis, or alone if there is none. A Redis that is gone holds nobody up."""
    if address is None:
        yield Sharing(MemoryStore(clock))
        return

    from routing.state.redis_store import RedisStore  # noqa: PLC0415  # an extra

    owner = f"{token_hex(6)}-"
    redis = RedisStore(address, clock, owner)
    redis.start()

    def told(up: bool, why: str) -> None:
        if up:
            log("shared_state.back", at=str(address), decided_alone=guarded.alone)
        else:
            log("shared_state.gone", Level.WARNING, at=str(address), text=why)

    guarded = Guarded(redis, clock, sharers=lambda: redis.processes, told=told)
    try:
        await guarded.start()
        yield Sharing(guarded, owner, guarded, SharedRests(guarded, clock))
    finally:
        await guarded.close()

"""What several processes know together: use within a minute, slots, rests, money, small notes.

Dumb on purpose, so that two back ends stay equal: one promise suite (`tests/routing/state`) is run
over both. What must be answered is awaited, one round trip where there is a network in between;
what is only told is noted at once and sent soon, so that nobody waits for it. A back end that is
gone, or slow, raises `StoreGone` in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

LEASE_S = 30.0
HEARD_S = 1.0  # until what others have spent is known, while the store answers
SLOT_WAIT_S = 0.25  # when to look again for a slot: nobody knows when an answer ends


class StoreGone(Exception):
    """The store did not answer in time, or with sense."""


@dataclass(frozen=True, slots=True)
class Claim:
    """So much of what may be used within any 60 seconds."""

    key: str
    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether everything that was claimed is ours now."""

    granted: bool
    wait_s: float = (
        0.0  # else: when there may be room, at the soonest; a guess where slots are full
    )
    used: tuple[int, ...] = ()  # of each claim's key within the last minute, ours included


class Spent(NamedTuple):
    """In the period that is under way; nothing: none is."""

    amount: int = 0
    left_s: float = 0.0  # of the period
    untold: int = 0  # of the amount: what nobody but this process knows yet


NOTHING = Spent()


class Store(Protocol):
    """Durations in seconds; nobody compares clocks.

    What is claimed together has keys that are equal after their first colon (`rpm:x`, `tpm:x`):
    a back end of several servers keeps such keys on one of them.
    """

    async def take(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> Grant:
        """Take all of it or nothing, in one step.

        `slots`: at most `limit` leases hold a slot under its key at the same time. A lease that is
        not renewed for `LEASE_S` is free again, so a process that dies keeps no slot for long; the
        store renews those of its own process.
        """
        ...

    def took(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> None:
        """Taken without asking: it counts all the same, whatever the limits are."""
        ...

    def settle(self, lease: str, claims: Sequence[Claim], slots: str, *, ago: float) -> None:
        """Correct what was taken `ago` seconds before by `amount`, up or down, and give back the
        slot under that key.
        """
        ...

    def rest(self, key: str, seconds: float) -> None:
        """Leave something alone. A longer rest is never shortened; 0 ends it."""
        ...

    async def rests(self, keys: Sequence[str]) -> Sequence[float]:
        """Seconds that are left of each rest; 0: none."""
        ...

    def put(self, key: str, value: bytes, ttl: float) -> None: ...

    async def get(self, key: str) -> bytes | None: ...

    async def gets(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """Several notes at once, for one round trip."""
        ...

    def spend(self, key: str, amount: int, period_s: float) -> None:
        """Money has gone. A period begins with the first spending in it, and is the same for all
        processes; with `inf` it never ends. What was spent is kept as long, whoever dies. Each key
        has one period.
        """
        ...

    def spent(self, key: str) -> Spent:
        """What all have spent, as far as this process knows, which costs nobody a round trip: its
        own spending at once, that of others within `HEARD_S` and the time that a message takes.
        Who asks for a key for the first time may be told of nothing; after the next `flush` it is
        known.
        """
        ...

    async def flush(self) -> None:
        """Everything that was said before is known to all when this returns, and what others have
        spent is known here.
        """
        ...

    async def close(self) -> None: ...

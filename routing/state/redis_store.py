"""The store of many processes: Redis, or Valkey, which is the same to us.

A decision is one Lua script, so it is one step and one round trip; its time is the server's, so no
two machines compare clocks. What is only told goes into an outbox, which one task empties: soon,
again if that failed, and each correction counts once all the same.

Keys begin with `sluicegate:` and the namespace. Those of one script share a hash tag, which is what
follows the first colon: `rpm:x` and `slots:x` lie in the slot of `{x}`.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from math import ceil, inf

from adapters.clock import Clock
from routing.state.address import RedisAddress
from routing.state.outbox import Corrections, Outbox
from routing.state.scripts import Command, load
from routing.state.store import LEASE_S, SLOT_WAIT_S, Claim, Grant, StoreGone
from routing.state.wire import Wire
from routing.windows import SPAN_S

PATIENCE_S = 0.05  # for an answer
_RENEW_S = LEASE_S / 3
_BEAT_S = 1.0  # a word of life goes along with what is sent anyway, but not more often
_SOON_S = 0.005  # what is told within so long is sent together
_AGAIN_S = 1.0  # between tries when nothing can be sent
_LEASES = 500  # in one command


@dataclass(slots=True)
class ServerTime:
    """How the server's time passes here: as everywhere, but in tests that have no minute to wait.

    `pace`: our seconds in one of the server's; `ahead_s`: seconds that our time is before it.
    """

    pace: float = 1.0
    ahead_s: float = 0.0

    def now_ms(self, said: tuple[int, int]) -> float:
        """From the seconds and microseconds that the server says."""
        seconds, micros = said
        return (seconds * 1000 + micros / 1000) * self.pace + self.ahead_s * 1000


class RedisStore:
    """`owner`: the name of this process; no two that share the server have the same.

    `processes`: how many are known to share it. A higher number is believed at once, a lower one
    when nothing else was heard for `LEASE_S`.
    """

    def __init__(
        self,
        address: RedisAddress,
        clock: Clock,
        owner: str,
        *,
        patience_s: float = PATIENCE_S,
        time: ServerTime | None = None,
    ) -> None:
        self.processes = 1
        self._counted_at = clock.now()
        self._scripts = load()
        self._wire = Wire(address, self._scripts.texts, patience_s)
        self._clock = clock
        self._owner = owner
        self._prefix = "sluicegate:" + (f"{address.namespace}:" if address.namespace else "")
        self._time = time or ServerTime()
        self._numbers = count(1)
        self._box = Outbox(next(self._numbers))
        self._unsent: Outbox | None = None  # nobody knows how much of it has arrived
        self._sending = asyncio.Lock()
        self._noted = asyncio.Event()
        self._held: dict[str, set[str]] = {}  # slots' key -> leases of this process
        self._seconds: dict[str, int] = {}  # lease -> the server's second that it counts in
        self._renewed_at = self._beat_at = -inf
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send what is told."""
        self._writer = asyncio.create_task(self._write())

    async def take(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> Grant:
        keys = [self._key(claim.key) for claim in claims]
        if slots:
            keys.append(self._key(slots.key))
        wanted, there = (slots.amount, slots.limit) if slots else (0, 0)
        pairs = [number for claim in claims for number in (claim.amount, claim.limit)]
        granted, wait_ms, second, *used = await self._wire.ask(
            self._scripts.take.call(
                keys,
                *self._moment,
                lease,
                ceil(LEASE_S * 1000),
                wanted,
                there,
                ceil(SLOT_WAIT_S * 1000),
                *pairs,
            )
        )
        if granted:
            self._seconds[lease] = second
            if slots:
                self._held.setdefault(keys[-1], set()).add(lease)
        return Grant(bool(granted), inf if wait_ms < 0 else wait_ms / 1000, tuple(used))

    def took(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> None:
        now = self._clock.now()
        for claim in claims:
            self._box.correct(self._key(claim.key), claim.amount, now, None)
        if slots:
            key = self._key(slots.key)
            self._held.setdefault(key, set()).add(lease)
            self._box.hold(key, lease, now)
        self._noted.set()

    def settle(self, lease: str, claims: Sequence[Claim], slots: str, *, ago: float) -> None:
        now = self._clock.now()
        second = self._seconds.pop(lease, None)
        for claim in claims:
            if claim.amount:
                self._box.correct(self._key(claim.key), claim.amount, now - ago, second)
        if slots:
            key = self._key(slots)
            self._held.get(key, set()).discard(lease)
            self._box.release(key, lease, now)
        self._noted.set()

    def rest(self, key: str, seconds: float) -> None:
        until = self._clock.now() + seconds if seconds > 0 else 0.0
        self._box.rest(self._rest_key(key), until)
        self._noted.set()

    async def rests(self, keys: Sequence[str]) -> Sequence[float]:
        if not keys:
            return []
        names = [self._rest_key(key) for key in keys]
        time, ends = await asyncio.gather(
            self._wire.ask(("TIME",)), self._wire.ask(("MGET", *names))
        )
        now = self._time.now_ms(time)
        return [max(0.0, (float(end) - now) / 1000) if end else 0.0 for end in ends]

    def put(self, key: str, value: bytes, ttl: float) -> None:
        self._box.put(self._key(key), value, self._clock.now() + ttl)
        self._noted.set()

    async def get(self, key: str) -> bytes | None:
        found: bytes | None = await self._wire.ask(("GET", self._key(key)))
        return found

    async def flush(self) -> None:
        """Send everything, and a word of life. Raises `StoreGone`; then it is sent later."""
        await self._send(beat=True)

    async def close(self) -> None:
        if self._writer:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        now = self._clock.now()
        for key, leases in self._held.items():
            for lease in leases:
                self._box.release(key, lease, now)
        self._held.clear()
        with suppress(StoreGone, TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                await self._send(beat=False)
                await self._wire.ask(("ZREM", self._register, self._owner))
        await self._wire.close()

    @property
    def _moment(self) -> tuple[float, float]:
        return self._time.pace, self._time.ahead_s * 1000

    @property
    def _register(self) -> str:
        return f"{self._prefix}processes"

    def _key(self, key: str) -> str:
        kind, colon, subject = key.partition(":")
        return f"{self._prefix}{kind}:{{{subject}}}" if colon else f"{self._prefix}{{{key}}}"

    def _rest_key(self, key: str) -> str:
        return f"{self._prefix}{{rests}}:{key}"  # in one slot, so that one MGET reads all

    async def _write(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_S / self._time.pace):
                    await self._noted.wait()
                    await asyncio.sleep(_SOON_S)
            self._noted.clear()
            try:
                await self._send(beat=self._clock.now() - self._beat_at >= _BEAT_S)
            except StoreGone:
                await self._clock.sleep(_AGAIN_S)
                self._noted.set()

    async def _send(self, *, beat: bool) -> None:
        async with self._sending:
            now = self._clock.now()
            if now - self._renewed_at >= _RENEW_S:
                await self._wire.ask_all(list(self._holding(self._held)))
                self._renewed_at = now
            if beat:
                await self._beat()
            if self._unsent:
                await self._send_box(self._unsent)
            if self._box:
                self._unsent, self._box = self._box, Outbox(next(self._numbers))
                await self._send_box(self._unsent)

    async def _send_box(self, box: Outbox) -> None:
        now = self._clock.now()
        box.forget(now)
        self._box.forget(now)
        await self._wire.ask_all(list(self._commands(box)))
        self._unsent = None

    async def _beat(self) -> None:
        word = self._scripts.beat.call(
            [self._register], *self._moment, ceil(LEASE_S * 1000), self._owner
        )
        [processes] = await self._wire.ask_all([word])
        now = self._beat_at = self._clock.now()
        if processes >= self.processes or now - self._counted_at > LEASE_S:
            self.processes, self._counted_at = processes, now

    def _commands(self, box: Outbox) -> Iterator[Command]:
        now = self._clock.now()
        for key, told in box.corrections.items():
            yield self._correction(key, told, box.number, now)
        yield from self._holding(box.holds)
        for key, leases in box.releases.items():
            if leases:
                yield ("ZREM", key, *leases)
        for key, rest in box.rests.items():
            left_ms = max(0, ceil((rest.until - now) * 1000))
            yield self._scripts.rest.call([key], *self._moment, left_ms, int(rest.anew))
        for key, (ends, value) in box.notes.items():
            left_ms = ceil((ends - now) * 1000 / self._time.pace)
            if left_ms > 0:
                yield ("SET", key, value, "PX", left_ms)

    def _correction(self, key: str, told: Corrections, number: int, now: float) -> Command:
        pairs: list[float] = []
        for second, amount in told.exact.items():
            pairs += (second, amount)
        for at, amount in told.guessed.items():
            if now - at <= SPAN_S:
                pairs += (ceil((now - at) * 1000), amount)
        mark = f"{key}:{self._owner}"
        return self._scripts.correct.call(
            [key, mark], *self._moment, number, len(told.exact), *pairs
        )

    def _holding(
        self, slots: dict[str, set[str]] | dict[str, dict[str, float]]
    ) -> Iterator[Command]:
        for key, leases in slots.items():
            ours = list(leases)
            for first in range(0, len(ours), _LEASES):
                several = ours[first : first + _LEASES]
                yield self._scripts.hold.call([key], *self._moment, ceil(LEASE_S * 1000), *several)

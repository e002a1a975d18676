"""The store of many processes: Redis, or Valkey, which is the same to us.

A decision is one Lua script, so it is one step and one round trip; its time is the server's, so no
two machines compare clocks. What is only told goes into an outbox, which one task empties: soon,
again if that failed, and each correction, and each spending, counts once all the same.

Keys begin with `sluicegate:` and the namespace. Those of one script share a hash tag, which is what
follows the first colon: `rpm:x` and `slots:x` lie in the slot of `{x}`. What was spent lies in one
slot, because one script tells and asks all of it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from math import ceil, inf

from adapters.clock import Clock
from routing.state.address import RedisAddress
from routing.state.outbox import Outbox
from routing.state.purses import Purses, Words
from routing.state.scripts import Command, load
from routing.state.server_time import ServerTime
from routing.state.store import HEARD_S, LEASE_S, SLOT_WAIT_S, Claim, Grant, Spent, StoreGone
from routing.state.telling import Telling
from routing.state.wire import Wire

PATIENCE_S = 0.05  # for an answer
_RENEW_S = LEASE_S / 3
_BEAT_S = HEARD_S  # a word of life goes along with what is sent anyway, but not more often
_SOON_S = 0.005  # what is told within so long is sent together
_AGAIN_S = 1.0  # between tries when nothing can be sent
_MARK_S = 86_400.0  # longer than a telling of money is tried again without a word from the server


class RedisStore:
    """`owner`: the name of this process; no two that share the server have the same, nor has one
    that was started before.

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
        self._telling = Telling(self._scripts, self._time, owner)
        self._numbers = count(1)
        self._box = Outbox(next(self._numbers))
        self._unsent: Outbox | None = None  # nobody knows how much of it has arrived
        self._sending = asyncio.Lock()
        self._noted = asyncio.Event()
        self._purses = Purses()
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
                *self._time.moment,
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

    async def gets(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        if not keys:
            return []
        found: list[bytes | None] = await self._wire.ask(("MGET", *map(self._key, keys)))
        return found

    def spend(self, key: str, amount: int, period_s: float) -> None:
        self._purses.spend(key, amount, period_s, self._clock.now())
        self._noted.set()

    def spent(self, key: str) -> Spent:
        if self._purses.watch(key):
            self._beat_at = -inf  # ask at once
            self._noted.set()
        return self._purses.spent(key, self._clock.now())

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
    def _register(self) -> str:
        return f"{self._prefix}processes"

    def _key(self, key: str) -> str:
        kind, colon, subject = key.partition(":")
        return f"{self._prefix}{kind}:{{{subject}}}" if colon else f"{self._prefix}{{{key}}}"

    def _rest_key(self, key: str) -> str:
        return f"{self._prefix}{{rests}}:{key}"  # in one slot, so that one MGET reads all

    def _spent_key(self, key: str) -> str:
        return f"{self._prefix}{{spent}}:{key}"

    async def _write(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._quiet_s / self._time.pace):
                    await self._noted.wait()
                    await asyncio.sleep(_SOON_S)
            self._noted.clear()
            try:
                await self._send(beat=self._clock.now() - self._beat_at >= _BEAT_S)
            except StoreGone:
                await self._clock.sleep(_AGAIN_S)
                self._noted.set()

    @property
    def _quiet_s(self) -> float:
        """Until something has to be said, though nobody has told anything."""
        if not self._purses:
            return _RENEW_S
        return max(0.0, self._beat_at + _BEAT_S - self._clock.now())

    async def _send(self, *, beat: bool) -> None:
        async with self._sending:
            now = self._clock.now()
            if now - self._renewed_at >= _RENEW_S:
                await self._wire.ask_all(list(self._telling.held(self._held)))
                self._renewed_at = now
            if beat:
                await self._beat()
            if self._unsent:
                await self._send_box(self._unsent)
            if self._box:
                self._unsent, self._box = self._box, Outbox(next(self._numbers))
                await self._send_box(self._unsent)
            for _ in range(2):  # what nobody has answered to, then what is new
                if beat or self._purses.untold:
                    await self._say((), every=beat)
                beat = False

    async def _send_box(self, box: Outbox) -> None:
        now = self._clock.now()
        box.forget(now)
        self._box.forget(now)
        await self._say(list(self._telling.told(box, now)), every=False)
        self._unsent = None

    async def _say(self, commands: Sequence[Command], *, every: bool) -> None:
        """All of it at once, and with it what was spent. `every`: ask what others have spent."""
        words = self._purses.words(self._clock.now(), every=every)
        if words.keys:
            commands = (*commands, self._spending(words))
        answers = await self._wire.ask_all(commands)
        if words.keys:
            said = iter(map(int, answers[-1]))
            self._purses.heard(words, list(zip(said, said, strict=True)), self._clock.now())

    def _spending(self, words: Words) -> Command:
        keys = [self._spent_key(key) for key in ("told:" + self._owner, *words.keys)]
        mark_ms = ceil(_MARK_S * 1000)
        return self._scripts.spend.call(
            keys, *self._time.moment, words.number, mark_ms, *words.numbers
        )

    async def _beat(self) -> None:
        word = self._scripts.beat.call(
            [self._register], *self._time.moment, ceil(LEASE_S * 1000), self._owner
        )
        [processes] = await self._wire.ask_all([word])
        now = self._beat_at = self._clock.now()
        if processes >= self.processes or now - self._counted_at > LEASE_S:
            self.processes, self._counted_at = processes, now

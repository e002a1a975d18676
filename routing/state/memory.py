"""The store of a process that is alone. No method of it ever waits."""

from collections import OrderedDict
from collections.abc import Sequence

from adapters.clock import Clock
from routing.state.store import NOTHING, SLOT_WAIT_S, Claim, Grant, Spent
from routing.windows import Window

_MOST_NOTES = 10_000


class MemoryStore:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self._slots: dict[str, set[str]] = {}  # key -> leases; they end with the process
        self._rests: dict[str, float] = {}
        self._spent: dict[str, tuple[int, float]] = {}  # amount, when the period ends
        self._notes: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def take(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> Grant:
        now = self._clock.now()
        windows = [self._window(claim.key) for claim in claims]
        pairs = list(zip(windows, claims, strict=True))
        wait = max((w.wait(now, c.amount, c.limit) for w, c in pairs), default=0.0)
        held = self._slots.setdefault(slots.key, set()) if slots else set()
        if slots and len(held) + slots.amount > slots.limit:
            wait = max(wait, SLOT_WAIT_S)
        if not wait:
            for window, claim in pairs:
                window.add(now, claim.amount)
            if slots:
                held.add(lease)
        return Grant(not wait, wait, tuple(window.total(now) for window in windows))

    def took(self, lease: str, claims: Sequence[Claim], slots: Claim | None) -> None:
        now = self._clock.now()
        for claim in claims:
            self._window(claim.key).add(now, claim.amount)
        if slots:
            self._slots.setdefault(slots.key, set()).add(lease)

    def settle(self, lease: str, claims: Sequence[Claim], slots: str, *, ago: float) -> None:
        now = self._clock.now()
        for claim in claims:
            self._window(claim.key).correct(now, claim.amount, ago)
        if slots:
            self._slots.get(slots, set()).discard(lease)

    def rest(self, key: str, seconds: float) -> None:
        if seconds > 0:
            self._rests[key] = max(self._rests.get(key, 0.0), self._clock.now() + seconds)
        else:
            self._rests.pop(key, None)

    async def rests(self, keys: Sequence[str]) -> Sequence[float]:
        now = self._clock.now()
        return [max(0.0, self._rests.get(key, 0.0) - now) for key in keys]

    def put(self, key: str, value: bytes, ttl: float) -> None:
        self._notes[key] = (self._clock.now() + ttl, value)
        self._notes.move_to_end(key)
        if len(self._notes) > _MOST_NOTES:
            self._notes.popitem(last=False)

    async def get(self, key: str) -> bytes | None:
        ends, value = self._notes.get(key, (0.0, b""))
        return value if ends > self._clock.now() else None

    async def gets(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        now, notes = self._clock.now(), self._notes
        found = [notes.get(key) for key in keys]
        return [note[1] if note and note[0] > now else None for note in found]

    def spend(self, key: str, amount: int, period_s: float) -> None:
        now = self._clock.now()
        before, ends = self._spent.get(key, (0, 0.0))
        if now >= ends:
            before, ends = 0, now + period_s
        self._spent[key] = (before + amount, ends)

    def spent(self, key: str) -> Spent:
        amount, ends = self._spent.get(key, (0, 0.0))
        left_s = ends - self._clock.now()
        return Spent(amount, left_s) if left_s > 0 else NOTHING

    async def flush(self) -> None:
        """Whatever was said is known."""

    async def close(self) -> None:
        """There is nothing to close."""

    def _window(self, key: str) -> Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window()
        return window

"""Who has room for a call: declared limits, the provider's own word, slots.

Before a call its cost is estimated and taken; afterwards it is corrected to what was reported. A
request that was refused has been a request all the same, but no tokens: providers count so, and it
is the careful way where they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import inf

from adapters.clock import Clock
from adapters.quota import Told
from adapters.types import Usage
from routing.ask import Ask
from routing.deployment import Deployment
from routing.learned import Past, Refusal
from routing.occupancy import Occupancy
from routing.quota import Need, Quota
from routing.state.store import SLOT_WAIT_S, Claim, Grant, Store
from routing.use import Use
from routing.windows import SPAN_S

_TPM = "tpm:"
_WEIGHT = 0.1  # of the newest answer's length
_MOST_QUOTAS = 10_000  # wildcards make one for each model asked for
_SAMPLE = 16  # deployments that are looked at to say when there will be room
_LONGEST_S = 600.0
_STEPS = 10  # of halving: to a second


@dataclass(slots=True, eq=False)
class Reservation:
    """What one attempt has taken of a deployment. Never changed; to freeze it would cost each call
    as much as all else here.
    """

    deployment: Deployment
    number: int
    lease: str  # empty: the store knows nothing of it
    characters: int
    need: Need  # estimated
    tokens: int  # the same
    at: float
    use: Use
    quota: Quota


_NOTHING = Need()


class Limits:
    """Takes before, settles after. Nothing here waits but for a store over the network."""

    def __init__(self, store: Store, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner  # of leases; no two processes share one
        self._numbers = count(1)
        self._uses: dict[str, Use] = {}
        self._quotas: dict[tuple[str, str], Quota] = {}

    def full_s(self, deployment: Deployment, ask: Ask) -> float:
        """Seconds until there may be room, as far as this process knows; 0: now."""
        use = self._uses.get(deployment.id)
        quota = self._quotas.get((deployment.quota or deployment.id, deployment.target.model))
        if use is None or not (use.full_until or (quota and not quota.mute)):
            return 0.0
        now = self._clock.now()
        need = use.need(ask)
        wait = use.full_s(now, need)
        return max(wait, quota.wait(now, need)) if quota else wait

    async def reserve(
        self, deployment: Deployment, ask: Ask, *, daring: bool = False
    ) -> Reservation | None:
        """Take what the call may need; None if there is no room. `daring`: a guess of ours that
        there is none is put to the test.
        """
        wanted = self._wanted(deployment, ask, daring=daring)
        if wanted is None or (wanted.lease and not await self._granted(wanted)):
            return None
        return _taken(wanted)

    def reserve_unlimited(self, deployment: Deployment, ask: Ask) -> Reservation | None:
        """The same where config sets no limit, so that no store has to be asked."""
        wanted = self._wanted(deployment, ask, daring=False)
        return wanted and _taken(wanted)

    def _wanted(self, deployment: Deployment, ask: Ask, *, daring: bool) -> Reservation | None:
        """What the call may need, not taken yet; None: there is no room, as far as we know."""
        now = self._clock.now()
        use = self._use(deployment)
        quota = self._quota(deployment)
        limited = deployment.limited
        need, characters, tokens = _NOTHING, 0, 0
        if limited or not quota.mute:  # nobody else needs an estimate
            need, characters = use.need(ask), ask.size[0]
            tokens = need.prompt + need.output
            if not daring and (use.full_s(now, need) or quota.wait(now, need)):
                return None
        number = next(self._numbers)
        lease = f"{self._owner}{number}" if limited else ""
        return Reservation(deployment, number, lease, characters, need, tokens, now, use, quota)

    async def _granted(self, taken: Reservation) -> bool:
        claims, slots = _claims(taken)
        try:
            grant = await self._store.take(taken.lease, claims, slots)
        except BaseException:  # the client has left meanwhile: perhaps it was granted
            self._store.settle(taken.lease, (), slots.key if slots else "", ago=0.0)
            raise
        if not grant.granted:
            taken.use.full_until = self._clock.now() + grant.wait_s
            taken.use.full_for = taken.tokens if _for_tokens(taken, grant) else 0
        return grant.granted

    def dares(self, deployment: Deployment, ask: Ask, *, urgent: bool) -> bool:
        """Whether only a guess of ours stands against a call, and it is time to test that.
        `urgent`: the call would not be served at all otherwise.
        """
        use = self._uses.get(deployment.id)
        quota = self._quotas.get((deployment.quota or deployment.id, deployment.target.model))
        if use is None or quota is None or quota.mute:
            return False
        now = self._clock.now()
        need = use.need(ask)
        return not use.full_s(now, need) and quota.dares(now, need, urgent=urgent)

    def told(self, reservation: Reservation, allowances: Sequence[Told]) -> None:
        """The provider has answered; its headers say what is left."""
        quota = reservation.quota
        if allowances or not quota.mute:
            quota.told(self._clock.now(), reservation.number, allowances)

    def refused(self, reservation: Reservation, retry_after: float | None) -> None:
        """The provider has said slow down: who shares its allowance leaves it alone as well."""
        now = self._clock.now()
        use, quota = reservation.use, reservation.quota
        quota.refused(now, retry_after or 0.0)
        if reservation.deployment.limited:
            return
        refusal = Refusal(
            reservation.number,
            reservation.at,
            reservation.tokens,
            retry_after or 0.0,
            SPAN_S - self._clock.wall() % SPAN_S,
        )
        quota.learn(now, refusal, Past(use.requests.parts(now), use.tokens.parts(now)))

    def ended(self, reservation: Reservation, usage: Usage | None) -> None:
        """The attempt is over. `usage` None: it cost nothing; all zero: nobody said, so the
        estimate stands.
        """
        deployment = reservation.deployment
        spent = (usage.input + usage.output or reservation.tokens) if usage else 0
        use = reservation.use
        now = self._clock.now()
        ago = now - reservation.at
        use.slots -= 1
        if reservation.need is _NOTHING:
            use.tokens.add(now, spent)
        else:
            use.tokens.correct(now, spent - reservation.tokens, ago)
        if usage and not reservation.quota.mute:
            reservation.quota.settled(now, reservation.at, reservation.tokens - spent)
        if usage and usage.output:
            use.output += _WEIGHT * (usage.output - use.output)
            use.lasts_s += _WEIGHT * (ago - use.lasts_s)
            if reservation.characters:
                use.learned.note(reservation.characters, usage.input)
            reservation.quota.spent(reservation.number, usage.output)
        if deployment.limited:
            use.full_until = 0.0  # something came back, so asking makes sense again
            self._settle(reservation, spent, ago)

    def _settle(self, reservation: Reservation, spent: int, ago: float) -> None:
        claims, slots = _claims(reservation)
        tokens = [Claim(c.key, spent - c.amount, 0) for c in claims if c.key.startswith(_TPM)]
        self._store.settle(reservation.lease, tokens, slots.key if slots else "", ago=ago)

    def used(self, deployment: Deployment) -> tuple[int, int]:
        """Requests and tokens of the last minute."""
        use = self._uses.get(deployment.id)
        now = self._clock.now()
        return (use.requests.total(now), use.tokens.total(now)) if use else (0, 0)

    def left(self, deployment: Deployment) -> float:
        """The share that is left of the provider's allowance."""
        quota = self._quotas.get((deployment.quota or deployment.id, deployment.target.model))
        return quota.left(self._clock.now()) if quota else 1.0

    def occupancy(self, deployment: Deployment, ask: Ask) -> Occupancy:
        """For people: nothing is taken. What other processes use is known by refusals only."""
        now = self._clock.now()
        use = self._uses.get(deployment.id) or Use()
        need = use.need(ask)
        tokens = need.prompt + need.output
        waits = {"shared": use.full_s(now, need)}
        if deployment.rpm is not None:
            waits["rpm"] = use.requests.wait(now, 1, deployment.rpm)
        if deployment.tpm is not None:
            waits["tpm"] = use.tokens.wait(now, min(tokens, deployment.tpm), deployment.tpm)
        if deployment.max_parallel is not None and use.slots >= deployment.max_parallel:
            waits["max_parallel_requests"] = SLOT_WAIT_S
        quota = self._quotas.get((deployment.quota or deployment.id, deployment.target.model))
        waits["provider"] = quota.wait(now, need) if quota else 0.0
        waits = {limit: wait for limit, wait in waits.items() if wait > 0}
        if len(waits) > 1:
            waits.pop("shared", None)  # it was one of the others
        left = self.left(deployment)
        return Occupancy(*self.used(deployment), use.slots, tokens, left, waits)

    def room_s(self, deployments: Sequence[Deployment], ask: Ask, ahead: int = 0) -> float:
        """Seconds until there may be room for a call before which so many others are served.

        Of many deployments some stand for all.
        """
        soonest = min((self.full_s(deployment, ask) for deployment in deployments), default=inf)
        if not ahead or soonest == inf:
            return soonest
        sample = deployments[:_SAMPLE]
        wanted = ahead * len(sample) / len(deployments) + 1
        low, high = soonest, _LONGEST_S
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if sum(self._fits(deployment, ask, middle) for deployment in sample) >= wanted:
                high = middle
            else:
                low = middle
        return high

    def _fits(self, deployment: Deployment, ask: Ask, seconds: float) -> float:
        """How many such calls may be expected to find room within so many seconds."""
        now = self._clock.now()
        use = self._use(deployment)
        need = use.need(ask)
        fits = self._quota(deployment).fits(now, seconds, need)
        if deployment.rpm is not None:
            fits = min(fits, use.requests.fits(now, seconds, deployment.rpm))
        if deployment.tpm is not None:
            tokens = min(need.prompt + need.output, deployment.tpm) or 1
            fits = min(fits, use.tokens.fits(now, seconds, deployment.tpm) / tokens)
        if deployment.max_parallel is not None:
            free = deployment.max_parallel - use.slots
            fits = min(fits, free + deployment.max_parallel * seconds / max(use.lasts_s, 0.1))
        return fits

    def _use(self, deployment: Deployment) -> Use:
        use = self._uses.get(deployment.id)
        if use is None:
            use = self._uses[deployment.id] = Use()
        return use

    def _quota(self, deployment: Deployment) -> Quota:
        key = deployment.quota or deployment.id, deployment.target.model
        quota = self._quotas.get(key)
        if quota is None:
            if len(self._quotas) >= _MOST_QUOTAS:
                del self._quotas[next(iter(self._quotas))]
            quota = self._quotas[key] = Quota()
        return quota


def _taken(wanted: Reservation) -> Reservation:
    """It is ours now."""
    at, use, quota, need = wanted.at, wanted.use, wanted.quota, wanted.need
    use.requests.add(at, 1)
    if need is not _NOTHING:
        use.tokens.add(at, wanted.tokens)
    use.slots += 1
    if not quota.mute:
        quota.took(at, wanted.number, need)
    return wanted


def _for_tokens(taken: Reservation, grant: Grant) -> bool:
    """Whether it was for its tokens only that the store refused it: then a smaller one may pass."""
    deployment = taken.deployment
    if deployment.tpm is None or not grant.used or grant.wait_s <= SLOT_WAIT_S:
        return False
    requests_full = deployment.rpm is not None and grant.used[0] + 1 > deployment.rpm
    return not requests_full and grant.used[-1] + taken.tokens > deployment.tpm


def _claims(reservation: Reservation) -> tuple[list[Claim], Claim | None]:
    deployment = reservation.deployment
    claims = []
    if deployment.rpm is not None:
        claims.append(Claim(f"rpm:{deployment.id}", 1, deployment.rpm))
    if deployment.tpm is not None:
        # A prompt larger than the limit can only go when nothing else does.
        tokens = min(reservation.tokens, deployment.tpm)
        claims.append(Claim(f"{_TPM}{deployment.id}", tokens, deployment.tpm))
    if deployment.max_parallel is None:
        return claims, None
    return claims, Claim(f"slots:{deployment.id}", 1, deployment.max_parallel)

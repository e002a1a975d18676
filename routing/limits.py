"""Who has room for a call: declared limits, the provider's own word, slots.

Before a call its cost is estimated and taken; afterwards it is corrected to what was reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from adapters.clock import Clock
from adapters.quota import Told
from adapters.tokens import Learned
from adapters.types import Usage
from routing.ask import Ask
from routing.deployment import Deployment
from routing.quota import Quota
from routing.state.store import Claim, Store
from routing.windows import Window

_OUTPUT_TOKENS = 256  # what an answer is taken for until a deployment has given some
_TPM = "tpm:"
_WEIGHT = 0.1  # of the newest answer's length


@dataclass(slots=True)
class _Use:
    """What one deployment has used, as this process knows it."""

    learned: Learned = field(default_factory=Learned)
    output: float = _OUTPUT_TOKENS  # moving average of tokens in an answer
    requests: Window = field(default_factory=Window)
    tokens: Window = field(default_factory=Window)
    full_until: float = 0.0  # the store has refused; no use asking before


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one attempt has taken of a deployment."""

    deployment: Deployment
    lease: str
    characters: int
    prompt: int  # tokens, estimated
    output: int
    at: float

    @property
    def tokens(self) -> int:
        return self.prompt + self.output


class Limits:
    """Takes before, settles after. Nothing here waits but for a store over the network."""

    def __init__(self, store: Store, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner  # of leases; no two processes share one
        self._numbers = count(1)
        self._uses: dict[str, _Use] = {}
        self._quotas: dict[str, Quota] = {}

    def full_s(self, deployment: Deployment, ask: Ask) -> float:
        """Seconds until there may be room, as far as this process knows; 0: now."""
        now = self._clock.now()
        use = self._uses.get(deployment.id)
        wait = max(0.0, use.full_until - now) if use else 0.0
        quota = self._quotas.get(deployment.quota or deployment.id)
        if quota:
            wait = max(wait, quota.wait(now, *self._need(deployment, ask)))
        return wait

    async def reserve(self, deployment: Deployment, ask: Ask) -> Reservation | None:
        """Take what the call may need; None if there is no room after all."""
        now = self._clock.now()
        use = self._use(deployment)
        quota = self._quotas.get(deployment.quota or deployment.id)
        prompt = output = characters = 0
        if deployment.limited or quota:  # nobody else needs an estimate
            prompt, output = self._need(deployment, ask)
            characters = ask.size[0]
        lease = f"{self._owner}{next(self._numbers)}"
        reservation = Reservation(deployment, lease, characters, prompt, output, now)
        if deployment.limited:
            grant = await self._store.take(lease, *_claims(reservation))
            if not grant.granted:
                use.full_until = now + grant.wait_s
                return None
        use.requests.add(now, 1)
        use.tokens.add(now, reservation.tokens)
        if quota:
            quota.took(lease, prompt, output)
        return reservation

    def told(self, reservation: Reservation, allowances: Sequence[Told]) -> None:
        """The provider has answered; its headers say what is left."""
        if not allowances:
            return
        quota = self._quota(reservation.deployment)
        quota.gone(reservation.lease)
        quota.told(self._clock.now(), allowances)

    def ended(self, reservation: Reservation, usage: Usage | None) -> None:
        """The attempt is over. `usage` None: it cost nothing; all zero: nobody said, so the
        estimate stands.
        """
        deployment = reservation.deployment
        if quota := self._quotas.get(deployment.quota or deployment.id):
            quota.gone(reservation.lease)
        spent = (usage.input + usage.output or reservation.tokens) if usage else 0
        use = self._use(deployment)
        now = self._clock.now()
        ago = now - reservation.at
        use.tokens.correct(now, spent - reservation.tokens, ago)
        if usage and usage.output:
            use.output += _WEIGHT * (usage.output - use.output)
            use.learned.note(reservation.characters, usage.input)
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
        quota = self._quotas.get(deployment.quota or deployment.id)
        return quota.left(self._clock.now()) if quota else 1.0

    def _need(self, deployment: Deployment, ask: Ask) -> tuple[int, int]:
        """Tokens of the prompt and of the answer."""
        use = self._use(deployment)
        most = ask.most_output
        output = int(use.output) if most is None else min(most, int(use.output))
        return ask.prompt_tokens(use.learned.characters_per_token), output

    def _use(self, deployment: Deployment) -> _Use:
        use = self._uses.get(deployment.id)
        if use is None:
            use = self._uses[deployment.id] = _Use()
        return use

    def _quota(self, deployment: Deployment) -> Quota:
        key = deployment.quota or deployment.id
        quota = self._quotas.get(key)
        if quota is None:
            quota = self._quotas[key] = Quota()
        return quota


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

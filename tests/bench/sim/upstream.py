"""Providers that play a part: limits, latencies, outages. Time is the loop's."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from math import ceil
from random import Random

from adapters.errors import Failure, Kind
from adapters.types import Body, Call, Receipt, Reply, Target, Usage
from tests.bench.sim.counts import WINDOW_S, Bucket, Count, Counts
from tests.bench.sim.loop import SimClock

_NETWORK_S = 0.01  # each way
_REFUSAL_S = 0.02
CHARACTERS_PER_TOKEN = 3.6  # the gateway begins with 4


class Says(Enum):
    """How much of its limits a provider tells."""

    NOTHING = auto()
    RETRY_AFTER = auto()  # with a refusal, in whole seconds
    HEADERS = auto()  # in every reply, OpenAI's way


class State(Enum):
    WELL = auto()
    DEAD = auto()  # nobody listens
    ERRORS = auto()
    SLOW = auto()  # ten times as long


Weather = Callable[[float], State]
"""What a provider is like at that time."""


def fair(now: float) -> State:  # it is a `Weather`
    return State.WELL


@dataclass(slots=True)
class Upstream:
    """One model at one provider."""

    rpm: int
    tpm: int
    says: Says
    rng: Random
    weather: Weather = fair
    full: float = 1.0  # the share of its limits that is there at first
    counts: Counts = Bucket
    ttft_s: float = 0.5
    per_token_s: float = 0.02
    refusals: Counter[int] = field(default_factory=Counter)  # window -> how many
    unaware: Counter[int] = field(default_factory=Counter)  # of these, see `answer`
    faults: int = 0  # attempts that met one
    served: int = 0
    requests: Count = field(init=False)
    tokens: Count = field(init=False)
    _told_at: float = field(init=False, default=-1.0)  # when the last refusal is known

    def __post_init__(self) -> None:
        self.requests = self.counts(self.rpm, self.full)
        self.tokens = self.counts(self.tpm, self.full)

    def room(self, now: float, tokens: int) -> int:
        """How many requests of that size it would let in."""
        if self.weather(now) is not State.WELL:
            return 0
        return max(0, int(min(self.requests.left(now), self.tokens.left(now) / tokens)))

    async def answer(self, prompt: int, output: int) -> tuple[dict[str, str], float]:
        """Headers of a reply, and seconds until it ends; both when its first token is there.

        Who is refused, but had left before anybody could know of the refusal before, is counted as
        unaware: nobody could have helped that.
        """
        left = asyncio.get_running_loop().time()
        await asyncio.sleep(_NETWORK_S)
        now = asyncio.get_running_loop().time()
        state = self.weather(now)
        if state in {State.DEAD, State.ERRORS}:
            self.faults += 1
            await asyncio.sleep(_NETWORK_S if state is State.DEAD else _REFUSAL_S)
            raise Failure(Kind.TRANSIENT, "down", provider="sim")
        wait = max(self.requests.wait(now, 1), self.tokens.wait(now, prompt + output))
        if wait > 1e-9:
            self.refusals[int(now // WINDOW_S)] += 1
            if left <= self._told_at:
                self.unaware[int(now // WINDOW_S)] += 1
            else:
                self._told_at = now + _REFUSAL_S
            await asyncio.sleep(_REFUSAL_S)
            asked = None if self.says is Says.NOTHING else float(ceil(wait))
            raise Failure(Kind.RATE_LIMIT, "slow down", provider="sim", retry_after=asked)
        self.requests.take(now, 1)
        self.tokens.take(now, prompt + output)
        headers = self._headers(now) if self.says is Says.HEADERS else {}
        self.served += 1
        slower = 10.0 if state is State.SLOW else 1.0
        spread = self.rng.lognormvariate(0.0, 0.3)
        await asyncio.sleep(self.ttft_s * spread * slower + _NETWORK_S)
        return headers, self.per_token_s * output * slower

    def _headers(self, now: float) -> dict[str, str]:
        headers: dict[str, str] = {}
        for what, bucket in (("requests", self.requests), ("tokens", self.tokens)):
            left = bucket.left(now)
            whole_ms = (bucket.limit - left) / bucket.limit * WINDOW_S * 1000
            headers |= {
                f"x-ratelimit-limit-{what}": str(int(bucket.limit)),
                f"x-ratelimit-remaining-{what}": str(max(0, int(left))),
                f"x-ratelimit-reset-{what}": f"{whole_ms:.0f}ms",
            }
        return headers


class Provider:
    """All upstreams, as one adapter. `sent`: when each call's last attempt left."""

    name = "sim"

    def __init__(self, upstreams: dict[str, Upstream]) -> None:
        self.upstreams = upstreams
        self.sent: dict[str, float] = {}
        self.clock = SimClock()

    async def send(self, call: Call, target: Target) -> Reply:
        self.sent[call.id] = self.clock.now()
        upstream = self.upstreams[target.model]
        prompt, output = call.body["prompt_tokens"], call.body["output_tokens"]
        answered = upstream.answer(prompt, output)
        try:
            headers, lasts_s = await asyncio.wait_for(answered, target.timeouts.first)
        except TimeoutError:
            raise Failure(Kind.TIMEOUT, "no word", provider="sim") from None
        receipt = Receipt()
        return Reply(_Stream(receipt, Usage(prompt, output), lasts_s), receipt, headers)


class _Stream:
    """An answer of one piece, which comes at its end."""

    def __init__(self, receipt: Receipt, usage: Usage, lasts_s: float) -> None:
        self._receipt = receipt
        self._usage = usage
        self._lasts_s = lasts_s
        self._over = False

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        if self._over:
            raise StopAsyncIteration
        await asyncio.sleep(self._lasts_s)
        self._over = True
        self._receipt.usage = self._usage
        return b"answer"

    async def aclose(self) -> None:
        """Nothing is open."""

"""What it costs to choose a deployment. Prints a Markdown table.

    python -m tests.bench.decisions [--seconds S] [--limited]

Microseconds for one `Chooser.choose`, from the alias's group to the reservation, for groups of 2 to
1000 deployments and every strategy: in one process, in memory, the best of five rounds. Everybody
is well, measured, and has calls under way; `--limited` gives each `rpm` and `tpm` besides. One
deployment resting and one that has just come back are rows of their own.

Each choice is driven by `coroutine.send(None)`, and the programme ends if one ever suspends.
"""

import argparse
import platform
import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from adapters.clock import SystemClock
from adapters.errors import Kind
from adapters.types import Usage
from routing import strategies
from routing.ask import Ask
from routing.chooser import Chooser
from routing.deployment import Deployment
from routing.groups import Groups
from routing.health import Health
from routing.limits import Reservation
from routing.policy import RestRules
from routing.wiring import wired
from tests.routing.worlds import call, deployment, failure

_SIZES = (2, 10, 100, 1000)
_ROUNDS = 5
_ASK = Ask(call(messages=[{"role": "user", "content": "Hello!"}]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.2, help="of each round")
    parser.add_argument("--limited", action="store_true", help="rpm and tpm for everybody")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}; microseconds for a choice\n")
    print("| strategy | " + " | ".join(f"{size}" for size in _SIZES) + " |")
    print("| --- |" + " --: |" * len(_SIZES))
    for name in strategies.names():
        row(name, partial(World, name, limited=options.limited), options)
    for name in ("simple-shuffle", "adaptive"):
        row(
            f"{name}, one rests",
            partial(World, name, limited=options.limited, resting=1),
            options,
        )
    print("\nNo choice suspended.")


def row(name: str, world: Callable[[int], "World"], options: argparse.Namespace) -> None:
    costs = [f"{world(size).cost_us(options.seconds):.1f}" for size in _SIZES]
    print(f"| {name} | " + " | ".join(costs) + " |", flush=True)


class World:
    """A chooser over deployments that have been used for a while."""

    def __init__(self, strategy: str, size: int, *, limited: bool, resting: int = 0) -> None:
        clock, rng = SystemClock(), Random(1)
        limits: dict[str, Any] = {"rpm": 10**9, "tpm": 10**12} if limited else {}
        deployments = [deployment(str(i), **_facts(rng), **limits) for i in range(size)]
        groups, health = Groups(deployments, {}), Health(RestRules(), clock, rng)
        chosen = strategies.find(strategy)
        router = wired(groups, {}, lambda _: chosen, health, clock=clock, rng=rng)
        self._chooser: Chooser = router.chooser
        self._group = groups.find("big")
        for i, used in enumerate(deployments):
            self._use(health, used, rng)
            if i < resting:
                health.failed(used, failure(Kind.RATE_LIMIT, retry_after=3600.0), lone=False)

    def cost_us(self, seconds: float) -> float:
        """The best of some rounds; what is taken is given back outside of the time that counts."""
        return min(self._round(seconds) for _ in range(_ROUNDS)) * 1e6

    def _round(self, seconds: float) -> float:
        ends, spent, choices = time.perf_counter() + seconds, 0.0, 0
        while (began := time.perf_counter()) < ends:
            taken = [self._choose() for _ in range(20)]
            spent += time.perf_counter() - began
            choices += len(taken)
            for reservation in taken:
                self._chooser.limits.ended(reservation, Usage(20, 100))
        return spent / choices

    def _choose(self) -> Reservation:
        taken: Reservation = at_once(self._chooser.choose("big", self._group, _ASK, {}))
        return taken

    def _use(self, health: Health, used: Deployment, rng: Random) -> None:
        for _ in range(20):
            health.started(used)
            health.timed(used, rng.uniform(0.2, 2.0), rng.uniform(2.0, 9.0), 200)
            health.succeeded(used)
            health.ended(used)
        for _ in range(rng.randrange(4)):
            health.started(used)


def _facts(rng: Random) -> dict[str, Any]:
    return {"weight": rng.choice([1.0, 2.0, 5.0]), "input_price": 1e-6, "output_price": 4e-6}


def at_once(coroutine: Any) -> Any:
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise SystemExit("a choice has suspended")


if __name__ == "__main__":
    main()

"""What routing does to clients and to providers, under load and in bad weather.

    python -m tests.bench.simulator [--quick] [--seed N]

The real router over made-up providers, in made-up time: three deployments of 300, 300 and 150
requests a minute, token buckets as providers have them; the third has fewer tokens than requests.
Same seed, same table. Goals: below 100 % of what the limits allow nobody gets 429, and an upstream
refuses at most once a minute; with one deployment dead no request fails, and nobody waits longer
than it takes to notice.
"""

import argparse
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapters.plug import plug
from routing.strategies import GROUP, Strategy
from tests.bench.sim.play import BAD_S, LATE_S, Scene, play
from tests.bench.sim.upstream import Says, State, Weather, fair

LOADS = (0.6, 0.9, 1.1)
FULL_WHEN_OVERLOADED = 0.2  # or what was saved up before would hide it for many minutes
BAD_LOAD = 0.5  # one of three is out of order: the others have room
LIMITS: Mapping[str, tuple[bool, Says]] = {
    "declared": (True, Says.RETRY_AFTER),
    "told in headers": (False, Says.HEADERS),
    "learned from 429s": (False, Says.RETRY_AFTER),
    "refused without a word": (False, Says.NOTHING),
}


def _after(start: float, state: State, flaps_s: float = 0.0) -> Weather:
    def weather(now: float) -> State:
        bad = now >= start and (not flaps_s or int((now - start) // flaps_s) % 2 == 0)
        return state if bad else State.WELL

    return weather


WEATHER: Mapping[str, Weather] = {
    "well": fair,
    "dead (refuses connections)": _after(BAD_S, State.DEAD),
    "answers 500": _after(BAD_S, State.ERRORS),
    "slow (10x)": _after(BAD_S, State.SLOW),
    "flapping (10 s dead, 10 s well)": _after(BAD_S, State.DEAD, 10.0),
}


def strategies() -> Mapping[str, Strategy]:
    """Those of our own, by name: as `pyproject.toml` lists them, installed or not."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    points: Mapping[str, str] = project["entry-points"][GROUP]
    own: dict[str, str] = {}
    for name, place in points.items():
        if place not in own.values():
            own[name] = place
    return {name: plug(place) for name, place in own.items()}


def load_rows(names: Mapping[str, Strategy], seconds: float, seed: int) -> Iterator[str]:
    yield (
        "| limits | strategy | load | clients' 429 | needless | upstream 429: worst minute | all "
        "| wait p50 | p99 |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for limits, (declared, says) in LIMITS.items():
        for name, strategy in names.items():
            for load in LOADS:
                full = 1.0 if load < 1 or declared else FULL_WHEN_OVERLOADED
                seen = play(Scene(strategy, load, says, declared, full, fair, seconds, seed))
                yield (
                    f"| {limits} | {name} | {load:.0%} | {seen.limited / seen.calls:.2%} "
                    f"| {seen.needless} | {seen.worst_window} | {seen.refusals} "
                    f"| {seen.wait(0.5):.2f} s | {seen.wait(0.99):.2f} s |"
                )


def fault_rows(names: Mapping[str, Strategy], seconds: float, seed: int) -> Iterator[str]:
    yield (
        "| one of three is | strategy | failed | 429 | attempts there while bad | wait p99 | most "
        f"| most after {LATE_S - BAD_S:.0f} s of it |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for said, weather in WEATHER.items():
        for name, strategy in names.items():
            seen = play(
                Scene(strategy, BAD_LOAD, Says.HEADERS, weather=weather, seconds=seconds, seed=seed)
            )
            yield (
                f"| {said} | {name} | {seen.failed} | {seen.limited} "
                f"| {seen.upstreams['a'].faults} | {seen.wait(0.99):.2f} s "
                f"| {max(seen.waits):.2f} s | {max(seen.late_waits):.2f} s |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes instead of five")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seconds = 120.0 if options.quick else 300.0
    for rows in (load_rows, fault_rows):
        for row in rows(strategies(), seconds, options.seed):
            print(row, flush=True)
        print()


if __name__ == "__main__":
    main()

"""What routing does to clients and to providers, under load and in bad weather.

    python -m tests.bench.simulator [--quick] [--seed N]

The real router over made-up providers, in made-up time: three deployments of 300, 300 and 150
requests a minute, token buckets as providers have them; the third has fewer tokens than requests.
Same seed, same table. Goals: below 100 % of what the limits allow nobody gets 429, and an upstream
refuses at most once a minute; with one deployment dead no request fails, and nobody waits longer
than it takes to notice. The end of the output says which are met, and the worst cell of each.

Where limits are learned from refusals, a second one within a minute cannot always be helped: what
had left before the first was known is refused as well (`worst minute` counts these, `aware` does
not), and of a provider that counts by the clock and says nothing only a second refusal can tell
that it does.
"""

import argparse
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from adapters.plug import plug
from routing.strategies import GROUP, Strategy
from tests.bench.sim.counts import Bucket, Counts, FixedWindow, SlidingWindow
from tests.bench.sim.goals import Cell, fault_goals, load_goals
from tests.bench.sim.play import BAD_S, LATE_S, Scene, play
from tests.bench.sim.upstream import Says, State, Weather, fair

LOADS = (0.6, 0.9, 1.1)
FULL_WHEN_OVERLOADED = 0.2  # or what was saved up before would hide it for many minutes
BAD_LOAD = 0.5  # one of three is out of order: the others have room


class Limits(NamedTuple):
    """How a provider's limits are known, and how it counts."""

    says: Says
    counts: Counts = Bucket
    declared: bool = False


LIMITS: Mapping[str, Limits] = {
    "declared": Limits(Says.RETRY_AFTER, declared=True),
    "told in headers": Limits(Says.HEADERS),
    "learned from 429s": Limits(Says.RETRY_AFTER),
    "refused without a word": Limits(Says.NOTHING),
    "learned, fixed minutes": Limits(Says.RETRY_AFTER, FixedWindow),
    "without a word, fixed minutes": Limits(Says.NOTHING, FixedWindow),
    "learned, sliding minutes": Limits(Says.RETRY_AFTER, SlidingWindow),
    "without a word, sliding minutes": Limits(Says.NOTHING, SlidingWindow),
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


def load_cells(
    names: Mapping[str, Strategy], limits: Mapping[str, Limits], seconds: float, seed: int
) -> Iterator[Cell]:
    for how, (says, counts, declared) in limits.items():
        for name, strategy in names.items():
            for load in LOADS:
                full = 1.0 if load < 1 or declared else FULL_WHEN_OVERLOADED
                scene = Scene(strategy, load, says, declared, full, fair, seconds, seed, counts)
                yield Cell(how, name, load, play(scene))


def fault_cells(names: Mapping[str, Strategy], seconds: float, seed: int) -> Iterator[Cell]:
    for said, weather in WEATHER.items():
        for name, strategy in names.items():
            scene = Scene(
                strategy, BAD_LOAD, Says.HEADERS, weather=weather, seconds=seconds, seed=seed
            )
            yield Cell(said, name, BAD_LOAD, play(scene))


_LOAD_HEAD = (
    "| limits | strategy | load | clients' 429 | needless | upstream 429: worst minute | aware "
    "| all | wait p50 | p99 |\n|---|---|---|---|---|---|---|---|---|---|"
)
_FAULT_HEAD = (
    "| one of three is | strategy | failed | 429 | attempts there while bad | wait p99 | most "
    f"| most after {LATE_S - BAD_S:.0f} s of it |\n|---|---|---|---|---|---|---|---|"
)


def _load_row(cell: Cell) -> str:
    seen = cell.seen
    return (
        f"| {cell.group} | {cell.strategy} | {cell.load:.0%} | {seen.limited / seen.calls:.2%} "
        f"| {seen.needless} | {seen.worst_window} | {seen.worst_aware} | {seen.refusals} "
        f"| {seen.wait(0.5):.2f} s | {seen.wait(0.99):.2f} s |"
    )


def _fault_row(cell: Cell) -> str:
    seen = cell.seen
    return (
        f"| {cell.group} | {cell.strategy} | {seen.failed} | {seen.limited} "
        f"| {seen.upstreams['a'].faults} | {seen.wait(0.99):.2f} s "
        f"| {max(seen.waits):.2f} s | {max(seen.late_waits):.2f} s |"
    )


def _table(head: str, row: Callable[[Cell], str], cells: Iterator[Cell]) -> list[Cell]:
    """Print each row as soon as it is known."""
    print(head)
    seen = []
    for cell in cells:
        print(row(cell), flush=True)
        seen.append(cell)
    print()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes instead of five")
    parser.add_argument("--only", default="", help="limits whose name contains this")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seconds, seed = 120.0 if options.quick else 300.0, options.seed
    limits = {how: known for how, known in LIMITS.items() if options.only in how}
    loads = _table(_LOAD_HEAD, _load_row, load_cells(strategies(), limits, seconds, seed))
    faults = _table(_FAULT_HEAD, _fault_row, fault_cells(strategies(), seconds, seed))
    print("Goals\n")
    for group in limits:
        print(f"{group}:")
        print(*load_goals([cell for cell in loads if cell.group == group]), sep="\n")
    print("one of three out of order:")
    print(*fault_goals(faults), sep="\n")


if __name__ == "__main__":
    main()

"""Sluicegate beside floors and other gateways: Markdown tables, and the same as JSON.

    python -m tests.bench [PART …] [--quick] [--rounds N] [--only NAME …] [--works NAME …]

Parts: costs, latency, sweep, memory, start, workers; all of them by default. README.md says what
their figures mean. Loopback only; every process is ended, after Ctrl-C too.
"""

import argparse
import gc
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.contenders import Contender
from tests.bench.host import allow_descriptors
from tests.bench.lineup import everybody
from tests.bench.parts import costs, latency, memory, start, sweep, workers
from tests.bench.report import Table, machine, save
from tests.bench.stage import Bench, Part
from tests.bench.workloads import BURSTS, CHAT_1K, FEW_PACED, IN_BURSTS, WORKLOADS, Workload

PARTS: Mapping[str, Part] = {
    "costs": costs.tables,
    "latency": latency.tables,
    "sweep": sweep.tables,
    "memory": memory.tables,
    "start": start.tables,
    "workers": workers.tables,
}
_QUICK = {CHAT_1K.name, BURSTS.name, FEW_PACED.name, "500 paced", *(w.name for w in IN_BURSTS)}


def main(arguments: Sequence[str] | None = None) -> list[Table]:
    options = _parser().parse_args(arguments)
    bench = Bench(
        _contenders(options.only),
        _workloads(options.works, quick=options.quick),
        options.rounds or (1 if options.quick else 3),
        options.quick,
    )
    if options.list:
        _print_names(bench)
        return []
    allow_descriptors()
    gc.freeze()
    began = datetime.now(UTC).isoformat(timespec="seconds")
    print(f"{began}, {machine()}, {bench.rounds} rounds\n", flush=True)
    found: list[Table] = []
    try:
        for name in options.parts or PARTS:
            for table in PARTS[name](bench):
                found.append(table)
                print(f"{table.markdown()}\n", flush=True)
    finally:
        print("\n".join(f"- {note}" for note in bench.notes))
        command = shlex.join(sys.argv) if arguments is None else shlex.join(arguments)
        facts = {"began": began, "machine": machine(), "rounds": bench.rounds}
        save(options.json, {**facts, "command": command, "notes": bench.notes}, found)
    return found


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tests.bench", description=__doc__, formatter_class=kind)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--quick", action="store_true", help="about two minutes, rougher")
    parser.add_argument("--rounds", type=int, help="turns of each contender (3; quick: 1)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="contenders whose name has this")
    parser.add_argument("--works", nargs="+", metavar="NAME", help="workloads whose name has this")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), metavar="FILE")
    parser.add_argument("--list", action="store_true", help="names of contenders and workloads")
    return parser


def _contenders(only: Sequence[str] | None) -> list[Contender]:
    return [one for one in everybody() if only is None or _named(one.name, only)]


def _workloads(works: Sequence[str] | None, *, quick: bool) -> list[Workload]:
    if works is None:
        return [one for one in WORKLOADS if not quick or one.name in _QUICK]
    return [one for one in WORKLOADS if _named(one.name, works)]


def _named(name: str, parts: Sequence[str]) -> bool:
    return any(part.lower() in name.lower() for part in parts)


def _print_names(bench: Bench) -> None:
    for contender in bench.contenders:
        print(f"contender  {contender.name}  {contender.missing()}".rstrip())
    for workload in bench.workloads:
        print(f"workload   {workload.name}")


def _may_be_interrupted() -> None:
    """By Ctrl-C and by SIGTERM alike, in the background too, where a shell has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


if __name__ == "__main__":
    _may_be_interrupted()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

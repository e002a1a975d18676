"""What the bench wants of the machine: cores, descriptors, and what a process has used. Linux."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
UNDER_TEST = {CORES[0]}  # contenders
BESIDE = {CORES[-1]}  # upstream and load; the same where there is only one core


def allow_descriptors() -> int:
    """As many as this machine lets us have; processes started later inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Processes that are started here stay on these cores, with all their threads."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Meter:
    """CPU seconds that a process, its children and their threads have spent since it was made.

    Nanoseconds from `schedstat`, thread by thread, where the kernel keeps it; `stat` counts in
    hundredths of a second. What a thread that ended in between has spent is not seen.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = _spent_ns(pid)

    def spent_s(self) -> float:
        spent = _spent_ns(self._pid)
        return sum(ns - self._before.get(task, 0) for task, ns in spent.items()) / 1e9


def memory_mb(pid: int) -> float:
    """Memory of a process and its children: what is each one's own, and what they share once.

    What the bench's processes share with them (Python itself) counts in full, unlike in PSS.
    """
    parts = [_memory_kb(member) for member in family(pid)]
    return (sum(own for own, _ in parts) + max(shared for _, shared in parts)) / 1024


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(entry.name))
    found = [pid]
    for member in found:  # grows as it is walked
        found += children.get(member, [])
    return found


def _spent_ns(pid: int) -> dict[str, int]:
    spent: dict[str, int] = {}
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").glob("*"):
            with suppress(OSError):
                spent[task.name] = _task_ns(task)
    return spent


def _task_ns(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except FileNotFoundError:
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 10**9 // os.sysconf("SC_CLK_TCK")


def _memory_kb(pid: int) -> tuple[int, int]:
    """Its own pages, and those that it shares with any other process."""
    own = shared = 0
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_"):
                own += int(line.split()[1])
            elif line.startswith("Shared_"):
                shared += int(line.split()[1])
    return own, shared

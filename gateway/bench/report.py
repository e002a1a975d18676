"""What was measured, for people and for programs. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.types import Json
from gateway.bench.run import Figures, Measured
from gateway.bench.subject import Subject
from gateway.bench.words import EVENTS

HOW = (
    "How to read it: `added` is Sluicegate's own overhead, where a provider's answer takes 300 to "
    "30 000 ms; a million divided by the CPU µs is what one core can do in a second."
)
_FEW = (
    "With so few cores the gateway takes turns with its load and its provider: requests/s, "
    "events/s and p99 would be better without them; CPU time hardly."
)
_ENOUGH_CORES = 3


@dataclass(frozen=True, slots=True)
class Machine:
    cores: int
    python: str
    system: str
    versions: Mapping[str, str]  # by distribution

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        cores = f"{self.cores} core{'s' if self.cores != 1 else ''}"
        return f"{cores}, {self.system}, Python {self.python}; {versions}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line. None: there is no such figure."""

    name: str
    unit: str
    direct: float | None = None
    through: float | None = None

    @property
    def added(self) -> float | None:
        if self.unit != "ms" or self.direct is None or self.through is None:
            return None
        return self.through - self.direct


@dataclass(frozen=True, slots=True)
class Report:
    subject: Subject
    machine: Machine
    server: str
    clients: int
    figures: Figures

    @property
    def rows(self) -> Sequence[Row]:
        found, many = self.figures, f"{self.clients} clients"
        chat, first = found.chat, found.first
        return [
            _times("chat 1 KB, 1 client, p50", chat.direct.times, chat.through.times, 50),
            _times("chat 1 KB, 1 client, p99", chat.direct.times, chat.through.times, 99),
            _times("first token, 1 client, p50", first.direct.firsts, first.through.firsts, 50),
            _times("first token, 1 client, p99", first.direct.firsts, first.through.firsts, 99),
            _rate(f"chat 1 KB, {many}", "requests/s", found.load, "times"),
            _cpu("CPU of the gateway", "µs/request", found.load, len(found.load.through.times)),
            _rate(f"streams of {EVENTS} events, {many}", "events/s", found.burst, "events"),
            _cpu("CPU of the gateway", "µs/event", found.burst, found.burst.through.events),
            *self._memory(),
        ]

    @property
    def notes(self) -> Sequence[str]:
        few = [_FEW] if self.machine.cores < _ENOUGH_CORES else []
        return [*self.subject.notes, *few]

    def text(self) -> str:
        """A table in Markdown, and what must be known of it."""
        return "\n".join(
            [
                f"`{self.subject.alias}`, one process under {self.server}: {self.machine}",
                *(f"- {line}" for line in self.subject.deployments),
                "",
                "| figure | unit | direct | through | added |",
                "| --- | --- | --: | --: | --: |",
                *(_written(row) for row in self.rows),
                "",
                HOW,
                "",
                *(f"- {note}" for note in self.notes),
            ]
        )

    def document(self) -> Json:
        """The same for programs."""
        machine = self.machine
        return {
            "model": self.subject.alias,
            "deployments": list(self.subject.deployments),
            "server": self.server,
            "clients": self.clients,
            "machine": {
                "cores": machine.cores,
                "system": machine.system,
                "python": machine.python,
                "versions": dict(machine.versions),
            },
            "figures": [
                {
                    "name": row.name,
                    "unit": row.unit,
                    "direct": row.direct,
                    "through": row.through,
                    "added": row.added,
                }
                for row in self.rows
            ],
            "notes": [*self.notes],
            "failed": self.figures.failed,
            "error": self.figures.error or None,
        }

    def _memory(self) -> Iterator[Row]:
        for when, used in (("idle", self.figures.idle), ("after it", self.figures.after)):
            if used:
                yield Row(
                    f"memory of the gateway, {when}, {used.memory}", "MB", None, used.memory_mb
                )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that so many percent of all do not exceed."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _times(name: str, direct: Sequence[float], through: Sequence[float], percent: float) -> Row:
    return Row(name, "ms", _ms(percentile(direct, percent)), _ms(percentile(through, percent)))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _rate(name: str, unit: str, part: Measured, what: str) -> Row:
    def rate(count: int, seconds: float) -> float | None:
        return count / seconds if count and seconds else None

    direct, through = part.direct, part.through
    if what == "events":
        counts = direct.events, through.events
    else:
        counts = len(direct.times), len(through.times)
    return Row(name, unit, rate(counts[0], direct.seconds), rate(counts[1], through.seconds))


def _cpu(name: str, unit: str, part: Measured, count: int) -> Row:
    return Row(name, unit, None, part.cpu_s / count * 1e6 if count else None)


def _written(row: Row) -> str:
    cells = " | ".join(map(_number, (row.direct, row.through, row.added)))
    return f"| {row.name} | {row.unit} | {cells} |"


def _number(value: float | None) -> str:
    """Three digits that count; thousands apart."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

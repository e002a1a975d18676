"""What one process has counted, in a shape that others can read, and sums of several (pure).

Counts of processes are added up, so a scrape that comes to one shows all; the tables in
`tables.py` do the adding, since rows of equal labels are one sample to them anyway.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TypeAlias, TypeVar

import orjson

from adapters.types import Json
from gateway.metrics.rows import Count, Histogram, Labels, Requests

State: TypeAlias = tuple[Sequence[str], int]  # values of a deployment's labels, how it is
CPU = "process_cpu_seconds_total"

R = TypeVar("R", bound=Count)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one process, or of several that are gone."""

    requests: Sequence[tuple[Labels, Requests]] = ()
    attempts: Sequence[tuple[Labels, Count]] = ()
    fallbacks: Sequence[tuple[Labels, Count]] = ()
    cooldowns: Sequence[tuple[Labels, Count]] = ()
    left: Sequence[tuple[Labels, Count]] = ()
    folded: int = 0
    log_dropped: int = 0
    alone: int = 0  # decisions made without a store that is shared
    process: Mapping[str, float] = field(default_factory=dict)  # CPU, memory, descriptors
    # How things stand. The dead and the silent have no part in it.
    workers: int = 1  # that have told this
    in_flight: int = 0
    shared_up: bool = True
    states: Sequence[State] = ()

    def past(self) -> "Figures":
        """What stays when the process is gone: what only grows."""
        process = {CPU: self.process[CPU]} if CPU in self.process else {}
        return replace(self, process=process, workers=0, in_flight=0, shared_up=True, states=())


def written(figures: Figures) -> bytes:
    return orjson.dumps(figures)


def read(text: bytes) -> Figures:
    """Raises ValueError, KeyError or TypeError if nobody of us has written it."""
    said: Json = orjson.loads(text)
    counts = ("attempts", "fallbacks", "cooldowns", "left")
    rows = {kind: [(labels, Count(**row)) for labels, row in said[kind]] for kind in counts}
    requests = [(labels, _requests(row)) for labels, row in said["requests"]]
    return Figures(**{**said, **rows, "requests": requests})


def summed(several: Iterable[Figures]) -> Figures:
    """The past of several as that of one, each combination of labels once."""
    past = [figures.past() for figures in several]
    return Figures(
        requests=_joined(Requests, [figures.requests for figures in past]),
        attempts=_joined(Count, [figures.attempts for figures in past]),
        fallbacks=_joined(Count, [figures.fallbacks for figures in past]),
        cooldowns=_joined(Count, [figures.cooldowns for figures in past]),
        left=_joined(Count, [figures.left for figures in past]),
        folded=sum(figures.folded for figures in past),
        log_dropped=sum(figures.log_dropped for figures in past),
        alone=sum(figures.alone for figures in past),
        process={CPU: sum(figures.process.get(CPU, 0.0) for figures in past)},
        workers=0,
    )


def _requests(row: Json) -> Requests:
    parts: Json = {k: Histogram(**v) if isinstance(v, dict) else v for k, v in row.items()}
    return Requests(**parts)


def _joined(
    fresh: type[R], tables: Iterable[Sequence[tuple[Labels, R]]]
) -> Sequence[tuple[Labels, R]]:
    found: dict[tuple[tuple[str, str], ...], tuple[Labels, R]] = {}
    for table in tables:
        for labels, row in table:
            key = tuple(labels.items())
            _, total = found.setdefault(key, (labels, fresh()))
            _add(total, row)
    return list(found.values())


def _add(total: Count, row: Count) -> None:
    for each in fields(total):
        ours, theirs = getattr(total, each.name), getattr(row, each.name)
        if isinstance(ours, Histogram):
            ours.add(theirs)
        else:
            setattr(total, each.name, ours + theirs)

"""What is counted, in rows: one for each combination of label values."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from adapters.types import Usage

BUCKETS = (  # seconds; the upper bounds LiteLLM uses
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    *(60.0, 120.0, 300.0, 420.0, 600.0),
)
_LONGEST = 200  # characters of a label value
_OTHER = "other"
_FEW = {"route", "status_code", "exception_class", "exception_status", "stream", "ok"}
_ALSO = {"litellm_model_name": "model", "model_group": "requested_model"}


@dataclass(slots=True)
class Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds

    def add(self, other: "Histogram") -> None:
        self.counts = [
            ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)
        ]
        self.sum += other.sum


@dataclass(slots=True)
class Count:
    count: int = 0


@dataclass(slots=True)
class Requests(Count):
    """What is known of all requests that share their labels."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    took: Histogram = field(default_factory=Histogram)
    first_token: Histogram = field(default_factory=Histogram)
    upstream: Histogram = field(default_factory=Histogram)
    own: Histogram = field(default_factory=Histogram)

    def add(self, usage: Usage) -> None:
        self.input += usage.input
        self.output += usage.output
        self.cache_read += usage.cache_read
        self.cache_write += usage.cache_write
        self.reasoning += usage.reasoning


Row = TypeVar("Row")
Labels: TypeAlias = Mapping[str, str]


class Rows(Generic[Row]):
    """A row for each combination of label values. Beyond the limit the values that may be many
    are all "other".
    """

    def __init__(self, names: Sequence[str], fresh: Callable[[], Row], limit: int) -> None:
        self.folded = 0
        self._names = names
        self._fresh = fresh
        self._limit = limit
        self._rows: dict[tuple[object, ...], tuple[Labels, Row]] = {}

    def __getitem__(self, values: tuple[object, ...]) -> Row:
        found = self._rows.get(values)
        return self._new(values) if found is None else found[1]

    def rows(self) -> Sequence[tuple[Labels, Row]]:
        return list(self._rows.values())  # a copy: a scrape may run in a thread of its own

    def _new(self, values: tuple[object, ...]) -> Row:
        if len(self._rows) >= self._limit:
            self.folded += 1
            named = zip(self._names, values, strict=True)
            values = tuple(value if name in _FEW else _OTHER for name, value in named)
            if values in self._rows:
                return self._rows[values][1]
        labels = {n: label(value) for n, value in zip(self._names, values, strict=True)}
        labels |= {also: labels[name] for also, name in _ALSO.items() if name in labels}
        row = self._fresh()
        self._rows[values] = labels, row
        return row


def label(value: object) -> str:
    text = "" if value is None else str(value)
    return text.encode(errors="replace").decode()[:_LONGEST]  # a lone surrogate ends a scrape

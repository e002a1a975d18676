"""latency-based-routing: whoever was fastest of late.

Compared is the mean of the last samples: the time to the first token where all that are known have
streamed, else the time of an answer per token of it. A time-out counts as 1000 seconds. Whoever was
not measured yet comes first, as with LiteLLM; but one at a time: while it has its first call, it
counts as the mean of the others.

Where we differ from LiteLLM (1.90): the newest samples are kept, not the oldest; a time to the
first token is not divided by the length of the answer; a call that ends without tokens is counted.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from random import Random
from typing import Annotated

from routing.deployment import Deployment, Stats
from routing.latency import MOST_SAMPLES, SAMPLES_S
from routing.strategies.lowest import lowest
from routing.strategies.options import Between

_Seconds = Sequence[float]


def fastest(
    candidates: Sequence[Deployment],
    stats: Mapping[str, Stats],
    rng: Random,
    *,
    ttl: Annotated[float, Between(1e-3)] = SAMPLES_S,
    lowest_latency_buffer: Annotated[float, Between(0.0)] = 0.0,
    max_latency_list_size: Annotated[int, Between(1, MOST_SAMPLES)] = 10,
    ttft_percentile: Annotated[float, Between(0.0, 100.0)] | None = None,
) -> Deployment:
    """`ttl`: seconds that a sample counts, at most an hour; `lowest_latency_buffer`: by which share
    somebody may be slower than the fastest and be as good; `ttft_percentile`: of the times to the
    first token, instead of their mean.
    """
    seen = [stats[candidate.id] for candidate in candidates]
    if all(s.first_tokens or not s.latencies for s in seen):
        recent = [_recent(s.first_tokens, s, ttl, max_latency_list_size, first=True) for s in seen]
        marks = [_mark(samples, ttft_percentile) for samples in recent]
    else:
        recent = [_recent(s.latencies, s, ttl, max_latency_list_size, first=False) for s in seen]
        marks = [_mark(samples, None) for samples in recent]
    scores = _buffered(_explored(marks, seen), lowest_latency_buffer)
    return lowest(candidates, scores, stats, rng)


def _recent(samples: _Seconds, seen: Stats, ttl: float, most: int, *, first: bool) -> _Seconds:
    newest = samples[-most:]
    if ttl >= SAMPLES_S or not newest:
        return newest  # older ones are not kept
    ages = (seen.first_token_ages if first else seen.latency_ages)[-most:]
    return [sample for sample, age in zip(newest, ages, strict=True) if age < ttl]


def _mark(samples: _Seconds, percentile: float | None) -> float | None:
    """None: not measured."""
    if not samples:
        return None
    if percentile is None:
        return sum(samples) / len(samples)
    return sorted(samples)[max(0, ceil(len(samples) * percentile / 100) - 1)]


def _explored(marks: Sequence[float | None], seen: Sequence[Stats]) -> Sequence[float]:
    """What is not measured is best while nobody tries it, and usual while somebody does."""
    measured = [mark for mark in marks if mark is not None]
    if len(measured) == len(marks):
        return measured
    usual = sum(measured) / len(measured) if measured else 0.0
    return [
        mark if mark is not None else usual if s.in_flight else -1.0
        for mark, s in zip(marks, seen, strict=True)
    ]


def _buffered(scores: Sequence[float], buffer: float) -> Sequence[float]:
    best = min(scores)
    if not buffer or best < 0:
        return scores
    enough = best * (1.0 + buffer)
    return [best if score <= enough else score for score in scores]

"""All recordings, many at once, against one replay server."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.http import Http
from tests.corpus.records import Record, records
from tests.corpus.server import ReplayServer
from tests.corpus.trials import Excluded, Trial, trial
from tests.corpus.verdicts import Verdict, judge

AT_ONCE = 32


async def everything(
    within: Path, *, provider: str = "", kind: str = "", every: int = 1
) -> tuple[list[Verdict], list[Excluded]]:
    """Judge what was recorded, or every so manieth of each provider's kind and outcome."""
    found = [trial(record) for record in _sampled(records(within, provider), kind, every)]
    excluded = [one for one in found if isinstance(one, Excluded)]
    return await judged([one for one in found if isinstance(one, Trial)]), excluded


async def judged(trials: Sequence[Trial]) -> list[Verdict]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(http: Http, server: ReplayServer, one: Trial) -> Verdict:
        async with turns:
            return await judge(http, server, one)

    async with Http() as http, ReplayServer() as server:
        return await asyncio.gather(*(in_turn(http, server, one) for one in trials))


def _sampled(found: Iterator[Record], kind: str, every: int) -> Iterator[Record]:
    """The first of each sort, and every so manieth after it."""
    seen: Counter[tuple[object, ...]] = Counter()
    for record in found:
        if kind and record.kind != kind:
            continue
        sort = (record.provider, record.kind, record.streaming, record.refused, record.fidelity)
        if seen[sort] % every == 0:
            yield record
        seen[sort] += 1

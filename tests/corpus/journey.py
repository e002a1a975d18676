"""One recorded reply on its way: out of a socket, through the adapter, to a client."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import Failure
from adapters.http import Http
from adapters.send import RowAdapter
from adapters.types import Call, Dialect, Receipt
from tests.corpus import asks, rows, wire
from tests.corpus.server import ReplayServer, Reply
from tests.corpus.trials import Trial

PATIENCE_S = 20.0  # a journey that takes longer hangs
NOW = 1_764_000_000.0


class StillClock:
    """Every moment is the same one, so that two journeys of a reply can be compared."""

    def now(self) -> float:
        return 0.0

    def wall(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass(slots=True)
class Arrived:
    """What came of it. `failure` may follow a part of a body; `crash` must never be."""

    body: bytes = b""
    failure: Failure | None = None
    crash: str = ""
    receipt: Receipt = field(default_factory=Receipt)
    own_door: bool = True  # the row speaks this dialect by itself
    amends: bool = False  # the row puts right what comes, on purpose
    asked: Mapping[str, Any] = field(default_factory=dict)
    sent: bytes = b""  # what the provider was asked


async def travel(
    http: Http, server: ReplayServer, trial: Trial, ours: Dialect, pieces: Sequence[bytes]
) -> Arrived:
    """Send the reply in these pieces to a client who speaks `ours`."""
    record = trial.record
    headers = wire.headers(record, trial.theirs, stream=trial.stream)
    address = server.serve(Reply(record.status, headers, pieces))
    where = rows.target(trial.row, trial.theirs, address, trial.model)
    framing = wire.framing(record, trial.theirs)
    provider, own_door = rows.provider(trial.row, where, trial.theirs, framing)
    asked = asks.request(record, ours, trial.theirs, stream=trial.stream)
    arrived = Arrived(own_door=own_door, amends=bool(provider.transport), asked=asked)
    call = Call(ours, trial.model, asked, trial.stream, id="corpus")
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _through(RowAdapter(provider, http, StillClock()), call, where, arrived)
    except Failure as failure:
        arrived.failure = failure
    except TimeoutError:
        arrived.crash = f"hangs after {len(arrived.body)} bytes"
    except Exception as error:
        arrived.crash = f"{type(error).__name__}: {error}"[:200]
    finally:
        arrived.sent = server.forget(address)
    return arrived


async def _through(adapter: RowAdapter, call: Call, where: Any, arrived: Arrived) -> None:
    reply = await adapter.send(call, where)
    arrived.receipt = reply.receipt
    if isinstance(reply.body, bytes):
        arrived.body = reply.body
        return
    try:
        async for data in reply.body:
            arrived.body += data
    finally:
        await reply.body.aclose()

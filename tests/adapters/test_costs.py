"""What a request may cost: how often JSON is read and written. Counted, not timed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from adapters.auth.keys import header
from adapters.provider import Endpoint, Provider
from adapters.send import RowAdapter
from adapters.types import Call
from tests.adapters.samples import (
    ANTHROPIC,
    COMPLETION,
    DONE,
    HI,
    MESSAGE,
    MESSAGE_STREAM,
    ROLE,
    STOP,
    TEXT,
    USAGE,
    call,
    chunk,
    target,
)
from tests.fakes import FakeAnswer, FakeClock, FakeTransport

ROW = Provider("acme")
CLAUDES = Provider(
    "claudes", speaks={ANTHROPIC: Endpoint("/v1/messages")}, auth=header("x-api-key", ())
)
WORDS = 100


@dataclass
class Counts:
    loads: int = 0
    dumps: int = 0


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    """How often orjson is called from here on."""
    counts = Counts()

    def counting(name: str) -> Callable[..., Any]:
        real = getattr(orjson, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            setattr(counts, name, getattr(counts, name) + 1)
            return real(*arguments, **options)

        return counted

    for name in ("loads", "dumps"):
        monkeypatch.setattr(orjson, name, counting(name))
    return counts


async def _spend(answer: FakeAnswer, asked: Call, row: Provider) -> list[bytes]:
    """Serve a call; what was written, per write."""
    reply = await RowAdapter(row, FakeTransport(answer), FakeClock()).send(asked, target())
    if isinstance(reply.body, bytes):
        return [reply.body]
    body = reply.body
    return [write async for write in body]


async def test_a_document_is_read_once_and_its_request_written_once(counts: Counts) -> None:
    answer = FakeAnswer(orjson.dumps(COMPLETION))
    counts.dumps = 0

    await _spend(answer, call(), ROW)

    assert counts == Counts(loads=1, dumps=1)


async def test_a_translated_document_is_written_once_more(counts: Counts) -> None:
    answer = FakeAnswer(orjson.dumps(MESSAGE))
    counts.dumps = 0

    await _spend(answer, call(), CLAUDES)

    assert counts == Counts(loads=1, dumps=2)


async def test_events_that_pass_are_not_read(counts: Counts) -> None:
    """The opening is, until there is content; and so is what tells usage."""
    words = [chunk({"content": f"{number} "}) for number in range(WORDS)]
    answer = FakeAnswer(ROLE, HI, *words, STOP, USAGE, DONE)
    counts.dumps = 0

    await _spend(answer, call(stream=True), ROW)

    assert counts == Counts(loads=2 + 1, dumps=1)


async def test_it_makes_no_difference_how_many_come_at_once(counts: Counts) -> None:
    words = [chunk({"content": f"{number} "}) for number in range(WORDS)]
    answer = FakeAnswer(b"".join((ROLE, HI, *words, STOP, USAGE, DONE)))
    counts.dumps = 0

    writes = await _spend(answer, call(stream=True), ROW)

    assert counts == Counts(loads=2 + 1, dumps=1)
    assert len(writes) == 1


async def test_anthropics_events_that_pass_are_not_read_either(counts: Counts) -> None:
    before, after = MESSAGE_STREAM[:3], MESSAGE_STREAM[4:]
    answer = FakeAnswer(*before, *[TEXT] * WORDS, *after)
    counts.dumps = 0

    await _spend(answer, call(ANTHROPIC, stream=True), CLAUDES)

    assert counts == Counts(loads=len(before) + 1 + 1, dumps=1)  # up to content, and the usage


async def test_a_translated_event_is_read_once_and_written_once(counts: Counts) -> None:
    before, after = MESSAGE_STREAM[:3], MESSAGE_STREAM[4:]
    answer = FakeAnswer(*before, *[TEXT] * WORDS, *after)
    counts.dumps = 0

    await _spend(answer, call(stream=True), CLAUDES)

    around = len(before) + len(after)  # what is not a text, and what surrounds one
    assert counts.loads == WORDS + around
    assert WORDS < counts.dumps <= WORDS + around + 3


@pytest.mark.parametrize("row", [ROW, CLAUDES], ids=["passed", "translated"])
async def test_whatever_came_in_one_read_goes_out_in_one_write(row: Provider) -> None:
    talk = MESSAGE_STREAM if row is CLAUDES else (ROLE, HI, STOP, USAGE, DONE)
    middle = TEXT if row is CLAUDES else HI
    reads = [b"".join(talk[:4]), *[middle * 7] * 20, b"".join(talk[4:])]
    if row is ROW:
        reads[0] = ROLE + HI
        reads[-1] = STOP + USAGE + DONE
    answer = FakeAnswer(*reads)

    writes = await _spend(answer, call(stream=True), row)

    assert len(writes) == answer.reads == len(reads)

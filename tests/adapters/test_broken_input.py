"""Whatever a provider sends, it ends in an answer or in a failure of one kind: no crash, no hang.

A table over every dialect and every way of breaking an answer, over a real socket.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import orjson
import pytest
import pytest_asyncio

from adapters.errors import Failure, Kind
from adapters.framing import Framing
from adapters.http import Http
from adapters.send import RowAdapter
from adapters.sse import EVENT_LIMIT
from adapters.types import Call, Dialect, Json
from tests.adapters.broken import SOUND
from tests.corpus import rows
from tests.corpus.journey import StillClock
from tests.corpus.oracles.frames import aws
from tests.corpus.server import ReplayServer, Reply
from tests.corpus.verdicts import PIVOTS
from tests.corpus.wire import event_frame

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 20.0
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"
ASKED: dict[Dialect, Json] = {
    Dialect.OPENAI_CHAT: {"messages": [{"role": "user", "content": "Hi"}]},
    Dialect.ANTHROPIC_MESSAGES: {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 9,
    },
    Dialect.OPENAI_EMBEDDINGS: {"input": ["Hi"]},
    Dialect.COHERE_RERANK: {"query": "Hi", "documents": ["Ho"]},
}
STREAMING = [dialect for dialect, sound in SOUND.items() if sound.events]

every_dialect = pytest.mark.parametrize("theirs", SOUND)
every_stream = pytest.mark.parametrize("theirs", STREAMING)


class Provider:
    """Answers as it is told; the client speaks the pivot of what is asked."""

    def __init__(self, http: Http, server: ReplayServer) -> None:
        self._http = http
        self._server = server

    async def answers(
        self,
        theirs: Dialect,
        pieces: Sequence[bytes],
        kind: str,
        *,
        stream: bool = False,
        whole: bool = True,
        ours: Dialect | None = None,
    ) -> bytes:
        """What comes of it. Anything but an answer or a `Failure` is an error of the test."""
        sound = SOUND[theirs]
        address = self._server.serve(Reply(200, {"content-type": kind}, pieces, whole=whole))
        where = rows.target(sound.row, theirs, address, sound.model)
        provider, _ = rows.provider(sound.row, where, theirs, sound.framing)
        ours = ours or PIVOTS[theirs.operation]
        call = Call(ours, sound.model, ASKED[ours], stream)
        async with asyncio.timeout(PATIENCE_S):
            reply = await RowAdapter(provider, self._http, StillClock()).send(call, where)
            if isinstance(reply.body, bytes):
                return reply.body
            try:
                return b"".join([data async for data in reply.body])
            finally:
                await reply.body.aclose()

    async def fails(
        self,
        theirs: Dialect,
        pieces: Sequence[bytes],
        kind: str,
        *,
        stream: bool = False,
        whole: bool = True,
    ) -> Failure:
        with pytest.raises(Failure) as caught:
            await self.answers(theirs, pieces, kind, stream=stream, whole=whole)
        assert caught.value.message
        assert caught.value.provider == SOUND[theirs].row
        return caught.value


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with Http() as http, ReplayServer() as server:
        yield Provider(http, server)


@every_dialect
async def test_what_is_sound_is_an_answer(provider: Provider, theirs: Dialect) -> None:
    document = orjson.dumps(SOUND[theirs].document)

    assert await provider.answers(theirs, [document], "application/json")


@every_stream
async def test_a_sound_stream_is_an_answer(provider: Provider, theirs: Dialect) -> None:
    sound = SOUND[theirs]

    assert b"[DONE]" in await provider.answers(theirs, sound.events, sound.type, stream=True)


DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "a web page": (HTML, "text/html"),
    "a web page that says it is JSON": (HTML, "application/json"),
    "nothing": (b"", "application/json"),
    "blanks": (b" \n", "application/json"),
    "null": (b"null", "application/json"),
    "a list": (b"[]", "application/json"),
    "a text": (b'"overloaded"', "application/json"),
    "a number": (b"42", "application/json"),
    "bytes": (b"\xff\xfe\x00\x01", "application/octet-stream"),
    "plain text": (b"upstream connect error", "text/plain"),
}


@every_dialect
@pytest.mark.parametrize(("body", "kind"), DOCUMENTS.values(), ids=DOCUMENTS)
async def test_no_document_is_broken(
    provider: Provider, theirs: Dialect, body: bytes, kind: str
) -> None:
    failure = await provider.fails(theirs, [body] if body else [], kind)

    assert failure.kind is Kind.BROKEN


@every_dialect
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
async def test_a_document_that_breaks_off_is_broken(
    provider: Provider, theirs: Dialect, share: float
) -> None:
    document = orjson.dumps(SOUND[theirs].document)
    half = document[: int(len(document) * share) or 1]

    ended = await provider.fails(theirs, [half], "application/json")
    cut = await provider.fails(theirs, [half], "application/json", whole=False)

    assert (ended.kind, cut.kind) == (Kind.BROKEN, Kind.BROKEN)


EMPTY = [(theirs, empty) for theirs, sound in SOUND.items() for empty in sound.empty]


@pytest.mark.parametrize(("theirs", "empty"), EMPTY)
async def test_an_answer_with_nothing_in_it_is_broken(
    provider: Provider, theirs: Dialect, empty: Json
) -> None:
    failure = await provider.fails(theirs, [orjson.dumps(empty)], "application/json")

    assert failure.kind is Kind.BROKEN


@every_dialect
async def test_an_error_that_comes_with_200_is_of_its_own_kind(
    provider: Provider, theirs: Dialect
) -> None:
    body = orjson.dumps({"error": {"message": "slow down", "code": 429}})

    failure = await provider.fails(theirs, [body], "application/json")

    assert failure.kind is Kind.RATE_LIMIT


STREAMS: dict[str, tuple[bytes, str]] = {
    "a web page": (HTML, "text/html"),
    "a web page that says it is a stream": (HTML, ""),
    "nothing": (b"", ""),
    "blank lines": (b"\n\n\n\n", ""),
    "a document": (b'{"message": "hello"}', "application/json"),
    "no JSON": (b"data: hello\n\n", ""),
    "no object": (b"data: [1]\n\ndata: 2\n\ndata: null\n\n", ""),
    "an event of nothing": (b"data: {}\n\n", ""),
    "no event": (b"hello\nworld\n", ""),
    "bytes": (b"\x00\x00\x00\x10\xff\xfe\xfd\xfc" * 8, ""),
    "half a frame": (b"data: {", ""),
    "a line of nothing": (b"{}\n", ""),
    "a line that is no object": (b"[]\n3\n", ""),
}


@every_stream
@pytest.mark.parametrize(("body", "kind"), STREAMS.values(), ids=STREAMS)
async def test_no_stream_is_broken(
    provider: Provider, theirs: Dialect, body: bytes, kind: str
) -> None:
    kind = kind or SOUND[theirs].type

    failure = await provider.fails(theirs, [body] if body else [], kind, stream=True)

    assert failure.kind is Kind.BROKEN


BEGUN = [(theirs, n) for theirs in STREAMING for n in range(SOUND[theirs].unfinished + 1)]


@pytest.mark.parametrize(("theirs", "count"), BEGUN)
async def test_a_stream_that_ends_too_early_is_broken(
    provider: Provider, theirs: Dialect, count: int
) -> None:
    sound = SOUND[theirs]

    failure = await provider.fails(theirs, sound.events[:count], sound.type, stream=True)

    assert failure.kind is Kind.BROKEN


@pytest.mark.parametrize(("theirs", "count"), BEGUN)
async def test_a_stream_whose_connection_breaks_is_broken(
    provider: Provider, theirs: Dialect, count: int
) -> None:
    sound = SOUND[theirs]
    inside = sound.events[count][: len(sound.events[count]) // 2]

    between = await provider.fails(
        theirs, sound.events[:count], sound.type, stream=True, whole=False
    )
    within = await provider.fails(
        theirs, [*sound.events[:count], inside], sound.type, stream=True, whole=False
    )

    assert (between.kind, within.kind) == (Kind.BROKEN, Kind.BROKEN)


@pytest.mark.parametrize(("theirs", "count"), BEGUN)
async def test_an_event_that_is_cut_short_is_broken(
    provider: Provider, theirs: Dialect, count: int
) -> None:
    sound = SOUND[theirs]
    event = sound.events[count]
    short = event[: len(event) * 2 // 3].rstrip() + b"\n\n"

    failure = await provider.fails(theirs, [*sound.events[:count], short], sound.type, stream=True)

    assert failure.kind is Kind.BROKEN


@every_stream
async def test_an_event_over_the_limit_is_broken(provider: Provider, theirs: Dialect) -> None:
    sound = SOUND[theirs]
    piece = b"x" * 2**20
    begin = b"" if sound.type.endswith("eventstream") else b"data: "

    failure = await provider.fails(
        theirs, [begin, *[piece] * (EVENT_LIMIT // 2**20 + 2)], sound.type, stream=True
    )

    assert failure.kind is Kind.BROKEN


ODD: tuple[Any, ...] = (None, [], {}, "x", 7, [None], {"x": None})


@every_dialect
async def test_odd_shapes_are_an_answer_or_a_failure(provider: Provider, theirs: Dialect) -> None:
    clients = [PIVOTS[theirs.operation]]
    if Dialect.OPENAI_CHAT in clients:
        clients.append(Dialect.ANTHROPIC_MESSAGES)

    outcomes = {
        await _outcome(provider, theirs, [orjson.dumps(odd)], ours)
        for odd in _odd(SOUND[theirs].document)
        for ours in clients
    }

    assert "an answer" in outcomes
    assert outcomes <= {"an answer", Kind.BROKEN, Kind.TRANSIENT}


@every_stream
async def test_odd_events_are_an_answer_or_a_failure(provider: Provider, theirs: Dialect) -> None:
    sound = SOUND[theirs]

    outcomes = {
        await _outcome(provider, theirs, [*sound.events[:at], odd, *sound.events[at + 1 :]], ours)
        for at, event in enumerate(sound.events)
        for odd in _odd_events(event, theirs)
        for ours in (Dialect.OPENAI_CHAT, Dialect.ANTHROPIC_MESSAGES)
    }

    assert "an answer" in outcomes
    assert outcomes <= {"an answer", Kind.BROKEN, Kind.TRANSIENT}


async def _outcome(
    provider: Provider, theirs: Dialect, pieces: Sequence[bytes], ours: Dialect
) -> str:
    stream = len(pieces) > 1
    kind = SOUND[theirs].type if stream else "application/json"
    try:
        await provider.answers(theirs, pieces, kind, stream=stream, ours=ours)
    except Failure as failure:
        return failure.kind
    return "an answer"


def _odd_events(event: bytes, theirs: Dialect) -> Iterator[bytes]:
    """The event, in its frame, with each of its values replaced."""
    if SOUND[theirs].framing is Framing.AWS:
        ((headers, payload),) = aws(event)
        for odd in _odd(orjson.loads(payload)):
            yield event_frame(headers[":event-type"], orjson.dumps(odd))
        return
    head, brace, data = event.partition(b"{")
    for odd in _odd(orjson.loads(brace + data)) if brace else ():
        yield head + orjson.dumps(odd) + (b"\n\n" if head else b"\n")


def _odd(document: Json) -> Iterator[Json]:
    """The document with each of its values, one after another, replaced by something else."""
    for path in _paths(document):
        for value in ODD:
            changed = copy.deepcopy(document)
            holder: Any = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = value
            yield changed


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, held in inner:
        yield (step,)
        if isinstance(held, dict | list):
            yield from ((step, *rest) for rest in _paths(held))


async def test_every_dialect_is_tried() -> None:
    assert set(SOUND) == set(Dialect)

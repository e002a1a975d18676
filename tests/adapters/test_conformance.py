"""What is true of every provider in the catalogue, whatever its row or its file says.

One provider on a real socket plays them all; each test has connections of its own. What a provider
needs beside its name is in `terms.py`, what it says in its dialect in `samples.py`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
import pytest_asyncio

from adapters.catalog import names
from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.http import Http
from adapters.refusals import FIELDS
from adapters.send import RowAdapter
from adapters.types import Body, Call, Dialect, Json, Operation, Reply, Target, Usage
from tests.adapters.samples import (
    BYE,
    CHAT,
    DOCUMENTS,
    DONE,
    KEY,
    STREAMS,
    USAGE,
    VECTOR,
    call,
)
from tests.adapters.terms import Way, ways
from tests.upstream import Upstream, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 10.0
NEW = {"deep": [1, None, "\u00fc"]}
ASKED: dict[Dialect, Json] = {
    Dialect.OPENAI_EMBEDDINGS: {"model": "alias", "input": ["Hi"]},
    Dialect.COHERE_RERANK: {"model": "alias", "query": "Hi", "documents": ["Hi"]},
}
USED = {  # what the samples have cost; nobody counts tokens of a rerank but Voyage
    Operation.CHAT: {Usage(7, 3)},
    Operation.EMBEDDINGS: {Usage(7)},
    Operation.RERANK: {Usage(), Usage(7)},
}
UNSEEN_DOORS = {  # spoken to nobody yet: no client writes it, and another dialect is preferred
    Dialect.OPENAI_RESPONSES,
    Dialect.COHERE_EMBED,
}

WAYS = list(ways())
DOORS = list(
    {(way.name, way.terms.model, way.terms.base, way.theirs): way for way in WAYS[::-1]}.values()
)
STREAMED = [way for way in DOORS if way.streams and way.endpoint.streams]

every_way = pytest.mark.parametrize("way", WAYS, ids=str)
every_door = pytest.mark.parametrize("way", DOORS, ids=str)
every_stream = pytest.mark.parametrize("way", STREAMED, ids=str)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _socket() -> AsyncIterator[Upstream]:
    async with Upstream() as provider:
        yield provider


@pytest.fixture
def provider(_socket: Upstream) -> Upstream:
    _socket.forget()
    return _socket


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[Http]:
    async with Http() as http:
        yield http


def _call(way: Way, *, stream: bool = False, **more: Any) -> Call:
    if way.ours in ASKED:
        return Call(way.ours, "alias", {**ASKED[way.ours], **more}, id="req-1")
    return call(way.ours, stream=stream, **more)


async def _send(way: Way, asked: Call, provider: Upstream, http: Http) -> Reply:
    return await _sent(way, asked, way.target(provider.url), http)


async def _sent(way: Way, asked: Call, to: Target, http: Http) -> Reply:
    return await RowAdapter(way.provider, http, SystemClock()).send(asked, to)


async def _whole(reply: Reply) -> bytes:
    assert not isinstance(reply.body, bytes)
    body: Body = reply.body
    try:
        return b"".join([write async for write in body])
    finally:
        await body.aclose()


def _values(name: str, within: Any) -> Iterator[Any]:
    """What a field of that name holds, wherever it is."""
    match within:
        case dict():
            if name in within:
                yield within[name]
            for inner in within.values():
                yield from _values(name, inner)
        case list():
            for inner in within:
                yield from _values(name, inner)


async def test_every_provider_and_every_door_is_tried() -> None:
    tried = {(way.name, way.theirs) for way in WAYS}
    doors = {(way.name, theirs) for way in WAYS for theirs in way.provider.speaks}

    assert {name for name, _ in tried} == {*names()} - {"mock"}
    assert {theirs for _, theirs in doors - tried} <= UNSEEN_DOORS


@every_door
async def test_the_key_is_shown_once_and_in_a_header(
    way: Way, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[way.theirs]))

    await _send(way, _call(way), provider, http)

    [seen] = provider.requests
    shown = [header for header, value in seen.headers.items() if KEY in value]
    signed = KEY not in way.terms.value
    assert seen.headers[way.terms.header].startswith(way.terms.value)
    assert shown == ([] if signed else [way.terms.header])
    assert KEY not in unquote(seen.path)
    assert KEY.encode() not in seen.body


@every_door
async def test_the_address_is_whole_and_the_model_placed(
    way: Way, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[way.theirs]))

    await _send(way, _call(way), provider, http)

    [seen] = provider.requests
    path, _, query = seen.path.partition("?")
    fixed = re.split(r"\{\w+\}", way.endpoint.path.partition("?")[0])
    assert path.endswith(fixed[-1].removeprefix("/../").replace("../", ""))
    assert all(part.replace("/../", "/").replace("../", "") in path for part in fixed)
    assert not {"{", "}", ".."} & {*path, *query, *path.split("/")}
    assert "//" not in path
    name = way.terms.model.rpartition("/")[2]
    placed = (unquote(path), *_values("model", seen.json), *_values("model_id", seen.json))
    assert any(name in str(said) for said in placed)


@every_way
async def test_a_field_that_nobody_knows_arrives(way: Way, provider: Upstream, http: Http) -> None:
    provider.play(document(DOCUMENTS[way.theirs]))

    await _send(way, _call(way, x_new=NEW), provider, http)

    assert list(_values("x_new", provider.requests[0].json)) == [NEW]


@pytest.mark.parametrize(
    "way",
    [way for way in DOORS if way.provider.droppable and way.ours is way.theirs is CHAT],
    ids=str,
)
async def test_what_would_be_refused_is_left_out_if_the_operator_says_so(
    way: Way, provider: Upstream, http: Http
) -> None:
    asked: dict[str, Any] = {name: [7] for name in FIELDS - {"tools"}}
    assert way.provider.droppable
    refused = way.provider.droppable({**asked, "model": way.terms.model}) & asked.keys()
    provider.play(document(DOCUMENTS[way.theirs]))
    to = replace(way.target(provider.url), keep_params=("user",))

    await _sent(way, _call(way, **asked), to, http)
    await _sent(way, _call(way, **asked), replace(to, drop_params=True), http)

    strict, lenient = (set(seen.json) for seen in provider.requests)
    assert refused - strict <= {"max_tokens", "stream_options"}
    assert refused & lenient <= {"user"}
    assert strict - lenient <= refused


@every_door
async def test_a_refusal_is_classified(way: Way, provider: Upstream, http: Http) -> None:
    said = {"type": "error", "error": {"message": f"not with {KEY}"}, "message": f"not {KEY}"}
    provider.play(document(said, 401), document(said, 429, {"retry-after": "7"}))
    failures: list[Failure] = []

    for stream in (False, way.streams):
        with pytest.raises(Failure) as caught:
            await _send(way, _call(way, stream=stream), provider, http)
        failures.append(caught.value)

    assert [failure.kind for failure in failures] == [Kind.CREDENTIAL, Kind.RATE_LIMIT]
    assert {failure.provider for failure in failures} == {way.provider.name}
    assert failures[1].retry_after == 7
    assert KEY not in "".join(f"{failure.message}{failure!r}" for failure in failures)


@every_door
@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"cut', b"[]", b"null"])
async def test_what_is_no_answer_is_called_broken(
    way: Way, body: bytes, provider: Upstream, http: Http
) -> None:
    provider.play(document(body))

    with pytest.raises(Failure) as caught:
        await _send(way, _call(way), provider, http)

    assert caught.value.kind is Kind.BROKEN


@every_way
async def test_a_document_arrives_and_is_counted(way: Way, provider: Upstream, http: Http) -> None:
    provider.play(document(DOCUMENTS[way.theirs]))

    reply = await _send(way, _call(way), provider, http)

    assert isinstance(reply.body, bytes)
    told = orjson.loads(reply.body)
    match way.ours.operation:
        case Operation.CHAT:
            assert b'"Hi"' in reply.body
        case Operation.EMBEDDINGS:
            assert [entry["embedding"] for entry in told["data"]] == [VECTOR]
        case Operation.RERANK:
            assert [result["relevance_score"] for result in told["results"]] == [0.5]
    if way.ours is way.theirs and not way.provider.transport:
        assert told == DOCUMENTS[way.theirs]
    assert reply.receipt.usage in USED[way.ours.operation]


@pytest.mark.parametrize("way", [way for way in WAYS if way.streams], ids=str)
async def test_a_stream_arrives_and_is_counted(way: Way, provider: Upstream, http: Http) -> None:
    if way.endpoint.streams:
        provider.play(events(way.framed(STREAMS[way.theirs])))
    else:
        provider.play(document(DOCUMENTS[way.theirs]))

    reply = await _send(way, _call(way, stream=True), provider, http)

    whole = await _whole(reply)
    assert b'"Hi"' in whole
    assert whole.endswith(DONE if way.ours is CHAT else BYE)
    if way.ours is way.theirs and not way.provider.transport:
        assert whole == b"".join(STREAMS[way.theirs]).replace(USAGE, b"")
    assert reply.receipt.usage == Usage(7, 3)
    assert reply.receipt.complete


@every_stream
async def test_a_stream_that_breaks_off_is_a_failure(
    way: Way, provider: Upstream, http: Http
) -> None:
    provider.play(events(way.framed(_begun(way)), end="cut"))
    reply = await _send(way, _call(way, stream=True), provider, http)

    with pytest.raises(Failure) as caught:
        await _whole(reply)

    assert caught.value.kind is Kind.BROKEN


@every_stream
async def test_who_leaves_early_leaves_no_connection_behind(
    way: Way, provider: Upstream, http: Http
) -> None:
    provider.play(events(way.framed(_begun(way)), end="stall"))
    reply = await _send(way, _call(way, stream=True), provider, http)
    assert not isinstance(reply.body, bytes)
    await anext(reply.body)

    await reply.body.aclose()

    await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


def _begun(way: Way) -> list[bytes]:
    """The events of a stream up to the first with content; alone if it is the only one."""
    frames = STREAMS[way.theirs]
    first = next(at for at, frame in enumerate(frames) if b'"Hi"' in frame)
    return list(frames[: first + 1])


KEYED = [way for way in DOORS if not (way.provider.login and way.provider.key_optional)]


@pytest.mark.parametrize("way", KEYED, ids=str)  # the others ask the machine who they are
async def test_nothing_leaves_without_a_key_where_one_is_needed(
    way: Way, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[way.theirs]))
    to = way.target(provider.url, secrets={})

    if way.provider.key_optional:
        await _sent(way, _call(way), to, http)
        assert way.terms.header not in provider.requests[0].headers
    else:
        with pytest.raises(Failure, match="no API key") as caught:
            await _sent(way, _call(way), to, http)
        assert caught.value.kind is Kind.CREDENTIAL
        assert provider.requests == []

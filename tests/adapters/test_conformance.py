"""What is true of every provider in the catalogue, whatever its row says.

One provider on a real socket plays them all; each test has connections of its own.
"""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from adapters.catalog import find, names
from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.http import Http
from adapters.provider import Provider
from adapters.send import RowAdapter
from adapters.types import Body, Call, Dialect, Json, Reply, Target, Usage
from tests.adapters.samples import (
    ANTHROPIC,
    BYE,
    CHAT,
    COMPLETION,
    DONE,
    HI,
    KEY,
    MESSAGE,
    MESSAGE_STREAM,
    ROLE,
    STOP,
    STREAM,
    TEXT,
    THERE,
    call,
)
from tests.upstream import Upstream, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 10.0
MODEL = "some/model-1"


def _row(name: str) -> Provider:
    row = find(name)
    assert row
    return row


ROWS = [name for name in names() if name != "mock"]  # that one has no network
DOORS = [(name, dialect) for name in ROWS for dialect in _row(name).speaks]
CLIENTS = [(name, dialect) for name in ROWS for dialect in Dialect]
STREAMS = {CHAT: STREAM, ANTHROPIC: MESSAGE_STREAM}
DOCUMENTS: dict[Dialect, Json] = {CHAT: COMPLETION, ANTHROPIC: MESSAGE}
PASSED = {CHAT: (ROLE, HI, THERE, STOP, DONE), ANTHROPIC: MESSAGE_STREAM}

every_door = pytest.mark.parametrize(("name", "dialect"), DOORS)
every_client = pytest.mark.parametrize(("name", "dialect"), CLIENTS)


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


async def _send(name: str, asked: Call, provider: Upstream, http: Http) -> Reply:
    to = Target(name, MODEL, f"{provider.url}/v1", secrets={"api_key": KEY})
    return await RowAdapter(_row(name), http, SystemClock()).send(asked, to)


def _spoken(name: str, ours: Dialect) -> Dialect:
    """The dialect in which a provider is spoken to for a client of ours."""
    speaks = _row(name).speaks
    return ours if ours in speaks else next(iter(speaks))


async def _whole(reply: Reply) -> bytes:
    assert not isinstance(reply.body, bytes)
    body: Body = reply.body
    whole = b"".join([write async for write in body])
    await body.aclose()
    return whole


@every_door
async def test_the_key_is_shown_once_and_in_a_header(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[dialect]))

    await _send(name, call(dialect), provider, http)

    [seen] = provider.requests
    shown = [header for header, value in seen.headers.items() if KEY in value]
    expected = {"anthropic": "x-api-key", "azure": "api-key", "sarvam": "api-subscription-key"}
    assert shown == [expected.get(name, "authorization")]
    assert seen.headers[shown[0]] in {KEY, f"Bearer {KEY}"}
    assert KEY not in seen.path
    assert KEY.encode() not in seen.body


@every_door
async def test_the_address_is_whole_and_the_model_placed(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[dialect]))

    await _send(name, call(dialect), provider, http)

    [seen] = provider.requests
    path, _, query = seen.path.partition("?")
    assert path.endswith("/chat/completions" if dialect is CHAT else "/v1/messages")
    assert not {"{", "}", ".."} & {*path, *query, *path.split("/")}
    assert path.count("/v1/") <= (2 if name in {"docker_model_runner", "heroku"} else 1)
    assert seen.json["model"].endswith(MODEL)
    if name == "azure":
        assert "/deployments/some%2Fmodel-1/" in path
        assert query.startswith("api-version=20")


@every_door
async def test_a_field_that_nobody_knows_arrives(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[dialect]))

    await _send(name, call(dialect, x_new={"deep": [1, None, "\u00fc"]}), provider, http)

    assert provider.requests[0].json["x_new"] == {"deep": [1, None, "\u00fc"]}


@every_client
async def test_a_field_that_nobody_knows_survives_translation_too(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[_spoken(name, dialect)]))

    await _send(name, call(dialect, x_new={"deep": [1, None]}), provider, http)

    assert provider.requests[0].json["x_new"] == {"deep": [1, None]}


@every_door
async def test_a_refusal_is_classified(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    said = {"type": "error", "error": {"message": f"not with {KEY}"}}
    provider.play(document(said, 401), document(said, 429, {"retry-after": "7"}))
    failures: list[Failure] = []

    for stream in (False, True):
        with pytest.raises(Failure) as caught:
            await _send(name, call(dialect, stream=stream), provider, http)
        failures.append(caught.value)

    assert [failure.kind for failure in failures] == [Kind.CREDENTIAL, Kind.RATE_LIMIT]
    assert [failure.provider for failure in failures] == [name, name]
    assert failures[1].retry_after == 7
    assert KEY not in "".join(f"{failure.message}{failure!r}" for failure in failures)


@every_door
async def test_a_document_passes_and_is_counted(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[dialect]))

    reply = await _send(name, call(dialect), provider, http)

    assert reply.body == orjson.dumps(DOCUMENTS[dialect])
    assert reply.receipt.usage == Usage(7, 3)


@every_door
async def test_a_stream_passes_and_is_counted(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(events(STREAMS[dialect]))

    reply = await _send(name, call(dialect, stream=True), provider, http)

    assert await _whole(reply) == b"".join(PASSED[dialect])
    assert reply.receipt.usage == Usage(7, 3)
    assert reply.receipt.complete


@every_client
async def test_clients_of_every_dialect_get_a_stream_of_theirs(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(events(STREAMS[_spoken(name, dialect)]))

    reply = await _send(name, call(dialect, stream=True), provider, http)

    whole = await _whole(reply)
    assert b'"Hi"' in whole
    assert whole.endswith(DONE if dialect is CHAT else BYE)
    assert reply.receipt.usage == Usage(7, 3)


@every_door
async def test_who_leaves_early_leaves_no_connection_behind(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(events([ROLE + HI if dialect is CHAT else TEXT], end="stall"))
    reply = await _send(name, call(dialect, stream=True), provider, http)
    assert not isinstance(reply.body, bytes)
    await anext(reply.body)

    await reply.body.aclose()

    await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


@every_door
async def test_nothing_leaves_without_a_key_where_one_is_needed(
    name: str, dialect: Dialect, provider: Upstream, http: Http
) -> None:
    provider.play(document(DOCUMENTS[dialect]))
    row = _row(name)
    adapter = RowAdapter(row, http, SystemClock())
    to = Target(name, MODEL, provider.url)

    if row.key_optional:
        await adapter.send(call(dialect), to)
        assert "authorization" not in provider.requests[0].headers
    else:
        with pytest.raises(Failure, match="no API key") as caught:
            await adapter.send(call(dialect), to)
        assert caught.value.kind is Kind.CREDENTIAL
        assert provider.requests == []

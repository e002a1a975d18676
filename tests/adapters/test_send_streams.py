"""One attempt for a stream: nothing is promised before there is content, nothing lost after."""

import asyncio
from typing import Any

import orjson
import pytest

from adapters.auth.keys import header
from adapters.clock import SystemClock
from adapters.dialects import TRANSLATIONS
from adapters.errors import Failure, Kind
from adapters.http import Http
from adapters.provider import Endpoint, Provider
from adapters.send import RowAdapter
from adapters.types import Body, Call, Dialect, Reply, Target, Timeouts, Usage
from tests.adapters.samples import (
    ANTHROPIC,
    CHAT,
    DONE,
    ERROR,
    HELLO,
    HI,
    KEY,
    MESSAGE_STREAM,
    OVERLOADED,
    PING,
    ROLE,
    STOP,
    STREAM,
    TEXT,
    THERE,
    USAGE,
    call,
    chunk,
    event,
    target,
)
from tests.fakes import FakeAnswer, FakeClock, FakeTransport
from tests.upstream import Seen, Upstream, Wire, document, events, silence

ROW = Provider("acme")
CLAUDES = Provider(
    "claudes", speaks={ANTHROPIC: Endpoint("/v1/messages")}, auth=header("x-api-key", ())
)
ASKED = call(stream=True)
SOON_S = 10.0


async def _sent(
    answer: FakeAnswer, asked: Call = ASKED, *, row: Provider = ROW, to: Target | None = None
) -> Reply:
    return await RowAdapter(row, FakeTransport(answer), FakeClock()).send(asked, to or target())


async def _failed(
    answer: FakeAnswer, asked: Call = ASKED, *, row: Provider = ROW, to: Target | None = None
) -> Failure:
    with pytest.raises(Failure) as caught:
        await _sent(answer, asked, row=row, to=to)
    return caught.value


def _body(reply: Reply) -> Body:
    assert not isinstance(reply.body, bytes)
    return reply.body


async def _writes(reply: Reply) -> list[bytes]:
    return [write async for write in _body(reply)]


# --- before the commit point ------------------------------------------------------------------


@pytest.mark.parametrize("reads", [[b"".join(STREAM)], [*STREAM]], ids=["one read", "a read each"])
async def test_a_stream_passes_but_for_what_we_added(reads: list[bytes]) -> None:
    reply = await _sent(FakeAnswer(*reads, headers={"x-request-id": "their-1"}))

    assert b"".join(await _writes(reply)) == ROLE + HI + THERE + STOP + DONE
    assert (reply.receipt.usage, reply.receipt.model) == (Usage(7, 3), "m-1")
    assert (reply.receipt.finish, reply.receipt.complete) == (True, True)
    assert reply.headers == {"x-request-id": "their-1"}


async def test_a_client_that_asks_for_usage_gets_it() -> None:
    asked = call(stream=True, stream_options={"include_usage": True})

    assert b"".join(await _writes(await _sent(FakeAnswer(*STREAM), asked))) == b"".join(STREAM)


PREAMBLES: dict[str, tuple[bytes, ...]] = {
    "the role": (ROLE,),
    "comments": (b": PROCESSING\n\n", b": PROCESSING\n\n"),
    "Azure's verdict": (event({"choices": [], "prompt_filter_results": []}), ROLE),
    "half an event": (HI[:9],),
}


@pytest.mark.parametrize("case", PREAMBLES)
async def test_what_says_nothing_is_held_back_until_content_comes(case: str) -> None:
    pieces = PREAMBLES[case]
    rest = HI[9:] if case == "half an event" else HI
    answer = FakeAnswer(*pieces, rest, STOP, DONE)

    reply = await _sent(answer)

    assert (answer.reads, answer.watched) == (len(pieces) + 1, 1)
    assert await anext(_body(reply)) == b"".join(pieces) + rest


async def test_anthropics_greeting_and_pings_are_held_back_too() -> None:
    answer = FakeAnswer(*MESSAGE_STREAM)

    reply = await _sent(answer, call(ANTHROPIC, stream=True), row=CLAUDES)

    assert answer.reads == 1 + MESSAGE_STREAM.index(TEXT)
    assert b"".join(await _writes(reply)) == b"".join(MESSAGE_STREAM)


HELLO_AND_GONE: dict[str, tuple[Provider, Dialect, tuple[bytes | Exception, ...], Kind]] = {
    "an error after the role": (
        ROW,
        CHAT,
        (
            ROLE,
            ERROR,
        ),
        Kind.RATE_LIMIT,
    ),
    "an error at once": (ROW, CHAT, (ERROR,), Kind.RATE_LIMIT),
    "an error together with the first words": (
        ROW,
        CHAT,
        (ROLE + HI + ERROR,),
        Kind.RATE_LIMIT,
    ),
    "an error after Anthropic's greeting": (
        CLAUDES,
        ANTHROPIC,
        (
            HELLO,
            PING,
            OVERLOADED,
        ),
        Kind.TRANSIENT,
    ),
    "an error to be translated": (
        CLAUDES,
        CHAT,
        (
            HELLO,
            OVERLOADED,
        ),
        Kind.TRANSIENT,
    ),
    "the end after the role": (ROW, CHAT, (ROLE,), Kind.BROKEN),
    "the last event after the role": (
        ROW,
        CHAT,
        (
            ROLE,
            DONE,
        ),
        Kind.BROKEN,
    ),
    "nothing": (ROW, CHAT, (), Kind.BROKEN),
    "comments and nothing": (ROW, CHAT, (b": ping\n\n",), Kind.BROKEN),
    "usage and nothing": (
        ROW,
        CHAT,
        (
            USAGE,
            DONE,
        ),
        Kind.BROKEN,
    ),
    "nonsense": (ROW, CHAT, (b"data: {not json\n\n",), Kind.BROKEN),
    "text": (ROW, CHAT, (b"upstream connect error",), Kind.BROKEN),
    "a cut": (
        ROW,
        CHAT,
        (
            ROLE,
            Failure(Kind.BROKEN, "the provider broke off"),
        ),
        Kind.BROKEN,
    ),
    "shapes that nobody foresaw": (
        ROW,
        CHAT,
        (event({"choices": [7]}),),
        Kind.BROKEN,
    ),
}


@pytest.mark.parametrize("case", HELLO_AND_GONE)
async def test_who_fails_right_after_hello_can_be_replaced(case: str) -> None:
    row, dialect, pieces, kind = HELLO_AND_GONE[case]
    answer = FakeAnswer(*pieces)

    failure = await _failed(answer, call(dialect, stream=True), row=row)

    assert (failure.kind, failure.provider) == (kind, row.name)
    assert answer.closed == [False]


DOCUMENTS: dict[str, tuple[str, bytes, Kind]] = {
    "a login page": ("text/html; charset=utf-8", b"<html>Log in</html>", Kind.BROKEN),
    "an error": ("application/json", orjson.dumps({"error": {"code": 429}}), Kind.RATE_LIMIT),
    "a completion": ("Application/JSON; charset=utf-8", b'{"choices": []}', Kind.BROKEN),
    "nothing": ("application/json", b"", Kind.BROKEN),
}


@pytest.mark.parametrize("case", DOCUMENTS)
async def test_a_document_is_no_stream(case: str) -> None:
    kind_of_content, body, kind = DOCUMENTS[case]

    failure = await _failed(FakeAnswer(body, headers={"content-type": kind_of_content}))

    assert failure.kind is kind
    assert "Log in" not in failure.message


@pytest.mark.parametrize(
    "named", ["text/event-stream", "text/plain", "", "application/octet-stream"]
)
async def test_a_stream_may_be_called_whatever(named: str) -> None:
    reply = await _sent(FakeAnswer(*STREAM, headers={"content-type": named}))

    assert (await _writes(reply))[-1].endswith(DONE)


@pytest.mark.parametrize("preamble", [(), (ROLE,), (b": ping\n\n",)])
async def test_content_is_waited_for_so_long_and_no_longer(preamble: tuple[bytes, ...]) -> None:
    answer = FakeAnswer(*preamble, stalls=True)
    to = target(timeouts=Timeouts(first=0.02))

    failure = await _failed(answer, to=to)

    assert failure.kind is Kind.TIMEOUT
    assert failure.message == "acme gave no content within 0.02 s"
    assert answer.closed == [False]


async def test_the_wait_for_content_does_not_limit_the_stream() -> None:
    reply = await _sent(FakeAnswer(*STREAM), to=target(timeouts=Timeouts(first=0.05)))

    await asyncio.sleep(0.1)

    assert (await _writes(reply))[-1] == DONE


# --- after it ---------------------------------------------------------------------------------


async def test_what_came_before_an_error_is_said_first() -> None:
    reply = await _sent(FakeAnswer(ROLE + HI, THERE + ERROR + THERE, THERE))
    said = [await anext(_body(reply)), await anext(_body(reply))]

    with pytest.raises(Failure) as caught:
        await anext(_body(reply))

    assert said == [ROLE + HI, THERE]
    assert (caught.value.kind, caught.value.provider) == (Kind.RATE_LIMIT, "acme")
    assert not reply.receipt.complete


BREAKING: dict[str, tuple[tuple[bytes | Exception, ...], Kind]] = {
    "a cut": ((Failure(Kind.BROKEN, "the provider broke off"),), Kind.BROKEN),
    "silence": ((Failure(Kind.TIMEOUT, "the provider sent no byte"),), Kind.TIMEOUT),
    "an end without a finish": ((), Kind.BROKEN),
    "an error by itself": ((ERROR,), Kind.RATE_LIMIT),
    "an event that cannot be read": ((b'data: {"usage": {\n\n',), Kind.BROKEN),
    "an error that holds no object": ((b'data: {"error": "boom"}\n\n',), Kind.TRANSIENT),
}


@pytest.mark.parametrize("case", BREAKING)
async def test_a_stream_that_breaks_says_whose_it_was(case: str) -> None:
    pieces, kind = BREAKING[case]
    reply = await _sent(FakeAnswer(ROLE + HI, *pieces))
    first = await anext(_body(reply))

    with pytest.raises(Failure) as caught:
        await anext(_body(reply))

    assert first == ROLE + HI
    assert (caught.value.kind, caught.value.provider) == (kind, "acme")


async def test_a_broken_stream_stays_broken() -> None:
    reply = await _sent(FakeAnswer(HI, ERROR, THERE, STOP, DONE))
    await anext(_body(reply))

    for _ in range(2):
        with pytest.raises(Failure):
            await anext(_body(reply))


async def test_no_error_of_a_stream_holds_a_secret() -> None:
    quoting = event({"error": {"message": f"who is {KEY}?"}})
    reply = await _sent(FakeAnswer(HI, quoting))
    await anext(_body(reply))

    with pytest.raises(Failure) as caught:
        await anext(_body(reply))

    assert KEY not in f"{caught.value.message} {caught.value!r} {caught.value.__cause__!r}"
    assert "who is" in caught.value.message


async def test_what_follows_the_end_is_not_read() -> None:
    answer = FakeAnswer(HI, STOP + DONE + ERROR, Failure(Kind.BROKEN, "x"))
    reply = await _sent(answer)

    assert await _writes(reply) == [HI, STOP + DONE]
    assert answer.reads == 2


async def test_the_end_that_a_provider_forgot_is_supplied() -> None:
    reply = await _sent(FakeAnswer(HI, STOP, USAGE))

    assert b"".join(await _writes(reply)) == HI + STOP + DONE
    assert reply.receipt.complete


async def test_a_read_that_says_nothing_causes_no_write() -> None:
    reply = await _sent(FakeAnswer(HI, THERE[:7], THERE[7:], USAGE, STOP, DONE))

    assert await _writes(reply) == [HI, THERE, STOP, DONE]


async def test_there_is_at_most_one_write_for_each_read() -> None:
    words = [chunk({"content": f"{n} "}) for n in range(60)]
    reads = [b"".join(words[at : at + 6]) for at in range(0, 60, 6)]
    for row, asked in ((ROW, call(stream=True)), (ROW, call(ANTHROPIC, stream=True))):
        answer = FakeAnswer(*reads, STOP + USAGE + DONE)

        writes = await _writes(await _sent(answer, asked, row=row))

        assert len(writes) <= answer.reads == len(reads) + 1


async def test_a_translated_stream_is_counted_and_ended() -> None:
    reply = await _sent(FakeAnswer(*MESSAGE_STREAM), row=CLAUDES)

    whole = b"".join(await _writes(reply))

    assert b'"content":"Hi"' in whole
    assert b'"usage":{' not in whole
    assert whole.endswith(DONE)
    assert reply.receipt.usage == Usage(7, 3)


async def test_a_translator_that_trips_in_the_middle_makes_the_stream_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TRANSLATIONS, (CHAT, ANTHROPIC), "tests.adapters.samples:TRIPS_AT_REPLY")

    failure = await _failed(FakeAnswer(*MESSAGE_STREAM), row=CLAUDES)

    assert failure.kind is Kind.BROKEN
    assert "unknown shape" in failure.message


# --- letting go -------------------------------------------------------------------------------

LEAVING: dict[str, tuple[int, bool]] = {  # writes taken before leaving -> finished
    "unread": (0, False),
    "in the middle": (2, False),
    "at the last event": (4, True),
    "after the end": (9, True),
}


@pytest.mark.parametrize("case", LEAVING)
async def test_letting_go_says_whether_it_was_finished(case: str) -> None:
    taken, finished = LEAVING[case]
    answer = FakeAnswer(HI, THERE, STOP, DONE)
    reply = await _sent(answer)
    for _ in range(taken):
        await anext(_body(reply), None)

    await _body(reply).aclose()

    assert answer.closed == [finished]


async def test_a_stream_that_broke_is_not_finished() -> None:
    answer = FakeAnswer(HI, ERROR + DONE)
    reply = await _sent(answer)
    with pytest.raises(Failure):
        await _writes(reply)

    await _body(reply).aclose()

    assert answer.closed == [False]


async def _over_tcp(provider: Upstream, http: Http, **limits: Any) -> Reply:
    to = target(provider.url, timeouts=Timeouts(**limits))
    return await RowAdapter(ROW, http, SystemClock()).send(ASKED, to)


async def test_a_body_closed_unread_closes_the_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events([HI], end="stall"))
        reply = await _over_tcp(provider, http)

        await _body(reply).aclose()

        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


async def test_leaving_in_the_middle_closes_the_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events([HI, THERE], end="stall"))
        reply = await _over_tcp(provider, http)
        await anext(_body(reply))

        await _body(reply).aclose()

        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


@pytest.mark.parametrize(
    "script", [silence(), events([ROLE], end="stall"), events([], end="stall")]
)
async def test_who_leaves_while_waiting_closes_the_connection(script: Any) -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(script)
        waiting = asyncio.create_task(_over_tcp(provider, http))
        seen = await provider.asked()

        waiting.cancel()

        await asyncio.wait_for(seen.closed.wait(), SOON_S)
        with pytest.raises(asyncio.CancelledError):
            await waiting


@pytest.mark.parametrize("script", [silence(), events([ROLE], end="stall")])
async def test_giving_up_waiting_closes_the_connection(script: Any) -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(script)

        with pytest.raises(Failure) as caught:
            await _over_tcp(provider, http, first=0.1)

        assert caught.value.kind is Kind.TIMEOUT
        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


async def test_five_streams_in_a_row_need_one_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events(STREAM))

        for _ in range(5):
            reply = await _over_tcp(provider, http)
            assert (await _writes(reply))[-1].endswith(DONE)
            await _body(reply).aclose()

        assert (len(provider.requests), provider.connections) == (5, 1)


async def test_refusals_need_one_connection_too() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({"error": {"message": "slow down"}}, 429))

        for _ in range(5):
            with pytest.raises(Failure):
                await _over_tcp(provider, http)

        assert provider.connections == 1


async def test_a_silent_provider_is_given_up_in_the_middle() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events([HI], end="stall"))
        reply = await _over_tcp(provider, http, idle=0.05)
        await anext(_body(reply))

        with pytest.raises(Failure) as caught:
            await asyncio.wait_for(anext(_body(reply)), SOON_S)

        assert (caught.value.kind, caught.value.provider) == (Kind.TIMEOUT, "acme")
        await _body(reply).aclose()
        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_a_connection_lost_in_the_middle_breaks_the_stream(end: Any) -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events([HI, THERE], end=end, gap_s=0.02))
        reply = await _over_tcp(provider, http)

        with pytest.raises(Failure) as caught:
            await _writes(reply)

        assert caught.value.kind is Kind.BROKEN
        await _body(reply).aclose()


@pytest.mark.parametrize("reset", [True, False])
async def test_a_stream_that_ends_with_its_connection_must_have_finished(*, reset: bool) -> None:
    """Without chunks or a length, a lost connection looks like an end."""

    async def play(wire: Wire, _: Seen) -> None:
        await wire.raw(b"HTTP/1.1 200 OK\r\n\r\n" + HI)
        await asyncio.sleep(0.02)
        (wire.reset if reset else wire.close)()

    async with Upstream() as provider, Http() as http:
        provider.play(play)
        reply = await _over_tcp(provider, http)

        with pytest.raises(Failure) as caught:
            await _writes(reply)

        assert caught.value.kind is Kind.BROKEN
        await _body(reply).aclose()

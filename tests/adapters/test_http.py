"""The one HTTP client, against a provider that misbehaves on a real socket."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Any

import pytest

from adapters.errors import Failure, Kind
from adapters.http import Answer, Http
from adapters.provider import Upstream as Request
from adapters.types import Timeouts
from tests.upstream import Script, Seen, Upstream, Wire, document, events, hang_up, silence

LONG = Timeouts(connect=5, first=30, idle=30, barren=30, total=30, stream=30)
HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}
MOMENT_S = 0.05  # what stands for a long silence
SOON_S = 10.0  # the most that a busy machine may need for what happens at once


def _request(provider: Upstream, path: str = "/x", body: bytes = b"{}") -> Request:
    return Request(provider.url + path, body, HEADERS)


@asynccontextmanager
async def _answered(
    *scripts: Script, timeouts: Timeouts = LONG
) -> AsyncIterator[tuple[Upstream, Answer]]:
    """The answer to one request."""
    async with Upstream() as provider, Http() as http:
        provider.play(*scripts)
        answer = await http.post(_request(provider), timeouts, "")
        try:
            yield provider, answer
        finally:
            await answer.close(finished=False)


async def _read(http: Http, provider: Upstream, credential: str = "k") -> bytes:
    """One request, its document read and let go."""
    answer = await http.post(_request(provider), LONG, credential)
    body = await answer.document()
    await answer.close(finished=True)
    return body


def _raw(*parts: bytes) -> Script:
    """Bytes as they are, and the end of the connection."""

    async def play(wire: Wire, _: Seen) -> None:
        for part in parts:
            await wire.raw(part)
        wire.close()

    return play


async def test_a_request_leaves_as_it_was_written() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({"ok": True}, 201, {"X-Mixed-Case": "Yes"}))

        answer = await http.post(_request(provider, "/v1/x?y=%20z", b'{"a": 1}'), LONG, "k")

        assert (answer.status, await answer.document()) == (201, b'{"ok":true}')
        await answer.close(finished=True)
        assert answer.headers["x-mixed-case"] == "Yes"
        [seen] = provider.requests
        assert (seen.path, seen.body) == ("/v1/x?y=%20z", b'{"a": 1}')
        assert dict(seen.headers) == {
            "host": f"127.0.0.1:{provider.port}",
            "content-length": "8",
            **HEADERS,
        }


async def test_nothing_is_asked_for_in_our_name() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}))

        answer = await http.post(Request(provider.url, b"", {}), LONG, "k")
        await answer.close(finished=False)

        assert not {"accept-encoding", "user-agent", "accept"} & set(provider.requests[0].headers)


# --- no answer --------------------------------------------------------------------------------


async def test_a_refused_connection_is_transient() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        request = Request(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"")
        async with Http() as http:
            with pytest.raises(Failure, match="refused the connection") as caught:
                await http.post(request, LONG, "k")

    assert caught.value.kind is Kind.TRANSIENT


async def test_a_name_that_nobody_knows_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody, raising=False)
    async with Http() as http:
        with pytest.raises(Failure, match="could not be resolved") as caught:
            await http.post(Request("http://nobody.invalid/", b""), LONG, "k")

    assert caught.value.kind is Kind.TRANSIENT


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://host/", "http://", "http://[::1/"])
async def test_an_address_that_is_none_is_the_deployments_fault(url: str) -> None:
    async with Http() as http:
        with pytest.raises(Failure, match="api_base") as caught:
            await http.post(Request(url, b""), LONG, "k")

    assert caught.value.kind is Kind.MODEL_GONE


async def test_a_connection_that_never_opens_is_given_up() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]  # the queue is full: SYNs are dropped
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        async with Http() as http:
            request = Request(f"http://127.0.0.1:{port}/", b"")
            with pytest.raises(Failure) as caught:
                await asyncio.wait_for(http.post(request, Timeouts(connect=MOMENT_S), "k"), SOON_S)
        for one in waiting:
            one.close()

    assert caught.value.kind is Kind.TIMEOUT


NO_ANSWERS: dict[str, tuple[Script, Kind]] = {
    "hung up": (hang_up(), Kind.TRANSIENT),
    "cut within the head": (_raw(b"HTTP/1.1 200 OK\r\ncontent-ty"), Kind.TRANSIENT),
    "not HTTP": (_raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Kind.BROKEN),
    "no status": (_raw(b"HTTP/1.1 teapot\r\n\r\n"), Kind.BROKEN),
    "two lengths": (
        _raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"),
        Kind.BROKEN,
    ),
    "a header over 64 KB": (
        _raw(b"HTTP/1.1 200 OK\r\nx-huge: %b\r\n\r\n" % (b"x" * 70_000)),
        Kind.BROKEN,
    ),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
async def test_no_answer_on_a_fresh_connection_is_one_failed_attempt(case: str) -> None:
    script, kind = NO_ANSWERS[case]
    async with Upstream() as provider, Http() as http:
        provider.play(script)

        with pytest.raises(Failure) as caught:
            await http.post(_request(provider), LONG, "k")

        assert caught.value.kind is kind
        assert len(provider.requests) == 1


# --- kept connections -------------------------------------------------------------------------


async def test_a_credential_reuses_its_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}))

        for _ in range(5):
            await _read(http, provider)

        assert (len(provider.requests), provider.connections) == (5, 1)


async def test_credentials_never_share_a_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}))

        for credential in ("a", "b", "a", "b", ""):
            await _read(http, provider, credential)

        assert provider.connections == 3


async def test_a_kept_connection_that_was_dead_is_tried_once_more() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}), hang_up(), document({"second": "try"}))
        await _read(http, provider)

        body = await _read(http, provider)

        assert body == b'{"second":"try"}'
        assert (len(provider.requests), provider.connections) == (3, 2)


async def test_a_kept_connection_that_is_reset_is_tried_once_more() -> None:
    async def reset(wire: Wire, _: Seen) -> None:
        wire.reset()

    async with Upstream() as provider, Http() as http:
        provider.play(document({}), reset, document({"second": "try"}))
        await _read(http, provider)

        assert await _read(http, provider) == b'{"second":"try"}'


async def test_once_more_is_not_twice() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}), hang_up())
        await _read(http, provider)

        with pytest.raises(Failure) as caught:
            await _read(http, provider)

        assert caught.value.kind is Kind.TRANSIENT
        assert len(provider.requests) == 3


async def test_an_answer_that_has_begun_is_never_asked_for_again() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}), _raw(b"HTTP/1.1 200 OK\r\ncontent-ty"), document({}))
        await _read(http, provider)

        with pytest.raises(Failure) as caught:
            await _read(http, provider)

        assert caught.value.kind is Kind.TRANSIENT
        assert len(provider.requests) == 2


async def test_a_connection_closed_while_idle_is_not_used() -> None:
    async def answer_and_leave(wire: Wire, seen: Seen) -> None:
        await document({})(wire, seen)
        wire.close()

    async with Upstream() as provider, Http() as http:
        provider.play(answer_and_leave, document({}))
        await _read(http, provider)

        await _read(http, provider)

        assert provider.connections == 2


async def test_a_fresh_failure_beside_a_stale_one_is_not_tried_again() -> None:
    """Whether a connection was fresh is known for each request, not for the pool."""
    async with Upstream() as provider, Http() as http:
        provider.play(hang_up())

        results = await asyncio.gather(
            *(http.post(_request(provider), LONG, "k") for _ in range(8)), return_exceptions=True
        )

        assert all(isinstance(result, Failure) for result in results)
        assert len(provider.requests) == 8


# --- half an answer ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_a_body_that_is_cut_off_is_broken(end: Any) -> None:
    async with _answered(events([b"data: a\n\n"], end=end, gap_s=0.02)) as (_, answer):
        first = await answer.read()

        with pytest.raises(Failure) as caught:
            await answer.read()

        assert first == b"data: a\n\n"
        assert caught.value.kind is Kind.BROKEN


async def test_a_chunk_that_is_cut_off_is_broken() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    async with _answered(_raw(head, b"ff\r\ndata: half")) as (_, answer):
        with pytest.raises(Failure) as caught:
            await answer.document()

        assert caught.value.kind is Kind.BROKEN


async def test_a_document_shorter_than_its_length_is_broken() -> None:
    short = _raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}")
    async with _answered(short) as (_, answer):
        with pytest.raises(Failure) as caught:
            await asyncio.wait_for(answer.document(), SOON_S)

        assert caught.value.kind is Kind.BROKEN


async def test_a_document_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.DOCUMENT_LIMIT", 1000)
    async with _answered(document(b"x" * 1001)) as (_, answer):
        with pytest.raises(Failure, match="larger than 1000 bytes") as caught:
            await answer.document()

        assert caught.value.kind is Kind.BROKEN


async def test_gzip_that_nobody_asked_for_is_read_all_the_same() -> None:
    packed = gzip.compress(b'{"a": 1}')
    async with _answered(document(packed, headers={"content-encoding": "gzip"})) as (_, answer):
        assert await answer.document() == b'{"a": 1}'


async def test_an_encoding_that_nobody_knows_is_no_crash() -> None:
    named = {"content-encoding": "middle-out"}
    async with _answered(document(b"zzz", headers=named)) as (_, answer):
        assert await answer.document() == b"zzz"


async def test_headers_may_be_long() -> None:
    named = {"x-long": "x" * 60_000, **{f"x-{number}": "y" for number in range(200)}}
    async with _answered(document({}, headers=named)) as (_, answer):
        assert answer.headers["x-long"] == "x" * 60_000
        assert answer.headers["x-199"] == "y"


async def test_a_head_may_come_byte_by_byte() -> None:
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-name: y\r\n\r\n{}"
    pieces = [whole[at : at + 1] for at in range(len(whole))]
    async with _answered(_raw(*pieces)) as (_, answer):
        assert answer.headers == {"content-length": "2", "x-name": "y"}
        assert await answer.document() == b"{}"


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}",
        b"HTTP/1.1 200\r\ntransfer-encoding: chunked\r\n\r\n1;x\r\n{\r\n1\r\n}\r\n0\r\nz:\r\n\r\n",
    ],
)
async def test_an_answer_may_be_written_in_other_ways(whole: bytes) -> None:
    async with _answered(_raw(whole)) as (_, answer):
        assert answer.status == 200
        assert await answer.document() == b"{}"


@pytest.mark.parametrize(
    "whole",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc",
        b"HTTP/1.1 two hundred\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_broken(whole: bytes) -> None:
    with pytest.raises(Failure, match="not valid HTTP") as caught:
        async with _answered(_raw(whole)):
            pass

    assert caught.value.kind is Kind.BROKEN


async def test_an_answer_that_nobody_asked_for_is_given_to_nobody() -> None:
    smuggled = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled"
    once = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"

    async def play(wire: Wire, _: Seen) -> None:
        await wire.raw(once + smuggled)

    async with Upstream() as provider, Http() as http:
        provider.play(play, document(b"asked"))

        assert await _read(http, provider) == b"{}"
        assert await _read(http, provider) == b"asked"
        assert provider.connections == 2


async def test_an_answer_that_comes_while_nothing_is_asked_ends_the_connection() -> None:
    asked = asyncio.Event()

    async def play(wire: Wire, seen: Seen) -> None:
        await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await asked.wait()
        await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled")
        await seen.closed.wait()

    async with Upstream() as provider, Http() as http:
        provider.play(play, document(b"asked"))
        assert await _read(http, provider) == b"{}"
        asked.set()
        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)

        assert await _read(http, provider) == b"asked"
        assert provider.connections == 2


@pytest.mark.parametrize("header", [{"x-key": "a\r\nx-other: b"}, {"x-key": "a\n"}, {"x\r": "a"}])
async def test_a_header_with_a_line_break_never_leaves(header: dict[str, str]) -> None:
    async with Upstream() as provider, Http() as http:
        with pytest.raises(Failure, match="line break") as caught:
            await http.post(Request(provider.url, b"{}", header), LONG, "k")

        assert caught.value.kind is Kind.MODEL_GONE
        assert not provider.requests


async def test_a_name_and_a_password_in_an_address_are_shown() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}))
        url = provider.url.replace("http://", "http://me:secret@")

        answer = await http.post(Request(url, b"{}", {}), LONG, "k")
        await answer.close(finished=False)

        assert provider.requests[0].headers["authorization"] == "Basic bWU6c2VjcmV0"


async def test_a_provider_waits_for_a_client_that_reads_nothing() -> None:
    size, sent = 2**20, 0

    async def play(wire: Wire, _: Seen) -> None:
        nonlocal sent
        await wire.head(200, {"transfer-encoding": "chunked"})
        for _ in range(64):
            await wire.chunk(b"x" * size)
            sent += size
        await wire.raw(b"0\r\n\r\n")

    async with _answered(play) as (_, answer):
        before = -1
        while before < sent:  # until it is held up
            before = sent
            await asyncio.sleep(0.2)
        held_up_at = sent
        read = 0
        while data := await answer.read():
            read += len(data)

        assert held_up_at < 32 * size
        assert read == 64 * size


# --- silence ----------------------------------------------------------------------------------


async def test_silence_is_a_failure_from_watching_on() -> None:
    limits = Timeouts(idle=MOMENT_S)
    async with _answered(events([b"data: a\n\n"], end="stall"), timeouts=limits) as (_, answer):
        await answer.read()
        await asyncio.sleep(2 * MOMENT_S)
        answer.watch()

        with pytest.raises(Failure, match=r"no byte for 0\.05 s") as caught:
            await answer.read()

        assert caught.value.kind is Kind.TIMEOUT


async def test_before_watching_silence_is_somebody_elses() -> None:
    limits = Timeouts(idle=MOMENT_S, barren=MOMENT_S, stream=MOMENT_S)

    async def play(wire: Wire, seen: Seen) -> None:
        await wire.head(200, {"transfer-encoding": "chunked"})
        await asyncio.sleep(4 * MOMENT_S)
        await wire.chunk(b"data: a\n\n")
        await seen.closed.wait()

    async with _answered(play, timeouts=limits) as (_, answer):
        assert await answer.read() == b"data: a\n\n"


def _two_steps(go: asyncio.Event) -> Script:
    async def play(wire: Wire, seen: Seen) -> None:
        await wire.head(200, {"transfer-encoding": "chunked"})
        await wire.chunk(b"data: a\n\n")
        await go.wait()
        await wire.chunk(b"data: b\n\n")
        await seen.closed.wait()

    return play


async def test_a_slow_client_is_not_a_silent_provider() -> None:
    go = asyncio.Event()
    async with _answered(_two_steps(go), timeouts=Timeouts(idle=MOMENT_S)) as (_, answer):
        answer.watch()
        await answer.read()
        go.set()
        await asyncio.sleep(6 * MOMENT_S)  # the client takes its time

        assert await answer.read() == b"data: b\n\n"


async def test_a_client_may_be_slow_from_the_start() -> None:
    go = asyncio.Event()
    async with _answered(_two_steps(go), timeouts=Timeouts(idle=MOMENT_S)) as (_, answer):
        await answer.read()
        answer.watch()
        go.set()
        await asyncio.sleep(6 * MOMENT_S)

        assert await answer.read() == b"data: b\n\n"


def _dripping(data: bytes) -> Script:
    async def play(wire: Wire, _: Seen) -> None:
        await wire.head(200, {"transfer-encoding": "chunked"})
        while True:
            await wire.chunk(data)
            await asyncio.sleep(0.01)

    return play


async def _all(answer: Answer) -> None:
    while await answer.read():
        pass


async def test_comments_alone_are_a_kind_of_silence() -> None:
    limits = Timeouts(idle=30, barren=4 * MOMENT_S)
    async with _answered(_dripping(b": ping\n\n"), timeouts=limits) as (_, answer):
        answer.watch()

        with pytest.raises(Failure, match="no data event") as caught:
            await asyncio.wait_for(_all(answer), SOON_S)

        assert caught.value.kind is Kind.TIMEOUT


class _Noted:
    """Notes when data came, and never rings."""

    waiting_since = 0.0
    data_at: float | None = None

    def cancel(self) -> None: ...


HEARD = {
    b"data: a\n\n": True,
    b"event: x\ndata: a\n\n": True,
    b'": the middle of an event"': True,
    b": ping\n\ndata: a\n\n": True,
    b": ping\n\n": False,
    b":\n\n: ping\n\n": False,
}


@pytest.mark.parametrize(("data", "counts"), HEARD.items())
async def test_what_counts_as_data(
    monkeypatch: pytest.MonkeyPatch, data: bytes, *, counts: bool
) -> None:
    silence = _Noted()
    monkeypatch.setattr("adapters.http.Silence", lambda _limits, _ring: silence)
    async with _answered(events([data], end="stall")) as (_, answer):
        answer.watch()

        await answer.read()

    assert (silence.data_at is not None) == counts
    assert silence.waiting_since == inf


async def test_a_stream_may_not_last_for_ever() -> None:
    limits = Timeouts(idle=30, barren=30, stream=4 * MOMENT_S)
    async with _answered(_dripping(b"data: a\n\n"), timeouts=limits) as (_, answer):
        answer.watch()

        with pytest.raises(Failure, match="no end within") as caught:
            await asyncio.wait_for(_all(answer), SOON_S)

        assert caught.value.kind is Kind.TIMEOUT


# --- letting go -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script", [events([b"data: a\n\n"], end="stall"), _dripping(b"data: a\n\n")]
)
async def test_leaving_early_closes_the_connection_at_once(script: Script) -> None:
    async with _answered(script) as (provider, answer):
        await answer.read()

        await answer.close(finished=False)

        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


async def test_leaving_before_the_answer_closes_the_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(silence())
        waiting = asyncio.create_task(http.post(_request(provider), LONG, "k"))
        seen = await provider.asked()

        waiting.cancel()

        await asyncio.wait_for(seen.closed.wait(), SOON_S)
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_finished_stream_keeps_its_connection() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events([b"data: a\n\n", b"data: [DONE]\n\n"]))

        for _ in range(5):
            answer = await http.post(_request(provider), LONG, "k")
            assert await answer.read()  # not to its end: the last chunk may still be on its way
            await answer.close(finished=True)

        assert provider.connections == 1


async def test_a_finished_stream_that_never_ends_is_not_waited_for() -> None:
    async with _answered(events([b"data: [DONE]\n\n"], end="stall")) as (provider, answer):
        await answer.read()

        await asyncio.wait_for(answer.close(finished=True), SOON_S)

        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


async def test_letting_go_never_fails() -> None:
    limits = Timeouts(stream=MOMENT_S)
    async with _answered(events([b"data: [DONE]\n\n"], end="stall"), timeouts=limits) as (
        provider,
        answer,
    ):
        answer.watch()
        await answer.read()
        await asyncio.sleep(2 * MOMENT_S)  # the alarm has rung, and nobody was reading

        await answer.close(finished=True)

        await asyncio.wait_for(provider.requests[0].closed.wait(), SOON_S)


async def test_closing_twice_is_once() -> None:
    async with _answered(document({})) as (_, answer):
        await answer.document()
        await answer.close(finished=True)

        await answer.close(finished=False)


async def test_the_client_closes_what_it_kept() -> None:
    async with Upstream() as provider:
        provider.play(document({}), silence())
        async with Http() as http:
            await _read(http, provider)
            waiting = asyncio.create_task(http.post(_request(provider), LONG, "k"))
            seen = await provider.asked(2)

        await asyncio.wait_for(seen.closed.wait(), SOON_S)
        with pytest.raises(Failure):
            await waiting


async def test_a_client_that_is_not_open_says_so() -> None:
    http = Http()
    with pytest.raises(RuntimeError, match="not open"):
        await http.post(Request("http://127.0.0.1/", b""), LONG, "k")

    async with http:
        pass
    with pytest.raises(RuntimeError, match="not open"):
        await http.post(Request("http://127.0.0.1/", b""), LONG, "k")


# --- what aiohttp would do by default ----------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}, status, {"location": f"{provider.url}/elsewhere"}))

        answer = await http.post(_request(provider), LONG, "k")
        await answer.close(finished=False)

        assert answer.status == status
        assert [seen.path for seen in provider.requests] == ["/x"]


async def test_cookies_are_not_kept() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(document({}, headers={"set-cookie": "session=1; Path=/"}))
        # By name: cookies of bare addresses are refused by default, and would prove nothing.
        request = Request(f"http://localhost:{provider.port}/", b"{}", HEADERS)

        for _ in range(2):
            answer = await http.post(request, LONG, "k")
            await answer.document()
            await answer.close(finished=True)

        assert len(provider.requests) == 2
        assert all("cookie" not in seen.headers for seen in provider.requests)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Upstream() as provider, Upstream() as proxy, Http() as http:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        provider.play(document({}))
        proxy.play(document({}))

        await _read(http, provider)

        assert (len(provider.requests), len(proxy.requests)) == (1, 0)


async def test_there_may_be_more_than_a_hundred_streams() -> None:
    async with Upstream() as provider, Http() as http:
        provider.play(events([b"data: a\n\n"], end="stall"))

        async with asyncio.timeout(SOON_S):
            answers = await asyncio.gather(
                *(http.post(_request(provider), LONG, "k") for _ in range(120))
            )
            firsts = [await answer.read() for answer in answers]

        assert firsts == [b"data: a\n\n"] * 120
        for answer in answers:
            await answer.close(finished=False)


@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
async def test_a_large_request_is_sent_whole() -> None:
    body = b"x" * (3 * 2**20)
    async with Upstream() as provider, Http() as http:
        provider.play(document({}))

        answer = await http.post(_request(provider, body=body), LONG, "k")
        await answer.close(finished=False)

        assert provider.requests[0].body == body

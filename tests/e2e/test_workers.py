"""Several workers behind one address: they look like one, and outlive each other and the parent."""

import asyncio
import os
import re
import signal
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import pytest

from adapters.types import Json
from tests.e2e import said
from tests.e2e.conftest import configuration
from tests.e2e.process import Gateway, until
from tests.e2e.raw import Raw, Whole, connected, get
from tests.routing.state.servers import server as redis
from tests.upstream import Upstream, document, nodded

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
ALIVE = "/health/liveliness"
WHOLE: Json = said.asked("gpt", stream=True, stream_options={"include_usage": True})
WORKERS = 2
MANY = 50  # connections, after which both workers must have had one
REQUESTS = "litellm_proxy_total_requests_metric_total"


@pytest.fixture(scope="module", params=["hypercorn", "uvicorn"])
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip(name)
    return name


@asynccontextmanager
async def started(folder: Path, config: Json, server: str, *flags: str) -> AsyncIterator[Gateway]:
    every = ("--num_workers", str(WORKERS), "--server", server, "--predrain", "0", "--drain", "30")
    gateway = await Gateway.start(folder, config, *every, *flags)
    try:
        assert gateway.port, gateway.log
        yield gateway
    finally:
        await gateway.stop_now()
        for pid in pids(gateway):
            if lives(pid):  # only where a test has failed
                os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def one_of_each(gateway: Gateway) -> AsyncIterator[Mapping[int, Raw]]:
    """A connection to each worker that lives, by its pid. The fewer it has, the sooner a worker
    gets the next one.
    """
    living = {pid for pid in pids(gateway) if lives(pid)}
    found: dict[int, Raw] = {}
    async with AsyncExitStack() as stack:
        for _ in range(MANY):
            client = await stack.enter_async_context(connected(gateway.port))
            name = f"who-{token_hex(8)}"
            await client.ask(ALIVE, None, {"x-request-id": name}, method="GET")
            await client.whole()
            pid = (await gateway.line("request.finished", request_id=name))["pid"]
            found.setdefault(pid, client)
            if found.keys() == living:
                break
        assert found.keys() == living
        yield found


def pids(gateway: Gateway) -> list[int]:
    return [line["worker_pid"] for line in gateway.lines("worker.started")]


def lives(pid: int) -> bool:
    """Whether a process is there, and not merely waiting for somebody to take note of its end."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


async def ask(client: Raw, path: str = ALIVE) -> Whole:
    await client.ask(path, None, method="GET")
    return await client.whole()


async def finished(client: Raw, nod: asyncio.Event) -> bytes:
    """The rest of a stream that ends cleanly, each piece of it asked for by a nod."""
    got = b""
    nod.set()
    while piece := await client.piece():
        got += piece
        nod.set()
    return got


async def figure(client: Raw, name: str) -> float:
    page = (await ask(client, "/metrics")).body.decode()
    values = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE)
    return sum(map(float, values))


# --- as one -----------------------------------------------------------------------------------


async def test_they_start_together_answer_each_and_end_well(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    async with started(tmp_path, configuration(one, two, {}), server) as gateway:
        async with one_of_each(gateway) as clients:
            answers = [await ask(client) for client in clients.values()]
        gateway.tell(signal.SIGTERM)
        code = await gateway.ended()

    begun = gateway.lines("server.started")
    assert len(clients) == WORKERS
    assert [answer.status for answer in answers] == [200, 200]
    assert code == 0
    assert [(line["server"], line["workers"]) for line in begun] == [(server, WORKERS)]
    assert len(gateway.lines("workers.alone")) == 1
    assert {line["exit_code"] for line in gateway.lines("worker.ended")} == {0}
    assert gateway.lines()[-1]["event"] == "server.stopped"
    assert all("pid" in line for line in gateway.lines())


async def test_whichever_is_asked_shows_what_all_have_counted(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    one.play(*[document(said.completion())] * 3, document(said.openai_error("Oops."), 500))
    async with (
        started(tmp_path, configuration(one, two, {}), server) as gateway,
        one_of_each(gateway) as clients,
    ):
        first, second = clients.values()
        for client in (first, first, second, first):
            await client.ask(CHAT, said.asked("gpt"))
            await client.whole()
        await gateway.line("request.finished", 4, route=CHAT)

        counted = [await figure(client, REQUESTS) for client in clients.values()]
        timed = [
            await figure(client, "litellm_request_total_latency_metric_count")
            for client in clients.values()
        ]
        workers = [await figure(client, "sluicegate_workers") for client in clients.values()]
        states = [await figure(client, "litellm_deployment_state") for client in clients.values()]
        pages = [(await ask(client, "/health")).json for client in clients.values()]

    assert counted == [4, 4]
    assert timed == [3, 3]
    assert workers == [WORKERS, WORKERS]
    assert states[0] == states[1] > 0
    for page in pages:
        (ill,) = page["unhealthy_endpoints"]
        assert (ill["model_name"], ill["recent_failures"]) == ("gpt", 1)
        assert page["workers"] == WORKERS


async def test_requests_under_way_are_those_of_all(
    tmp_path: Path, one: Upstream, two: Upstream
) -> None:
    nod = asyncio.Event()
    one.play(nodded(said.chat_stream("Good", " day"), nod))
    async with (
        started(tmp_path, configuration(one, two, {}), "hypercorn") as gateway,
        one_of_each(gateway) as clients,
    ):
        first, second = clients.values()
        await first.ask(CHAT, said.asked("gpt", stream=True))
        await first.head()
        await first.piece()

        under_way = await figure(second, "litellm_in_flight_requests")
        await finished(first, nod)

    assert under_way == 2  # the scrape itself is one


async def test_each_has_its_part_of_a_declared_limit(
    tmp_path: Path, one: Upstream, two: Upstream
) -> None:
    nod = asyncio.Event()
    config = configuration(one, two, {})
    config["model_list"][0]["litellm_params"]["max_parallel_requests"] = WORKERS
    one.play(nodded(said.chat_stream("Good", " day"), nod), document(said.completion()))
    async with (
        started(tmp_path, config, "hypercorn") as gateway,
        one_of_each(gateway) as clients,
        one_of_each(gateway) as others,
    ):
        busy, idle = clients
        await clients[busy].ask(CHAT, said.asked("gpt", stream=True))
        await clients[busy].head()
        await clients[busy].piece()

        await others[busy].ask(CHAT, said.asked("gpt", timeout=0.2))
        refused = await others[busy].whole()
        await clients[idle].ask(CHAT, said.asked("gpt"))
        served = await clients[idle].whole()
        await finished(clients[busy], nod)

    assert refused.status in {408, 429, 504}
    assert served.status == 200


async def test_with_a_redis_they_share_a_limit(
    tmp_path: Path, one: Upstream, two: Upstream
) -> None:
    nod = asyncio.Event()
    config = configuration(one, two, {})
    config["model_list"][0]["litellm_params"]["max_parallel_requests"] = 1
    one.play(nodded(said.chat_stream("Good", " day"), nod), document(said.completion()))
    with redis(tmp_path) as shared:
        config["router_settings"] |= {"redis_host": "127.0.0.1", "redis_port": shared.port}
        async with (
            started(tmp_path, config, "hypercorn") as gateway,
            one_of_each(gateway) as clients,
        ):
            first, second = clients.values()
            await first.ask(CHAT, said.asked("gpt", stream=True))
            await first.head()
            await first.piece()
            await second.ask(CHAT, said.asked("gpt", timeout=0.2))
            refused = await second.whole()
            await finished(first, nod)
            await second.ask(CHAT, said.asked("gpt"))
            served = await second.whole()

    assert refused.status in {408, 429, 504}
    assert served.status == 200
    assert not gateway.lines("workers.alone")


# --- ends -------------------------------------------------------------------------------------


async def test_a_worker_that_is_killed_comes_back_and_nobody_is_refused_meanwhile(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    async with started(tmp_path, configuration(one, two, {}), server) as gateway:
        victim = pids(gateway)[0]
        os.kill(victim, signal.SIGKILL)
        ended = await gateway.line("worker.ended")
        alone = [(await get(gateway.port, ALIVE, {})).status for _ in range(10)]
        await gateway.line("worker.started", WORKERS + 1)
        async with one_of_each(gateway) as clients:
            together = [(await ask(client)).status for client in clients.values()]

    assert (ended["worker_pid"], ended["signal"], ended["again_in_s"]) == (victim, "SIGKILL", 1.0)
    assert set(alone) == {200}
    assert set(together) == {200}
    assert victim not in clients
    assert len(clients) == WORKERS


async def test_what_a_dead_worker_has_counted_still_counts(
    tmp_path: Path, one: Upstream, two: Upstream
) -> None:
    one.play(*[document(said.completion())] * 3)
    async with started(tmp_path, configuration(one, two, {}), "hypercorn") as gateway:
        async with one_of_each(gateway) as clients:
            (victim, client), (_, other) = clients.items()
            for asked in (client, client, other):
                await asked.ask(CHAT, said.asked("gpt"))
                await asked.whole()
            await gateway.line("request.finished", 3, route=CHAT)
            before = await figure(other, REQUESTS)
            os.kill(victim, signal.SIGKILL)
            await gateway.line("worker.ended")
            alone = await figure(other, REQUESTS)
            workers = await figure(other, "sluicegate_workers")
        await gateway.line("worker.started", WORKERS + 1)
        async with one_of_each(gateway) as clients:
            after = [await figure(each, REQUESTS) for each in clients.values()]

    assert (before, alone, workers) == (3, 3, 1)
    assert after == [3, 3]


async def test_a_worker_that_hangs_is_not_waited_for_and_its_counts_stay(
    tmp_path: Path, one: Upstream, two: Upstream
) -> None:
    one.play(document(said.completion()))
    async with (
        started(tmp_path, configuration(one, two, {}), "hypercorn") as gateway,
        one_of_each(gateway) as clients,
    ):
        (victim, client), (_, other) = clients.items()
        await client.ask(CHAT, said.asked("gpt"))
        await client.whole()
        await gateway.line("request.finished", route=CHAT)
        before = await figure(other, REQUESTS)
        os.kill(victim, signal.SIGSTOP)
        try:
            counted = await figure(other, REQUESTS)
            workers = await figure(other, "sluicegate_workers")
            served = [(await get(gateway.port, ALIVE, {})).status for _ in range(5)]
        finally:
            os.kill(victim, signal.SIGCONT)

    assert (before, counted, workers) == (1, 1, 1)
    assert set(served) == {200}


@pytest.mark.parametrize("everybody", [False, True], ids=["the parent is told", "all are told"])
async def test_an_open_stream_is_finished_whole(
    tmp_path: Path, one: Upstream, two: Upstream, server: str, everybody: bool
) -> None:
    """systemd tells every process of a unit, and the parent passes it on: that is one signal."""
    nod = asyncio.Event()
    pieces = said.chat_stream("Good", " day")
    one.play(nodded(pieces, nod))
    async with (
        started(tmp_path, configuration(one, two, {}), server) as gateway,
        connected(gateway.port) as client,
    ):
        await client.ask(CHAT, WHOLE)
        await client.head()
        begun = await client.piece()
        for pid in pids(gateway) if everybody else ():
            os.kill(pid, signal.SIGTERM)
        gateway.tell(signal.SIGTERM)
        await gateway.line("server.draining", WORKERS)
        await until(lambda: refuses(gateway.port))
        rest = await finished(client, nod)
        code = await gateway.ended()

    assert begun + rest == b"".join(pieces)
    assert code == 0


async def test_a_second_signal_cuts_at_once(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    one.play(nodded(said.chat_stream("Good", " day"), asyncio.Event()))
    async with (
        started(tmp_path, configuration(one, two, {}), server) as gateway,
        connected(gateway.port) as client,
    ):
        await client.ask(CHAT, said.asked("gpt", stream=True))
        await client.head()
        await client.piece()
        gateway.tell(signal.SIGTERM)
        await gateway.line("server.draining", WORKERS)
        gateway.tell(signal.SIGTERM)
        rest, clean = await client.rest()
        code = await gateway.ended()

    assert b"shutting down" in rest
    assert not clean
    assert code == 0


async def test_if_the_parent_is_killed_streams_are_finished_and_workers_end(
    tmp_path: Path, one: Upstream, two: Upstream, server: str
) -> None:
    nod = asyncio.Event()
    pieces = said.chat_stream("Good", " day")
    one.play(nodded(pieces, nod))
    async with (
        started(tmp_path, configuration(one, two, {}), server) as gateway,
        connected(gateway.port) as client,
    ):
        workers = pids(gateway)
        await client.ask(CHAT, WHOLE)
        await client.head()
        begun = await client.piece()
        gateway.tell(signal.SIGKILL)
        await gateway.line("worker.orphaned", WORKERS)
        await until(lambda: refuses(gateway.port))
        rest = await finished(client, nod)
        await until(lambda: not any(map(lives, workers)))

    assert begun + rest == b"".join(pieces)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_file_is_left_behind(
    tmp_path: Path, one: Upstream, two: Upstream, number: signal.Signals
) -> None:
    flags = ("--num_workers", "2", "--predrain", "0")
    with TemporaryDirectory() as folder:  # its name is short, as sockets' names must be
        env = {"TMPDIR": folder}
        gateway = await Gateway.start(tmp_path, configuration(one, two, {}), *flags, env=env)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in inside(folder)]
        gateway.tell(number)
        await until(lambda: not inside(folder))
        await gateway.stop()

    assert modes == [0o700]


def inside(folder: str) -> list[Path]:
    return list(Path(folder).iterdir())


def refuses(port: int) -> bool:
    """Whether nobody accepts connections any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


# --- does not begin ---------------------------------------------------------------------------


async def test_a_bad_configuration_is_told_once_before_anything_starts(tmp_path: Path) -> None:
    gateway = await Gateway.start(tmp_path, {"model_list": [{}]}, "--num_workers", "2")
    code = await gateway.ended()
    await gateway.stop()

    assert code == 1
    assert gateway.log.count("model_list[0].model_name") == 1
    assert "worker." not in gateway.log


async def test_a_port_that_is_taken_is_told_once(
    tmp_path: Path, one: Upstream, two: Upstream
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = ("--num_workers", "2", "--port", port)
        gateway = await Gateway.start(tmp_path, configuration(one, two, {}), *flags)
        code = await gateway.ended()
        await gateway.stop()

    assert code == 1
    assert [line["event"] for line in gateway.lines()][-1] == "server.failed"
    assert not gateway.lines("worker.started")

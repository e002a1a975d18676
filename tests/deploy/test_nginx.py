"""`deploy/nginx.conf` in a real nginx before a real gateway: it keeps what the gateway promises."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from tests.e2e import said
from tests.e2e.process import Gateway
from tests.e2e.raw import BEARER, Raw, Whole, connected
from tests.upstream import Upstream, document, events, nodded, silence

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not NGINX, reason="nginx is not installed (Debian: apt install nginx)"),
    pytest.mark.skipif(not OPENSSL, reason="openssl is not installed, and nginx needs a key"),
]

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
_CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
_START_S = 10.0


class Nginx:
    """A running nginx, and what a client needs to trust it."""

    def __init__(self, port: int, context: ssl.SSLContext, folder: Path) -> None:
        self.port = port
        self._context = context
        self._folder = folder

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Raw]:
        async with connected(self.port, ssl=self._context) as raw:
            yield raw

    async def exchange(self, path: str, body: object, **more: str) -> Whole:
        async with self.connected() as raw:
            await raw.ask(path, body, {**BEARER, **more})
            return await raw.whole()

    async def get(self, path: str) -> Whole:
        async with self.connected() as raw:
            await raw.ask(path, method="GET")
            return await raw.whole()

    @property
    def access_log(self) -> str:
        return (self._folder / "access.log").read_text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nginx(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nginx]:
    async with started(tmp_path_factory.mktemp("nginx"), gateway.port) as running:
        yield running


@asynccontextmanager
async def started(folder: Path, gateway_port: int) -> AsyncIterator[Nginx]:
    """nginx with our file, its ports and paths replaced, from here to the end."""
    certificate(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    conf = folder / "nginx.conf"
    conf.write_text(adapted(_CONF.read_text(), folder, port, gateway_port))
    errors = folder / "error.log"
    assert NGINX
    process = await asyncio.create_subprocess_exec(
        *(NGINX, "-p", str(folder), "-e", str(errors), "-c", str(conf), "-g", "daemon off;"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    try:
        await _listens(port, process, errors)
        yield Nginx(port, context, folder)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


def adapted(conf: str, folder: Path, port: int, gateway_port: int) -> str:
    """Our file with what its head says has to be adapted, and with paths that anybody may use."""
    paths = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server 127.0.0.1:4000": f"server 127.0.0.1:{gateway_port}",
        "/etc/nginx/tls/fullchain.pem;": f"{folder}/cert.pem;",
        "/etc/nginx/tls/privkey.pem;": f"{folder}/key.pem;",
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;",
        "/var/log/nginx/error.log warn;": f"{folder}/error.log warn;",
        "/var/log/nginx/sluicegate.log gateway;": f"{folder}/access.log gateway;",
        "client_body_temp_path /run/nginx-bodies;": f"client_body_temp_path {folder}/bodies;",
        # Workers of another user could not reach our folder.
        "user www-data;": "user root;" if os.geteuid() == 0 else "",
        # Compiled in, and not for everybody to write to.
        "\nhttp {\n": "\nhttp {\n"
        + "".join(
            f"    {name}_temp_path {folder}/{name};\n"
            for name in ("proxy", "fastcgi", "uwsgi", "scgi")
        ),
    }
    _, _, conf = conf.partition("\n\n")  # the list of these at its head does not count
    for old, new in paths.items():
        assert conf.count(old) == 1, old
        conf = conf.replace(old, new)
    return conf


def certificate(folder: Path) -> None:
    assert OPENSSL
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )


async def _listens(port: int, process: asyncio.subprocess.Process, errors: Path) -> None:
    try:
        async with asyncio.timeout(_START_S):
            while process.returncode is None:
                try:
                    async with connected(port):
                        return
                except OSError:
                    await asyncio.sleep(0.02)
    except TimeoutError:
        pass
    raise AssertionError(f"nginx does not start; it says: {_text(errors)}")


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else "nothing"


async def test_what_has_to_be_adapted_stands_there_once(tmp_path: Path) -> None:
    adapted(_CONF.read_text(), tmp_path, 1, 2)  # it asserts as much


@pytest.mark.parametrize(
    ("path", "model", "pieces"),
    [
        (CHAT, "gpt", said.chat_stream("Good", " day", ".")),
        (MESSAGES, "claude", said.message_stream("Good", " day", ".")),
    ],
    ids=["openai", "anthropic"],
)
async def test_every_word_arrives_before_the_next_one_is_said(
    nginx: Nginx, one: Upstream, path: str, model: str, pieces: list[bytes]
) -> None:
    nod = asyncio.Event()
    one.play(nodded(pieces, nod))

    got = b""
    async with nginx.connected() as client:
        await client.ask(path, said.asked(model, stream=True))
        head = await client.head()
        for word in ("Good", " day", "."):  # the next one is said only when this one is here
            while orjson.dumps(word) not in got:
                got += await client.piece()
            nod.set()
        nods = asyncio.create_task(_nodding(nod))
        rest, clean = await client.rest()
        nods.cancel()

    assert head.status == 200
    assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert rest
    assert clean


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "document"])
async def test_a_client_that_goes_before_the_first_byte_takes_the_provider_with_it(
    nginx: Nginx, one: Upstream, stream: bool
) -> None:
    one.play(silence())

    async with nginx.connected() as client:
        await client.ask(CHAT, said.asked("gpt", stream=stream))
        seen = await one.asked()
        client.leave()
        await asyncio.wait_for(seen.closed.wait(), 10)

    assert seen.closed.is_set()


async def test_a_client_that_goes_in_the_middle_does_so_too(nginx: Nginx, one: Upstream) -> None:
    one.play(events(said.chat_words("Good"), end="stall"))

    async with nginx.connected() as client:
        await client.ask(CHAT, said.asked("gpt", stream=True))
        await client.head()
        await client.piece()
        client.leave()
        seen = await one.asked()
        await asyncio.wait_for(seen.closed.wait(), 10)

    assert seen.closed.is_set()


async def test_a_stream_that_breaks_off_ends_in_an_error_and_uncleanly(
    nginx: Nginx, one: Upstream
) -> None:
    one.play(events(said.chat_words("Good"), end="reset"))

    got = await nginx.exchange(CHAT, said.asked("gpt", stream=True))

    assert got.status == 200
    assert b'"code":"upstream_broken"' in got.body
    assert b"[DONE]" not in got.body
    assert not got.clean


async def test_errors_of_the_gateway_pass_as_they_are(nginx: Nginx, one: Upstream) -> None:
    one.play(document(said.openai_error("Slow down."), 429, {"retry-after": "7"}))

    unknown = await nginx.exchange(CHAT, said.asked("nobody"))
    stranger = await nginx.exchange(MESSAGES, said.asked("gpt"), authorization="Bearer wrong")
    limited = await nginx.exchange(CHAT, said.asked("gpt"))

    assert (unknown.status, unknown.json["error"]["code"]) == (404, "model_not_found")
    assert (stranger.status, stranger.json["error"]["type"]) == (401, "authentication_error")
    assert (limited.status, limited.headers["retry-after"]) == (429, "7")


async def test_what_nginx_says_itself_has_the_same_shape(nginx: Nginx) -> None:
    metrics = await nginx.get("/metrics")
    async with nginx.connected() as client:
        await client.ask(CHAT, None, {**BEARER, "content-length": str(33 * 2**20)})
        large = await client.whole()

    assert (metrics.status, metrics.json["error"]["code"]) == (404, "not_found")
    assert (large.status, large.json["error"]["code"]) == (413, "request_too_large")
    for got in (metrics, large):
        assert got.json["error"].keys() == {"message", "type", "param", "code"}
        assert got.headers["content-type"] == "application/json"


async def test_without_a_gateway_it_says_so(nginx: Nginx, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]

    async with started(tmp_path, nobody) as alone:
        got = await alone.exchange(CHAT, said.asked("gpt"))

    assert (got.status, got.json["error"]["code"]) == (502, "gateway_unreachable")


async def test_a_megabyte_of_prompt_passes(nginx: Nginx, one: Upstream) -> None:
    one.play(document(said.completion()))
    prompt = [{"role": "user", "content": "x" * (3 * 2**20)}]

    got = await nginx.exchange(CHAT, said.asked("gpt", messages=prompt))

    assert got.status == 200
    assert one.requests[0].json["messages"] == prompt


async def test_another_hosts_name_gets_no_answer(nginx: Nginx) -> None:
    async with nginx.connected() as client:
        await client.ask("/v1/models", None, {**BEARER, "host": "evil.example"}, method="GET")
        hung_up = await client.closed()

    assert hung_up


async def test_both_logs_name_the_request_alike_and_hide_what_is_secret(
    nginx: Nginx, gateway: Gateway, one: Upstream
) -> None:
    one.play(document(said.completion()))

    got = await nginx.exchange(f"{CHAT}?key=sk-in-the-query", said.asked("gpt"))

    name = got.headers["x-request-id"]
    await gateway.line("request.finished", request_id=name)
    assert f" {name} POST {CHAT} 200 " in nginx.access_log
    assert "sk-in-the-query" not in nginx.access_log
    assert "sk-in-the-query" not in gateway.log


async def _nodding(nod: asyncio.Event) -> None:
    while True:
        nod.set()
        await asyncio.sleep(0.005)

"""Where a request went stands in its reply; where it would go is told by command and by address."""

import asyncio
import re
import subprocess
from pathlib import Path

import orjson
import pytest

from adapters.types import Json
from tests.e2e import said
from tests.e2e.conftest import PROVIDER_KEYS
from tests.e2e.process import MASTER_KEY, Gateway
from tests.e2e.raw import Head, Whole, connected, exchange
from tests.e2e.test_cli import run, written
from tests.upstream import Script, Upstream, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
DOORS = [(CHAT, "pair"), (MESSAGES, "duo")]
BUSY = document(said.openai_error("slow down", "rate_limit_error"), status=429)
DOWN = document(said.openai_error("down", "server_error"), status=500)  # 503 would be an overload


def _answer(path: str, *, stream: bool) -> Script:
    if path == CHAT:
        return events(said.chat_stream("Hi")) if stream else document(said.completion())
    return events(said.message_stream("Hi")) if stream else document(said.message())


def _route(told: Head | Whole) -> str:
    """Its header, without the ids of deployments, the time they took and what was estimated."""
    line = told.headers["x-sluicegate-route"].partition(";est=")[0]
    return re.sub(r"/[0-9a-f]{20}:", "/ID:", re.sub(r":\d+\.\d\ds", "", line))


# --- replies name their route -----------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "alias"), DOORS)
async def test_a_reply_names_everybody_who_was_tried(  # noqa: PLR0917  # a table
    gateway: Gateway, one: Upstream, two: Upstream, path: str, alias: str, stream: bool
) -> None:
    one.play(DOWN)
    two.play(_answer(path, stream=stream))
    async with connected(gateway.port) as client:
        await client.ask(path, said.asked(alias, stream=stream))
        head = await client.head()
        await client.rest()

    assert head.status == 200
    assert _route(head) == f"{alias}/ID:transient,{alias}/ID:ok"
    assert head.headers["x-litellm-model-id"] in head.headers["x-sluicegate-route"]
    assert head.headers["x-litellm-attempted-retries"] == "1"
    assert head.headers["x-litellm-attempted-fallbacks"] == "0"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "alias"), DOORS)
@pytest.mark.parametrize(
    ("script", "status", "kind"), [(BUSY, 429, "rate_limit"), (DOWN, 502, "transient")]
)
async def test_an_error_names_them_too(  # noqa: PLR0917  # a table
    gateway: Gateway,
    one: Upstream,
    two: Upstream,
    path: str,
    alias: str,
    stream: bool,
    script: Script,
    status: int,
    kind: str,
) -> None:
    one.play(script)
    two.play(script)
    got = await exchange(gateway.port, path, said.asked(alias, stream=stream))

    assert got.status == status
    assert _route(got) == f"{alias}/ID:{kind},{alias}/ID:{kind}"
    assert "x-litellm-model-id" not in got.headers
    assert got.headers["x-litellm-attempted-retries"] == "1"


async def test_a_fallback_is_part_of_the_route(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    one.play(DOWN)
    two.play(document(said.completion()))
    got = await exchange(gateway.port, CHAT, said.asked("plan-a"))

    assert _route(got) == "plan-a/ID:transient,plan-b/ID:ok"
    assert got.headers["x-litellm-attempted-fallbacks"] == "1"
    assert got.headers["x-litellm-model-group"] == "plan-b"


async def test_a_wildcards_name_is_harmless_in_the_header(gateway: Gateway) -> None:
    got = await exchange(gateway.port, CHAT, said.asked("any/é, ok;q=1"))

    assert got.status == 200
    assert _route(got) == "any/%C3%A9%2C%20ok%3Bq=1/ID:ok"


async def test_where_nobody_could_be_tried_the_route_says_so(gateway: Gateway) -> None:
    got = await exchange(gateway.port, CHAT, said.asked("nothing"))

    assert got.status == 404
    assert got.headers["x-sluicegate-route"] == "-"


# --- a running gateway explains ---------------------------------------------------------------


async def test_a_running_gateway_explains_and_no_provider_hears_of_it(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    got = await exchange(gateway.port, "/v1/route/explain", said.asked("plan-a"))

    assert got.status == 200
    (down, *_) = got.json["if_it_fails"]
    assert [step["alias"] for step in down["steps"]] == ["plan-a", "plan-b"]
    assert not any(secret.encode() in got.body for secret in (*PROVIDER_KEYS, MASTER_KEY))
    assert one.url.encode() not in got.body
    assert one.requests == two.requests == []


async def test_the_command_asks_a_running_gateway(gateway: Gateway, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(orjson.dumps(said.asked("whatever")))
    asked = ("explain", "pair", "--url", gateway.url, "--key", MASTER_KEY, "--body", str(body))
    done = await _run(*asked)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pair: openai.chat, about ")
    assert "order: 2; 1 comes first" in done.stdout
    assert "\x1b" not in done.stdout


async def test_the_command_says_what_the_gateway_refuses(gateway: Gateway) -> None:
    misspelt = await _run("explain", "pear", "--url", gateway.url, "--key", MASTER_KEY)
    strange = await _run("explain", "pair", "--url", gateway.url, "--key", "wrong")

    assert (misspelt.returncode, strange.returncode) == (1, 2)
    assert "did you mean pair?" in misspelt.stderr
    assert "401 invalid_api_key" in strange.stderr


async def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(run, *arguments)


# --- so does a configuration ------------------------------------------------------------------

CONFIG: Json = {
    "model_list": [
        {
            "model_name": "gpt-4o",
            "litellm_params": {"model": "mock/instant", "rpm": 10},
            "model_info": {"id": "first"},
        },
        {"model_name": "small", "litellm_params": {"model": "mock/small"}},
    ],
    "router_settings": {"fallbacks": [{"gpt-4o": ["small"]}], "redis_url": "redis://nowhere:1"},
}


async def test_a_configuration_is_explained_without_a_gateway(tmp_path: Path) -> None:
    file = written(tmp_path, CONFIG)
    read = await _run("explain", "gpt-4o", "--config", file)
    parsed = await _run("explain", "gpt-4o", "--config", file, "--json")
    before = await _run("--config", file, "explain", "gpt-4o")

    assert read.returncode == 0, read.stderr
    assert re.search(r"^100% +first +mock/instant +0 +rpm 0/10$", read.stdout, re.MULTILINE)
    assert re.search(r"^  \d\. +small +[0-9a-f]{20} +fallback$", read.stdout, re.MULTILINE)
    assert orjson.loads(parsed.stdout)["chosen"] == "first"
    assert before.stdout == read.stdout


@pytest.mark.parametrize(
    ("alias", "config", "body", "code", "said_"),
    [
        ("gtp-4o", CONFIG, "{}", 1, "did you mean gpt-4o?"),
        ("gpt-4o", {"model_list": "none"}, "{}", 2, "model_list"),
        ("gpt-4o", CONFIG, "{", 2, "not valid JSON"),
        ("gpt-4o", CONFIG, '{"tools": 5}', 2, "'tools' must be"),
    ],
)
async def test_exit_codes_tell_a_wrong_name_from_everything_else(  # noqa: PLR0917  # a table
    tmp_path: Path, alias: str, config: Json, body: str, code: int, said_: str
) -> None:
    file = tmp_path / "body.json"
    file.write_text(body)
    done = await _run("explain", alias, "-c", written(tmp_path, config), "--body", str(file))

    assert done.returncode == code
    assert said_ in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said_"),
    [
        (("m",), "Give --config FILE, or --url"),
        (("m", "--url", "file:///etc/passwd"), "no address that begins with"),
        (("m", "--url", "http://127.0.0.1:1"), "does not answer"),
        (("m", "--url", "http://127.0.0.1:1", "--body", "/no/such"), "No such file"),
    ],
)
async def test_what_cannot_be_asked_is_said(arguments: tuple[str, ...], said_: str) -> None:
    done = await _run("explain", *arguments)

    assert done.returncode == 2
    assert said_ in done.stderr

"""The command line: what it says, what it refuses, and with which exit code."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from adapters.types import Json
from gateway.version import VERSION
from tests.e2e import said
from tests.e2e.process import MASTER_KEY, Gateway
from tests.e2e.raw import exchange, get

_ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 20
GOOD: Json = {
    "model_list": [{"model_name": "m", "litellm_params": {"model": "mock/instant"}}],
}
LOCKED: Json = {**GOOD, "general_settings": {"master_key": MASTER_KEY}}


def run(
    *arguments: str, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """The command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=_ROOT,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(env or {})},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


def written(folder: Path, config: Json | str) -> str:
    file = folder / "config.yaml"
    file.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    file.chmod(0o600)
    return str(file)


# --- what it says -----------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_it_knows_its_version(flag: str) -> None:
    done = run(flag)

    assert done.returncode == 0
    assert VERSION in done.stdout


def test_help_names_every_flag() -> None:
    done = run("--help")

    assert done.returncode == 0
    for flag in ("--config", "--model", "--host", "--port", "--server", "--drain", "check"):
        assert flag in done.stdout


def test_check_says_that_a_good_file_is_good(tmp_path: Path) -> None:
    done = run("check", "--config", written(tmp_path, GOOD))

    assert done.returncode == 0
    assert done.stdout


def test_check_names_everything_that_is_wrong_at_once(tmp_path: Path) -> None:
    wrong = written(
        tmp_path,
        "model_list:\n"
        "  - model_name: a\n"
        "    litellm_params:\n"
        "      model: openai/gpt-4o\n"
        "      rpm: many\n"
        "  - model_name: b\n"
        "    litellm_params: {}\n"
        "router_settings:\n"
        "  num_retrys: 2\n",
    )

    done = run("check", "--config", wrong)

    assert done.returncode == 1
    assert "model_list[0].litellm_params.rpm" in done.stdout
    assert "model_list[1].litellm_params.model" in done.stdout
    assert "did you mean num_retries" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_check_takes_the_file_before_or_after_its_name(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)

    codes = [
        run("--config", file, "check").returncode,
        run("check", "-c", file).returncode,
        run("check", env={"CONFIG_FILE_PATH": file}).returncode,
    ]

    assert codes == [0, 0, 0]


def test_the_published_examples_are_good() -> None:
    codes = {}
    for file in (_ROOT / "deploy").glob("*.yaml"):
        if "model_list" in (text := file.read_text()):
            names = re.findall(r"os\.environ/(\w+)", text)
            env = dict.fromkeys(names, "https://good-as-key-and-address.invalid")
            codes[file.name] = run("check", "--config", str(file), env=env).returncode

    assert "config.example.yaml" in codes
    assert set(codes.values()) == {0}


# --- what it refuses --------------------------------------------------------------------------


REFUSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "neither file nor model": ((), 2, "--config FILE or --model"),
    "both": (("--config", "x", "--model", "mock/a"), 2, "--config FILE or --model"),
    "no such file": (("--config", "/no/such/file.yaml"), 1, "/no/such/file.yaml"),
    "an unknown provider": (("--model", "nobody/gpt"), 1, "nobody"),
    "a model without its key": (("--model", "openai/gpt-4o"), 1, "OPENAI_API_KEY"),
    "no worker": (("--model", "mock/a", "--num_workers", "0"), 2, "--num_workers"),
    "fewer than none": (("--model", "mock/a", "--num_workers", "-2"), 2, "--num_workers"),
    "another server": (("--model", "mock/a", "--server", "gunicorn"), 2, "gunicorn"),
    "a network without a key": (("--model", "mock/a", "--host", "0.0.0.0"), 2, "no master key"),
    "every IPv6 address": (("--model", "mock/a", "--host", "::"), 2, "no master key"),
    "a name that is no loopback": (("--model", "mock/a", "--host", "box"), 2, "no master key"),
    "an unknown flag": (("--flag",), 2, "--flag"),
    "check without a file": (("check",), 2, "--config FILE"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses_and_says_why(case: str) -> None:
    arguments, code, word = REFUSED[case]

    done = run(*arguments)

    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("key", ["sk-1234", "sk-12345", "sk-tiny"])
def test_a_sample_key_does_not_face_a_network(key: str) -> None:
    done = run("--model", "mock/a", "--host", "0.0.0.0", env={"LITELLM_MASTER_KEY": key})

    assert done.returncode == 2
    assert "--insecure-master-key" in done.stderr
    assert key not in done.stderr


def test_a_wrong_file_is_refused_with_all_that_is_wrong(tmp_path: Path) -> None:
    wrong = written(tmp_path, {"model_list": [{"model_name": 5}], "router_settings": {"x": 1}})

    done = run("--config", wrong)

    assert done.returncode == 1
    assert "model_list[0].model_name" in done.stderr
    assert "router_settings.x" in done.stderr
    assert "Traceback" not in done.stderr


def test_strict_refuses_a_model_without_its_key(tmp_path: Path) -> None:
    keyless = {"model_name": "o", "litellm_params": {"model": "openai/gpt-4o"}}
    file = written(tmp_path, {"model_list": [*GOOD["model_list"], keyless]})

    done = run("--config", file, "--strict", "--port", "0")

    assert done.returncode == 1
    assert "OPENAI_API_KEY" in done.stderr


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn"])
def test_a_port_that_is_taken_is_said_in_one_line(server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--model", "mock/a", "--port", str(port), "--server", server)

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


# --- how it starts ----------------------------------------------------------------------------


async def test_one_model_is_served_without_a_file(tmp_path: Path) -> None:
    gateway = await Gateway.run(tmp_path, "--model", "mock/instant", "--port", "0")
    try:
        got = [
            await exchange(gateway.port, "/v1/chat/completions", said.asked(name), {})
            for name in ("mock/instant", "instant", "other")
        ]
    finally:
        await gateway.stop_now()

    assert [each.status for each in got] == [200, 200, 404]


async def test_one_model_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    flags = ("--model", "mock/instant", "--alias", "mine", "--port", "0")
    gateway = await Gateway.run(tmp_path, *flags)
    try:
        got = await exchange(gateway.port, "/v1/chat/completions", said.asked("mine"), {})
    finally:
        await gateway.stop_now()

    assert got.status == 200


async def test_everything_may_come_from_the_environment(tmp_path: Path) -> None:
    env = {
        "CONFIG_FILE_PATH": written(tmp_path, GOOD),
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    gateway = await Gateway.run(tmp_path, env=env)
    try:
        without = await get(gateway.port, "/v1/models", {})
        with_key = await get(gateway.port, "/v1/models")
    finally:
        await gateway.stop_now()

    assert (without.status, with_key.status) == (401, 200)


async def test_without_a_key_it_listens_for_this_machine_only(tmp_path: Path) -> None:
    gateway = await Gateway.start_anywhere(tmp_path, GOOD)
    try:
        line = await gateway.line("server.started")
        got = await get(gateway.port, "/v1/models", {})
    finally:
        await gateway.stop_now()

    assert line["host"] == "127.0.0.1"
    assert got.status == 200


async def test_with_a_good_key_it_faces_the_network(tmp_path: Path) -> None:
    gateway = await Gateway.start_anywhere(tmp_path, LOCKED)
    try:
        line = await gateway.line("server.started")
    finally:
        await gateway.stop_now()

    assert line["host"] == "0.0.0.0"
    assert gateway.banner.startswith(f"Sluicegate {VERSION} listens on http://127.0.0.1:")


async def test_a_model_without_its_key_is_off_and_the_others_are_served(tmp_path: Path) -> None:
    keyless = {"model_name": "o", "litellm_params": {"model": "openai/gpt-4o"}}
    gateway = await Gateway.start(tmp_path, {"model_list": [keyless, *GOOD["model_list"]]})
    try:
        line = await gateway.line("config.warning")
        off = await exchange(gateway.port, "/v1/chat/completions", said.asked("o"), {})
        served = await exchange(gateway.port, "/v1/chat/completions", said.asked("m"), {})
    finally:
        await gateway.stop_now()

    assert "config.yaml:3 model_list[0]" in line["at"]
    assert "OPENAI_API_KEY" in line["text"]
    assert (off.status, off.json["error"]["code"]) == (503, "no_deployment")
    assert off.headers["x-should-retry"] == "false"
    assert served.status == 200


async def test_nothing_is_lost_of_the_log_when_it_goes(tmp_path: Path) -> None:
    gateway = await Gateway.start(tmp_path, GOOD, "--predrain", "0")
    await asyncio.gather(*(get(gateway.port, "/health/liveliness", {}) for _ in range(30)))

    gateway.tell(signal.SIGTERM)
    code = await gateway.ended()
    await gateway.stop()

    assert code == 0
    assert len(gateway.lines("request.finished")) == 30
    assert gateway.lines()[-1]["event"] == "server.stopped"

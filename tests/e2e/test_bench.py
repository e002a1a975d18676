"""`sluicegate bench` as it is run: a table, an exit code, and nothing left behind."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from redis import Redis

from adapters.types import Json
from tests.bench_configs import SECRETS, rich, written
from tests.routing.state.servers import Server, server

_ROOT = Path(__file__).parents[2]
_DEMO = _ROOT / "deploy" / "demo.yaml"
_TIMEOUT_S = 60
ROWS = (
    "chat 1 KB, 1 client, p50 | ms",
    "chat 1 KB, 1 client, p99 | ms",
    "first token, 1 client, p50 | ms",
    "first token, 1 client, p99 | ms",
    "chat 1 KB, 2 clients | requests/s",
    "CPU of the gateway | µs/request",
    "streams of 100 events, 2 clients | events/s",
    "CPU of the gateway | µs/event",
    "memory of the gateway, idle, ",
    "memory of the gateway, after it, ",
)


def bench(config: Path, *flags: str, cwd: Path = _ROOT) -> "subprocess.CompletedProcess[str]":
    """The shortest that there is."""
    command = [sys.executable, "-P", "-m", "gateway", "bench", "--config", str(config)]
    return subprocess.run(
        [*command, "--seconds", "2", "--clients", "2", *flags],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


@dataclass(frozen=True)
class Run:
    """One that several tests read: each takes seconds."""

    done: "subprocess.CompletedProcess[str]"
    files: list[str]  # what there is in its folder afterwards


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of a configuration with everything, in a folder with a module that must not be imported."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "orjson.py").write_text("raise SystemExit('not this one')")
    done = bench(written(folder, rich()), cwd=folder / "elsewhere")
    return Run(done, sorted(path.name for path in folder.rglob("*")))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path) as started:
        yield started


def keys(redis: Server) -> list[str]:
    with Redis(port=redis.port, decode_responses=True) as client:
        return [str(key) for key in client.scan_iter()]


def lasting(redis: Server) -> list[str]:
    """Keys that do not expire."""
    with Redis(port=redis.port, decode_responses=True) as client:
        return [str(key) for key in client.scan_iter() if client.ttl(key) == -1]


def shared(redis: Server) -> Json:
    config = rich()
    config["router_settings"] |= {"redis_port": redis.port, "redis_password": ""}
    return config


def test_the_demonstration_is_measured_with_every_figure() -> None:
    done = bench(_DEMO)

    assert done.returncode == 0, done.stderr
    assert [row for row in ROWS if f"| {row}" not in done.stdout] == []
    assert re.search(r"p50 \| ms \| [\d.]+ \| [\d.]+ \| [\d.]+ \|", done.stdout)
    assert "`gpt-4o`, one process under hypercorn: " in done.stdout
    assert "own overhead" in done.stdout


def test_keys_limits_and_fallbacks_are_no_hindrance_and_no_key_is_shown(run: Run) -> None:
    done = run.done

    assert done.returncode == 0, done.stderr
    assert [row for row in ROWS if f"| {row}" not in done.stdout] == []
    assert "raised a million times" in done.stdout
    assert [secret for secret in SECRETS if secret in done.stdout + done.stderr] == []


@pytest.mark.parametrize(
    ("alias", "dialect"),
    [("claude", "anthropic.messages"), ("gem", "gemini.generate")],
)
def test_other_dialects_are_measured_for_programs(tmp_path: Path, alias: str, dialect: str) -> None:
    done = bench(written(tmp_path, rich()), "--model", alias, "--json")

    document = orjson.loads(done.stdout)
    assert (done.returncode, document["failed"]) == (0, 0)
    assert dialect in document["deployments"][0]
    assert len(document["figures"]) == len(ROWS)
    assert all(figure["through"] > 0 for figure in document["figures"])


def test_the_other_server_is_measured_too_and_a_dialect_that_has_no_source(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra uvicorn is not installed")

    done = bench(written(tmp_path, rich()), "--server", "uvicorn", "--model", "rock")

    assert done.returncode == 0, done.stderr
    assert [row for row in ROWS if f"| {row}" not in done.stdout] == []
    assert "one process under uvicorn: " in done.stdout
    assert "measured as if OpenAI-shaped" in done.stdout


def test_nothing_is_written_and_nothing_in_the_folder_is_imported(run: Run) -> None:
    assert run.done.returncode == 0, run.done.stderr
    assert run.files == ["config.yaml", "elsewhere", "orjson.py"]


def test_a_redis_is_left_alone(tmp_path: Path, redis: Server) -> None:
    done = bench(written(tmp_path, shared(redis)))

    assert done.returncode == 0, done.stderr
    assert "is not touched" in done.stdout
    assert keys(redis) == []


def test_with_state_a_redis_is_used_under_a_name_of_its_own(tmp_path: Path, redis: Server) -> None:
    done = bench(written(tmp_path, shared(redis)), "--with-state")

    assert done.returncode == 0, done.stderr
    assert "State is shared through" in done.stdout
    assert keys(redis)
    assert lasting(redis) == []
    assert [key for key in keys(redis) if not key.startswith("sluicegate:bench-")] == []


def test_a_request_that_fails_is_told_and_is_an_exit_code(tmp_path: Path) -> None:
    config = rich()
    config["general_settings"]["max_request_size_mb"] = 0.0005

    done = bench(written(tmp_path, config))

    assert (done.returncode, done.stdout) == (1, "")
    assert "a request for 'gpt' failed: 413" in done.stderr


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (("--model", "clade"), "is not configured; did you mean claude?"),
        (("--model", "keyless"), "is off: no key"),
        (("--seconds", "0"), "--seconds"),
        (("--clients", "0"), "--clients"),
    ],
)
def test_what_cannot_be_measured_is_an_exit_code_of_its_own(
    tmp_path: Path, flags: tuple[str, ...], part: str
) -> None:
    done = bench(written(tmp_path, rich()), *flags)

    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"model_list": [], "nonsense": 1}, "nonsense"),
        (rich() | {"router_settings": {"routing_strategy": "by-magic"}}, "by-magic"),
    ],
)
def test_a_wrong_configuration_is_told(tmp_path: Path, config: Json, part: str) -> None:
    done = bench(written(tmp_path, config))

    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr


def test_a_file_must_be_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "bench"],
        cwd=_ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )

    assert done.returncode == 2
    assert "--config FILE" in done.stderr

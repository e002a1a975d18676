"""Which Redis is meant."""

from pathlib import Path
from typing import Any

import pytest

from gateway.config import schema, sharing
from gateway.config.findings import Findings
from gateway.config.report import check
from gateway.config.routing import Layers
from gateway.config.settings import Note
from gateway.launch import secrets
from routing.state.address import RedisAddress
from tests.gateway.config.worlds import ENVIRON, WORLD, problems, read_data, said, write

MODELS = [{"model_name": "big", "litellm_params": {"model": "openai/x"}}]
ROUTER = {"redis_host": "router"}
CACHE = {"type": "redis", "host": "cache"}


def redis(
    folder: Path, environ: dict[str, str] | None = None, **sections: Any
) -> RedisAddress | None:
    data = {"model_list": MODELS, **sections}
    return read_data(folder, data, {**ENVIRON, **(environ or {})}).settings.redis


CASES: dict[str, tuple[dict[str, Any], dict[str, str], RedisAddress | None]] = {
    "nobody says": ({}, {}, None),
    "the router's host": (
        {"router_settings": {**ROUTER, "redis_port": 1, "redis_password": "pw"}},
        {},
        RedisAddress("router", 1, password="pw", source="router_settings.redis_host"),
    ),
    "the router before the cache": (
        {"router_settings": ROUTER, "litellm_settings": {"cache_params": CACHE}},
        {"REDIS_HOST": "env"},
        RedisAddress("router", source="router_settings.redis_host"),
    ),
    "an address before a host": (
        {"router_settings": {**ROUTER, "redis_url": "redis://url:2/3"}},
        {},
        RedisAddress("url", 2, 3, source="router_settings.redis_url"),
    ),
    "the cache before the environment": (
        {"litellm_settings": {"cache": True, "cache_params": CACHE}},
        {"REDIS_URL": "redis://env"},
        RedisAddress("cache", source="litellm_settings.cache_params.host"),
    ),
    "a type need not be written": (
        {"litellm_settings": {"cache_params": {"host": "cache", "namespace": "blue"}}},
        {},
        RedisAddress("cache", namespace="blue", source="litellm_settings.cache_params.host"),
    ),
    "a cache of another kind is none of ours": (
        {"litellm_settings": {"cache_params": {"type": "s3", "host": "cache"}}},
        {},
        None,
    ),
    "what a host lacks is in the environment": (
        {"router_settings": ROUTER},
        {"REDIS_PORT": "7", "REDIS_PASSWORD": "pw", "REDIS_USERNAME": "me", "REDIS_SSL": "True"},
        RedisAddress("router", 7, 0, "me", "pw", tls=True, source="router_settings.redis_host"),
    ),
    "the environment alone": (
        {},
        {"REDIS_URL": "rediss://me:p%40w@env:9/2", "REDIS_HOST": "other"},
        RedisAddress("env", 9, 2, "me", "p@w", tls=True, source="REDIS_URL"),
    ),
    "a host of the environment": (
        {"litellm_settings": {"cache": True, "cache_params": {"namespace": "blue"}}},
        {"REDIS_HOST": "env"},
        RedisAddress("env", namespace="blue", source="REDIS_HOST"),
    ),
    "a socket": (
        {"router_settings": {"redis_url": "unix:///run/redis.sock?db=4"}},
        {},
        RedisAddress(path="/run/redis.sock", db=4, source="router_settings.redis_url"),
    ),
    "Valkey, by an address of IPv6": (
        {"router_settings": {"redis_url": "valkey://[::1]:8"}},
        {},
        RedisAddress("::1", 8, source="router_settings.redis_url"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_that_names_a_server_counts(case: str, tmp_path: Path) -> None:
    sections, environ, expected = CASES[case]

    assert redis(tmp_path, environ, **sections) == expected


@pytest.mark.parametrize("url", ["http://r", "redis://", "redis://r:port", "redis://r/x", "r:6379"])
def test_what_is_no_address_is_said_without_showing_it(url: str, tmp_path: Path) -> None:
    text = f"""
        model_list: [{{model_name: big, litellm_params: {{model: openai/x}}}}]
        router_settings: {{redis_url: "{url}?password=hidden"}}
    """

    assert problems(tmp_path, text) == [
        "config.yaml:3 router_settings.redis_url: is no address; write "
        "redis://user:password@host:port/db"
    ]


def test_what_is_not_served_is_said(tmp_path: Path) -> None:
    cache = {**CACHE, "ttl": 600, "sentinel_nodes": [["r", 1]]}
    data = {"model_list": MODELS, "litellm_settings": {"cache": True, "cache_params": cache}}
    loaded = read_data(tmp_path, data)

    assert [line.split(": ")[0].split()[1] for line in said(tmp_path, loaded.unserved)] == [
        "litellm_settings.cache",
        "litellm_settings.cache_params.ttl",
        "litellm_settings.cache_params.sentinel_nodes",
    ]


def test_a_port_without_a_host_is_warned_of(tmp_path: Path) -> None:
    data = {"model_list": MODELS, "router_settings": {"redis_port": 6380}}

    assert [note.text for note in read_data(tmp_path, data).warnings] == [
        "has no effect without redis_host"
    ]


@pytest.mark.parametrize(("port", "expected"), [(0, "must be at least 1"), ("x", "whole number")])
def test_a_wrong_port_is_a_problem(port: object, expected: str, tmp_path: Path) -> None:
    text = f"""
        model_list: [{{model_name: big, litellm_params: {{model: openai/x}}}}]
        router_settings: {{redis_host: r, redis_port: {port}}}
    """

    [problem] = problems(tmp_path, text)
    assert expected in problem


def test_without_the_client_a_file_that_wants_it_is_wrong_and_a_variable_is_warned_of() -> None:
    wanted, found = Findings(), Findings()
    from_file = Layers(schema.RouterSettings(redis_host="r"), schema.LitellmSettings())
    nothing = Layers(schema.RouterSettings(), schema.LitellmSettings())
    advice = "needs the Redis client: pip install 'sluicegate[redis]'"

    addresses = (
        sharing.read_redis(from_file, {}, wanted, installed=False),
        sharing.read_redis(nothing, {"REDIS_HOST": "r"}, found, installed=False),
    )

    assert addresses == (None, None)
    assert wanted.problems == [Note("router_settings.redis_host", advice)]
    assert found.problems == []
    assert found.warnings == [Note("REDIS_HOST", advice)]


def test_check_shows_which_server_it_is_and_no_password(tmp_path: Path) -> None:
    text = """
        model_list: [{model_name: big, litellm_params: {model: openai/x}}]
        router_settings: {redis_url: "redis://me:very-secret@r:7/1"}
    """
    report, code = check(write(tmp_path, text), ENVIRON, world=WORLD)

    assert "Shared state\n  redis://r:7/1 (from router_settings.redis_url)\n" in report
    assert "very-secret" not in report
    assert code == 0


def test_the_password_is_in_no_log_line(tmp_path: Path) -> None:
    router = {"redis_url": "redis://me:very-secret@r"}
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    assert "very-secret" in secrets(loaded.settings)
    assert "very-secret" not in repr(loaded.settings)

"""One gateway for each module of tests, between two scripted providers.

Modules that want other settings or another server have a fixture `extra` or `server` of their own.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.types import Json
from tests.e2e.process import MASTER_KEY, Gateway
from tests.upstream import Upstream

PROVIDER_KEYS = ("sk-first-provider-secret-1111", "sk-second-provider-secret-2222")


@pytest.fixture(scope="module")
def extra() -> Json:
    """Sections of the configuration: mappings are joined with what every module has, lists are
    taken instead of it.
    """
    return {}


@pytest.fixture(scope="module")
def server() -> str:
    return "hypercorn"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first() -> AsyncIterator[Upstream]:
    async with Upstream() as provider:
        yield provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second() -> AsyncIterator[Upstream]:
    async with Upstream() as provider:
        yield provider


@pytest.fixture
def one(first: Upstream) -> Iterator[Upstream]:
    """The provider that most aliases lead to."""
    first.forget()
    yield first
    first.forget()


@pytest.fixture
def two(second: Upstream) -> Iterator[Upstream]:
    """The provider behind it."""
    second.forget()
    yield second
    second.forget()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(
    first: Upstream,
    second: Upstream,
    extra: Json,
    server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    flags = ("--server", server, "--predrain", "0", "--drain", "6")
    running = await Gateway.start(folder, configuration(first, second, extra), *flags)
    try:
        assert running.port, running.log
        yield running
    finally:
        await running.stop()


def configuration(first: Upstream, second: Upstream, extra: Json) -> Json:
    """Aliases `gpt` and `claude` lead to the first provider in OpenAI's and Anthropic's dialect;
    `pair` and `duo` to the first and then the second, `plan-a` to the second as `plan-b`.
    """
    data: Json = {
        "model_list": [
            _entry("gpt", "openai/gpt-x", first, 0),
            _entry("claude", "anthropic/claude-x", first, 0),
            _entry("pair", "openai/gpt-x", first, 0, order=1),
            _entry("pair", "openai/gpt-x", second, 1, order=2),
            _entry("duo", "anthropic/claude-x", first, 0, order=1),
            _entry("duo", "anthropic/claude-x", second, 1, order=2),
            _entry("plan-a", "openai/gpt-x", first, 0),
            _entry("plan-b", "openai/gpt-y", second, 1),
            {"model_name": "mocked", "litellm_params": {"model": "mock/instant"}},
            {"model_name": "any/*", "litellm_params": {"model": "mock/instant"}},
        ],
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "fallbacks": [{"plan-a": ["plan-b"]}],
        },
        "general_settings": {"master_key": MASTER_KEY},
    }
    for section, settings in extra.items():
        given = isinstance(settings, dict)
        data[section] = {**data.get(section, {}), **settings} if given else settings
    return data


def _entry(alias: str, model: str, provider: Upstream, number: int, order: int = 1) -> Json:
    base = provider.url if model.startswith("anthropic/") else f"{provider.url}/v1"
    params = {
        "model": model,
        "api_base": base,
        "api_key": PROVIDER_KEYS[number],
        "order": order,
    }
    return {"model_name": alias, "litellm_params": params}

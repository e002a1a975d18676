"""`POST /v1/route/explain`, without a socket: what is in it, and what never is."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import yaml

from adapters.types import Json
from gateway.app import build
from gateway.config.build import World, load
from gateway.explained import told
from gateway.ledger.models import Models
from gateway.log import Log
from gateway.services import Services, opened
from routing.strategies import find
from tests.fakes import FakeClock

MASTER_KEY = "sk-master-key-of-these-tests"
PROVIDER_KEY = "sk-provider-key-that-nobody-may-see"
PASSWORD = "hunter2-in-an-address"
CONFIG: Json = {
    "model_list": [
        {
            "model_name": "gpt",
            "litellm_params": {
                "model": "openai/gpt-4o",
                "api_key": PROVIDER_KEY,
                "api_base": f"https://user:{PASSWORD}@example.com/v1",
                "rpm": 100,
                "weight": 3,
            },
            "model_info": {"id": "one", "supports_vision": True},
        },
        {
            "model_name": "gpt",
            "litellm_params": {"model": "mock/two", "weight": 1},
            "model_info": {"id": "two", "supports_vision": False},
        },
        {
            "model_name": "gpt",
            "litellm_params": {"model": "openai/gpt-4o", "api_key": "os.environ/NO_SUCH"},
            "model_info": {"id": "off"},
        },
        {
            "model_name": "claude",
            "litellm_params": {"model": "mock/claude"},
            "model_info": {"id": "c"},
        },
        {
            "model_name": "vectors",
            "litellm_params": {"model": "mock/vectors"},
            "model_info": {"id": "v"},
        },
    ],
    "router_settings": {
        "num_retries": 0,
        "fallbacks": [{"gpt": [{"model": "claude", "max_tokens": 9}]}],
    },
    "general_settings": {"master_key": MASTER_KEY},
}
HELLO: list[Json] = [{"role": "user", "content": "Hello"}]
PICTURE: list[Json] = [
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]}
]
Ask = Callable[..., Any]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Services]:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(CONFIG))
    file.chmod(0o600)
    models = Models.load()
    loaded = load(file, {}, world=World(reasons=models.reasons))
    log, clock = Log(io.BytesIO(), json=True, clock=FakeClock()), FakeClock()
    shuffle = find("simple-shuffle")
    async with opened(
        loaded.settings, lambda _: shuffle, log, models, clock=clock, rng=Random(1)
    ) as services:
        yield services
    log.close(1)


async def ask(
    services: Services,
    body: Any,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> tuple[int, Json]:
    """Send it, and read the status and the document."""
    sent: list[dict[str, Any]] = []
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    messages = [{"type": "http.request", "body": raw, "more_body": False}]

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    named = {"authorization": f"Bearer {MASTER_KEY}"} if headers is None else headers
    scope = {
        "type": "http",
        "method": method,
        "path": "/v1/route/explain",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "http_version": "1.1",
    }
    await build(services)(scope, receive, send)
    return sent[0]["status"], orjson.loads(sent[1]["body"])


async def test_candidates_filters_and_shares_are_told(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        status, shown = await ask(services, {"model": "gpt", "messages": HELLO, "stream": True})

    assert status == 200
    assert [c["id"] for c in shown["candidates"]] == ["one", "two", "off"]
    one, two, off = shown["candidates"]
    assert one["share"] == pytest.approx(0.75, abs=0.05)
    assert two["reads"]["weight"] == 1.0
    assert one["limits"] == {"rpm": {"used": 0, "limit": 100}}
    assert off["out"]["by"] == "off"
    assert "NO_SUCH" in off["out"]["why"]
    assert shown["chosen"] == "one"
    assert shown["strategy"]["name"] == "simple-shuffle"
    assert shown["call"]["stream"] is True


async def test_what_a_request_needs_decides(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        _, shown = await ask(services, {"model": "gpt", "messages": PICTURE})

    (two,) = [c for c in shown["candidates"] if c["id"] == "two"]
    assert shown["call"]["needs"] == ["vision"]
    assert two["out"] == {
        "by": "abilities",
        "why": "lacks vision, as configured",
        "wait_s": None,
    }


async def test_what_happens_next_is_told_with_the_fallbacks_own_fields(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        _, shown = await ask(services, {"model": "gpt"})

    (down, *_) = shown["if_it_fails"]
    assert down["kind"] == "transient"
    assert [(step["alias"], step["id"]) for step in down["steps"]] == [
        ("gpt", "one"),
        ("claude", "c"),
    ]
    assert down["steps"][-1]["override"] == ["max_tokens"]
    assert down["error"] == {"status": 502, "code": "upstream_unavailable"}


async def test_the_wishes_of_a_request_count(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        asked = {"model": "gpt", "messages": HELLO, "num_retries": 1, "disable_fallbacks": True}
        _, shown = await ask(services, asked)

    (down, *_) = shown["if_it_fails"]
    assert [step["id"] for step in down["steps"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        ({"model": "vectors", "input": "x"}, "openai.embeddings"),
        ({"model": "gpt", "query": "x", "documents": ["y"]}, "cohere.rerank"),
        ({"model": "gpt", "messages": HELLO, "max_tokens": 5}, "openai.chat"),
        (
            {"model": "gpt", "messages": HELLO, "max_tokens": 5, "system": "Be brief."},
            "anthropic.messages",
        ),
        ({"model": "gpt"}, "openai.chat"),
    ],
)
async def test_every_dialect_is_understood(tmp_path: Path, body: Json, dialect: str) -> None:
    async with running(tmp_path) as services:
        status, shown = await ask(services, body)

    assert status == 200
    assert shown["call"]["dialect"] == dialect


@pytest.mark.parametrize(
    ("sent_", "status", "code"),
    [
        (({"model": "gtp"}, None, "POST"), 404, "model_not_found"),
        (({"messages": HELLO}, None, "POST"), 400, None),
        ((b"{", None, "POST"), 400, None),
        ((b"[]", None, "POST"), 400, None),
        (({"model": "gpt", "api_key": "x"}, None, "POST"), 400, None),
        (({"model": "gpt"}, {}, "POST"), 401, "invalid_api_key"),
        (({"model": "gpt"}, {"x-api-key": "wrong"}, "POST"), 401, "invalid_api_key"),
        (({"model": "gpt"}, None, "GET"), 405, "method_not_allowed"),
    ],
)
async def test_what_cannot_be_explained_is_refused_as_elsewhere(
    tmp_path: Path, sent_: tuple[Any, Any, str], status: int, code: str | None
) -> None:
    async with running(tmp_path) as services:
        got, shown = await ask(services, *sent_)

    assert got == status
    assert shown["error"]["code"] == code


async def test_a_misspelt_name_is_told_the_nearest(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        _, shown = await ask(services, {"model": "claud"})

    assert "did you mean claude?" in shown["error"]["message"]


async def test_no_secret_and_no_address_is_in_it(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        _, shown = await ask(services, {"model": "gpt", "messages": PICTURE, "tags": ["a"]})

    text = orjson.dumps(shown).decode()
    for secret in (PROVIDER_KEY, MASTER_KEY, PASSWORD, "example.com", "https://"):
        assert secret not in text


async def test_it_can_be_read_by_people(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        _, shown = await ask(services, {"model": "gpt", "messages": PICTURE, "stream": True})
    painted = told(shown, lambda text, colour: f"<{colour}>{text}")

    lines = told(shown).splitlines()
    assert lines[0].startswith("gpt: openai.chat, about ")
    assert lines[0].endswith("tokens, streamed")
    assert "needs: vision" in lines
    (head,) = [line for line in lines if line.startswith("share")]
    (one,) = [line for line in lines if line.startswith("100%")]
    assert head.index("deployment") == one.index("one ")
    assert any("abilities: lacks vision, as configured" in line for line in lines)
    assert "If the prompt is too long for whoever is asked" in lines
    assert "  then 502 upstream_unavailable" in lines
    assert "<green>100%" in painted
    assert "<red>  then 502" in painted

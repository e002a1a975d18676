"""Where a call goes: by its tags, by its size, by what was spent, through a real gateway."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.types import Json
from tests.e2e import said
from tests.e2e.process import MASTER_KEY, Gateway
from tests.e2e.raw import BEARER, Whole, exchange
from tests.upstream import Upstream, document

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(
    first: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    def entry(alias: str, id: str, info: Json | None = None, **params: Any) -> Json:
        where = {"model": "openai/gpt-x", "api_base": f"{first.url}/v1", "api_key": "k"}
        info = {"id": id, **(info or {})}
        return {"model_name": alias, "litellm_params": where | params, "model_info": info}

    config: Json = {
        "model_list": [
            entry("tier", "free", tags=["free"]),
            entry("tier", "paid", tags=["paid"], region_name="eu-west-1"),
            entry("tier", "spare", tags=["default"], tag_regex=["^User-Agent: nobody"]),
            entry("short", "short", {"max_input_tokens": 50}),
            entry("long", "long", {"max_input_tokens": 5000}),
            entry("blind", "blind", {"supports_vision": False}),
            entry("poor", "poor", max_budget=0.001, budget_duration="1d")
            | {"model_info": {"id": "poor", "input_cost_per_token": "1e-3"}},
            entry("chat", "left"),
            entry("chat", "right"),
        ],
        "router_settings": {
            "num_retries": 0,
            "enable_tag_filtering": True,
            "enable_pre_call_checks": True,
            "optional_pre_call_checks": ["session_affinity"],
            "context_window_fallbacks": [{"short": ["long"]}],
        },
        "general_settings": {"master_key": MASTER_KEY},
    }
    folder: Path = tmp_path_factory.mktemp("gateway")
    running = await Gateway.start(folder, config, "--predrain", "0", "--drain", "6")
    try:
        assert running.port, running.log
        yield running
    finally:
        await running.stop()


async def ask(
    gateway: Gateway, one: Upstream, body: Json, *, path: str = CHAT, **headers: str
) -> Whole:
    one.play(document(said.completion()))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await exchange(gateway.port, path, body, {**BEARER, **named})


ROUTES: dict[str, tuple[Json, dict[str, str], str]] = {  # body, headers -> who answers
    "a tag in the body": ({"tags": ["free"]}, {}, "free"),
    "a tag in metadata": ({"metadata": {"tags": ["paid"]}}, {}, "paid"),
    "a tag in a header": ({}, {"x_litellm_tags": "paid"}, "paid"),
    "no tag": ({}, {}, "spare"),
    "a region": ({"tags": ["free", "paid"], "allowed_model_region": "eu"}, {}, "paid"),
}


@pytest.mark.parametrize("case", ROUTES)
async def test_tags_and_regions_choose_who_answers(
    gateway: Gateway, one: Upstream, case: str
) -> None:
    body, headers, answers = ROUTES[case]

    reply = await ask(gateway, one, said.asked("tier", **body), **headers)

    assert (reply.status, reply.headers["x-litellm-model-id"]) == (200, answers)
    assert not {"tags", "metadata", "allowed_model_region"} & one.requests[0].json.keys()


@pytest.mark.parametrize(("path", "word"), [(CHAT, "not_allowed"), (MESSAGES, "permission_error")])
async def test_tags_that_nobody_has_are_not_permitted(
    gateway: Gateway, one: Upstream, path: str, word: str
) -> None:
    reply = await ask(gateway, one, said.asked("tier", tags=["free", "&paid"]), path=path)

    assert reply.status == 403
    assert word.encode() in reply.body
    assert not one.requests


async def test_a_long_prompt_goes_to_the_long_context_before_anybody_is_asked(
    gateway: Gateway, one: Upstream
) -> None:
    messages = [{"role": "user", "content": "words " * 200}]

    short = await ask(gateway, one, said.asked("short"))
    long = await ask(gateway, one, said.asked("short", messages=messages))

    assert short.headers["x-litellm-model-id"] == "short"
    assert long.headers["x-litellm-model-id"] == "long"
    assert long.headers["x-litellm-attempted-fallbacks"] == "1"
    assert len(one.requests) == 2


async def test_a_prompt_that_is_too_long_for_all_is_refused(
    gateway: Gateway, one: Upstream
) -> None:
    messages = [{"role": "user", "content": "words " * 20_000}]

    reply = await ask(gateway, one, said.asked("short", messages=messages))

    assert (reply.status, reply.json["error"]["code"]) == (400, "context_length_exceeded")
    assert not one.requests


async def test_a_picture_for_a_model_that_cannot_see_is_refused(
    gateway: Gateway, one: Upstream
) -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    reply = await ask(
        gateway, one, said.asked("blind", messages=[{"role": "user", "content": [part]}])
    )

    assert reply.status == 400
    assert "vision" in reply.json["error"]["message"]
    assert not one.requests


async def test_a_deployment_without_money_is_left_alone(gateway: Gateway, one: Upstream) -> None:
    paid = await ask(gateway, one, said.asked("poor"))  # eleven tokens, eleven times the budget
    refused = await ask(gateway, one, said.asked("poor"))

    assert (paid.status, refused.status) == (200, 429)
    assert refused.json["error"]["type"] == "budget_exceeded"
    assert refused.headers["x-should-retry"] == "false"
    assert len(one.requests) == 1


async def test_a_conversation_stays_where_it_is(gateway: Gateway, one: Upstream) -> None:
    replies = [
        await ask(gateway, one, said.asked("chat"), x_litellm_session_id="s") for _ in range(12)
    ]

    assert len({reply.headers["x-litellm-model-id"] for reply in replies}) == 1

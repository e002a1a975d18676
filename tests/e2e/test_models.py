"""What is served: for SDKs, and for the frontends that read LiteLLM's `/v1/model/info`."""

from typing import Any

import pytest

from adapters.types import Json
from tests.e2e.conftest import PROVIDER_KEYS
from tests.e2e.process import Gateway
from tests.e2e.raw import get

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def extra() -> Json:
    return {
        "model_list": [
            {
                "model_name": "claude-3-7-sonnet",
                "litellm_params": {
                    "model": "anthropic/claude-3-7-sonnet-20250219",
                    "api_key": PROVIDER_KEYS[0],
                },
            },
            {
                "model_name": "own",
                "litellm_params": {"model": "mock/instant", "input_cost_per_token": 2e-06},
                "model_info": {
                    "id": "own-1",
                    "max_input_tokens": 1000,
                    "max_output_tokens": 100,
                    "supports_vision": True,
                },
            },
            {"model_name": "off", "litellm_params": {"model": "openai/gpt-4o"}},
            {"model_name": "mock/*", "litellm_params": {"model": "mock/*"}},
        ],
        "router_settings": {"fallbacks": [], "model_group_alias": {"nick": "own"}},
    }


async def test_models_are_listed_as_openai_lists_them(gateway: Gateway) -> None:
    got = await get(gateway.port, "/v1/models")
    short = await get(gateway.port, "/models")

    assert got.status == 200
    assert got.json["object"] == "list"
    assert [model["id"] for model in got.json["data"]] == ["claude-3-7-sonnet", "own", "nick"]
    assert {model["object"] for model in got.json["data"]} == {"model"}
    assert short.body == got.body


@pytest.mark.parametrize(
    ("name", "status"), [("own", 200), ("nick", 200), ("mock/x", 200), ("no", 404), ("off", 404)]
)
async def test_one_model_is_shown_if_it_can_be_called(
    gateway: Gateway, name: str, status: int
) -> None:
    got = await get(gateway.port, f"/v1/models/{name}")

    assert got.status == status
    if status == 200:
        assert got.json["id"] == name
    else:
        assert got.json["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("path", ["/v1/model/info", "/model/info"])
async def test_what_roo_code_and_cline_read_is_there(gateway: Gateway, path: str) -> None:
    got = await get(gateway.port, path)

    entries: dict[str, Any] = {entry["model_name"]: entry for entry in got.json["data"]}
    sonnet = entries["claude-3-7-sonnet"]
    info = sonnet["model_info"]
    assert sonnet["litellm_params"]["model"] == "anthropic/claude-3-7-sonnet-20250219"
    assert info["max_input_tokens"] == 200_000
    assert info["max_output_tokens"] >= 8_192
    assert info["max_tokens"] == info["max_output_tokens"]
    assert info["supports_vision"] is True
    assert info["supports_prompt_caching"] is True
    assert info["input_cost_per_token"] == 3e-06
    assert info["output_cost_per_token"] == 1.5e-05
    assert info["cache_creation_input_token_cost"] == 3.75e-06
    assert info["cache_read_input_token_cost"] == 3e-07
    assert all(entry["litellm_params"]["model"] for entry in got.json["data"])
    assert all(entry["model_info"] for entry in got.json["data"])


async def test_the_operators_own_figures_come_first(gateway: Gateway) -> None:
    got = await get(gateway.port, "/v1/model/info?litellm_model_id=own-1")

    shown = {entry["model_name"]: entry["model_info"] for entry in got.json["data"]}
    assert shown.keys() == {"own", "nick"}
    assert shown["own"]["max_input_tokens"] == 1000
    assert shown["own"]["input_cost_per_token"] == 2e-06
    assert shown["own"]["supports_vision"] is True


async def test_a_deployment_that_is_off_says_why(gateway: Gateway) -> None:
    got = await get(gateway.port, "/v1/model/info")

    off = next(entry for entry in got.json["data"] if entry["model_name"] == "off")
    assert "OPENAI_API_KEY" in off["model_info"]["off"]


async def test_nobody_sees_a_key_there(gateway: Gateway) -> None:
    got = await get(gateway.port, "/v1/model/info")

    assert PROVIDER_KEYS[0].encode() not in got.body
    assert b"api_key" not in got.body.replace(b"litellm_params.api_key", b"")

"""What routing is told of each deployment."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters import catalog
from adapters.types import Usage
from gateway.config.build import World, load
from gateway.facts import Facts
from gateway.ledger.models import Models
from routing.deployment import Deployment
from routing.groups import Groups
from tests.gateway.config.worlds import write

MODELS = Models.load()
ENVIRON = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "AWS_ACCESS_KEY_ID": "k"}
ENVIRON |= {"AWS_SECRET_ACCESS_KEY": "k"}


def facts(folder: Path, params: dict[str, Any], info: dict[str, Any] | None = None) -> Any:
    """The facts, and the one deployment that they are about."""
    entry = {"model_name": "a", "litellm_params": params, "model_info": info or {}}
    if "*" in params["model"]:
        entry["model_name"] = params["model"]
    text = yaml.safe_dump({"model_list": [entry]})
    settings = load(write(folder, text), ENVIRON, world=World(catalog)).settings
    return Facts(settings, MODELS), settings.deployments[0]


def stated(folder: Path, params: dict[str, Any], info: dict[str, Any] | None = None) -> Deployment:
    known, deployment = facts(folder, params, info)
    found: Deployment = known.stated(deployment)
    return found


def test_the_catalogue_knows_common_models(tmp_path: Path) -> None:
    found = stated(tmp_path, {"model": "openai/gpt-4o"})

    assert found.window == 128_000
    assert (found.input_price, found.output_price) == (2.5e-06, 1e-05)
    assert found.abilities
    assert {"vision", "function_calling"} <= found.abilities
    assert found.unable == frozenset()


def test_of_others_nothing_is_known(tmp_path: Path) -> None:
    found = stated(tmp_path, {"model": "openai/mine"})

    assert (found.window, found.input_price, found.abilities) == (None, None, None)


def test_the_operator_s_word_goes_before_the_catalogue_s(tmp_path: Path) -> None:
    info = {"max_input_tokens": "9000", "input_cost_per_token": "1e-6"}
    info |= {"supports_vision": False, "supports_audio_input": True}  # type: ignore[dict-item]
    found = stated(tmp_path, {"model": "openai/gpt-4o"}, info)

    assert (found.window, found.input_price, found.output_price) == (9000, 1e-6, 1e-05)
    assert found.abilities
    assert "vision" not in found.abilities
    assert "audio_input" in found.abilities
    assert found.unable == {"vision"}


def test_a_base_model_says_what_another_name_is(tmp_path: Path) -> None:
    params = {"model": "azure/prod", "api_base": "https://a", "api_key": "k"}

    assert stated(tmp_path, params, {"base_model": "azure/gpt-4o"}).window == 128_000
    assert stated(tmp_path, params).window is None


def test_the_model_of_a_wildcard_is_known_once_it_is_named(tmp_path: Path) -> None:
    known, wild = facts(tmp_path, {"model": "openai/*"})
    groups = Groups([known.stated(wild)], {}, known.stated)

    [found] = groups.find("openai/gpt-4o")

    assert wild.window is None
    assert found.window == 128_000
    assert known.cost(found, Usage(1000, 0)) == 2_500_000


def test_cost_is_by_the_prices_of_the_deployment(tmp_path: Path) -> None:
    known, deployment = facts(tmp_path, {"model": "openai/mine", "output_cost_per_token": 2e-6})

    assert known.cost(deployment, Usage(1000, 10)) == 20_000


PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "config's word": ({"model": "openai/gpt-4o", "region_name": "eu"}, "eu"),
    "nobody's word": ({"model": "openai/gpt-4o"}, ""),
    "Bedrock": ({"model": "bedrock/m.x", "aws_region_name": "eu-west-1"}, "eu-west-1"),
    "a region in a model's name": (
        {"model": "bedrock/us-west-2/m.x", "aws_region_name": "eu-west-1"},
        "us-west-2",
    ),
    "several regions of one part of the world": (
        {"model": "bedrock/eu.anthropic.claude", "aws_region_name": "eu-west-1"},
        "eu",
    ),
    "anywhere": (
        {"model": "bedrock/global.anthropic.claude", "aws_region_name": "eu-west-1"},
        "",
    ),
    "config's word for what may be anywhere": (
        {"model": "bedrock/global.anthropic.claude", "region_name": "eu-west-1"},
        "eu-west-1",
    ),
    "Vertex": (
        {"model": "vertex_ai/gemini-2.5-pro", "vertex_location": "europe-west4"},
        "europe-west4",
    ),
    "Vertex, anywhere": ({"model": "vertex_ai/gemini-2.5-pro", "vertex_location": "global"}, ""),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_deployment_is_somewhere(case: str, tmp_path: Path) -> None:
    params, region = PLACES[case]

    assert stated(tmp_path, params).region == region

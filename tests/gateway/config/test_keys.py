"""The tables of keys: nothing is both served and not, and all of it is accepted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.config import keys, schema
from tests.gateway.config.worlds import read_data

TABLES: dict[str, tuple[type[schema.Section], Mapping[str, str]]] = {
    "": (schema.File, keys.TOP),
    "litellm_settings": (schema.LitellmSettings, keys.LITELLM_SETTINGS),
    "router_settings": (schema.RouterSettings, keys.ROUTER_SETTINGS),
    "general_settings": (schema.GeneralSettings, keys.GENERAL_SETTINGS),
    "litellm_params": (schema.LitellmParams, keys.LITELLM_PARAMS),
    "model_info": (schema.ModelInfo, keys.MODEL_INFO),
}
UNSERVED = [(section, key) for section, (_, table) in TABLES.items() for key in table]


@pytest.mark.parametrize("section", TABLES)
def test_no_key_is_both_served_and_unserved(section: str) -> None:
    kind, unserved = TABLES[section]

    assert not set(kind.model_fields) & set(unserved)


def test_no_parameter_of_requests_is_taken_for_a_setting() -> None:
    assert not keys.BODY & {*schema.LitellmParams.model_fields, *keys.LITELLM_PARAMS}
    assert not [name for name in keys.BODY if keys.unserved_param(name, ()) or keys.is_price(name)]
    assert not [name for name in schema.LitellmParams.model_fields if keys.unserved_param(name, ())]


@pytest.mark.parametrize(("section", "key"), UNSERVED)
def test_every_key_without_effect_is_accepted_and_mentioned(
    section: str, key: str, tmp_path: Path
) -> None:
    entry: dict[str, Any] = {"model_name": "a", "litellm_params": {"model": "openai/a"}}
    data: dict[str, Any] = {"model_list": [entry]}
    place = data if section == "" else data.setdefault(section, {})
    if section in {"litellm_params", "model_info"}:
        place = entry.setdefault(section, {})
        del data[section]
    place[key] = "x"
    loaded = read_data(tmp_path, data)

    assert [note.path.split()[1].split(".")[-1] for note in loaded.unserved] == [key]
    assert loaded.unserved[0].text
    assert "x" not in loaded.settings.deployments[0].target.params.values()


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("input_cost_per_token", True),
        ("cache_read_input_token_cost", True),
        ("output_cost_per_second", True),
        ("max_tokens", False),
        ("temperature", False),
    ],
)
def test_prices_are_told_from_parameters(name: str, price: bool) -> None:
    assert keys.is_price(name) is price


def test_advice_is_given_only_when_something_is_near() -> None:
    assert keys.nearest("num_retrys", ["num_retries", "timeout"]) == "; did you mean num_retries?"
    assert keys.nearest("qqq", ["num_retries"]) == ""

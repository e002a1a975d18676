"""`routing_strategy_args` and `routing_groups`."""

from pathlib import Path
from typing import Any

import pytest

from gateway.config.settings import ConfigError, Strategies
from routing.policy import Fallback
from tests.gateway.config.worlds import read_data, said

MODELS = [
    {"model_name": name, "litellm_params": {"model": f"openai/{name}", "order": 5}}
    for name in ("big", "small", "small", "team/*")
]


def strategies(folder: Path, **router: Any) -> Strategies:
    return read_data(folder, {"model_list": MODELS, "router_settings": router}).settings.strategies


def group(name: str, *models: str, **facts: Any) -> dict[str, Any]:
    return {
        "group_name": name,
        "models": list(models),
        "routing_strategy": "least-busy",
        **facts,
    }


def members(found: Strategies) -> list[tuple[str, str, int]]:
    return [
        (model.deployment.alias, model.deployment.target.model, model.deployment.order)
        for model in found.groups
    ]


def test_without_a_word_everybody_is_shuffled(tmp_path: Path) -> None:
    found = strategies(tmp_path)

    assert (found.usual.name, found.usual.args) == ("simple-shuffle", {})
    assert (found.own, found.groups) == ({}, ())


def test_a_group_gives_its_models_a_strategy_and_has_a_name_of_its_own(tmp_path: Path) -> None:
    args = {"ttl": 60, "lowest_latency_buffer": "0.5"}
    found = strategies(
        tmp_path,
        routing_strategy="adaptive",
        routing_groups=[
            group(
                "quick",
                "big",
                "small",
                routing_strategy="latency-based-routing",
                routing_strategy_args=args,
            ),
            group("pattern", "team/*"),
        ],
    )

    assert found.usual.name == "adaptive"
    assert {name: (own.name, own.args) for name, own in found.own.items()} == {
        "big": ("latency-based-routing", args),
        "small": ("latency-based-routing", args),
        "quick": ("latency-based-routing", args),
        "team/*": ("least-busy", {}),
        "pattern": ("least-busy", {}),
    }
    assert members(found) == [
        ("quick", "big", 5),
        ("quick", "small", 5),
        ("quick", "small", 5),
    ]


def test_the_members_of_a_group_are_the_deployments_of_its_models(tmp_path: Path) -> None:
    data = {"model_list": MODELS, "router_settings": {"routing_groups": [group("g", "small")]}}
    settings = read_data(tmp_path, data).settings

    assert [model.deployment.id for model in settings.strategies.groups] == [
        deployment.id for deployment in settings.deployments if deployment.alias == "small"
    ]


def test_priorities_are_orders(tmp_path: Path) -> None:
    found = strategies(
        tmp_path,
        routing_groups=[
            group(
                "best",
                "big",
                "small",
                routing_strategy="priority",
                model_priorities={"big": 2, "small": 1},
            )
        ],
    )

    assert members(found) == [("best", "big", 2), ("best", "small", 1), ("best", "small", 1)]
    assert found.own["best"].name == "simple-shuffle"


def test_a_group_may_be_called_like_its_model(tmp_path: Path) -> None:
    data = {"model_list": MODELS, "router_settings": {"routing_groups": [group("big", "big")]}}
    loaded = read_data(tmp_path, data)

    assert loaded.settings.strategies.groups == ()
    assert loaded.settings.strategies.own["big"].name == "least-busy"
    assert loaded.warnings == ()


def test_a_fallback_may_be_a_group(tmp_path: Path) -> None:
    router = {"routing_groups": [group("g", "small")], "fallbacks": [{"big": ["g"]}]}
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    assert loaded.settings.policy.fallbacks == {"big": (Fallback("g"),)}


def test_what_a_strategy_of_ones_own_is_given_is_not_judged_yet(tmp_path: Path) -> None:
    found = strategies(
        tmp_path, routing_strategy="my.plugin", routing_strategy_args={"anything": 1}
    )

    assert found.usual.args == {"anything": 1}


WARNED: dict[str, tuple[dict[str, Any], str]] = {
    "an option that is another strategy's in LiteLLM": (
        {"routing_strategy": "least-busy", "routing_strategy_args": {"ttl": 60}},
        "router_settings.routing_strategy_args.ttl: least-busy has no such option; "
        "it has no effect",
    ),
    "a name that is taken": (
        {"routing_groups": [group("big", "small")]},
        "router_settings.routing_groups[0].group_name: 'big' names something else already, "
        "so the group cannot be asked for",
    ),
}


@pytest.mark.parametrize(("router", "text"), WARNED.values(), ids=WARNED)
def test_what_has_no_effect_is_warned_of(router: dict[str, Any], text: str, tmp_path: Path) -> None:
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    assert [line.partition(" ")[2] for line in said(tmp_path, loaded.warnings)] == [text]


LATENCY = {"routing_strategy": "latency-based-routing"}
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an option with a slip": (
        {**LATENCY, "routing_strategy_args": {"lowest_latency_bufer": 0.5}},
        [
            "routing_strategy_args.lowest_latency_bufer: is no option of this strategy; "
            "did you mean lowest_latency_buffer?"
        ],
    ),
    "options of the wrong type": (
        {**LATENCY, "routing_strategy_args": {"ttl": "long", "max_latency_list_size": 0}},
        [
            "routing_strategy_args.ttl: expected a number, got 'long'",
            "routing_strategy_args.max_latency_list_size: must be at least 1, at most 100, got 0",
        ],
    ),
    "an option of a group": (
        {
            "routing_groups": [
                group("g", "big", routing_strategy="adaptive", routing_strategy_args={"x": 1})
            ]
        },
        [
            "routing_groups[0].routing_strategy_args.x: is no option of this strategy; "
            "it has usual_tokens"
        ],
    ),
    "no list": ({"routing_groups": {"g": {}}}, ["routing_groups: expected a list"]),
    "no mapping": ({"routing_groups": ["g"]}, ["routing_groups[0]: expected a mapping"]),
    "what is missing": (
        {"routing_groups": [{"group_name": "g", "models": ["big"]}]},
        ["routing_groups[0].routing_strategy: is missing"],
    ),
    "an unknown key": (
        {"routing_groups": [group("g", "big", strategy_args={})]},
        ["routing_groups[0].strategy_args: unknown key; did you mean routing_strategy_args?"],
    ),
    "an unknown strategy": (
        {"routing_groups": [group("g", "big", routing_strategy="least-bussy")]},
        [
            "routing_groups[0].routing_strategy: unknown strategy 'least-bussy'; "
            "did you mean least-busy?"
        ],
    ),
    "a model that nothing serves": (
        {"routing_groups": [group("g", "bigg")]},
        ["routing_groups[0].models[0]: nothing serves 'bigg'; did you mean big?"],
    ),
    "a model of two groups": (
        {"routing_groups": [group("g", "big"), group("h", "small", "big")]},
        ["routing_groups[1].models[1]: 'big' is in another group already"],
    ),
    "a name of two groups": (
        {"routing_groups": [group("g", "big"), group("g", "small")]},
        ["routing_groups[1].group_name: 'g' is taken already"],
    ),
    "the reserved name": (
        {"routing_groups": [group("default", "big")]},
        ["routing_groups[0].group_name: 'default' is taken already"],
    ),
    "priorities of some": (
        {
            "routing_groups": [
                group("g", "big", "small", routing_strategy="priority", model_priorities={"big": 1})
            ]
        },
        ["routing_groups[0].model_priorities: must name each model of the group, and no other"],
    ),
    "priorities of another strategy": (
        {"routing_groups": [group("g", "big", model_priorities={"big": 1})]},
        [
            "routing_groups[0].model_priorities: only a group with routing_strategy: priority "
            "has these"
        ],
    ),
    "options of a priority group": (
        {
            "routing_groups": [
                group(
                    "g",
                    "big",
                    routing_strategy="priority",
                    model_priorities={"big": 1},
                    routing_strategy_args={"ttl": 1},
                )
            ]
        },
        ["routing_groups[0].routing_strategy_args: a priority group has model_priorities instead"],
    ),
}


@pytest.mark.parametrize(("router", "texts"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place(
    router: dict[str, Any], texts: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    lines = [line.partition(" ")[2] for line in said(tmp_path, caught.value.problems)]
    assert lines == [f"router_settings.{text}" for text in texts]

"""What the keys of the sections do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import Kind
from gateway.config import schema
from gateway.config.settings import Alias, Settings
from routing.policy import Fallback
from tests.gateway.config.worlds import ENVIRON, read_data, said

Look = Callable[[Settings], object]

MODELS = [
    {"model_name": name, "litellm_params": {"model": "openai/x", "order": i}}
    for i, name in enumerate(("big", "small", "team/*"))
]
TO_SMALL = (Fallback("small"),)

ROUTING: dict[str, tuple[Any, Look, object]] = {
    "routing_strategy": ("my.plugin", lambda s: s.strategy, "my.plugin"),
    "num_retries": (5, lambda s: s.policy.retries, 5),
    "timeout": (
        900,
        lambda s: (s.policy.deadline, s.deployments[0].target.timeouts.total),
        (900, 900),
    ),
    "request_timeout": (700, lambda s: s.deployments[0].target.timeouts.total, 700),
    "stream_timeout": (9, lambda s: s.deployments[0].target.timeouts.first, 9),
    "retry_after": (30, lambda s: (s.policy.backoff_min, s.policy.patience), (30, 30)),
    "max_fallbacks": (1, lambda s: s.policy.max_fallbacks, 1),
    "allowed_fails": (0, lambda s: s.rest.allowed_fails, 0),
    "cooldown_time": ("30", lambda s: s.rest.cooldown, 30),
    "disable_cooldowns": (True, lambda s: s.rest.enabled, False),
    "drop_params": (True, lambda s: s.deployments[0].target.drop_params, True),
    "modify_params": (True, lambda s: s.deployments[0].target.modify_params, True),
    "fallbacks": ([{"big": ["small"]}], lambda s: s.policy.fallbacks, {"big": TO_SMALL}),
    "default_fallbacks": (["small"], lambda s: s.policy.fallbacks, {"*": TO_SMALL}),
    "context_window_fallbacks": (
        [{"big": ["small"]}],
        lambda s: s.policy.fallbacks_by_kind,
        {Kind.TOO_LONG: {"big": TO_SMALL}},
    ),
    "content_policy_fallbacks": (
        [{"big": ["small"]}],
        lambda s: s.policy.fallbacks_by_kind,
        {Kind.BLOCKED: {"big": TO_SMALL}},
    ),
    "model_group_alias": (
        {"a": "big", "b": {"model": "a", "hidden": True}, "c": "team/x"},
        lambda s: s.aliases,
        {"a": Alias("big"), "b": Alias("big", hidden=True), "c": Alias("team/x")},
    ),
}
LITELLM: dict[str, tuple[Any, Look, object]] = {
    "sse_keepalive_ping_interval_seconds": (
        4,
        lambda s: (s.keepalive, s.early_commit),
        (4, 4),
    ),
    "anthropic_sse_ping_interval_seconds": (6, lambda s: s.anthropic_ping, 6),
    "json_logs": (True, lambda s: s.json_logs, True),
}
GENERAL: dict[str, tuple[Any, Look, object]] = {
    "master_key": ("os.environ/KEY", lambda s: s.master_key, "sk-master"),
    "litellm_key_header_name": ("X-My-Key", lambda s: s.key_header, "x-my-key"),
    "max_request_size_mb": (1.5, lambda s: s.max_body_bytes, 1_572_864),
    "fetch_images": (True, lambda s: s.fetch_images, True),
    "response_model": ("alias", lambda s: s.response_model_alias, True),
}
CASES = {
    **{("router_settings", key): case for key, case in ROUTING.items()},
    **{("litellm_settings", key): case for key, case in (ROUTING | LITELLM).items()},
    **{("general_settings", key): case for key, case in GENERAL.items()},
}


def settings(folder: Path, environ: dict[str, str] | None = None, **sections: Any) -> Settings:
    data = {"model_list": MODELS, **sections}
    return read_data(folder, data, {**ENVIRON, "KEY": "sk-master", **(environ or {})}).settings


@pytest.mark.parametrize(("section", "key"), CASES)
def test_a_setting_has_its_effect(section: str, key: str, tmp_path: Path) -> None:
    value, look, expected = CASES[section, key]

    assert look(settings(tmp_path, **{section: {key: value}})) == expected
    assert look(settings(tmp_path)) != expected


@pytest.mark.parametrize(
    ("kind", "tested"),
    [
        (schema.RouterSettings, ROUTING),
        (schema.LitellmSettings, ROUTING | LITELLM),
        (schema.GeneralSettings, GENERAL),
    ],
)
def test_every_setting_that_is_served_is_tested_above(
    kind: type[schema.Section], tested: dict[str, Any]
) -> None:
    assert set(kind.model_fields) == set(tested)


def test_router_settings_win(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        router_settings={"num_retries": 0, "drop_params": False},
        litellm_settings={"num_retries": 4, "drop_params": True},
    )

    assert found.policy.retries == 0
    assert not found.deployments[0].target.drop_params


def test_a_time_out_is_the_deployment_s_before_litellm_s_before_the_router_s(
    tmp_path: Path,
) -> None:
    models = [
        {"model_name": "a", "litellm_params": {"model": "openai/a", "timeout": 10}},
        {"model_name": "b", "litellm_params": {"model": "openai/b"}},
    ]
    data = {"model_list": models, "router_settings": {"timeout": 30}}
    router_only = read_data(tmp_path, data).settings
    both = read_data(tmp_path, {**data, "litellm_settings": {"request_timeout": 20}}).settings

    assert [d.target.timeouts.total for d in router_only.deployments] == [10, 30]
    assert [d.target.timeouts.total for d in both.deployments] == [10, 20]
    assert [d.target.timeouts.first for d in both.deployments] == [10, 20]


def test_a_fallback_has_time_left_after_the_first_attempt_timed_out(tmp_path: Path) -> None:
    found = settings(tmp_path, router_settings={"timeout": 30})

    assert found.policy.deadline == 600


def test_a_fallback_may_ask_differently(tmp_path: Path) -> None:
    chains = [{"big": [{"model": "small", "max_tokens": 5}, "team/x"]}]
    found = settings(tmp_path, router_settings={"fallbacks": chains})

    assert found.policy.fallbacks == {
        "big": (Fallback("small", {"max_tokens": 5}), Fallback("team/x"))
    }


def test_own_fallbacks_stand_beside_those_of_everybody(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        router_settings={"fallbacks": [{"small": ["big"]}], "default_fallbacks": ["small"]},
    )

    assert found.policy.fallbacks == {"*": TO_SMALL, "small": (Fallback("big"),)}


@pytest.mark.parametrize("target", ["small", "other", "team/anything", "openai/x", "fixed-id"])
def test_a_fallback_may_be_anything_that_is_served(target: str, tmp_path: Path) -> None:
    models = [
        *MODELS,
        {
            "model_name": "z",
            "litellm_params": {"model": "openai/z"},
            "model_info": {"id": "fixed-id"},
        },
    ]
    router = {"default_fallbacks": [target], "model_group_alias": {"other": "big"}}
    loaded = read_data(tmp_path, {"model_list": models, "router_settings": router})

    assert loaded.settings.policy.fallbacks == {"*": (Fallback(target),)}


def test_where_a_group_has_the_name_of_an_alias_other_aliases_mean_the_group(
    tmp_path: Path,
) -> None:
    aliases = {"big": "small", "a": "big", "small": "small"}
    found = settings(tmp_path, router_settings={"model_group_alias": aliases})

    assert {name: alias.name for name, alias in found.aliases.items()} == {
        "big": "small",
        "a": "big",
        "small": "small",
    }


def test_fallbacks_of_a_name_that_is_never_asked_are_a_warning(tmp_path: Path) -> None:
    router = {"fallbacks": [{"bigg": ["small"]}, {"big": ["small"]}, {"big": ["team/x"]}]}
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    assert [note.text for note in loaded.warnings] == [
        "nothing serves 'bigg', so these are never asked; did you mean big?",
        "'big' has fallbacks already; the first list counts",
    ]
    assert loaded.settings.policy.fallbacks["big"] == TO_SMALL


@pytest.mark.parametrize(
    ("named", "used", "warned"),
    [
        ("simple-shuffle", "simple-shuffle", 0),
        ("my-own", "my-own", 0),
        ("package.module.attribute", "package.module.attribute", 0),
        ("latency-based-routing", "simple-shuffle", 1),
        ("least-busy", "simple-shuffle", 1),
    ],
)
def test_a_strategy_is_built_in_installed_or_named_by_module(
    named: str, used: str, warned: int, tmp_path: Path
) -> None:
    data = {"model_list": MODELS, "router_settings": {"routing_strategy": named}}
    loaded = read_data(tmp_path, data)

    assert loaded.settings.strategy == used
    assert len(loaded.warnings) == warned


def test_the_master_key_may_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"LITELLM_MASTER_KEY": "sk-environ"}
    from_file = settings(tmp_path, environ, general_settings={"master_key": "sk-file"})

    assert settings(tmp_path, environ).master_key == "sk-environ"
    assert from_file.master_key == "sk-file"
    assert settings(tmp_path).master_key == ""


def test_known_keys_that_are_not_served_are_listed_with_their_line(tmp_path: Path) -> None:
    data = {
        "model_list": [MODELS[0]],
        "litellm_settings": {"callbacks": ["otel"], "set_verbose": True},
        "guardrails": [],
        "x-anchors": {"a": 1},
    }
    loaded = read_data(tmp_path, data)

    assert said(tmp_path, loaded.unserved) == [
        "config.yaml:7 litellm_settings.callbacks: "
        "a key of LiteLLM that this release does not serve; it has no effect",
        "config.yaml:9 litellm_settings.set_verbose: the log level is chosen on the command line",
        "config.yaml:10 guardrails: "
        "a key of LiteLLM that this release does not serve; it has no effect",
    ]


def test_a_variable_of_a_key_without_effect_need_not_be_set(tmp_path: Path) -> None:
    data = {
        "model_list": [MODELS[0]],
        "general_settings": {"database_url": "os.environ/DATABASE_URL"},
    }

    assert len(read_data(tmp_path, data).unserved) == 1

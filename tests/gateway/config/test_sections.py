"""What the keys of the sections do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import Kind
from gateway.config import schema
from gateway.config.settings import Alias, Settings
from routing.affinity import AffinityRules
from routing.deployment import Budget
from routing.policy import Fallback, HedgeRules
from routing.state.address import RedisAddress
from tests.gateway.config.worlds import ENVIRON, read_data, said

Look = Callable[[Settings], object]

MODELS = [
    {"model_name": name, "litellm_params": {"model": "openai/x", "order": i}}
    for i, name in enumerate(("big", "small", "team/*"))
]
TO_SMALL = (Fallback("small"),)

ROUTING: dict[str, tuple[Any, Look, object]] = {
    "routing_strategy": ("my.plugin", lambda s: s.strategies.usual.name, "my.plugin"),
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
ROUTER: dict[str, tuple[Any, Look, object]] = {
    "redis_host": ("r", lambda s: _redis(s).host, "r"),
    "redis_port": ("7000", lambda s: _redis(s).port, 7000),
    "redis_password": ("pw", lambda s: _redis(s).password, "pw"),
    "redis_db": (3, lambda s: _redis(s).db, 3),
    "redis_url": ("rediss://r", lambda s: _redis(s).tls, True),
    "routing_groups": (
        [{"group_name": "g", "models": ["big"], "routing_strategy": "least-busy"}],
        lambda s: {name: named.name for name, named in s.strategies.own.items()},
        {"big": "least-busy", "g": "least-busy"},
    ),
    "routing_strategy_args": (
        {"ttl": "60", "lowest_latency_buffer": 0.5},
        lambda s: s.strategies.usual.args,
        {"ttl": "60", "lowest_latency_buffer": 0.5},
    ),
    "allowed_fails_policy": (
        {"TimeoutErrorAllowedFails": 12, "RateLimitErrorAllowedFails": "3"},
        lambda s: s.rest.allowed_fails_policy,
        {"TimeoutError": 12, "RateLimitError": 3},
    ),
    "retry_policy": (
        {"TimeoutErrorRetries": 4, "DefaultRetries": 1, "NotFoundErrorRetries": None},
        lambda s: s.policy.retries_by_error,
        {"TimeoutError": 4, "Default": 1},
    ),
    "model_group_retry_policy": (
        {"big": {"RateLimitErrorRetries": 5}},
        lambda s: s.policy.retries_by_alias,
        {"big": {"RateLimitError": 5}},
    ),
    "default_max_parallel_requests": (7, lambda s: s.deployments[0].max_parallel, 7),
    "default_priority": (3, lambda s: s.priority, 3),
    "enable_pre_call_checks": (True, lambda s: s.checks.window, True),
    "enable_tag_filtering": (True, lambda s: s.checks.tags, True),
    "tag_filtering_match_any": (False, lambda s: s.checks.any_tag, False),
    "optional_pre_call_checks": (
        ["prompt_caching", "session_affinity", "deployment_affinity"],
        lambda s: s.affinity,
        AffinityRules(sessions=True, prompts=True, tenants=True),
    ),
    "deployment_affinity_ttl_seconds": (60, lambda s: s.affinity.ttl_s, 60),
    "provider_budget_config": (
        {"openai": {"budget_limit": 100, "time_period": "1d"}},
        lambda s: s.budgets,
        {"openai": Budget(100_000_000_000, 86_400)},
    ),
    "allowed_model_region": ("eu", lambda s: s.region, "eu"),
    "retry_budget": (False, lambda s: s.policy.retry_budget, False),
    "hedging": (
        {"enabled": True, "percentile": 90, "max_share": "0.1"},
        lambda s: s.policy.hedge,
        HedgeRules(90, 0.1),
    ),
    "mid_stream_fallback": ("continue", lambda s: s.policy.resume, True),
    "enable_mid_stream_fallback_continuation": (True, lambda s: s.policy.resume, True),
}
LITELLM: dict[str, tuple[Any, Look, object]] = {
    "cache_params": (
        {"type": "redis", "host": "r", "ssl": True, "namespace": "blue"},
        lambda s: (_redis(s).host, _redis(s).tls, _redis(s).namespace),
        ("r", True, "blue"),
    ),
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
BESIDE = {
    "routing_strategy_args": {"routing_strategy": "latency-based-routing"},
    **{key: {"redis_host": "r"} for key in ("redis_port", "redis_password", "redis_db")},
}
CASES = {
    **{("router_settings", key): case for key, case in (ROUTING | ROUTER).items()},
    **{("litellm_settings", key): case for key, case in (ROUTING | LITELLM).items()},
    **{("general_settings", key): case for key, case in GENERAL.items()},
}


def _redis(settings: Settings) -> RedisAddress:
    return settings.redis or RedisAddress()


def settings(folder: Path, environ: dict[str, str] | None = None, **sections: Any) -> Settings:
    data = {"model_list": MODELS, **sections}
    return read_data(folder, data, {**ENVIRON, "KEY": "sk-master", **(environ or {})}).settings


@pytest.mark.parametrize(("section", "key"), CASES)
def test_a_setting_has_its_effect(section: str, key: str, tmp_path: Path) -> None:
    value, look, expected = CASES[section, key]

    assert look(settings(tmp_path, **{section: {**BESIDE.get(key, {}), key: value}})) == expected
    assert look(settings(tmp_path)) != expected


@pytest.mark.parametrize(
    ("kind", "tested"),
    [
        (schema.RouterSettings, ROUTING | ROUTER),
        (schema.LitellmSettings, ROUTING | LITELLM),
        (schema.GeneralSettings, GENERAL),
    ],
)
def test_every_setting_that_is_served_is_tested_above(
    kind: type[schema.Section], tested: dict[str, Any]
) -> None:
    assert set(kind.model_fields) == set(tested)


def test_checks_that_are_made_anyway_or_not_yet_are_named(tmp_path: Path) -> None:
    named = ["router_budget_limiting", "responses_api_deployment_check"]
    router = {"optional_pre_call_checks": named}
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    assert [note.text for note in loaded.unserved] == [
        "router_budget_limiting: budgets are kept wherever config sets them",
        "responses_api_deployment_check: "
        "a key of LiteLLM that this release does not serve; it has no effect",
    ]
    assert not loaded.settings.affinity.any


def test_a_budget_of_a_provider_that_nobody_uses_is_a_warning(tmp_path: Path) -> None:
    router = {"provider_budget_config": {"opnai": {"budget_limit": 1, "time_period": "1mo"}}}
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    assert [note.text for note in loaded.warnings] == [
        "no deployment is of provider 'opnai'; did you mean openai?"
    ]


def test_a_budget_may_have_either_pair_of_names(tmp_path: Path) -> None:
    entry = {"max_budget": 0.000000000001, "budget_duration": "2w"}
    found = settings(tmp_path, router_settings={"provider_budget_config": {"openai": entry}})

    assert found.budgets == {"openai": Budget(1, 1_209_600)}


def test_our_key_for_broken_streams_wins(tmp_path: Path) -> None:
    both = {"mid_stream_fallback": "error", "enable_mid_stream_fallback_continuation": True}

    assert not settings(tmp_path, router_settings=both).policy.resume


@pytest.mark.parametrize("hedging", [{}, {"percentile": 90}, {"enabled": False}])
def test_hedging_is_off_unless_it_is_switched_on(hedging: dict[str, Any], tmp_path: Path) -> None:
    assert settings(tmp_path, router_settings={"hedging": hedging}).policy.hedge is None


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


def test_two_that_stand_in_for_each_other_are_no_loop(tmp_path: Path) -> None:
    chains = [{"big": ["small"]}, {"small": ["big"]}]
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": {"fallbacks": chains}})

    assert loaded.settings.policy.fallbacks == {"big": TO_SMALL, "small": (Fallback("big"),)}
    assert loaded.warnings == ()


def test_policies_that_never_apply_are_warned_of(tmp_path: Path) -> None:
    router = {
        "allowed_fails_policy": {"BadRequestErrorAllowedFails": 5},
        "model_group_retry_policy": {"bigg": {"DefaultRetries": 1}},
    }
    loaded = read_data(tmp_path, {"model_list": MODELS, "router_settings": router})

    said_of = {note.path.split()[1]: note.text for note in loaded.warnings}
    assert said_of == {
        "router_settings.allowed_fails_policy.BadRequestErrorAllowedFails": (
            "has no effect: a deployment never rests for what callers have done wrong"
        ),
        "router_settings.model_group_retry_policy.bigg": "nothing serves 'bigg'; did you mean big?",
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
        ("latency-based-routing", "latency-based-routing", 0),
        ("least-busy", "least-busy", 0),
        ("provider-budget-routing", "simple-shuffle", 1),
    ],
)
def test_a_strategy_is_built_in_installed_or_named_by_module(
    named: str, used: str, warned: int, tmp_path: Path
) -> None:
    data = {"model_list": MODELS, "router_settings": {"routing_strategy": named}}
    loaded = read_data(tmp_path, data)

    assert loaded.settings.strategies.usual.name == used
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

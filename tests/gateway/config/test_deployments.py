"""What the keys of a `model_list` entry do."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest

from adapters.catalog import CatalogError
from adapters.provider import Provider
from adapters.types import Timeouts
from gateway.config import schema
from gateway.config.build import World, load
from gateway.config.settings import ConfigError, Loaded
from routing.deployment import Budget, Deployment
from tests.gateway.config.worlds import ENVIRON, WORLD, FewProviders, one, read_data, said, write

Look = Callable[[Deployment], object]

PARAMS: dict[str, tuple[dict[str, Any], Look, object]] = {
    "model": ({"model": "openai/gpt-4o-mini"}, lambda d: d.target.model, "gpt-4o-mini"),
    "api_key": ({"api_key": "sk-1"}, lambda d: d.target.secrets, {"api_key": "sk-1"}),
    "api_base": ({"api_base": "http://a/v1/"}, lambda d: d.target.base_url, "http://a/v1"),
    "base_url": ({"base_url": "http://b/v1"}, lambda d: d.target.base_url, "http://b/v1"),
    "api_version": ({"api_version": "2"}, lambda d: d.target.options, {"api_version": "2"}),
    "organization": ({"organization": "o"}, lambda d: d.target.options, {"organization": "o"}),
    "custom_llm_provider": (
        {"model": "org/x", "custom_llm_provider": "anthropic"},
        lambda d: (d.target.provider, d.target.model),
        ("anthropic", "org/x"),
    ),
    "rpm": ({"rpm": "10"}, lambda d: d.rpm, 10),
    "tpm": ({"tpm": 1000}, lambda d: d.tpm, 1000),
    "max_parallel_requests": ({"max_parallel_requests": "4"}, lambda d: d.max_parallel, 4),
    "weight": ({"weight": "2.5"}, lambda d: d.weight, 2.5),
    "order": ({"order": 2}, lambda d: d.order, 2),
    "timeout": (
        {"timeout": 20},
        lambda d: (d.target.timeouts.total, d.target.timeouts.first),
        (20, 20),
    ),
    "request_timeout": ({"request_timeout": 20}, lambda d: d.target.timeouts.total, 20),
    "stream_timeout": (
        {"timeout": 20, "stream_timeout": 5},
        lambda d: (d.target.timeouts.total, d.target.timeouts.first),
        (20, 5),
    ),
    "stream_idle_timeout": (
        {"stream_idle_timeout": 400},
        lambda d: (d.target.timeouts.idle, d.target.timeouts.barren),
        (400, 400),
    ),
    "connect_timeout": ({"connect_timeout": 1.5}, lambda d: d.target.timeouts.connect, 1.5),
    "max_retries": ({"max_retries": 1}, lambda d: d.retries, 1),
    "num_retries": ({"max_retries": 1, "num_retries": 0}, lambda d: d.retries, 0),
    "cooldown_time": ({"cooldown_time": 0}, lambda d: d.cooldown_s, 0),
    "headers": ({"headers": {"X-A": "1"}}, lambda d: d.target.headers, {"x-a": "1"}),
    "extra_headers": ({"extra_headers": {"X-B": "2"}}, lambda d: d.target.headers, {"x-b": "2"}),
    "extra_body": (
        {"temperature": 0, "extra_body": {"top_k": 3}},
        lambda d: d.target.params,
        {"temperature": 0, "top_k": 3},
    ),
    "drop_params": ({"drop_params": True}, lambda d: d.target.drop_params, True),
    "additional_drop_params": (
        {"additional_drop_params": ["stop", "tools[*].x"]},
        lambda d: d.target.drop_fields,
        ("stop", "tools[*].x"),
    ),
    "allowed_openai_params": (
        {"allowed_openai_params": ["seed"]},
        lambda d: d.target.keep_params,
        ("seed",),
    ),
    "region_name": ({"region_name": "eu-west-1"}, lambda d: d.region, "eu-west-1"),
    "tags": ({"tags": ["a", "b"]}, lambda d: d.tags, {"a", "b"}),
    "tag_regex": (
        {"tag_regex": "^User-Agent: cc"},
        lambda d: [pattern.pattern for pattern in d.tag_patterns],
        ["^User-Agent: cc"],
    ),
    "max_budget": ({"max_budget": 0.5}, lambda d: d.budget, Budget(500_000_000, inf)),
    "budget_duration": (
        {"max_budget": "2", "budget_duration": "12h"},
        lambda d: d.budget,
        Budget(2_000_000_000, 43_200),
    ),
    "modify_params": ({"modify_params": True}, lambda d: d.target.modify_params, True),
    "mock_response": (
        {"mock_response": "Hello"},
        lambda d: (d.target.provider, d.target.model, d.target.options, d.target.secrets),
        ("mock", "gpt-4o", {"mock_response": "Hello"}, {}),
    ),
    "anything else": (
        {"temperature": 0.5, "tools": [{"a": 1}]},
        lambda d: d.target.params,
        {"temperature": 0.5, "tools": [{"a": 1}]},
    ),
}


@pytest.mark.parametrize("name", PARAMS)
def test_a_parameter_has_its_effect(name: str, tmp_path: Path) -> None:
    written, look, expected = PARAMS[name]

    plain, changed = (one(tmp_path, **params).settings.deployments[0] for params in ({}, written))

    assert look(changed) == expected
    assert look(plain) != expected


def test_every_parameter_that_is_served_is_tested_above() -> None:
    elsewhere = {"litellm_credential_name"}

    assert set(schema.LitellmParams.model_fields) - elsewhere <= set(PARAMS)


def info(folder: Path, info: dict[str, Any], **params: Any) -> Loaded:
    entry = {
        "model_name": "gpt-4o",
        "litellm_params": {"model": "openai/gpt-4o", **params},
        "model_info": info,
    }
    return read_data(folder, {"model_list": [entry]})


def test_model_info_names_orders_and_describes_a_deployment(tmp_path: Path) -> None:
    written = {"id": 7, "order": 3, "cooldown_time": 9, "base_model": "gpt-4o", "team": "blue"}
    model = info(tmp_path, written, input_cost_per_token=0.5).settings.models[0]

    assert model.deployment.id == "7"
    assert model.deployment.order == 3
    assert model.deployment.cooldown_s == 9
    assert model.base_model == "gpt-4o"
    assert model.model_info == {**written, "id": "7", "input_cost_per_token": 0.5}
    assert model.deployment.target.params == {}


def test_model_info_says_how_many_failures_are_forgiven(tmp_path: Path) -> None:
    policy = {"TimeoutErrorAllowedFails": 2}
    loaded = info(tmp_path, {"allowed_fails": 7, "allowed_fails_policy": policy})
    deployment = loaded.settings.deployments[0]

    assert deployment.allowed_fails == 7
    assert deployment.allowed_fails_policy == {"TimeoutError": 2}
    assert loaded.unserved == ()


def test_model_info_says_which_access_groups_open_a_deployment(tmp_path: Path) -> None:
    loaded = info(tmp_path, {"access_groups": ["beta", "staff"]})

    assert loaded.settings.deployments[0].access_groups == {"beta", "staff"}
    assert loaded.unserved == ()


def test_deployments_of_one_credential_share_its_allowance(tmp_path: Path) -> None:
    one, twin, other = (
        info(tmp_path, {}, api_key=key, rpm=rpm).settings.deployments[0]
        for key, rpm in (("sk-first-key", 1), ("sk-first-key", 2), ("sk-other-key", 1))
    )

    assert one.quota == twin.quota != other.quota
    assert "sk" not in one.quota


def test_what_litellm_params_say_wins_over_model_info(tmp_path: Path) -> None:
    deployment = info(tmp_path, {"order": 3}, order=1).settings.deployments[0]

    assert deployment.order == 1


def test_a_blocked_deployment_is_off_on_purpose(tmp_path: Path) -> None:
    loaded = info(tmp_path, {"blocked": True})

    assert loaded.settings.deployments[0].off == "blocked by model_info.blocked"
    assert loaded.warnings == ()


def test_rpm_may_stand_beside_litellm_params(tmp_path: Path) -> None:
    entry = {"model_name": "a", "rpm": 5, "litellm_params": {"model": "openai/a"}}

    assert read_data(tmp_path, {"model_list": [entry]}).settings.deployments[0].rpm == 5


def test_models_that_think_may_be_silent_for_longer(tmp_path: Path) -> None:
    text = "model_list: [{model_name: a, litellm_params: {model: openai/o3}}]"
    world = World(FewProviders(), lambda provider, model: (provider, model) == ("openai", "o3"))
    by_catalogue = load(write(tmp_path, text), ENVIRON, world=world)
    by_config = info(tmp_path, {"supports_reasoning": True})
    by_operator = info(tmp_path, {"supports_reasoning": True}, stream_timeout=7)

    assert [
        loaded.settings.deployments[0].target.timeouts.first
        for loaded in (by_catalogue, by_config, by_operator)
    ] == [300, 300, 7]


def test_config_may_say_that_a_model_does_not_think(tmp_path: Path) -> None:
    text = """
    model_list:
      - {model_name: a, litellm_params: {model: openai/o3}, model_info: {supports_reasoning: no}}
    """
    loaded = load(
        write(tmp_path, text), ENVIRON, world=World(FewProviders(), lambda provider, model: True)
    )

    assert loaded.settings.deployments[0].target.timeouts.first == Timeouts().first


def test_a_long_wait_for_the_first_word_is_not_cut_by_another_clock(tmp_path: Path) -> None:
    timeouts = one(tmp_path, stream_timeout=900, timeout=7200).settings.deployments[0].target

    assert timeouts.timeouts.barren >= 900
    assert timeouts.timeouts.stream >= 7200


def test_several_organizations_are_several_deployments(tmp_path: Path) -> None:
    deployments = one(tmp_path, organization=["a", "b"]).settings.deployments

    assert [d.target.options["organization"] for d in deployments] == ["a", "b"]
    assert len({d.id for d in deployments}) == 2


def test_the_id_survives_a_key_rotation_but_not_another_model(tmp_path: Path) -> None:
    def id_of(key: str, model: str) -> str:
        loaded = one(tmp_path, api_key=f"sk-{key}", headers={"X-Key": key}, model=model)
        return loaded.settings.deployments[0].id

    old, new = id_of("old", "openai/gpt-4o"), id_of("new", "openai/gpt-4o")
    other = id_of("old", "openai/gpt-4")

    assert old == new
    assert old != other
    assert len(old) >= 16


def test_the_id_does_not_depend_on_what_a_variable_holds(tmp_path: Path) -> None:
    ids = {
        one(tmp_path, {"BASE": f"http://{host}", "OPENAI_API_KEY": "k"}, api_base="os.environ/BASE")
        .settings.deployments[0]
        .id
        for host in ("a", "b")
    }

    assert len(ids) == 1


def test_equal_entries_get_different_ids(tmp_path: Path) -> None:
    entry = {"model_name": "a", "litellm_params": {"model": "openai/a"}}
    first, second = read_data(tmp_path, {"model_list": [entry, entry]}).settings.deployments

    assert second.id == f"{first.id}-2"


def test_what_may_be_shown_holds_no_secret(tmp_path: Path) -> None:
    loaded = one(
        tmp_path,
        api_key="sk-literal",
        api_base="https://user:hidden@host/v1",
        extra_headers={"Authorization": "Bearer hidden", "X-From": "os.environ/OPENAI_API_KEY"},
        extra_body={"inner": {"client_secret": "hidden", "top_k": 1}},
        max_tokens=5,
    )
    shown = loaded.settings.models[0].litellm_params

    assert shown == {
        "model": "openai/gpt-4o",
        "api_base": "https://***@host/v1",
        "extra_headers": {"Authorization": "***", "X-From": "os.environ/OPENAI_API_KEY"},
        "extra_body": {"inner": {"top_k": 1}},
        "max_tokens": 5,
    }
    assert "sk-literal" not in repr(loaded)
    assert "Bearer hidden" not in repr(loaded)


def test_keys_addresses_and_options_come_from_the_provider_s_variables(tmp_path: Path) -> None:
    environ = {
        "AZURE_API_KEY": "k",
        "AZURE_API_BASE": "https://azure/",
        "AZURE_API_VERSION": "2024-10-21",
    }
    target = one(tmp_path, environ, model="azure/d").settings.deployments[0].target

    assert target.secrets == {"api_key": "k"}
    assert target.base_url == "https://azure"
    assert target.options == {"api_version": "2024-10-21"}


def test_the_provider_s_own_options_are_the_last_resort(tmp_path: Path) -> None:
    loaded = one(tmp_path, {}, model="azure/d", api_key="k", api_base="https://azure")

    assert loaded.settings.deployments[0].target.options == {"api_version": "2025-02-01-preview"}


def test_an_api_version_without_quotes_is_still_text(tmp_path: Path) -> None:
    text = (
        "model_list: [{model_name: a, litellm_params: {model: openai/a, api_version: 2024-10-21}}]"
    )
    loaded = load(write(tmp_path, text), ENVIRON, world=WORLD)

    assert loaded.settings.deployments[0].target.options["api_version"] == "2024-10-21"


OFF: dict[str, tuple[dict[str, Any], str]] = {
    "no key anywhere": (
        {},
        "no key: set litellm_params.api_key or OPENAI_API_KEY or OPENAI_KEY",
    ),
    "a key that is not set": (
        {"api_key": "os.environ/MINE"},
        "environment variable MINE is not set",
    ),
    "a key that is empty": (
        {"api_key": "os.environ/EMPTY"},
        "environment variable EMPTY is empty",
    ),
    "a header that is not set": (
        {"api_key": "k", "extra_headers": {"X-A": "os.environ/MINE"}},
        "environment variable MINE is not set",
    ),
    "no address": (
        {"model": "azure/d", "api_key": "k"},
        "no address: set litellm_params.api_base or AZURE_API_BASE",
    ),
    "a provider that comes later": (
        {"model": "bedrock/anthropic.claude-v2", "aws_region_name": "eu-west-1"},
        "provider bedrock is not served by this release",
    ),
}


@pytest.mark.parametrize("name", OFF)
def test_what_a_deployment_lacks_switches_it_off_loudly(name: str, tmp_path: Path) -> None:
    params, why = OFF[name]
    loaded = one(tmp_path, {"EMPTY": ""}, **params)

    assert loaded.settings.deployments[0].off == why
    assert said(tmp_path, loaded.warnings) == [
        f"config.yaml:3 model_list[0].litellm_params: deployment of 'gpt-4o' is off: {why}"
    ]


def test_a_variable_that_is_named_is_not_replaced_by_the_provider_s_own(tmp_path: Path) -> None:
    deployment = one(tmp_path, ENVIRON, api_key="os.environ/MINE").settings.deployments[0]

    assert deployment.off == "environment variable MINE is not set"


def test_a_provider_that_comes_later_has_no_row(tmp_path: Path) -> None:
    assert one(tmp_path, model="bedrock/x").settings.providers == {}


def test_an_empty_key_is_no_key(tmp_path: Path) -> None:
    local = one(tmp_path, {}, model="lm_studio/qwen", api_key="").settings.deployments[0]
    hosted = one(tmp_path, {}, api_key="").settings.deployments[0]

    assert local.off == ""
    assert hosted.off.startswith("no key: ")


def test_local_servers_need_no_key(tmp_path: Path) -> None:
    deployment = one(tmp_path, {}, model="lm_studio/qwen").settings.deployments[0]

    assert deployment.off == ""
    assert deployment.target.secrets == {}


def test_a_bare_name_that_everybody_knows_finds_its_provider(tmp_path: Path) -> None:
    loaded = one(tmp_path, model="gpt-4o")

    assert loaded.settings.deployments[0].target.provider == "openai"
    assert set(loaded.settings.providers) == {"openai"}


def test_a_plug_in_may_bring_the_provider(tmp_path: Path) -> None:
    assert set(one(tmp_path, model="plugged/x").settings.providers) == {"plugged"}


def test_a_plug_in_that_brings_no_provider_is_a_problem(tmp_path: Path) -> None:
    class Broken(FewProviders):
        def plugged(self, name: str) -> Provider | None:
            raise CatalogError(f"plug-in for {name!r} is not a Provider")

    text = "model_list: [{model_name: a, litellm_params: {model: odd/x}}]"

    with pytest.raises(ConfigError, match="model: plug-in for 'odd' is not a Provider"):
        load(write(tmp_path, text), ENVIRON, world=World(Broken()))


def test_a_mocked_deployment_needs_neither_key_nor_provider(tmp_path: Path) -> None:
    deployment = one(tmp_path, {}, model="nobody/x", mock_response="Hi").settings.deployments[0]

    assert (deployment.off, deployment.target.provider) == ("", "mock")


def test_other_mocks_than_text_are_not_served(tmp_path: Path) -> None:
    loaded = one(tmp_path, mock_response=["a", "b"])

    assert loaded.settings.deployments[0].target.provider == "openai"
    assert said(tmp_path, loaded.unserved) == [
        "config.yaml:5 model_list[0].litellm_params.mock_response: "
        "only text is served here; it has no effect"
    ]


def test_wildcards_stay_as_they_are(tmp_path: Path) -> None:
    entry = {"model_name": "openai/*", "litellm_params": {"model": "openai/*"}}
    deployment = read_data(tmp_path, {"model_list": [entry]}).settings.deployments[0]

    assert (deployment.alias, deployment.target.model) == ("openai/*", "*")


def test_a_star_for_everything_serves_each_provider_that_has_a_key(tmp_path: Path) -> None:
    entry = {"model_name": "*", "litellm_params": {"model": "*"}}
    everything = read_data(tmp_path, {"model_list": [entry]}).settings.deployments
    only_claude = read_data(tmp_path, {"model_list": [entry]}, {"ANTHROPIC_API_KEY": "k"})

    assert [(d.alias, d.target.provider, d.target.model) for d in everything] == [
        ("*", "openai", "*"),
        ("openai/*", "openai", "*"),
        ("anthropic/*", "anthropic", "*"),
    ]
    assert [d.alias for d in only_claude.settings.deployments] == ["anthropic/*"]


def test_a_credential_fills_in_what_the_entry_does_not_say(tmp_path: Path) -> None:
    data = {
        "model_list": [
            {
                "model_name": "a",
                "litellm_params": {
                    "model": "azure/a",
                    "api_version": "mine",
                    "litellm_credential_name": "main",
                },
            }
        ],
        "credential_list": [
            {
                "credential_name": "main",
                "credential_values": {
                    "api_key": "os.environ/OPENAI_API_KEY",
                    "api_base": "https://shared",
                    "api_version": "theirs",
                },
            }
        ],
    }
    target = read_data(tmp_path, data).settings.deployments[0].target

    assert target.secrets == {"api_key": ENVIRON["OPENAI_API_KEY"]}
    assert target.base_url == "https://shared"
    assert target.options["api_version"] == "mine"
    assert "litellm_credential_name" not in target.params


def test_a_near_miss_is_sent_but_not_silently(tmp_path: Path) -> None:
    loaded = one(tmp_path, temprature=1, repetition_bias=2)

    assert loaded.settings.deployments[0].target.params == {"temprature": 1, "repetition_bias": 2}
    assert said(tmp_path, loaded.warnings) == [
        "config.yaml:5 model_list[0].litellm_params.temprature: not a key we know, so it is sent "
        "to the provider as it is; did you mean temperature?"
    ]


def test_keys_of_other_clouds_are_accepted_without_effect(tmp_path: Path) -> None:
    loaded = one(tmp_path, aws_region_name="eu-west-1", rpd=9)

    assert loaded.settings.deployments[0].target.params == {}
    assert [note.path.split(".")[-1] for note in loaded.unserved] == ["aws_region_name", "rpd"]


def test_a_providers_account_is_told_to_its_own_code_and_to_nobody_else(tmp_path: Path) -> None:
    account = {"cloud_region": "eu-1", "cloud_login": {"user": "u"}}

    target = one(tmp_path, model="cloud/m", **account).settings.deployments[0].target

    assert target.options == {"cloud_region": "eu-1"}
    assert target.secrets == {"cloud_login": '{"user":"u"}'}
    assert target.params == {}


def test_a_providers_account_may_stand_in_the_environment(tmp_path: Path) -> None:
    environ = {"CLOUD_REGION": "eu-2", "CLOUD_LOGIN": "l"}

    target = one(tmp_path, environ, model="cloud/m").settings.deployments[0].target

    assert (target.options, target.secrets) == ({"cloud_region": "eu-2"}, {"cloud_login": "l"})


def test_without_any_way_in_a_deployment_is_off_and_says_what_to_set(tmp_path: Path) -> None:
    deployment = one(tmp_path, {}, model="cloud/m").settings.deployments[0]

    assert deployment.off == "no key: set litellm_params.api_key or CLOUD_KEY or CLOUD_LOGIN"


def test_the_account_of_another_provider_has_no_effect(tmp_path: Path) -> None:
    loaded = one(tmp_path, azure_ad_token="t", cloud_region="eu-1")

    deployment = loaded.settings.deployments[0]
    assert [note.path.split(".")[-1] for note in loaded.unserved] == ["azure_ad_token"]
    assert "azure_ad_token" not in {**deployment.target.secrets, **deployment.target.params}


def test_the_base_model_is_told_to_the_providers_code(tmp_path: Path) -> None:
    entry = {
        "model_name": "gpt-5",
        "litellm_params": {"model": "openai/prod"},
        "model_info": {"base_model": "azure/gpt-5"},
    }

    loaded = read_data(tmp_path, {"model_list": [entry]}, ENVIRON)

    assert loaded.settings.deployments[0].target.options == {"base_model": "azure/gpt-5"}


def test_headers_keep_their_values_but_not_their_case(tmp_path: Path) -> None:
    deployment = one(tmp_path, headers={"X-A": "b"}, extra_headers={"x-a": "c"})

    assert deployment.settings.deployments[0].target.headers == {"x-a": "c"}

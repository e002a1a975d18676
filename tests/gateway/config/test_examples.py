"""What ships in `deploy/`, what `--model` gives, and files as LiteLLM's users have them."""

from pathlib import Path

import pytest

from gateway.config.build import load, single
from gateway.config.settings import Alias, ConfigError
from tests.gateway.config.worlds import ENVIRON, WORLD, read

DEPLOY = Path(__file__).parents[3] / "deploy"
EVERYTHING = {
    "ANTHROPIC_API_KEY": "a",
    "OPENAI_API_KEY": "o",
    "AZURE_API_KEY": "z",
    "AZURE_API_BASE": "https://azure",
    "LITELLM_MASTER_KEY": "sk-master",
    "REDIS_PASSWORD": "redis",
}


@pytest.mark.parametrize("name", ["config.example.yaml", "chat-frontend.yaml", "demo.yaml"])
def test_the_examples_load_strictly_and_every_key_has_an_effect(name: str) -> None:
    loaded = load(DEPLOY / name, EVERYTHING, strict=True)

    assert loaded.unserved == ()
    assert loaded.warnings == ()


def test_the_example_serves_three_models() -> None:
    deployments = load(DEPLOY / "config.example.yaml", EVERYTHING).settings.deployments

    assert [(d.alias, d.target.provider, d.target.model) for d in deployments] == [
        ("claude-3-7-sonnet", "anthropic", "claude-3-7-sonnet-20250219"),
        ("gpt-4o", "openai", "gpt-4o"),
        ("azure-gpt-4", "azure", "my-deployment-name"),
    ]
    assert deployments[2].target.options["api_version"] == "2023-05-15"


def test_the_example_without_keys_is_off_but_loads() -> None:
    loaded = load(DEPLOY / "config.example.yaml", {})

    assert all(d.off for d in loaded.settings.deployments)
    assert len(loaded.warnings) == 3


def test_the_demo_needs_nothing_and_asks_for_no_key() -> None:
    settings = load(DEPLOY / "demo.yaml", {}, strict=True).settings

    assert settings.master_key == ""
    assert set(settings.providers) == {"mock"}


def test_one_model_needs_no_file() -> None:
    settings = single("anthropic/claude-3-7-sonnet-20250219", environ=ENVIRON, world=WORLD).settings

    assert settings.deployments[0].alias == "anthropic/claude-3-7-sonnet-20250219"
    assert settings.deployments[0].target.model == "claude-3-7-sonnet-20250219"
    assert settings.aliases == {
        "claude-3-7-sonnet-20250219": Alias("anthropic/claude-3-7-sonnet-20250219", hidden=True)
    }


def test_one_model_may_have_another_name_and_address() -> None:
    settings = single(
        "azure/d",
        alias="mine",
        api_base="https://azure",
        api_version="2024-10-21",
        environ={"AZURE_API_KEY": "k"},
        world=WORLD,
    ).settings
    target = settings.deployments[0].target

    assert settings.deployments[0].alias == "mine"
    assert (target.base_url, target.options["api_version"]) == ("https://azure", "2024-10-21")
    assert settings.aliases == {}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4o", "no key: set litellm_params.api_key or OPENAI_API_KEY or OPENAI_KEY"),
        ("opnai/gpt-4o", "unknown provider 'opnai'; did you mean openai?"),
        ("bedrock/x", "provider bedrock is not served by this release"),
    ],
)
def test_one_model_that_cannot_be_served_is_refused(model: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        single(model, environ={}, world=WORLD)

    assert expected in str(caught.value)


TEAM = """
environment_variables:
  REDIS_HOST: redis.internal
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: os.environ/AZURE_API_BASE
      api_key: os.environ/AZURE_API_KEY
      api_version: "2024-06-01"
      rpm: 480
    model_info:
      base_model: azure/gpt-4o
      mode: chat
      access_groups: [beta]
  - model_name: gpt-4o
    litellm_params:
      model: gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: "1000"
      max_parallel_requests: 50
      tags: [paid]
  - model_name: claude
    litellm_params:
      model: bedrock/anthropic.claude-3-sonnet
      aws_access_key_id: os.environ/AWS_ACCESS_KEY_ID
      aws_secret_access_key: os.environ/AWS_SECRET_ACCESS_KEY
      aws_region_name: eu-central-1
  - model_name: anthropic/*
    litellm_params: {model: anthropic/*, api_key: os.environ/ANTHROPIC_API_KEY}
litellm_settings:
  drop_params: true
  num_retries: 3
  request_timeout: 600
  telemetry: false
  success_callback: [langfuse]
  cache: true
  cache_params: {type: redis, host: os.environ/REDIS_HOST, password: os.environ/REDIS_PASSWORD}
  context_window_fallbacks: [{gpt-4o: [anthropic/claude-3-7-sonnet-20250219]}]
router_settings:
  routing_strategy: usage-based-routing-v2
  redis_host: os.environ/REDIS_HOST
  enable_pre_call_checks: true
  fallbacks: [{claude: [gpt-4o]}]
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  database_url: os.environ/DATABASE_URL
  alerting: [slack]
  store_model_in_db: true
guardrails:
  - guardrail_name: pii
    litellm_params: {guardrail: presidio, mode: pre_call}
"""


def test_a_file_of_a_litellm_user_loads_and_says_what_has_no_effect(tmp_path: Path) -> None:
    loaded = read(tmp_path, TEAM, EVERYTHING)

    assert sorted(note.path.split()[1] for note in loaded.unserved) == [
        "general_settings.alerting",
        "general_settings.database_url",
        "general_settings.store_model_in_db",
        "guardrails",
        "litellm_settings.cache",
        "litellm_settings.success_callback",
        "litellm_settings.telemetry",
        "model_list[2].litellm_params.aws_access_key_id",
        "model_list[2].litellm_params.aws_region_name",
        "model_list[2].litellm_params.aws_secret_access_key",
    ]
    assert [note.path.split()[1] for note in loaded.warnings] == [
        "model_list[2].litellm_params",
    ]
    assert [bool(d.off) for d in loaded.settings.deployments] == [False, False, True, False]
    assert loaded.settings.deployments[1].rpm == 1000

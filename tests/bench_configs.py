"""A configuration with everything that a bench must leave alone, and where it is written."""

from pathlib import Path

import yaml

from adapters.types import Json

SECRETS = tuple(f"secret-{number:04}" for number in range(1, 9))
MASTER_KEY = f"sk-master-{SECRETS[0]}"


def rich() -> Json:
    """Keys, limits, budgets, fallbacks, several dialects, and a Redis that nobody answers at."""
    return {
        "model_list": [
            _entry("gpt", "openai/gpt-4o", 1, rpm=3, tpm=9, max_parallel_requests=1, order=1),
            _entry(
                "gpt",
                "azure/gpt-4o",
                2,
                api_base="https://nowhere.invalid",
                rpm=5,
                max_budget=0.000001,
                budget_duration="1d",
                order=1,
            ),
            _entry(
                "claude",
                "anthropic/claude-sonnet-4-5",
                3,
                extra_headers={"x-team": SECRETS[4]},
                service_token=SECRETS[5],
            ),
            _entry("gem", "gemini/gemini-2.5-flash", 3),
            {
                "model_name": "rock",
                "litellm_params": {
                    "model": "bedrock/amazon.nova-lite-v1:0",
                    "aws_region_name": "us-east-1",
                    "aws_access_key_id": "AKIAX",
                    "aws_secret_access_key": SECRETS[6],
                },
            },
            _entry("emb", "openai/text-embedding-3-small", 1),
            {"model_name": "keyless", "litellm_params": {"model": "groq/llama-3.1-8b"}},
            {"model_name": "made-up", "litellm_params": {"model": "mock/slow"}},
        ],
        "router_settings": {
            "routing_strategy": "latency-based-routing",
            "num_retries": 0,
            "enable_pre_call_checks": True,
            "optional_pre_call_checks": ["session_affinity"],
            "fallbacks": [{"gpt": ["claude"]}],
            "redis_host": "127.0.0.1",
            "redis_port": 1,
            "redis_password": SECRETS[7],
        },
        "general_settings": {"master_key": MASTER_KEY, "litellm_key_header_name": "X-Our-Key"},
    }


def written(folder: Path, config: Json) -> Path:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    file.chmod(0o600)
    return file


def _entry(alias: str, model: str, number: int, **params: object) -> Json:
    key = f"sk-{SECRETS[number]}"
    return {"model_name": alias, "litellm_params": {"model": model, "api_key": key, **params}}

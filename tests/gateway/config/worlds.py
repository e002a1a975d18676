"""A small catalogue of providers, and ways to read a configuration written in a test."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent

import yaml

from adapters.provider import Provider
from adapters.types import Json
from gateway.config.build import World, load
from gateway.config.settings import ConfigError, Loaded
from routing import strategies

ENVIRON: Mapping[str, str] = {
    "OPENAI_API_KEY": "sk-openai-from-environ",
    "ANTHROPIC_API_KEY": "sk-ant-from-environ",
}


class FewProviders:
    """A catalogue that fits on one page."""

    LATER = frozenset({"bedrock", "vertex_ai"})
    RETIRED: Mapping[str, str] = {"cloudy": "Cloudy has been switched off"}

    def __init__(self) -> None:
        self._rows = {
            row.name: row
            for row in (
                Provider("openai", "https://api.openai.com/v1", ("OPENAI_API_KEY", "OPENAI_KEY")),
                Provider("anthropic", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",)),
                Provider(
                    "azure",
                    key_env=("AZURE_API_KEY",),
                    base_url_env=("AZURE_API_BASE",),
                    options_env={"api_version": ("AZURE_API_VERSION",)},
                    secrets_env={"azure_ad_token": ("AZURE_AD_TOKEN",)},
                    options={"api_version": "2025-02-01-preview"},
                ),
                Provider(
                    "cloud",
                    "https://cloud",
                    ("CLOUD_KEY",),
                    options_env={"cloud_region": ("CLOUD_REGION",)},
                    secrets_env={"cloud_login": ("CLOUD_LOGIN",)},
                ),
                Provider("lm_studio", "http://127.0.0.1:1234/v1", key_optional=True),
                Provider("mock", "http://mock", key_optional=True),
            )
        }

    def find(self, name: str) -> Provider | None:
        return self._rows.get(name)

    def plugged(self, name: str) -> Provider | None:
        return (
            Provider("plugged", "https://plugged", key_optional=True) if name == "plugged" else None
        )

    def names(self) -> Iterable[str]:
        return self._rows

    def infer(self, model: str) -> tuple[str, str] | None:
        if model == "*" or model.startswith("gpt-"):
            return "openai", model
        return ("bedrock", model) if model.startswith("bedrock/") else None

    def at(self, url: str) -> str:
        return "cloud" if url.startswith("https://cloud/") else ""


WORLD = World(catalogue=FewProviders(), strategies=lambda: [*strategies.names(), "my-own"])


def write(folder: Path, text: str, name: str = "config.yaml") -> Path:
    path = folder / name
    path.write_text(dedent(text))
    path.chmod(0o600)
    return path


def read(
    folder: Path, text: str, environ: Mapping[str, str] = ENVIRON, *, strict: bool = False
) -> Loaded:
    return load(write(folder, text), environ, strict=strict, world=WORLD)


def read_data(
    folder: Path, data: Json, environ: Mapping[str, str] = ENVIRON, *, strict: bool = False
) -> Loaded:
    return read(folder, yaml.safe_dump(data, sort_keys=False), environ, strict=strict)


def one(folder: Path, environ: Mapping[str, str] = ENVIRON, **params: object) -> Loaded:
    """A configuration of one deployment of `gpt-4o` with these `litellm_params`."""
    entry = {"model_name": "gpt-4o", "litellm_params": {"model": "openai/gpt-4o", **params}}
    return read_data(folder, {"model_list": [entry]}, environ)


def problems(folder: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """What is said of a wrong file, without the name of the test's folder."""
    try:
        read(folder, text, environ)
    except ConfigError as error:
        return [line.replace(f"{folder}/", "") for line in str(error).splitlines()]
    return []


def said(folder: Path, notes: Iterable[object]) -> list[str]:
    return [str(note).replace(f"{folder}/", "") for note in notes]

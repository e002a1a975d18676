"""The providers we know: rows of `catalog.toml`, files beside it, and plug-ins that config names.

Provider names and how a bare model name finds its provider follow LiteLLM (1.109.1, read 2026-11).
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from adapters.amended import Amended
from adapters.amends import AMENDS
from adapters.auth import keys
from adapters.dialects import PIVOTS
from adapters.doors import AtHome, host_of, hosts_of
from adapters.provider import Auth, Endpoint, Provider, Quirk
from adapters.quirks import QUIRKS
from adapters.refusals import FIELDS, refusing
from adapters.types import Dialect, Json

_ROWS = Path(__file__).parent / "providers" / "catalog.toml"
_FILES: Mapping[str, str] = {
    "anthropic": "adapters.providers.anthropic",
    "azure": "adapters.providers.azure",
    "azure_ai": "adapters.providers.azure_ai",
    "bedrock": "adapters.providers.bedrock",
    "bedrock_mantle": "adapters.providers.bedrock_mantle",
    "cloudflare": "adapters.providers.cloudflare",
    "cohere": "adapters.providers.cohere",
    "cohere_chat": "adapters.providers.cohere_chat",
    "databricks": "adapters.providers.databricks",
    "gemini": "adapters.providers.gemini",
    "huggingface": "adapters.providers.huggingface",
    "jina_ai": "adapters.providers.jina_ai",
    "mock": "adapters.providers.mock",
    "ollama": "adapters.providers.ollama",
    "ollama_chat": "adapters.providers.ollama_chat",
    "openai": "adapters.providers.openai",
    "predibase": "adapters.providers.predibase",
    "replicate": "adapters.providers.replicate",
    "sagemaker_chat": "adapters.providers.sagemaker",
    "snowflake": "adapters.providers.snowflake",
    "vertex_ai": "adapters.providers.vertex",
    "vertex_ai_beta": "adapters.providers.vertex",
    "voyage": "adapters.providers.voyage",
    "watsonx": "adapters.providers.watsonx",
}
_PLUGINS = "sluicegate.providers"
_ANYBODYS = frozenset({"localhost", "127.0.0.1"})
_EVERY = "*"  # the row whose quirks all others of its file get
_KEYS = (
    "amends",
    "base_url",
    "base_url_env",
    "docs",
    "hosts",
    "key_env",
    "key_header",
    "key_optional",
    "quirks",
    "refuses",
    "speaks",
    "without",
)

# Names that LiteLLM knows and this release does not serve: they need a translation, a way of
# logging in or an operation of their own, or nobody has yet looked at where they live.
# fmt: off
LATER: frozenset[str] = frozenset({  # packed: it is read as one list
    "a2a", "a2a_agent", "aiand", "aiohttp_openai", "anthropic_text", "anyscale", "assemblyai",
    "auto_router", "aws_polly", "aws_textract", "azure_speech", "azure_text",
    "bespoke", "black_forest_labs", "bytez", "charity_engine", "chatgpt",
    "clf_ai_gateway", "coralbricks", "cursor",
    "custom", "darkbloom", "databricks_agent", "datarobot", "deepgram", "dotprompt",
    "elevenlabs", "empiriolabs", "eu_jev", "fal_ai", "gdc", "gigachat", "github_copilot",
    "hostinger_router", "humanloop", "inferenceapis",
    "langflow", "langfuse", "langgraph", "laya", "litellm_agent", "manus", "maritalk",
    "microsoft_365_copilot", "milvus", "mongodb", "nace", "nadir", "nlp_cloud",
    "nvidia_riva", "oci", "opencode_go", "openinfer",
    "opensearch", "petals", "pg_vector", "pinstripes", "prism", "qwen_ai_platform",
    "qwencloud", "ragflow", "recraft", "reducto", "refuseless", "runwayml",
    "s3_vectors", "sagemaker", "sagemaker_nova", "sap", "scaledown", "scx-ai",
    "soniox", "stability", "strands_decider", "streamlake", "tensormesh",
    "text-completion-codestral", "text-completion-inception", "text-completion-openai", "topaz",
    "transcribe", "triton", "typesafe", "valkey",
    "watsonx_text", "zerogpu",
})
# fmt: on

RETIRED: Mapping[str, str] = {  # an address of config's own may still serve them
    "github": "GitHub Models has been switched off for good on 2026-07-30, "
    "https://github.blog/changelog/2026-07-30-github-models-is-now-retired/; "
    "GitHub recommends Microsoft Foundry: azure_ai/MODEL",
}

_BARE: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), provider)
    for pattern, provider in (
        (r"\*$", "openai"),
        (r"(gpt-|chatgpt-|o[1-9](-|$)|ft:(gpt|o\d)|codex-|computer-use-)", "openai"),
        (r"(text-embedding-(3|ada)|dall-e-|whisper-|tts-1|omni-moderation)", "openai"),
        (r"claude-", "anthropic"),
        (r"gemini-", "vertex_ai"),
        (r"command-", "cohere_chat"),
        (r"jamba-", "ai21_chat"),
    )
]


class CatalogError(ValueError):
    """A row or a plug-in cannot be used. The message names it, the key, and what was meant."""


def load(text: str) -> Mapping[str, Provider]:
    """Read rows of TOML. Every key is checked: a typo is an error, not a silent default.

    Raises:
        CatalogError: a key is unknown or has a value of the wrong kind.

    """
    try:
        rows: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"not TOML: {error}") from error
    common = _row(_EVERY, rows.pop(_EVERY, {}), ()).quirks
    return {name: _row(name, row, common) for name, row in rows.items()}


def find(name: str) -> Provider | None:
    """The built-in provider of that name; its file is imported now."""
    if name in _FILES:
        provider: Provider = import_module(_FILES[name]).PROVIDER
        return provider
    return _rows().get(name)


def names() -> Sequence[str]:
    """Names of the built-in providers, sorted."""
    return sorted({*_rows(), *_FILES})


def plugged(name: str) -> Provider | None:
    """The provider that an installed plug-in offers under that name. Only what config asks for is
    ever loaded.

    Raises:
        CatalogError: what the plug-in offers is no `Provider`.

    """
    for entry in entry_points(group=_PLUGINS, name=name):
        provider = entry.load()
        if not isinstance(provider, Provider):
            raise CatalogError(f"plug-in {entry.value} for {name!r} is not a Provider")
        return provider
    return None


def infer(model: str) -> tuple[str, str] | None:
    """Provider and model meant by LiteLLM's `model`: `provider/model`, or a well-known bare name.

    The provider may be one of `LATER`. None: the name says nothing; config has to.
    """
    prefix, slash, rest = model.partition("/")
    if slash and rest and (prefix in _FILES or prefix in _rows() or prefix in LATER):
        return prefix, rest
    if slash:
        return None
    return next(((name, model) for pattern, name in _BARE if pattern.match(model)), None)


def at(url: str) -> str:
    """The provider whose own address has the host of `url`; empty: nobody's, or anybody's."""
    host = host_of(url)
    if not host or host in _ANYBODYS:
        return ""
    rows = (name for name, row in _rows().items() if host in hosts_of(row))
    files = (name for name in _FILES if (found := find(name)) and host_of(found.base_url) == host)
    return next(rows, "") or next(files, "")


@cache
def _rows() -> Mapping[str, Provider]:
    """The shipped rows: constant, but only read when first asked for."""
    return load(_ROWS.read_text(encoding="utf-8"))


def _row(name: str, row: object, common: tuple[Quirk, ...]) -> Provider:
    if not isinstance(row, dict):
        raise CatalogError(f"[{name}]: expected a table, got {row!r}")
    for key in row:
        if key not in _KEYS:
            raise CatalogError(f"[{name}] {key}: unknown key{_meant(key, _KEYS)}")
    key_env = _strings(name, row, "key_env")
    optional = row.get("key_optional", False)
    if not isinstance(optional, bool):
        raise CatalogError(f"[{name}] key_optional: expected true or false, got {optional!r}")
    dropped = _quirks(name, row, "without")
    kept = tuple(quirk for quirk in common if quirk not in dropped)
    provider = Provider(
        name=name,
        base_url=_string(name, row, "base_url").rstrip("/"),
        key_env=key_env,
        base_url_env=_strings(name, row, "base_url_env"),
        auth=_auth(_string(name, row, "key_header"), key_env, optional),
        key_optional=optional,
        quirks=kept + _quirks(name, row, "quirks"),
        transport=_amended(name, row),
        droppable=_refusing(name, row.get("refuses", {})),
        docs=_string(name, row, "docs"),
    )
    speaks = _doors(name, row["speaks"]) if "speaks" in row else provider.speaks
    hosts = _strings(name, row, "hosts")
    if not hosts and speaks.keys() <= set(PIVOTS.values()):
        return replace(provider, speaks=speaks)
    at_home = AtHome(speaks, frozenset({host_of(provider.base_url), *hosts}))
    return replace(provider, speaks=speaks, speaking=at_home)


def _auth(key_header: str, key_env: tuple[str, ...], optional: bool) -> Auth:
    if key_header:
        return keys.header(key_header.lower(), key_env)
    return keys.bearer if optional else keys.bearer_needed(key_env)


def _doors(name: str, paths: object) -> Mapping[Dialect, Endpoint]:
    known = {dialect.value for dialect in Dialect}
    if not isinstance(paths, dict) or not paths:
        raise CatalogError(f"[{name}] speaks: expected a table of paths, got {paths!r}")
    for dialect, path in paths.items():
        if dialect not in known:
            raise CatalogError(
                f"[{name}] speaks.{dialect}: unknown dialect{_meant(dialect, known)}"
            )
        if not isinstance(path, str) or not path.startswith("/"):
            raise CatalogError(f"[{name}] speaks.{dialect}: expected a path from /, got {path!r}")
    return {Dialect(dialect): Endpoint(path) for dialect, path in paths.items()}


def _quirks(name: str, row: Mapping[str, object], key: str) -> tuple[Quirk, ...]:
    wanted = _strings(name, row, key)
    for quirk in wanted:
        if quirk not in QUIRKS:
            raise CatalogError(f"[{name}] {key}: unknown quirk {quirk!r}{_meant(quirk, QUIRKS)}")
    return tuple(QUIRKS[quirk] for quirk in wanted)


def _amended(name: str, row: Mapping[str, object]) -> Amended | None:
    wanted = _strings(name, row, "amends")
    for amends in wanted:
        if amends not in AMENDS:
            guess = _meant(amends, AMENDS)
            raise CatalogError(f"[{name}] amends: unknown amendment {amends!r}{guess}")
    return Amended(tuple(AMENDS[amends] for amends in wanted)) if wanted else None


def _refusing(name: str, given: object) -> Callable[[Json], frozenset[str]] | None:
    """A list of fields holds for every model, a table names models by regular expressions."""
    by_model = given if isinstance(given, dict) else {"": given}
    rules = {model: _strings(name, {"refuses": by_model[model]}, "refuses") for model in by_model}
    for model, fields in rules.items():
        for field in fields:
            if field not in FIELDS:
                raise CatalogError(
                    f"[{name}] refuses: {field!r} is no field of OpenAI's{_meant(field, FIELDS)}"
                )
        try:
            re.compile(model)
        except re.error as error:
            raise CatalogError(f"[{name}] refuses.{model}: {error}") from error
    return refusing(rules) if rules else None


def _string(name: str, row: Mapping[str, object], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise CatalogError(f"[{name}] {key}: expected a string, got {value!r}")
    return value


def _strings(name: str, row: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise CatalogError(f"[{name}] {key}: expected a string or a list of them, got {value!r}")
    return tuple(values)


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""

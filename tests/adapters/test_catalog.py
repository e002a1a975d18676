"""Rows, files and plug-ins, and how a model's name finds its provider."""

from pathlib import Path

import pytest

from adapters import catalog
from adapters.amended import Amended
from adapters.amends import AMENDS
from adapters.catalog import LATER, RETIRED, CatalogError, find, infer, load, names, plugged
from adapters.provider import Provider, Upstream
from adapters.quirks import fields, messages
from adapters.types import Dialect, Json, Target

LOCAL = ("http://localhost:", "http://127.0.0.1:", "http://mock")
BUILTIN = {name: provider for name in names() if (provider := find(name))}


@pytest.mark.parametrize("provider", BUILTIN.values(), ids=lambda p: p.name)
def test_every_row_can_be_used(provider: Provider) -> None:
    assert not provider.base_url or provider.base_url.startswith(("https://", *LOCAL))
    assert provider.base_url or provider.base_url_env or provider.name == "mock"
    assert not provider.base_url.endswith("/")
    assert provider.key_env or provider.key_optional
    assert all(name == name.upper() for name in (*provider.key_env, *provider.base_url_env))
    assert all(endpoint.path.startswith("/") for endpoint in provider.speaks.values())
    assert provider.docs == "" or provider.docs.startswith("https://")


def test_names_and_rows_are_the_same_set() -> None:
    assert set(names()) == set(BUILTIN)
    assert list(names()) == sorted(names())


def test_nothing_is_both_served_and_left_for_later() -> None:
    assert not LATER & set(names())


@pytest.mark.parametrize("name", ["openai", "azure", "anthropic", "mock", "groq", "hosted_vllm"])
def test_a_provider_is_found_by_its_name(name: str) -> None:
    found = find(name)

    assert found is not None
    assert found.name == name


def test_an_unknown_provider_is_not_found() -> None:
    assert find("opneai") is None


def test_two_lines_suffice() -> None:
    (row,) = load('[x]\nbase_url = "https://x/v1/"\nkey_env = "X_API_KEY"').values()

    assert row.name == "x"
    assert row.base_url == "https://x/v1"
    assert row.key_env == ("X_API_KEY",)
    assert row.speaks[Dialect.OPENAI_CHAT].path == "/chat/completions"
    assert row.quirks == ()


def test_a_row_gets_the_quirks_of_all_but_those_it_can_do_without() -> None:
    rows = load(
        """
        ["*"]
        quirks = ["no_cache_control", "developer_as_system"]
        [a]
        quirks = ["max_tokens_only"]
        [b]
        without = ["no_cache_control"]
        """
    )

    assert rows["a"].quirks == (
        messages.no_cache_control,
        messages.developer_as_system,
        fields.max_tokens_only,
    )
    assert rows["b"].quirks == (messages.developer_as_system,)


MISTAKES = {
    "an unknown key": (
        '[x]\nbase_ulr = "h"',
        r"\[x\] base_ulr: unknown key; did you mean base_url",
    ),
    "a number for an address": ("[x]\nbase_url = 1", r"\[x\] base_url: expected a string, got 1"),
    "a number for a variable": (
        "[x]\nkey_env = [1]",
        r"\[x\] key_env: expected a string or a list",
    ),
    "a word for a switch": ('[x]\nkey_optional = "no"', r"key_optional: expected true or false"),
    "an unknown quirk": ('[x]\nquirks = ["max_token_only"]', r"did you mean max_tokens_only"),
    "an unknown quirk to do without": ('[x]\nwithout = ["y"]', r"\[x\] without: unknown quirk 'y'"),
    "an unknown amendment": (
        '[x]\namends = ["no_mising_fields"]',
        r"\[x\] amends: unknown amendment 'no_mising_fields'; did you mean no_missing_fields",
    ),
    "a host that is none": ("[x]\nhosts = 1", r"\[x\] hosts: expected a string or a list"),
    "an unknown dialect": ('[x]\nspeaks = {"openai.chatt" = "/x"}', r"did you mean openai\.chat"),
    "a path without a slash": ('[x]\nspeaks = {"openai.chat" = "x"}', r"expected a path from /"),
    "no path at all": ("[x]\nspeaks = {}", r"speaks: expected a table of paths"),
    "a field to refuse that OpenAI does not know": (
        '[x]\nrefuses = ["logit_bais"]',
        r"\[x\] refuses: 'logit_bais' is no field of OpenAI's; did you mean logit_bias",
    ),
    "a refusal that is no list": ("[x]\nrefuses = 1", r"\[x\] refuses: expected a string or"),
    "models that are no pattern": (
        '[x]\nrefuses = { "(" = ["n"] }',
        r"\[x\] refuses\.\(: missing \)",
    ),
    "a row that is none": ("x = 1", r"\[x\]: expected a table, got 1"),
    "no TOML": ("[x", r"not TOML"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_row_is_named(text: str, said: str) -> None:
    with pytest.raises(CatalogError, match=said):
        load(text)


REFUSED = {
    "what every model refuses": ({"model": "m", "logit_bias": {}, "n": 2}, {"logit_bias"}),
    "what some models refuse, too": (
        {"model": "x-4.1", "logit_bias": {}, "n": 2},
        {"logit_bias", "n"},
    ),
    "only what is there": ({"model": "x-4.1", "stop": "a"}, set()),
    "a body without a model": ({"logit_bias": {}, "n": 2}, {"logit_bias"}),
}


@pytest.mark.parametrize(("body", "refused"), REFUSED.values(), ids=REFUSED)
def test_a_row_says_what_its_models_refuse(body: Json, refused: set[str]) -> None:
    (row,) = load('[x]\nrefuses = { "" = ["logit_bias"], "^x-[4-9]" = ["n"] }').values()
    assert row.droppable is not None

    assert row.droppable(body) == refused


def test_a_list_of_refusals_holds_for_every_model() -> None:
    (row,) = load('[x]\nrefuses = ["n", "user"]').values()
    assert row.droppable is not None

    assert row.droppable({"model": "any", "n": 2, "top_p": 1}) == {"n"}


def test_a_row_may_do_several_things() -> None:
    (row,) = load(
        '[x]\nspeaks = { "openai.embeddings" = "/embeddings", "cohere.rerank" = "/rerank" }'
    ).values()

    assert {spoken: endpoint.path for spoken, endpoint in row.speaks.items()} == {
        Dialect.OPENAI_EMBEDDINGS: "/embeddings",
        Dialect.COHERE_RERANK: "/rerank",
    }


def test_a_row_names_what_is_put_right_in_its_answers() -> None:
    rows = load('[x]\namends = ["no_missing_fields", "object_of_chunks"]\n[y]')
    amended = rows["x"].transport

    assert isinstance(amended, Amended)
    assert amended.amendments == (AMENDS["no_missing_fields"], AMENDS["object_of_chunks"])
    assert rows["y"].transport is None


def test_what_is_retired_has_a_row_for_those_who_serve_it_themselves() -> None:
    assert set(RETIRED) <= set(names())
    assert all("20" in why for why in RETIRED.values())


INFERRED = {
    "openai/gpt-4o": ("openai", "gpt-4o"),
    "openrouter/anthropic/claude-sonnet-4": ("openrouter", "anthropic/claude-sonnet-4"),
    "fireworks_ai/accounts/fireworks/models/x": ("fireworks_ai", "accounts/fireworks/models/x"),
    "bedrock/eu.anthropic.claude": ("bedrock", "eu.anthropic.claude"),
    "nano-gpt/x": ("nano-gpt", "x"),
    "gpt-4o": ("openai", "gpt-4o"),
    "o3-mini": ("openai", "o3-mini"),
    "o1": ("openai", "o1"),
    "chatgpt-4o-latest": ("openai", "chatgpt-4o-latest"),
    "ft:gpt-4o:org::id": ("openai", "ft:gpt-4o:org::id"),
    "claude-sonnet-4-5": ("anthropic", "claude-sonnet-4-5"),
    "gemini-2.5-pro": ("vertex_ai", "gemini-2.5-pro"),
    "*": ("openai", "*"),
    "meta-llama/Llama-3": None,
    "o1like": None,
    "my-model": None,
    "openai/": None,
}


@pytest.mark.parametrize(("model", "home"), INFERRED.items())
def test_a_model_finds_its_provider(model: str, home: tuple[str, str] | None) -> None:
    assert infer(model) == home


async def test_a_row_may_show_its_key_in_a_header_of_its_own() -> None:
    (row,) = load('[x]\nkey_header = "API-Subscription-Key"\nkey_env = "X"').values()
    assert row.auth is not None

    sent = await row.auth(Upstream("u", b""), Target("x", "m", secrets={"api_key": "k"}))

    assert sent.headers == {"api-subscription-key": "k"}


def _install(folder: Path, name: str, value: str) -> None:
    info = folder / "other_provider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-provider\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[sluicegate.providers]\n{name} = {value}\n")


def test_a_plug_in_is_loaded_by_the_name_that_config_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "elsewhere", "adapters.providers.openai:PROVIDER")
    monkeypatch.syspath_prepend(tmp_path)

    assert plugged("elsewhere") is find("openai")
    assert plugged("nowhere") is None


def test_a_plug_in_that_offers_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "odd", "adapters.catalog:infer")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(CatalogError, match="'odd' is not a Provider"):
        plugged("odd")


def test_a_provider_file_is_imported_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(catalog, "import_module", asked.append)

    find("groq")
    infer("anthropic/claude-sonnet-4-5")

    assert asked == []

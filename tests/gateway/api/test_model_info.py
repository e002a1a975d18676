"""The lists of models, read as the clients read them."""

from dataclasses import replace
from datetime import date

import orjson
import pytest

from adapters.types import Json, Target
from gateway.api.model_info import model_document, model_info_document, models_document
from gateway.config.settings import Alias, ModelInfo
from gateway.ledger.models import ModelFacts, Models, Prices
from routing.deployment import Deployment

CATALOGUE = Models.load()
NO_ALIASES: dict[str, Alias] = {}


def model(
    name: str,
    upstream: str,
    *,
    id: str = "",
    off: str = "",
    params: Json | None = None,
    info: Json | None = None,
    base_model: str = "",
    target: Target | None = None,
    rpm: int | None = None,
) -> ModelInfo:
    """An entry of `model_list` as config would make it of `provider/model`."""
    provider, _, bare = upstream.partition("/")
    deployment = Deployment(
        id=id or f"{name}/{upstream}",
        alias=name,
        target=target or Target(provider, bare),
        off=off,
        rpm=rpm,
    )
    written = {"model": upstream, **(params or {})}
    return ModelInfo(deployment, written, info or {}, base_model)


def ids(document: Json) -> list[str]:
    return [entry["id"] for entry in document["data"]]


def roo_code(document: Json) -> dict[str, Json]:
    """Roo Code's reading of `/v1/model/info`, field by field (its source, 2026-04)."""
    models = {}
    for entry in document["data"]:
        info = entry.get("model_info")
        if not entry.get("model_name") or not info or not entry["litellm_params"].get("model"):
            continue
        models[entry["model_name"]] = {
            "maxTokens": info.get("max_output_tokens") or info.get("max_tokens") or 8192,
            "contextWindow": info.get("max_input_tokens") or 200000,
            "supportsImages": bool(info.get("supports_vision")),
            "supportsPromptCache": bool(info.get("supports_prompt_caching")),
            "inputPrice": per_million(info.get("input_cost_per_token")),
            "outputPrice": per_million(info.get("output_cost_per_token")),
            "cacheWritesPrice": per_million(info.get("cache_creation_input_token_cost")),
            "cacheReadsPrice": per_million(info.get("cache_read_input_token_cost")),
        }
    return models


def per_million(cost: float | None) -> float | None:
    return cost * 1_000_000 if cost else None


def test_roo_code_reads_its_default_model_as_its_provider_sells_it() -> None:
    name = "claude-3-7-sonnet-20250219"
    document = model_info_document([model(name, f"anthropic/{name}")], NO_ALIASES, CATALOGUE)

    assert roo_code(document)[name] == {
        "maxTokens": 64_000,
        "contextWindow": 200_000,
        "supportsImages": True,
        "supportsPromptCache": True,
        "inputPrice": 3.0,
        "outputPrice": 15.0,
        "cacheWritesPrice": 3.75,
        "cacheReadsPrice": pytest.approx(0.3),
    }


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [  # input, output, cache write, cache read: dollars per token, to the last digit
        ("anthropic/claude-3-7-sonnet-latest", (3e-06, 1.5e-05, 3.75e-06, 3e-07)),
        ("anthropic/claude-3-5-haiku-latest", (8e-07, 4e-06, 1e-06, 8e-08)),
        ("anthropic/claude-opus-4-1", (1.5e-05, 7.5e-05, 1.875e-05, 1.5e-06)),
        ("anthropic/claude-haiku-4-5", (1e-06, 5e-06, 1.25e-06, 1e-07)),
        ("openai/gpt-4o", (2.5e-06, 1e-05, None, 1.25e-06)),
        ("openai/gpt-4o-mini", (1.5e-07, 6e-07, None, 7.5e-08)),
        ("openai/o4-mini", (1.1e-06, 4.4e-06, None, 2.75e-07)),
        ("openai/gpt-5-nano", (5e-08, 4e-07, None, 5e-09)),
        ("gemini/gemini-2.5-flash", (3e-07, 2.5e-06, None, 3e-08)),
        ("bedrock/us.amazon.nova-micro-v1:0", (3.5e-08, 1.4e-07, None, 8.75e-09)),
    ],
)
def test_costs_are_exact(upstream: str, expected: tuple[float | None, ...]) -> None:
    document = model_info_document([model("m", upstream)], NO_ALIASES, CATALOGUE)
    info = document["data"][0]["model_info"]

    assert expected == (
        info["input_cost_per_token"],
        info["output_cost_per_token"],
        info["cache_creation_input_token_cost"],
        info["cache_read_input_token_cost"],
    )


def test_a_cost_is_written_as_people_expect_it() -> None:
    document = model_info_document(
        [model("m", "anthropic/claude-sonnet-4-5")], NO_ALIASES, CATALOGUE
    )

    assert b'"input_cost_per_token":3e-6' in orjson.dumps(document)


def test_an_unknown_model_leaves_the_choice_to_the_client() -> None:
    document = model_info_document([model("mine", "hosted_vllm/llama")], NO_ALIASES, CATALOGUE)

    assert roo_code(document)["mine"] == {
        "maxTokens": 8192,
        "contextWindow": 200_000,
        "supportsImages": False,
        "supportsPromptCache": False,
        "inputPrice": None,
        "outputPrice": None,
        "cacheWritesPrice": None,
        "cacheReadsPrice": None,
    }


def test_every_entry_of_a_group_is_complete() -> None:
    group = [
        model("sonnet", "anthropic/claude-sonnet-4-5", id="a"),
        model("sonnet", "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", id="b"),
    ]
    document = model_info_document(group, NO_ALIASES, CATALOGUE)

    assert [entry["model_info"]["id"] for entry in document["data"]] == ["a", "b"]
    assert roo_code(document)["sonnet"]["maxTokens"] == 64_000
    assert roo_code(document)["sonnet"]["inputPrice"] == pytest.approx(3.3)
    assert document["data"][0].keys() == {"model_name", "litellm_params", "model_info"}
    assert document["data"][0]["model_info"].keys() == document["data"][1]["model_info"].keys()


def test_an_entry_says_what_it_stands_for() -> None:
    document = model_info_document(
        [model("chat", "openai/gpt-4o-2024-08-06", id="abc", rpm=60)], NO_ALIASES, CATALOGUE
    )
    entry = document["data"][0]
    expected = {
        "id": "abc",
        "db_model": False,
        "key": "gpt-4o",
        "litellm_provider": "openai",
        "mode": "chat",
        "max_tokens": 16_384,
        "max_input_tokens": 128_000,
        "max_output_tokens": 16_384,
        "supports_vision": True,
        "supports_function_calling": True,
        "supports_response_schema": True,
        "supports_reasoning": None,
        "rpm": 60,
        "tpm": None,
        "deprecation_date": "2027-01-14",
    }

    assert entry["model_name"] == "chat"
    assert entry["litellm_params"] == {"model": "openai/gpt-4o-2024-08-06"}
    assert {key: entry["model_info"][key] for key in expected} == expected


def test_long_prompts_have_their_own_prices() -> None:
    document = model_info_document([model("m", "gemini/gemini-2.5-pro")], NO_ALIASES, CATALOGUE)
    info = document["data"][0]["model_info"]

    assert info["input_cost_per_token"] == 1.25e-06
    assert info["input_cost_per_token_above_200k_tokens"] == 2.5e-06
    assert info["output_cost_per_token_above_200k_tokens"] == 1.5e-05


def test_the_operators_word_goes_before_the_catalogue() -> None:
    info = {
        "max_output_tokens": 8192,
        "max_input_tokens": None,
        "supports_vision": False,
        "cache_read_input_token_cost": 0.0,
        "team": "blue",
    }
    entry = model(
        "m",
        "anthropic/claude-3-7-sonnet-latest",
        params={"input_cost_per_token": 1e-06},
        info=info,
    )
    shown = model_info_document([entry], NO_ALIASES, CATALOGUE)["data"][0]["model_info"]

    assert shown["max_output_tokens"] == 8192
    assert shown["max_tokens"] == 8192
    assert shown["max_input_tokens"] == 200_000  # an empty value says nothing
    assert shown["supports_vision"] is False
    assert shown["supports_reasoning"] is True
    assert shown["input_cost_per_token"] == 1e-06
    assert shown["cache_read_input_token_cost"] == 0.0
    assert shown["output_cost_per_token"] == 1.5e-05
    assert shown["team"] == "blue"


def test_an_operators_max_tokens_reaches_roo_code() -> None:
    entry = model("m", "anthropic/claude-3-7-sonnet-latest", info={"max_tokens": 4096})
    document = model_info_document([entry], NO_ALIASES, CATALOGUE)

    assert roo_code(document)["m"]["maxTokens"] == 4096


def test_an_operator_cannot_rename_the_deployment_behind_our_back() -> None:
    entry = model("m", "openai/gpt-4o", id="real", info={"id": "other", "db_model": True})
    shown = model_info_document([entry], NO_ALIASES, CATALOGUE)["data"][0]["model_info"]

    assert (shown["id"], shown["db_model"]) == ("real", False)


@pytest.mark.parametrize(
    ("upstream", "base_model", "key"),
    [
        ("azure/my-deployment", "gpt-4o", "gpt-4o"),
        ("azure/my-deployment", "azure/eu/gpt-4o-2024-08-06", "gpt-4o"),
        ("openai/proxy-name", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        ("openai/proxy-name", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        ("azure/gpt-4o", "nobody-knows", "gpt-4o"),
    ],
)
def test_the_base_model_says_where_to_look(upstream: str, base_model: str, key: str) -> None:
    entry = model("m", upstream, base_model=base_model)
    shown = model_info_document([entry], NO_ALIASES, CATALOGUE)["data"][0]["model_info"]

    assert shown["key"] == key
    assert shown["base_model"] == base_model
    assert (shown["max_input_tokens"] is None) == (base_model == "nobody-knows")


def test_one_deployment_can_be_asked_for() -> None:
    models = [model("a", "openai/gpt-4o", id="1"), model("b", "openai/o3", id="2")]
    document = model_info_document(models, NO_ALIASES, CATALOGUE, litellm_model_id="2")

    assert [entry["model_name"] for entry in document["data"]] == ["b"]
    assert model_info_document(models, {}, CATALOGUE, litellm_model_id="3") == {"data": []}


def test_a_group_alias_is_an_entry_of_its_own() -> None:
    aliases = {"fast": Alias("haiku"), "secretly": Alias("haiku", hidden=True)}
    models = [model("haiku", "anthropic/claude-haiku-4-5", id="h")]
    read = roo_code(model_info_document(models, aliases, CATALOGUE))

    assert read["fast"] == read["haiku"] == read["secretly"]
    assert ids(models_document(models, aliases, CATALOGUE)) == ["haiku", "fast"]


def test_an_alias_of_nothing_is_nowhere() -> None:
    aliases = {"lost": Alias("nothing")}

    assert models_document([], aliases, CATALOGUE) == {"object": "list", "data": []}
    assert model_info_document([], aliases, CATALOGUE) == {"data": []}


def test_an_alias_goes_before_a_group_of_its_name() -> None:
    models = [model("gpt-4o", "openai/gpt-4o"), model("mini", "openai/gpt-4o-mini")]
    for hidden in (False, True):
        aliases = {"gpt-4o": Alias("mini", hidden=hidden)}
        infos = model_info_document(models, aliases, CATALOGUE)

        assert ids(models_document(models, aliases, CATALOGUE)) == ["gpt-4o", "mini"]
        assert roo_code(infos)["gpt-4o"]["inputPrice"] == pytest.approx(0.15)


def test_the_list_has_each_name_once_in_the_order_of_config() -> None:
    models = [
        model("b", "openai/gpt-4o", id="1"),
        model("a", "openai/o3", id="2"),
        model("b", "azure/gpt-4o", id="3"),
    ]

    assert ids(models_document(models, NO_ALIASES, CATALOGUE)) == ["b", "a"]


def test_a_listed_model_has_what_openai_and_anthropic_clients_read() -> None:
    document = models_document([model("chat", "openai/gpt-4o")], NO_ALIASES, CATALOGUE)

    assert document == {
        "object": "list",
        "data": [
            {
                "id": "chat",
                "object": "model",
                "created": 1677610602,
                "owned_by": "openai",
                "type": "model",
                "display_name": "chat",
                "created_at": "2023-02-28T18:56:42Z",
                "mode": "chat",
                "max_input_tokens": 128_000,
                "max_output_tokens": 16_384,
            }
        ],
    }


def test_limits_nobody_knows_are_left_out_of_the_list() -> None:
    listed = models_document([model("mine", "hosted_vllm/llama")], NO_ALIASES, CATALOGUE)

    assert not {"mode", "max_input_tokens", "max_output_tokens"} & listed["data"][0].keys()


def test_the_list_promises_what_every_deployment_keeps() -> None:
    models = [
        model("m", "anthropic/claude-opus-4-6", id="1"),
        model("m", "anthropic/claude-opus-4-1", id="2"),
    ]
    listed = models_document(models, NO_ALIASES, CATALOGUE)["data"][0]

    assert (listed["max_input_tokens"], listed["max_output_tokens"]) == (200_000, 32_000)


def test_an_operator_may_give_a_display_name() -> None:
    entry = model("m", "openai/gpt-4o", info={"display_name": "Our best"})

    assert models_document([entry], {}, CATALOGUE)["data"][0]["display_name"] == "Our best"


def test_what_is_off_is_no_choice_but_is_shown_with_the_reason() -> None:
    models = [
        model("dead", "openai/o3", off="OPENAI_API_KEY is not set"),
        model("half", "openai/gpt-4.1", id="1", off="OPENAI_API_KEY is not set"),
        model("half", "azure/gpt-4o", id="2"),
    ]
    listed = models_document(models, NO_ALIASES, CATALOGUE)
    infos = [entry["model_info"] for entry in model_info_document(models, {}, CATALOGUE)["data"]]

    assert ids(listed) == ["half"]
    assert listed["data"][0]["max_input_tokens"] == 128_000
    assert [info.get("off") for info in infos] == ["OPENAI_API_KEY is not set"] * 2 + [None]
    assert model_document("dead", models, NO_ALIASES, CATALOGUE) is None


SMALL = Models(
    [
        ModelFacts("acme", "big-1", max_input_tokens=1000, prices=Prices(10**9, 2 * 10**9)),
        ModelFacts("acme", "small-1", max_input_tokens=100),
        ModelFacts("acme", "big-0", retired=date(2026, 1, 1)),
    ],
    as_of=date(2026, 6, 1),
)


@pytest.mark.parametrize(
    ("name", "upstream", "expected"),
    [
        ("acme/*", "acme/*", ["acme/big-1", "acme/small-1"]),
        ("*", "acme/*", ["big-1", "small-1"]),
        ("our-*", "acme/big-*", ["our-1"]),
        ("acme/*/eu", "acme/*", ["acme/big-1/eu", "acme/small-1/eu"]),
        ("any-*", "acme/big-1", []),  # whatever is asked for gets the same: no end of names
        ("*", "other/*", []),
    ],
)
def test_a_wildcard_is_listed_as_what_it_is_known_to_reach(
    name: str, upstream: str, expected: list[str]
) -> None:
    models = [model(name, upstream)]
    everything = models_document(models, NO_ALIASES, SMALL, wildcard_routes=True)

    assert ids(models_document(models, NO_ALIASES, SMALL)) == expected
    assert ids(everything) == [name, *expected]


def test_a_wildcard_shows_roo_code_the_models_behind_it() -> None:
    document = model_info_document([model("acme/*", "acme/*", id="w")], NO_ALIASES, SMALL)
    names = [(e["model_name"], e["litellm_params"]["model"]) for e in document["data"]]

    assert names == [
        ("acme/*", "acme/*"),
        ("acme/big-1", "acme/big-1"),
        ("acme/small-1", "acme/small-1"),
    ]
    assert {entry["model_info"]["id"] for entry in document["data"]} == {"w"}
    assert roo_code(document)["acme/big-1"]["contextWindow"] == 1000
    assert roo_code(document)["acme/big-1"]["outputPrice"] == 2.0


def test_a_wildcard_does_not_speak_for_names_that_others_serve() -> None:
    models = [
        model("big-1", "acme/small-1", id="exact"),
        model("big-1*", "acme/big-1*", id="longer"),
        model("*", "acme/*", id="widest"),
        model("small-*", "acme/small-*", id="wide"),
    ]
    document = model_info_document(models, NO_ALIASES, SMALL)
    served = [
        (entry["model_name"], entry["model_info"]["id"])
        for entry in document["data"]
        if "*" not in entry["model_name"]
    ]

    assert served == [("big-1", "exact"), ("small-1", "wide")]


def test_an_alias_may_stand_for_a_name_behind_a_wildcard() -> None:
    models = [model("acme/*", "acme/*")]
    aliases = {"known": Alias("acme/big-1"), "unknown": Alias("acme/new-2")}
    document = model_info_document(models, aliases, SMALL)
    written = {entry["model_name"]: entry["litellm_params"]["model"] for entry in document["data"]}

    assert written["known"] == "acme/big-1"
    assert written["unknown"] == "acme/new-2"
    assert roo_code(document)["known"]["contextWindow"] == 1000


def test_one_model_can_be_asked_for_by_any_name_that_works() -> None:
    models = [model("acme/*", "acme/*"), model("one", "acme/small-1")]
    aliases = {"ghost": Alias("one", hidden=True)}

    def limit(name: str) -> int | None:
        document = model_document(name, models, aliases, SMALL)
        assert document is not None
        assert document["id"] == name
        return document.get("max_input_tokens")

    assert limit("one") == 100
    assert limit("ghost") == 100
    assert limit("acme/big-1") == 1000
    assert limit("acme/unheard-of") is None
    assert model_document("other", models, aliases, SMALL) is None
    assert model_document("acme/*", models, aliases, SMALL) is None


SECRET = "sk-very-secret-0123456789"


@pytest.mark.parametrize(
    "params",
    [
        {"api_key": SECRET},
        {"aws_secret_access_key": SECRET, "aws_access_key_id": SECRET},
        {"aws_session_token": SECRET, "azure_ad_token": SECRET},
        {"client_secret": SECRET, "azure_password": SECRET},
        {"vertex_credentials": {"private_key": SECRET}},
        {"extra_headers": {"X-Custom": SECRET}},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"extra_body": {"nested": [{"api_key": SECRET}]}},
        {"api_base": f"https://user:{SECRET}@example.org/v1?key={SECRET}#{SECRET}"},
        {"base_url": f"https://[{SECRET}/v1"},
        {"organization": f"pasted {SECRET} by mistake"},
    ],
)
def test_a_secret_is_never_shown(params: Json) -> None:
    target = Target("openai", "gpt-4o", secrets={"api_key": SECRET}, headers={"x-key": SECRET})
    entries = [
        model("m", "openai/gpt-4o", params=params, target=target),
        model("m", "openai/gpt-4o", info=params, target=target),
    ]
    text = orjson.dumps(
        [model_info_document(entries, {}, CATALOGUE), models_document(entries, {}, CATALOGUE)]
    )

    assert b"very-secret" not in text
    assert b"gpt-4o" in text


def test_a_secret_is_not_shown_where_only_its_field_gives_it_away() -> None:
    entry = model("m", "openai/gpt-4o", params={"api_key": SECRET, "extra_headers": {"a": "b"}})
    shown = model_info_document([entry], NO_ALIASES, CATALOGUE)["data"][0]["litellm_params"]

    assert shown == {"model": "openai/gpt-4o"}


def test_an_address_is_shown_without_what_is_private_in_it() -> None:
    params = {"api_base": "https://me:pw@[::1]:8443/openai/v1?sig=abc#x"}
    document = model_info_document([model("m", "openai/x", params=params)], {}, CATALOGUE)

    assert document["data"][0]["litellm_params"]["api_base"] == "https://[::1]:8443/openai/v1"


def test_innocent_settings_are_shown() -> None:
    params = {
        "max_tokens": 100,
        "input_cost_per_token": 1e-06,
        "litellm_credential_name": "main",
        "tags": ["a", "b"],
        "rpm": 5,
    }
    entry = model("m", "openai/gpt-4o", params=params)
    entry = replace(entry, deployment=replace(entry.deployment, target=Target("openai", "gpt-4o")))
    document = model_info_document([entry], NO_ALIASES, CATALOGUE)

    assert document["data"][0]["litellm_params"] == {**params, "model": "openai/gpt-4o"}


def test_a_short_key_does_not_blot_out_other_texts() -> None:
    target = Target("openai", "gpt-4o", secrets={"api_key": "none", "other": ""})
    entry = model("m", "openai/gpt-4o", params={"organization": "none at all"}, target=target)
    document = model_info_document([entry], NO_ALIASES, CATALOGUE)

    assert document["data"][0]["litellm_params"]["organization"] == "none at all"


def test_litellm_params_always_name_a_model() -> None:
    bare = replace(model("m", "openai/gpt-4o"), litellm_params={})
    document = model_info_document([bare], NO_ALIASES, CATALOGUE)

    assert document["data"][0]["litellm_params"] == {"model": "openai/gpt-4o"}
    assert "m" in roo_code(document)

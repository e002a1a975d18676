"""The catalogue: is it sane, and is a model found by the names people write?"""

from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from gateway.api.model_info import ABILITIES
from gateway.ledger.models import FILE, NANO, ModelFacts, Models, Prices, Tier

CATALOGUE = Models.load()
FIELDS = {
    *("provider", "id", "names", "same_as", "mode", "max_input_tokens", "max_output_tokens"),
    *("input", "output", "cache_read", "cache_write", "cache_write_1h", "tiers"),
    *("can", "cannot", "retired", "source", "as_of", "note"),
}


def dollars(prices: Prices) -> tuple[float | None, ...]:
    """Input, output, cache write and cache read, in dollars per million tokens."""
    figures = (prices.input, prices.output, prices.cache_write, prices.cache_read)
    return tuple(None if figure is None else figure / NANO for figure in figures)


def believable(prices: Prices) -> bool:
    """A cent to $200 a million in; out costs no less, reading a cache less, writing one more."""
    fresh = prices.input or 0
    return (
        NANO // 100 <= fresh <= 200 * NANO
        and fresh <= (prices.output or fresh) <= 1_000 * NANO
        and (prices.cache_read is None or 0 < prices.cache_read < fresh)
        and (prices.cache_write is None or fresh < prices.cache_write)
        and (prices.cache_write_1h is None or (prices.cache_write or 0) < prices.cache_write_1h)
    )


PRICES = {  # provider, model -> dollars per million: input, output, cache write, cache read
    ("anthropic", "claude-3-7-sonnet-20250219"): (3, 15, 3.75, 0.3),
    ("anthropic", "claude-3-5-haiku-20241022"): (0.8, 4, 1, 0.08),
    ("anthropic", "claude-opus-4-1"): (15, 75, 18.75, 1.5),
    ("anthropic", "claude-sonnet-4-5"): (3, 15, 3.75, 0.3),
    ("anthropic", "claude-haiku-4-5"): (1, 5, 1.25, 0.1),
    ("anthropic", "claude-opus-4-6"): (5, 25, 6.25, 0.5),
    ("openai", "gpt-4o"): (2.5, 10, None, 1.25),
    ("openai", "gpt-4o-mini"): (0.15, 0.6, None, 0.075),
    ("openai", "gpt-4.1"): (2, 8, None, 0.5),
    ("openai", "o3"): (2, 8, None, 0.5),
    ("openai", "o4-mini"): (1.1, 4.4, None, 0.275),
    ("openai", "gpt-5"): (1.25, 10, None, 0.125),
    ("openai", "text-embedding-3-small"): (0.02, None, None, None),
    ("gemini", "gemini-2.5-pro"): (1.25, 10, None, 0.125),
    ("gemini", "gemini-2.5-flash"): (0.3, 2.5, None, 0.03),
    ("bedrock", "amazon.nova-pro-v1:0"): (0.8, 3.2, None, 0.2),
    ("bedrock", "meta.llama3-3-70b-instruct-v1:0"): (0.72, 0.72, None, None),
}

LIMITS = {  # provider, model -> the most tokens in, the most tokens out
    ("anthropic", "claude-3-7-sonnet-20250219"): (200_000, 64_000),
    ("anthropic", "claude-3-5-sonnet-20241022"): (200_000, 8_192),
    ("anthropic", "claude-opus-4-1"): (200_000, 32_000),
    ("anthropic", "claude-opus-4-8"): (1_000_000, 128_000),
    ("openai", "gpt-4o"): (128_000, 16_384),
    ("openai", "gpt-4.1-mini"): (1_047_576, 32_768),
    ("openai", "o3"): (200_000, 100_000),
    ("openai", "gpt-5"): (272_000, 128_000),
    ("gemini", "gemini-2.5-pro"): (1_048_576, 65_536),
    ("gemini", "gemini-2.0-flash"): (1_048_576, 8_192),
    ("bedrock", "anthropic.claude-3-7-sonnet-20250219-v1:0"): (200_000, 64_000),
}

NAMES = {  # what people write -> what it is; None: we do not know it
    ("anthropic", "claude-3-7-sonnet-20250219"): "anthropic/claude-3-7-sonnet-20250219",
    ("anthropic", "claude-3-7-sonnet-latest"): "anthropic/claude-3-7-sonnet-20250219",
    ("anthropic", "claude-3-7-sonnet"): "anthropic/claude-3-7-sonnet-20250219",
    ("anthropic", "claude-3-5-sonnet-latest"): "anthropic/claude-3-5-sonnet-20241022",
    ("anthropic", "claude-opus-4-6-20260205"): "anthropic/claude-opus-4-6",
    ("anthropic", "Claude-Haiku-4-5"): "anthropic/claude-haiku-4-5-20251001",
    ("anthropic", "claude-99"): None,
    ("openai", "gpt-4o-2024-08-06"): "openai/gpt-4o",
    ("openai", "gpt-4o-2024-05-13"): "openai/gpt-4o-2024-05-13",
    ("openai", "gpt-4o-2029-01-01"): "openai/gpt-4o",
    ("openai", "gpt-4o-audio-preview"): None,
    ("openai", "claude-3-7-sonnet-20250219"): None,
    ("azure", "gpt-4o"): "azure/gpt-4o",
    ("azure", "azure/gpt-4o-2024-11-20"): "azure/gpt-4o",
    ("azure", "eu/gpt-4o"): "azure/gpt-4o",
    ("azure", "gpt-35-turbo"): "azure/gpt-35-turbo",
    ("azure", "my-own-deployment"): None,
    ("gemini", "models/gemini-2.0-flash-001"): "gemini/gemini-2.0-flash",
    ("gemini", "gemini-2.5-pro-001"): "gemini/gemini-2.5-pro",
    ("vertex_ai", "claude-sonnet-4-5@20250929"): "vertex_ai/claude-sonnet-4-5@20250929",
    ("vertex_ai", "claude-sonnet-4-5"): "vertex_ai/claude-sonnet-4-5@20250929",
    ("vertex_ai_beta", "gemini-2.5-flash"): "vertex_ai/gemini-2.5-flash",
    ("bedrock", "anthropic.claude-opus-4-8"): "bedrock/anthropic.claude-opus-4-8",
    ("bedrock", "us.anthropic.claude-opus-4-8-v1:0"): "bedrock/anthropic.claude-opus-4-8",
    ("bedrock", "apac.amazon.nova-lite-v1:0"): "bedrock/amazon.nova-lite-v1:0",
    ("bedrock", "amazon.nova-lite-v1:0:300k"): "bedrock/amazon.nova-lite-v1:0",
    ("bedrock", "converse/eu.amazon.nova-lite-v1:0"): "bedrock/amazon.nova-lite-v1:0",
    ("bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0"): (
        "bedrock/amazon.nova-pro-v1:0"
    ),
    ("bedrock", "global.anthropic.claude-opus-4-8"): "bedrock/global.anthropic.claude-opus-4-8",
    ("bedrock", "global.amazon.nova-pro-v1:0"): "bedrock/amazon.nova-pro-v1:0",
    ("bedrock", "us.amazon.titan-embed-text-v2:0"): "bedrock/amazon.titan-embed-text-v2:0",
    ("bedrock", "amazon.titan-embed-text"): None,  # v1 or v2? they cost differently
    ("openrouter", "anthropic/claude-3.7-sonnet:beta"): "anthropic/claude-3-7-sonnet-20250219",
    ("openrouter", "google/gemini-2.5-pro"): "gemini/gemini-2.5-pro",
    ("openrouter", "openai/gpt-4o"): "openai/gpt-4o",
    ("openrouter", "someone/new"): None,
    ("litellm_proxy", "gpt-4o"): "openai/gpt-4o",
    ("mock", "gpt-4o"): "openai/gpt-4o",
    ("hosted_vllm", "gpt-4o"): None,
    ("", ""): None,
}


@pytest.mark.parametrize(("wanted", "prices"), PRICES.items())
def test_a_well_known_model_costs_what_its_provider_says(
    wanted: tuple[str, str], prices: tuple[float | None, ...]
) -> None:
    found = CATALOGUE.find(*wanted)

    assert found is not None
    assert dollars(found.prices) == prices


@pytest.mark.parametrize(("wanted", "limits"), LIMITS.items())
def test_a_well_known_model_has_the_limits_its_provider_keeps(
    wanted: tuple[str, str], limits: tuple[int, int]
) -> None:
    found = CATALOGUE.find(*wanted)

    assert found is not None
    assert (found.max_input_tokens, found.max_output_tokens) == limits


@pytest.mark.parametrize(("wanted", "expected"), NAMES.items())
def test_a_model_is_found_by_the_name_people_write(
    wanted: tuple[str, str], expected: str | None
) -> None:
    found = CATALOGUE.find(*wanted)

    assert (f"{found.provider}/{found.id}" if found else None) == expected


def test_a_name_may_say_its_provider_itself() -> None:
    named = [CATALOGUE.named(name) for name in ("azure/gpt-4o", "gpt-4o", "openrouter/openai/o3")]

    assert [(m.provider, m.id) for m in named if m] == [
        ("azure", "gpt-4o"),
        ("openai", "gpt-4o"),
        ("openai", "o3"),
    ]


def test_bedrock_is_dearer_in_one_region_than_across_the_globe() -> None:
    regional = CATALOGUE.find("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")
    everywhere = CATALOGUE.find("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0")

    assert regional is not None
    assert everywhere is not None
    assert dollars(regional.prices) == (3.3, 16.5, 4.125, 0.33)
    assert dollars(everywhere.prices) == (3, 15, 3.75, 0.3)


def test_a_long_prompt_has_its_own_prices() -> None:
    found = CATALOGUE.find("gemini", "gemini-2.5-pro")

    assert found is not None
    assert found.tiers == (
        Tier(200_000, Prices(2_500_000_000, 15_000_000_000, cache_read=250_000_000)),
    )


def test_a_reference_takes_over_figures_but_neither_names_nor_retirement() -> None:
    azure = CATALOGUE.find("azure", "gpt-4o")
    openai = CATALOGUE.find("openai", "gpt-4o")

    assert azure is not None
    assert openai is not None
    assert (azure.prices, azure.max_output_tokens) == (openai.prices, openai.max_output_tokens)
    assert (azure.names, azure.retired) == ((), None)
    assert openai.abilities - azure.abilities == {"web_search"}


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("anthropic", "claude-3-7-sonnet-latest", True),
        ("anthropic", "claude-3-5-sonnet-latest", False),
        ("openai", "o3-mini", True),
        ("openai", "gpt-4o", False),
        ("bedrock", "us.deepseek.r1-v1:0", True),
        ("openai", "nobody-knows", False),
    ],
)
def test_it_knows_who_thinks_before_answering(provider: str, model: str, expected: bool) -> None:
    assert CATALOGUE.reasons(provider, model) is expected


def test_retired_models_are_found_but_no_longer_offered() -> None:
    offered = {model.id for model in CATALOGUE.of("anthropic")}

    assert CATALOGUE.find("anthropic", "claude-3-7-sonnet-20250219") is not None
    assert "claude-3-7-sonnet-20250219" not in offered
    assert "claude-opus-4-6" in offered


def test_an_unknown_provider_offers_nothing() -> None:
    assert CATALOGUE.of("hosted_vllm") == ()


def test_a_model_that_retires_later_is_still_offered() -> None:
    soon = ModelFacts("p", "soon", retired=date(2026, 6, 2))
    gone = ModelFacts("p", "gone", retired=date(2026, 6, 1))

    assert Models([soon, gone], as_of=date(2026, 6, 1)).of("p") == (soon,)


def test_every_model_has_a_source_and_a_date() -> None:
    bad = [
        f"{model.provider}/{model.id}"
        for model in CATALOGUE.all
        if urlsplit(model.source).scheme != "https"
        or "." not in urlsplit(model.source).netloc
        or model.as_of is None
        or not date(2026, 1, 1) <= model.as_of <= CATALOGUE.as_of
    ]

    assert bad == []


def test_every_model_has_believable_limits_and_abilities() -> None:
    bad = [
        f"{model.provider}/{model.id}"
        for model in CATALOGUE.all
        if model.mode not in {"chat", "embedding", "responses"}
        or not 1_000 <= (model.max_input_tokens or 0) <= 4_000_000
        or not 1_000 <= (model.max_output_tokens or 1_000) <= 128_000
        or not model.abilities <= set(ABILITIES)
    ]

    assert bad == []


def test_every_model_has_believable_prices() -> None:
    bad = [
        f"{model.provider}/{model.id}"
        for model in CATALOGUE.all
        for prices in (model.prices, *(tier.prices for tier in model.tiers))
        if not believable(prices) or (prices.output is None) != (model.mode == "embedding")
    ]

    assert bad == []


def test_a_longer_prompt_never_costs_less() -> None:
    bad = [
        f"{model.provider}/{model.id}"
        for model in CATALOGUE.all
        for lower, upper in pairwise([Tier(0, model.prices), *model.tiers])
        if upper.above <= lower.above or (upper.prices.input or 0) <= (lower.prices.input or 0)
    ]

    assert bad == []


def test_no_name_is_given_twice_by_one_provider() -> None:
    names = Counter(
        (model.provider, name.lower())
        for model in CATALOGUE.all
        for name in (model.id, *model.names)
    )

    assert [name for name, times in names.items() if times > 1] == []


def test_every_field_in_the_file_is_one_we_read() -> None:
    rows = orjson.loads(FILE.read_bytes())["models"]

    assert {field for row in rows for field in row} <= FIELDS


def test_prices_are_written_as_decimal_strings() -> None:
    rows = orjson.loads(FILE.read_bytes())["models"]
    prices = [
        part[name]
        for row in rows
        for part in (row, *row.get("tiers", ()))
        for name in Prices.__slots__
        if name in part
    ]

    assert len(prices) > 300
    assert {type(price) for price in prices} == {str}


def test_the_file_is_compact_and_has_one_model_on_each_line() -> None:
    text = FILE.read_bytes()

    assert len(text) < 250_000
    assert text.count(b"\n") == len(CATALOGUE.all) + 2


@pytest.mark.parametrize("price", ["-1", "0.0000000001", "1e-12"])
def test_a_price_that_cannot_be_counted_exactly_is_refused(tmp_path: Path, price: str) -> None:
    row = {"provider": "p", "id": "m", "input": price, "source": "", "as_of": "2026-01-01"}
    file = tmp_path / "models.json"
    file.write_bytes(orjson.dumps({"as_of": "2026-01-01", "models": [row]}))

    with pytest.raises(ValueError, match="whole nano-dollars"):
        Models.load(file)


def test_a_reference_to_a_reference_is_refused(tmp_path: Path) -> None:
    rows = [
        {"provider": "p", "id": "a", "source": "", "as_of": "2026-01-01"},
        {"provider": "p", "id": "b", "same_as": "p/a"},
        {"provider": "p", "id": "c", "same_as": "p/b"},
    ]
    file = tmp_path / "models.json"
    file.write_bytes(orjson.dumps({"as_of": "2026-01-01", "models": rows}))

    with pytest.raises(ValueError, match="same_as"):
        Models.load(file)

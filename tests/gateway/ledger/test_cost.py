"""What an answer has cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.types import Usage
from gateway.ledger.cost import Rates, cost, dollars_per_token, price, rates
from gateway.ledger.models import ModelFacts, Prices, Tier

PRICES = Prices(input=3 * 10**9, output=15 * 10**9, cache_read=3 * 10**8, cache_write=375 * 10**7)
PLAIN = Prices(input=3 * 10**9, output=15 * 10**9)
DEAR = Prices(input=6 * 10**9, output=30 * 10**9)

COSTS: dict[str, tuple[Usage, Rates, int]] = {  # nano-dollars
    "input and output": (Usage(1000, 100), Rates(PLAIN), 3_000_000 + 1_500_000),
    "read from a cache": (Usage(1000, 0, cache_read=900), Rates(PRICES), 300_000 + 270_000),
    "written to a cache": (Usage(1000, 0, cache_write=900), Rates(PRICES), 300_000 + 3_375_000),
    "a cache without a price": (Usage(1000, 0, cache_read=900), Rates(PLAIN), 3_000_000),
    "reasoning is output": (Usage(0, 100, reasoning=90), Rates(PLAIN), 1_500_000),
    "rounded once": (Usage(1, 1), Rates(Prices(input=400_000, output=400_000)), 1),
    "no price": (Usage(1000, 100), Rates(), 0),
    "more in the cache than in all": (Usage(10, 0, cache_read=20), Rates(PRICES), 6_000),
    "up to a tier": (Usage(200, 0), Rates(PLAIN, [Tier(200, DEAR)]), 600_000),
    "above it all tokens cost more": (Usage(201, 0), Rates(PLAIN, [Tier(200, DEAR)]), 1_206_000),
}


@pytest.mark.parametrize("case", COSTS)
def test_tokens_have_their_price(case: str) -> None:
    usage, known, nano = COSTS[case]

    assert cost(usage, known) == nano


tokens = st.integers(0, 10**9)
nanos = st.none() | st.integers(0, 10**12)


@given(
    st.builds(Usage, tokens, tokens, tokens, tokens),
    st.builds(Usage, tokens, tokens),
    st.builds(Prices, nanos, nanos, nanos, nanos),
)
def test_nothing_costs_less_than_nothing_and_more_costs_no_less(
    some: Usage, more: Usage, prices: Prices
) -> None:
    known = Rates(prices)
    both = Usage(some.input + more.input, some.output + more.output)
    alone = Usage(some.input, some.output)

    assert cost(some, known) >= 0
    assert abs(cost(both, known) - cost(alone, known) - cost(more, known)) <= 1


FACTS = ModelFacts("openai", "m", prices=PRICES, tiers=(Tier(200_000, DEAR),))
RATES: dict[str, tuple[dict[str, Any], ModelFacts | None, Rates]] = {
    "the catalogue's": ({}, FACTS, Rates(PRICES, (Tier(200_000, DEAR),))),
    "nobody's": ({}, None, Rates()),
    "the operator's go first, and have no tiers": (
        {"input_cost_per_token": 1e-6, "output_cost_per_token": "2e-6"},
        FACTS,
        Rates(
            Prices(10**9, 2 * 10**9, cache_read=PRICES.cache_read, cache_write=PRICES.cache_write),
            (),
        ),
    ),
    "unless he names some": (
        {"input_cost_per_token": 1e-6, "input_cost_per_token_above_128k_tokens": 2e-6},
        None,
        Rates(Prices(10**9), (Tier(128_000, Prices(2 * 10**9)),)),
    ),
}


@pytest.mark.parametrize("case", RATES)
def test_whose_prices_count(case: str) -> None:
    info, facts, expected = RATES[case]

    assert rates(info, facts) == expected


@pytest.mark.parametrize(
    ("written", "nano_per_million"),
    [
        (3e-6, 3 * 10**9),
        ("3e-6", 3 * 10**9),
        (0, 0),
        (True, None),
        (-1e-6, None),
        ("free", None),
        (float("inf"), None),
        ("nan", None),
        (None, None),
    ],
)
def test_a_price_is_dollars_for_a_token(written: object, nano_per_million: int | None) -> None:
    assert price(written) == nano_per_million
    if nano_per_million:
        assert dollars_per_token(nano_per_million) == 3e-6

"""What an answer has cost, in integer nano-dollars. Pure.

Rounded once, at the end. Tokens that were read from or written to a provider's cache are part of
the input; where no price is named for them they cost what other input does.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.types import Usage
from gateway.ledger.models import NANO, ModelFacts, Prices, Tier

_MILLION = 10**6
_KEYS: Mapping[str, str] = {  # a field of `Prices` -> LiteLLM's key, dollars per token
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
}
_TIER = re.compile(r"(\w+)_above_(\d+)k_tokens")
_DEAREST = 10**6  # dollars per token; more is a slip of the pen


@dataclass(frozen=True, slots=True)
class Rates:
    """What a model's tokens cost; `tiers` by rising size of the prompt."""

    prices: Prices = field(default_factory=Prices)
    tiers: Sequence[Tier] = ()

    @property
    def known(self) -> bool:
        return self.prices.input is not None or self.prices.output is not None


def rates(info: Mapping[str, Any], facts: ModelFacts | None) -> Rates:
    """The operator's prices over the catalogue's. Who names a price of his own has none of the
    catalogue's tiers: they are steps of its price, not of his.
    """
    own = _named(info, "")
    base = facts.prices if facts else Prices()
    if own:
        return Rates(replace(base, **own), tuple(_tiers(info, replace(base, **own))))
    return Rates(base, facts.tiers if facts else ())


def cost(usage: Usage, rates: Rates) -> int:
    """Nano-dollars; nothing for tokens without a known price."""
    prices = rates.prices
    for tier in rates.tiers:
        if usage.input > tier.above:
            prices = tier.prices
    cached = usage.cache_read + usage.cache_write
    price = prices.input or 0
    read = price if prices.cache_read is None else prices.cache_read
    write = price if prices.cache_write is None else prices.cache_write
    total = (
        max(0, usage.input - cached) * price
        + usage.cache_read * read
        + usage.cache_write * write
        + usage.output * (prices.output or 0)
    )
    return (total + _MILLION // 2) // _MILLION


def dollars_per_token(nano_per_million: int | None) -> float | None:
    """The nearest float: dividing two integers rounds only once, so $3 a million is 3e-06."""
    return None if nano_per_million is None else nano_per_million / (NANO * _MILLION)


def price(value: Any) -> int | None:
    """Dollars per token, as config writes them (`3e-6` is text in YAML), in nano-dollars per
    million; None if it is no price.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        dollars = float(value)
    except ValueError:
        return None
    good = math.isfinite(dollars) and 0 <= dollars <= _DEAREST
    return round(dollars * NANO * _MILLION) if good else None


def _named(info: Mapping[str, Any], suffix: str) -> dict[str, int]:
    found = {name: price(info.get(f"{key}{suffix}")) for name, key in _KEYS.items()}
    return {name: nano for name, nano in found.items() if nano is not None}


def _tiers(info: Mapping[str, Any], base: Prices) -> Sequence[Tier]:
    sizes = {int(found[2]) for key in info if (found := _TIER.fullmatch(key))}
    named = ((size, _named(info, f"_above_{size}k_tokens")) for size in sorted(sizes))
    return [Tier(size * 1000, replace(base, **prices)) for size, prices in named if prices]

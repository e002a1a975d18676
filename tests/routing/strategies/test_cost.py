from typing import Any

import pytest

from routing.strategies.cost import cheapest
from tests.routing.strategies.draws import drawn
from tests.routing.worlds import deployment


def price(into: float | None, out: float | None) -> dict[str, Any]:
    return {"input_price": into, "output_price": out}


CASES: dict[str, tuple[dict[str, dict[str, Any]], set[str]]] = {
    "both prices count": ({"a": price(1e-6, 9e-6), "b": price(3e-6, 5e-6)}, {"b"}),
    "by lot among equals": ({"a": price(1e-6, 2e-6), "b": price(2e-6, 1e-6)}, {"a", "b"}),
    "for nothing is cheapest": ({"a": price(0.0, 0.0), "b": price(1e-9, 0.0)}, {"a"}),
    "who is not known comes last": ({"a": price(None, None), "b": price(1e-2, 1e-2)}, {"b"}),
    "who is known in part is before": ({"a": price(None, None), "b": price(1e-2, None)}, {"b"}),
    "if nobody is known by lot": ({"a": price(None, None), "b": price(None, None)}, {"a", "b"}),
}


@pytest.mark.parametrize(("facts", "chosen"), CASES.values(), ids=CASES)
def test_who_is_cheapest_is_chosen(facts: dict[str, dict[str, Any]], chosen: set[str]) -> None:
    candidates = [deployment(id, **given) for id, given in facts.items()]

    assert drawn(cheapest, candidates, times=200).keys() == chosen

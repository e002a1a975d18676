from collections.abc import Mapping, Sequence
from random import Random
from typing import Annotated, Any

import pytest

from routing.deployment import Deployment, Stats
from routing.strategies.options import Between, UnknownOption, WrongOption, bound


def picky(
    candidates: Sequence[Deployment],
    stats: Mapping[str, Stats],
    rng: Random,
    *,
    share: Annotated[float, Between(0.0, 1.0)] | None = None,
    most: Annotated[int, Between(1)] = 10,
    loud: bool = False,
    name: str = "",
    anything: Any = None,
    either: int | str = 0,
) -> Deployment:
    return candidates[0]


def demanding(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random, *, region: str
) -> Deployment:
    return candidates[0]


def plain(candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random) -> Deployment:
    return candidates[0]


GIVEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a number": ({"share": 0.5}, {"share": 0.5}),
    "a whole number": ({"share": 1}, {"share": 1.0}),
    "a number as text": ({"share": "0.5", "most": "3"}, {"share": 0.5, "most": 3}),
    "a whole number with a point": ({"most": 3.0}, {"most": 3}),
    "nothing where that is allowed": ({"share": None}, {"share": None}),
    "yes or no": ({"loud": True}, {"loud": True}),
    "text": ({"name": "x"}, {"name": "x"}),
    "what the hint does not tell": ({"anything": [1, {}]}, {"anything": [1, {}]}),
    "one of two types": ({"either": "x"}, {"either": "x"}),
}


@pytest.mark.parametrize(("options", "passed"), GIVEN.values(), ids=GIVEN)
def test_an_option_is_passed_as_the_function_wants_it(
    options: dict[str, Any], passed: dict[str, Any]
) -> None:
    made: Any = bound(picky, options)

    assert made.func is picky
    assert made.keywords == passed
    assert {name: type(value) for name, value in made.keywords.items()} == {
        name: type(value) for name, value in passed.items()
    }


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a slip": ({"shar": 1}, "shar: is no option of this strategy; did you mean share?"),
    "something else": (
        {"x": 1},
        "x: is no option of this strategy; it has share, most, loud, name, anything, either",
    ),
    "a positional parameter": ({"rng": 1}, "rng: is no option of this strategy"),
    "text for a number": ({"share": "half"}, "share: expected a number, got 'half'"),
    "yes for a number": ({"share": True}, "share: expected a number, got True"),
    "infinity": ({"share": float("inf")}, "share: expected a number, got inf"),
    "nothing where something is needed": (
        {"most": None},
        "most: expected a whole number, got None",
    ),
    "half of a whole": ({"most": 1.5}, "most: expected a whole number, got 1.5"),
    "too little": ({"most": 0}, "most: must be at least 1, got 0"),
    "too much": ({"share": 2}, "share: must be at least 0, at most 1, got 2"),
    "a number for yes": ({"loud": 1}, "loud: expected true or false, got 1"),
    "a number for text": ({"name": 1}, "name: expected text, got 1"),
    "a list": ({"most": [1]}, r"most: expected a whole number, got \[1\]"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongOption, match=said):
        bound(picky, options)


def test_without_options_the_strategy_is_what_it_was() -> None:
    assert bound(plain, {}) is plain


def test_a_strategy_without_options_has_none() -> None:
    with pytest.raises(UnknownOption, match="it has none"):
        bound(plain, {"x": 1})


def test_an_option_without_default_must_be_given() -> None:
    assert bound(demanding, {"region": "eu"}) is not demanding
    with pytest.raises(WrongOption, match="region: is missing"):
        bound(demanding, {})

"""Whatever stands in the file: it loads, or it is refused with a `ConfigError`."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from gateway.config.settings import ConfigError
from tests.gateway.config.test_examples import EVERYTHING, TEAM
from tests.gateway.config.worlds import read

ANYTHING = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=5)
    | some.sampled_from(["os.environ/NOPE", "os.environ/", "*", "/", "gpt-4o", "http://["]),
    lambda inner: (
        some.lists(inner, max_size=2)
        | some.dictionaries(some.sampled_from(["model", "a", "*", "hidden"]), inner, max_size=2)
    ),
    max_leaves=3,
)
CREDENTIALS = {"credential_list": [{"credential_name": "c", "credential_values": {"api_key": "k"}}]}
WHOLE: dict[str, Any] = {
    **yaml.safe_load(TEAM),
    **CREDENTIALS,
    "include": [],
    "router_settings": {
        "routing_strategy": "simple-shuffle",
        "model_group_alias": {"x": "gpt-4o", "y": {"model": "x", "hidden": True}},
        "fallbacks": [{"claude": ["gpt-4o", {"model": "claude"}]}],
        "default_fallbacks": ["gpt-4o"],
        "timeout": 5,
    },
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        place
        for key, item in pairs
        for place in (
            [(*at, key), *places(item, (*at, key))]
            if isinstance(item, dict | list)
            else [(*at, key)]
        )
    ]


def served_or_refused(folder: Path, text: str) -> object:
    """The models, or the problems."""
    try:
        return read(folder, text, EVERYTHING).settings.models
    except ConfigError as error:
        return error.problems


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=some.sampled_from(places(WHOLE)), value=ANYTHING)
def test_one_wrong_value_is_never_more_than_a_problem(
    place: tuple[Any, ...], value: Any, tmp_path: Path
) -> None:
    data = copy.deepcopy(WHOLE)
    spot: Any = data
    for key in place[:-1]:
        spot = spot[key]
    spot[place[-1]] = value

    assert served_or_refused(tmp_path, yaml.safe_dump(data, sort_keys=False))


@pytest.mark.parametrize("text", ["\x00", "a: &x\n", "- - -", "%YAML 9.9\n---\na: 1", "a: !!int x"])
def test_odd_documents_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, text)

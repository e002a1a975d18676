import sys
import tomllib
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from routing import strategies
from routing.strategies.shuffle import simple_shuffle
from tests.routing.worlds import first_of

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_ours_is_found_by_its_name() -> None:
    assert strategies.find("simple-shuffle") is simple_shuffle
    assert "simple-shuffle" in strategies.names()


def test_every_strategy_that_we_ship_can_be_found() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    shipped = project["entry-points"][strategies.GROUP]

    assert shipped
    for name in shipped:
        assert callable(strategies.find(name))


def test_a_plug_in_is_found_like_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("first", "tests.routing.worlds:first_of", strategies.GROUP)
    monkeypatch.setattr(strategies, "entry_points", lambda group: EntryPoints([point]))

    assert strategies.find("first") is first_of
    assert strategies.names() == ["first"]


def test_a_function_of_the_operators_own_is_found_by_its_path() -> None:
    assert strategies.find("tests.routing.worlds.first_of") is first_of


def test_a_function_in_a_module_without_a_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lone_strategy.py").write_text("def last(candidates, stats, rng): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lone_strategy", raising=False)

    assert callable(strategies.find("lone_strategy.last"))
    del sys.modules["lone_strategy"]


WRONG = {
    "an unknown name": ("fastest", "no strategy is called 'fastest'"),
    "a module that does not exist": ("nowhere.fastest", "No module named 'nowhere'"),
    "a name that its module does not have": ("routing.router.fastest", "no attribute 'fastest'"),
    "nothing": ("", "no strategy is called ''"),
}


@pytest.mark.parametrize(("name", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_found_is_said(name: str, said: str) -> None:
    with pytest.raises(LookupError, match=said):
        strategies.find(name)

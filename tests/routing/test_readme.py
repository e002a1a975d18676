"""The example in the README is what it says: complete, and enough."""

import re
import sys
from pathlib import Path
from random import Random

import pytest

from routing import strategies
from routing.deployment import Stats
from tests.routing.worlds import deployment

PACKAGE = Path(__file__).parents[2] / "routing"
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The README's strategy, written where Python finds it."""
    code = re.search(r"```python\n# (\w+)\.py\n(.*?)```", README, re.DOTALL)
    assert code
    (tmp_path / f"{code[1]}.py").write_text(code[2])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, code[1], None)  # so that it is taken out again
    monkeypatch.delitem(sys.modules, code[1])
    return code[1]


def test_the_strategy_of_the_readme_works_under_the_name_given_there(module: str) -> None:
    name = f"{module}.least_busy"
    assert name in re.findall(r"routing_strategy: (\S+)", README)
    busy, idle = deployment("busy"), deployment("idle")
    stats = {"busy": Stats(in_flight=2), "idle": Stats(in_flight=1)}

    chosen = strategies.find(name)([busy, idle], stats, Random(1))
    assert chosen is idle


def test_the_readme_names_the_entry_points_as_they_are_looked_up() -> None:
    assert f'[project.entry-points."{strategies.GROUP}"]' in README


def test_every_file_of_routing_is_in_the_readme() -> None:
    files = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}

    assert files == set(re.findall(r"^\| `(\w+\.py)` \|", README, re.MULTILINE))

"""The README of the providers says what the catalogue holds and what has been proven."""

import os

import pytest

from adapters.catalog import names
from tests.corpus.features import FEATURES
from tests.providers_table import BEGIN, END, README, UNSEEN, proven, written


def test_the_table_is_as_it_ought_to_be() -> None:
    document = README.read_text(encoding="utf-8")
    ought = written(document)
    if os.environ.get("GOLDEN") == "write":
        README.write_text(ought, encoding="utf-8")

    assert document == ought or os.environ.get("GOLDEN") == "write"
    assert (ought.count(BEGIN), ought.count(END)) == (1, 1)


@pytest.mark.parametrize("name", [name for name in names() if name not in UNSEEN])
def test_every_provider_has_a_line(name: str) -> None:
    assert f"| `{name}/…` |" in README.read_text(encoding="utf-8")


def test_only_features_of_rows_are_proven() -> None:
    assert set(proven()) <= set(names())
    assert {feature for counts in proven().values() for feature in counts} <= set(FEATURES)

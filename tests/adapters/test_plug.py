"""Names in data that stand for code."""

import sys

import pytest

from adapters.dialects import PIVOTS, TRANSLATIONS, WIRES, Translation, Wire
from adapters.plug import plug
from adapters.types import Dialect


def test_a_reference_names_a_thing_in_a_module() -> None:
    assert plug("collections:OrderedDict").__name__ == "OrderedDict"


@pytest.mark.parametrize(
    "reference", ["no.such.module:X", "collections:NoSuchThing", "collections", "collections:"]
)
def test_a_wrong_reference_says_what_it_was(reference: str) -> None:
    with pytest.raises(LookupError, match=reference):
        plug(reference)


def test_a_module_is_imported_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    plug("colorsys:rgb_to_hls")

    assert "colorsys" in sys.modules


def test_every_dialect_can_be_recognised() -> None:
    assert set(WIRES) == set(Dialect)
    assert all(isinstance(plug(reference), Wire) for reference in WIRES.values())


def test_every_translation_has_the_pivot_of_its_operation_on_one_side() -> None:
    for (ours, theirs), reference in TRANSLATIONS.items():
        operation = Dialect(ours).operation

        assert operation is Dialect(theirs).operation
        assert PIVOTS[operation] in {ours, theirs}
        assert isinstance(plug(reference), Translation)


def test_every_dialect_is_within_reach_of_its_pivot() -> None:
    for dialect in Dialect:
        pivot = PIVOTS[dialect.operation]

        assert dialect is pivot or (pivot, dialect) in TRANSLATIONS

"""Names in data that stand for code."""

import sys

import pytest

from adapters.dialects import TRANSLATIONS, WIRES, Translation, Wire
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


def test_every_translation_has_the_pivot_on_one_side() -> None:
    for (ours, theirs), reference in TRANSLATIONS.items():
        assert Dialect.OPENAI_CHAT in {ours, theirs}
        assert isinstance(plug(reference), Translation)


def test_every_dialect_can_be_translated_to_the_pivot_and_back() -> None:
    others = set(Dialect) - {Dialect.OPENAI_CHAT}

    assert {(a, b) for a, b in TRANSLATIONS} == {
        pair for d in others for pair in ((d, Dialect.OPENAI_CHAT), (Dialect.OPENAI_CHAT, d))
    }

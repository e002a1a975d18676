"""The table of `adapters/providers/README.md`: made of the catalogue and of what was proven."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapters.catalog import find, names
from adapters.provider import Provider
from tests.corpus.features import FEATURES

PROVIDERS = Path(__file__).parents[1] / "adapters" / "providers"
README = PROVIDERS / "README.md"
PROVEN = PROVIDERS / "proven.json"
BEGIN = "<!-- the table: written by GOLDEN=write pytest tests/adapters/test_providers_table.py -->"
END = "<!-- end of the table -->"
UNSEEN = ("mock",)  # has no network, so nothing of it was ever recorded


def proven() -> Mapping[str, Mapping[str, int]]:
    """Counts by row and feature."""
    found: Mapping[str, Mapping[str, int]] = json.loads(PROVEN.read_text(encoding="utf-8"))
    return found


def table() -> str:
    """All rows of the catalogue."""
    counts = proven()
    lines = [
        "| provider | `model:` in config | environment | speaks | proven |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in names():
        provider = find(name)
        if provider and name not in UNSEEN:
            told = counts.get(name, {})
            cells = (_name(name, provider), f"`{name}/…`", _variables(provider), _speaks(provider))
            lines.append(f"| {' | '.join((*cells, _counts(told)))} |")
    return "\n".join(lines)


def written(document: str) -> str:
    """The document with the table as it ought to be."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _name(name: str, provider: Provider) -> str:
    return f"[{name}]({provider.docs})" if provider.docs else name


def _variables(provider: Provider) -> str:
    return " ".join(f"`{name}`" for name in dict.fromkeys(_all_variables(provider))) or "-"


def _all_variables(provider: Provider) -> Iterator[str]:
    yield from provider.key_env
    for variables in provider.secrets_env.values():
        yield from variables
    yield from provider.base_url_env
    for variables in provider.options_env.values():
        yield from variables


def _speaks(provider: Provider) -> str:
    return ", ".join(dialect.value for dialect in provider.speaks)


def _counts(told: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {told[name]}" for name in FEATURES if name in told) or "-"

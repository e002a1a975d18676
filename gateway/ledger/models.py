"""What is known of the models people ask for: limits, prices and abilities.

The figures stand in `models.json`, each with its source and the day it was read; what the fields
mean is told in this folder's README. An operator's `model_info` goes before anything said here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson

from adapters.types import Json

FILE = Path(__file__).with_name("models.json")
NANO = 10**9


@dataclass(frozen=True, slots=True)
class Prices:
    """Integer nano-dollars per million tokens; None where the provider names no such price."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None  # kept for an hour instead of five minutes


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices of a whole request whose prompt has more than `above` tokens."""

    above: int
    prices: Prices


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model at one provider. Limits in tokens; None where we do not know."""

    provider: str
    id: str
    names: tuple[str, ...] = ()  # others that the provider knows it by
    mode: str = "chat"  # or embedding, responses
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None  # without any beta header
    prices: Prices = Prices()
    tiers: tuple[Tier, ...] = ()  # by rising `above`
    abilities: frozenset[str] = frozenset()  # vision, reasoning, ...; absent: not known to be able
    retired: date | None = None  # from this day on it is refused; may lie ahead
    source: str = ""
    as_of: date | None = None
    note: str = ""


class Models:
    """The catalogue: built once by whoever builds the object graph, never changed."""

    def __init__(self, models: Iterable[ModelFacts], as_of: date) -> None:
        self.all = tuple(models)
        self.as_of = as_of
        self._indices = {
            provider: _Index(model for model in self.all if model.provider == provider)
            for provider in dict.fromkeys(model.provider for model in self.all)
        }

    @classmethod
    def load(cls, path: Path = FILE) -> "Models":
        """Read the catalogue. Raises `ValueError` or `KeyError` where the file is wrong."""
        document = orjson.loads(path.read_bytes())
        rows: list[Json] = document["models"]
        by_name = {f"{row['provider']}/{row['id']}": row for row in rows}
        as_of = date.fromisoformat(document["as_of"])
        return cls((_facts(row, by_name) for row in rows), as_of)

    def find(self, provider: str, model: str) -> ModelFacts | None:
        """By id or another name; else by the name without its date, region or version.

        What a reseller offers is looked up by the name behind its prefix: limits and abilities
        are then the maker's, and so are the prices, at list.
        """
        provider = _SYNONYMS.get(provider, provider)
        if provider in _RESELLERS:
            return self.named(model.partition(":")[0])
        index = self._indices.get(provider)
        return index.find(_spellings(provider, model)) if index else None

    def named(self, name: str) -> ModelFacts | None:
        """By a name that says its own provider or none: `anthropic/claude-opus-4-5`, `gpt-4o`."""
        vendor, _, model = name.partition("/")
        vendor = _SYNONYMS.get(vendor, vendor)
        if model and vendor in _RESELLERS | self._indices.keys():
            return self.find(vendor, model)
        return next(filter(None, (self.find(maker, name) for maker in _MAKERS)), None)

    def of(self, provider: str) -> Sequence[ModelFacts]:
        """The models of one provider that were not yet retired when the catalogue was written."""
        index = self._indices.get(_SYNONYMS.get(provider, provider))
        models = index.models if index else ()
        return tuple(m for m in models if m.retired is None or m.retired > self.as_of)

    def reasons(self, provider: str, model: str) -> bool:
        """Whether the model is known to think before it answers."""
        facts = self.find(provider, model)
        return facts is not None and "reasoning" in facts.abilities


_SYNONYMS: Mapping[str, str] = {
    "azure_text": "azure",
    "bedrock_converse": "bedrock",
    "google": "gemini",
    "text-completion-openai": "openai",
    "vertex": "vertex_ai",
    "vertex_ai_beta": "vertex_ai",
}
_RESELLERS = frozenset(
    {"azure_ai", "litellm_proxy", "mock", "openrouter", "vercel_ai_gateway"}  # mock plays any model
)
_MAKERS = ("openai", "anthropic", "gemini", "bedrock")

_DATE = re.compile(r"(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|[-@]latest|@default)$")
_REVISION = re.compile(r"-\d{3}$")  # Gemini: gemini-2.0-flash-001
_REGION = re.compile(r"^(?:us-gov|us|eu|apac|au|jp|ca|in|sa|global)\.")
_VERSION = re.compile(r"-v\d+(?::\d+)?(?::\w+)?$")  # Bedrock: -v1:0, -v1:0:200k


class _Index:
    """The names of one provider's models. A loose name that fits two models fits neither."""

    def __init__(self, models: Iterable[ModelFacts]) -> None:
        self.models = tuple(models)
        self._exact = {
            name.lower(): model for model in self.models for name in (model.id, *model.names)
        }
        self._loose: dict[str, ModelFacts | None] = {}
        for model in self.models:
            for name in _loosened(model.provider, model.id.lower()):
                taken = self._loose.setdefault(name, model)
                if taken is not model:
                    self._loose[name] = None

    def find(self, spellings: Iterable[str]) -> ModelFacts | None:
        for name in spellings:
            if found := self._exact.get(name) or self._loose.get(name):
                return found
        return None


def _spellings(provider: str, model: str) -> Iterator[str]:
    """Ways to write a name, the closest first."""
    whole = model.lower()
    tail = whole.rpartition("/")[2]  # of `models/gemini-…`, `converse/…`, `eu/gpt-4o` or an ARN
    for name in dict.fromkeys((whole, tail)):
        yield name
        yield from _loosened(provider, name)
        if provider == "bedrock" and (bare := _REGION.sub("", name)) != name:
            yield bare
            yield from _loosened(provider, bare)


def _loosened(provider: str, name: str) -> tuple[str, ...]:
    """The name with less and less of what tells snapshots apart."""
    match provider:
        case "anthropic":  # resellers write claude-3.7-sonnet
            dashed = name.replace(".", "-")
            return dashed, _DATE.sub("", dashed)
        case "bedrock":
            unversioned = _VERSION.sub("", name)
            return unversioned, _DATE.sub("", unversioned)
        case "gemini" | "vertex_ai":
            return _DATE.sub("", name), _REVISION.sub("", name)
        case _:
            return (_DATE.sub("", name),)


def _facts(row: Json, by_name: Mapping[str, Json]) -> ModelFacts:
    whole = _with_reference(row, by_name)
    retired, as_of = whole.get("retired"), whole["as_of"]
    return ModelFacts(
        provider=whole["provider"],
        id=whole["id"],
        names=tuple(whole.get("names", ())),
        mode=whole.get("mode", "chat"),
        max_input_tokens=whole.get("max_input_tokens"),
        max_output_tokens=whole.get("max_output_tokens"),
        prices=_prices(whole),
        tiers=tuple(Tier(tier["above"], _prices(tier)) for tier in whole.get("tiers", ())),
        abilities=frozenset(whole.get("can", ())) - frozenset(whole.get("cannot", ())),
        retired=date.fromisoformat(retired) if retired else None,
        source=whole["source"],
        as_of=date.fromisoformat(as_of),
        note=whole.get("note", ""),
    )


def _with_reference(row: Json, by_name: Mapping[str, Json]) -> Json:
    """The row over the one it refers to. Names and retirement are each provider's own affair."""
    if "same_as" not in row:
        return row
    other = by_name[row["same_as"]]
    if "same_as" in other:
        raise ValueError(f"{row['id']}: same_as must not lead to another same_as")
    return {key: other[key] for key in other if key not in {"names", "retired"}} | row


def _prices(row: Json) -> Prices:
    return Prices(**{name: _nano(row[name]) for name in Prices.__slots__ if name in row})


def _nano(dollars: str) -> int:
    """`"0.075"` dollars in nano-dollars, without loss."""
    nano = Decimal(dollars) * NANO
    if nano != int(nano) or nano < 0:
        raise ValueError(f"not a price in whole nano-dollars: {dollars}")
    return int(nano)

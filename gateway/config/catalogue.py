"""What reading a configuration needs to know of providers, and which one a model belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from adapters.catalog import CatalogError
from adapters.provider import Provider
from gateway.config.keys import nearest


class Catalogue(Protocol):
    """The rows of providers. `adapters.catalog` is one; a test may bring its own."""

    @property
    def LATER(self) -> frozenset[str]: ...  # noqa: N802 - a module's constant fills this place

    def find(self, name: str) -> Provider | None: ...

    def plugged(self, name: str) -> Provider | None:
        """A provider that an installed plug-in brings."""
        ...

    def names(self) -> Iterable[str]: ...

    def infer(self, model: str) -> tuple[str, str] | None:
        """Provider and model of a name without prefix that everybody knows, as `gpt-4o`."""
        ...


@dataclass(frozen=True, slots=True)
class Home:
    """Where a model lives: its provider, and its name there."""

    provider: Provider
    model: str


@dataclass(frozen=True, slots=True)
class Homeless:
    """Why no provider can be named. `later`: LiteLLM knows the provider, we do not yet."""

    why: str
    later: bool = False


def home(model: str, named: str, catalogue: Catalogue) -> Home | Homeless:
    """The provider of `litellm_params.model`: `custom_llm_provider`, the prefix, or inferred."""
    if named:
        return _provider(named, model.removeprefix(f"{named}/"), catalogue)
    prefix, slash, rest = model.partition("/")
    if slash and catalogue.find(prefix):
        return _provider(prefix, rest, catalogue)
    if known := catalogue.infer(model):
        return _provider(*known, catalogue)
    if slash:
        return _provider(prefix, rest, catalogue)
    return Homeless(f"which provider serves {model!r}? Write provider/{model}, as openai/{model}")


def _provider(name: str, model: str, catalogue: Catalogue) -> Home | Homeless:
    try:
        provider = catalogue.find(name) or catalogue.plugged(name)
    except CatalogError as error:
        return Homeless(str(error))
    if provider:
        return Home(provider, model)
    if name in catalogue.LATER:
        return Homeless(f"provider {name} is not served by this release", later=True)
    guess = nearest(name, [*catalogue.names(), *catalogue.LATER])
    advice = f"for a server that speaks OpenAI's format write openai/{model} and api_base"
    return Homeless(f"unknown provider {name!r}{guess or f'; {advice}'}")

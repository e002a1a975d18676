"""What reading a configuration needs to know of providers, and which one a model belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from adapters.catalog import CatalogError
from adapters.provider import Provider
from gateway.config.keys import nearest


class Catalogue(Protocol):
    """The rows of providers. `adapters.catalog` is one; a test may bring its own."""

    @property
    def LATER(self) -> frozenset[str]: ...  # noqa: N802 - a module's constant fills this place

    @property
    def RETIRED(self) -> Mapping[str, str]: ...  # noqa: N802 - the same; name -> what has happened

    def find(self, name: str) -> Provider | None: ...

    def plugged(self, name: str) -> Provider | None:
        """A provider that an installed plug-in brings."""
        ...

    def names(self) -> Iterable[str]: ...

    def infer(self, model: str) -> tuple[str, str] | None:
        """Provider and model of a name without prefix that everybody knows, as `gpt-4o`."""
        ...

    def at(self, url: str) -> str:
        """The name of the provider that lives at this address; empty: nobody's is known."""
        ...


@dataclass(frozen=True, slots=True)
class Home:
    """Where a model lives: its provider, and its name there."""

    provider: Provider
    model: str


@dataclass(frozen=True, slots=True)
class Homeless:
    """Why no provider can be named. `later`: LiteLLM knows the provider, we do not serve it."""

    why: str
    later: bool = False


def home(model: str, named: str, catalogue: Catalogue, address: str = "") -> Home | Homeless:
    """The provider of `litellm_params.model`: `custom_llm_provider`, the prefix, whoever lives at
    `address`, which is `api_base`, or inferred.
    """
    if named:
        known = _known(named, model.removeprefix(f"{named}/"), catalogue, address)
        return known or _unknown(named, model, catalogue, address)
    prefix, slash, rest = model.partition("/")
    if slash and (known := _known(prefix, rest, catalogue, address)):
        return known
    if name := catalogue.at(address):
        return _known(name, model, catalogue, address) or _nobody(model, address)
    if inferred := catalogue.infer(model):
        return _known(*inferred, catalogue, address) or _nobody(model, address)
    return _unknown(prefix, model, catalogue, address) if slash else _nobody(model, address)


def _known(name: str, model: str, catalogue: Catalogue, address: str) -> Home | Homeless | None:
    """None: nobody has heard of that provider."""
    if name in catalogue.RETIRED and not address:
        return Homeless(catalogue.RETIRED[name], later=True)
    try:
        provider = catalogue.find(name) or catalogue.plugged(name)
    except CatalogError as error:
        return Homeless(str(error))
    if provider:
        return Home(provider, model)
    if name in catalogue.LATER:
        return Homeless(f"provider {name} is not served by this release", later=True)
    return None


def _unknown(name: str, model: str, catalogue: Catalogue, address: str) -> Homeless:
    guess = nearest(name, [*catalogue.names(), *catalogue.LATER])
    advice = _advice(model, address)
    more = f"{guess} {_begun(advice)}" if guess else f"; {advice}"
    return Homeless(f"unknown provider {name!r}{more}")


def _nobody(model: str, address: str) -> Homeless:
    advice = _advice(model, address) if address else f"write provider/{model}, as openai/{model}"
    return Homeless(f"which provider serves {model!r}? {_begun(advice)}")


def _advice(model: str, address: str) -> str:
    other = ", or custom_llm_provider: openai" if address else " and api_base"
    return f"for a server that speaks OpenAI's format write openai/{model}{other}"


def _begun(advice: str) -> str:
    """As the beginning of a sentence."""
    return advice[:1].upper() + advice[1:]

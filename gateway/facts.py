"""What routing is told of each deployment: limits, abilities, prices and place, by the operator's
word or the catalogue's.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.types import Usage
from gateway.config.settings import Settings
from gateway.ledger.cost import Rates, cost, dollars_per_token, rates
from gateway.ledger.models import ModelFacts, Models
from gateway.places import place
from routing.deployment import Deployment

_SUPPORTS = "supports_"


class Facts:
    """Of one configuration. Built once."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self._infos = {info.deployment.id: info for info in settings.models}
        self._providers = settings.providers
        self._models = models
        self._rates = {
            deployment.id: self._rates_of(deployment)
            for deployment in settings.deployments
            if "*" not in deployment.target.model
        }

    def stated(self, deployment: Deployment) -> Deployment:
        """The same deployment, with all that is known of its model."""
        if "*" in deployment.target.model:
            return deployment  # which model it is will be known when one is asked for
        info, known = self._known(deployment)
        prices = rates(info, known).prices
        able = known.abilities if known else frozenset()
        said = {name.removeprefix(_SUPPORTS): v for name, v in info.items() if _is_ability(name)}
        able |= {name for name, value in said.items() if value is True}
        unable = frozenset(name for name, value in said.items() if value is False)
        return replace(
            deployment,
            input_price=dollars_per_token(prices.input),
            output_price=dollars_per_token(prices.output),
            window=_window(info, known),
            abilities=able - unable if known or able else None,
            unable=unable,
            region=deployment.region or self._place(deployment),
        )

    def cost(self, deployment: Deployment, usage: Usage) -> int:
        """What tokens of it cost, in nano-dollars; 0 where no price is known."""
        found = self._rates.get(deployment.id)
        return cost(usage, found or self._rates_of(deployment))

    def _place(self, deployment: Deployment) -> str:
        provider = self._providers.get(deployment.target.provider)
        return place(provider, deployment.target) if provider else ""

    def _rates_of(self, deployment: Deployment) -> Rates:
        return rates(*self._known(deployment))

    def _known(self, deployment: Deployment) -> tuple[Mapping[str, Any], ModelFacts | None]:
        """`model_info`, and the line of the catalogue for it."""
        written = self._infos.get(deployment.id)
        target, models = deployment.target, self._models
        if written and (base := written.base_model):
            return written.model_info, models.find(target.provider, base) or models.named(base)
        found = models.find(target.provider, target.model)
        return (written.model_info if written else {}), found


def _is_ability(name: str) -> bool:
    return name.startswith(_SUPPORTS)


def _window(info: Mapping[str, Any], known: ModelFacts | None) -> int | None:
    match info.get("max_input_tokens"):
        case int() as tokens if tokens > 0:
            return int(tokens)
        case _:
            return known.max_input_tokens if known else None

"""`GET /v1/models`, `/v1/models/{id}`, `/v1/model/info`: what is served, its limits and prices."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import orjson

from adapters.errors import UnknownModel
from adapters.types import Json
from gateway.api.door import Shown
from gateway.api.model_info import model_document, model_info_document, models_document
from gateway.exchange import Exchange
from gateway.services import Services


class ModelPages:
    """The documents follow from the configuration alone, so each is made once."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._models = (*services.settings.models, *services.settings.strategies.groups)
        self._facts = services.models
        self._made: dict[str, bytes] = {}

    async def models(self, exchange: Exchange) -> Shown:
        patterns = _query(exchange).get("return_wildcard_routes") == "true"
        return self._shown(
            f"models {patterns}",
            lambda: models_document(
                self._models,
                self._settings.aliases,
                self._facts,
                wildcard_routes=patterns,
            ),
        )

    async def model(self, exchange: Exchange) -> Shown:
        asked = exchange.scope["path_params"]["model"]
        found = model_document(asked, self._models, self._settings.aliases, self._facts)
        if found is None:
            raise UnknownModel(f"The model {asked!r} is not configured here.")
        return Shown(found)

    async def info(self, exchange: Exchange) -> Shown:
        if only := _query(exchange).get("litellm_model_id"):
            return Shown(self._info(only))
        return self._shown("info", self._info)

    def _info(self, only: str = "") -> Json:
        return model_info_document(
            self._models, self._settings.aliases, self._facts, litellm_model_id=only
        )

    def _shown(self, name: str, make: Callable[[], Json]) -> Shown:
        if name not in self._made:
            self._made[name] = orjson.dumps(make())
        return Shown(self._made[name])


def _query(exchange: Exchange) -> Mapping[str, str]:
    return {name: values[-1] for name, values in parse_qs(exchange.query.decode("latin-1")).items()}

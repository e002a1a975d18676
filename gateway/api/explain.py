"""`POST /v1/route/explain`: a request's body goes in, where it would go comes out."""

from contextlib import suppress

import orjson

from adapters.errors import GatewayError, NotPermitted, WrongMethod
from gateway import stream
from gateway.api.door import Receive, Send, refuse
from gateway.exchange import ClientLeft, Exchange, Scope
from gateway.explaining import explained
from gateway.services import Services

ROUTE = "/v1/route/explain"
_MAY = frozenset({"master", "anonymous"})  # it shows how everybody's requests are routed


class ExplainDoor:
    """Like a model request up to the point where one would be sent. Nothing is booked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = ROUTE
        if exchange.method != "POST":
            await refuse(exchange, WrongMethod("Only POST is served here."))
            return
        with suppress(ClientLeft):
            try:
                told = await self._told(exchange)
            except GatewayError as error:
                await refuse(exchange, error)
                return
            with exchange.attended():
                await stream.document(exchange, told, ())

    async def _told(self, exchange: Exchange) -> bytes:
        key = self._services.keys.identify(exchange.headers).name
        if key not in _MAY:
            raise NotPermitted("Only the operator's own key may ask where requests go.")
        raw = await exchange.body()
        document = await explained(self._services, key, raw, exchange.headers, exchange.request_id)
        return orjson.dumps(document)

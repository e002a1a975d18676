"""Inbound APIs as ASGI callables: a door for model requests, a page for everything else."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.errors import GatewayError, NotFound, WrongMethod
from adapters.types import Dialect
from gateway import stream
from gateway.exchange import ClientLeft, Exchange, Message, Scope
from gateway.inference import answer
from gateway.services import Services

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


_ID_NAMES: Mapping[Dialect, tuple[bytes, ...]] = {
    Dialect.ANTHROPIC_MESSAGES: (b"x-request-id", b"request-id"),  # its SDKs read the second
}


class Door:
    """An inbound API for model requests: it knows its dialect, nothing else."""

    def __init__(self, services: Services, dialect: Dialect, route: str) -> None:
        self._services = services
        self._dialect = dialect
        self._route = route
        self._id_names = _ID_NAMES.get(dialect, Exchange.id_names)

    def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> Awaitable[None]:
        exchange: Exchange = scope["exchange"]
        exchange.route = self._route
        exchange.id_names = self._id_names
        if exchange.method != "POST":
            return refuse(exchange, WrongMethod("Only POST is served here."), self._dialect)
        return answer(self._services, self._dialect, exchange)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows. `body`: bytes as they are, anything else as JSON."""

    body: Any
    status: int = 200
    content_type: str = "application/json"


class Page:
    """Everything that is not a model request: small, read whole, not on the inference path."""

    def __init__(
        self,
        services: Services,
        show: Callable[[Exchange], Awaitable[Shown]],
        route: str,
        *,
        public: bool = False,
    ) -> None:
        self._services = services
        self._show = show
        self._route = route
        self._public = public

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self._route
        if exchange.method not in {"GET", "HEAD"}:
            await refuse(exchange, WrongMethod("Only GET is served here."))
            return
        with suppress(ClientLeft), exchange.attended():
            await self._answer(exchange)

    async def _answer(self, exchange: Exchange) -> None:
        try:
            if not self._public:
                self._services.keys.identify(exchange.headers)
            shown = await self._show(exchange)
        except GatewayError as error:
            await stream.failure(exchange, error, Dialect.OPENAI_CHAT)
            return
        body = shown.body if isinstance(shown.body, bytes) else orjson.dumps(shown.body)
        kind = shown.content_type.encode()
        await exchange.answer(shown.status, [(b"content-type", kind)], body)


class Nowhere:
    """What stands behind every path that is not ours."""

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        await refuse(exchange, NotFound("There is nothing at this path."))


async def refuse(
    exchange: Exchange, error: GatewayError, dialect: Dialect = Dialect.OPENAI_CHAT
) -> None:
    """Answer with an error and nothing else. The body that nobody wants is read to its end."""
    with suppress(ClientLeft), exchange.attended():
        await stream.failure(exchange, error, dialect)

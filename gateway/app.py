"""The ASGI app: the routes, and the entrance that every request comes through.

Starlette's router finds the route; what stands behind it is plain ASGI. Starlette's own middleware
is left out: errors are told by us, in the caller's dialect.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from secrets import token_hex
from typing import TypeAlias

from starlette.routing import Route, Router

from adapters.errors import BadRequest
from adapters.types import Dialect
from gateway import stream
from gateway.api.door import Door, Nowhere, Page, Receive, Send, Shown, refuse
from gateway.api.explain import ROUTE as EXPLAIN
from gateway.api.explain import ExplainDoor
from gateway.api.health import HealthPages
from gateway.api.models import ModelPages
from gateway.exchange import Exchange, Scope
from gateway.services import Services

App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_CHAT = (
    "/v1/chat/completions",
    "/chat/completions",  # LiteLLM's clients leave /v1 out
    "/openai/deployments/{model:path}/chat/completions",  # Azure's
)
_MESSAGES = ("/v1/messages",)
_EMBEDDINGS = (
    "/v1/embeddings",
    "/embeddings",
    "/engines/{model:path}/embeddings",
    "/openai/deployments/{model:path}/embeddings",
)
_RERANK = ("/v2/rerank", "/v1/rerank", "/rerank")
_ANY = [
    "DELETE",
    "GET",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "POST",
    "PUT",
]  # each says itself what it takes
_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def build(services: Services) -> App:
    """The whole application for one object graph."""
    routes = _routes(services)
    doors = {r.path: r.endpoint for r in routes if "{" not in r.path}
    # A redirect would go wherever the request's Host header says, with the key.
    return Entrance(doors, Router(routes, redirect_slashes=False), services)


def _routes(services: Services) -> list[Route]:
    doors = [
        *((route, Dialect.OPENAI_CHAT) for route in _CHAT),
        *((route, Dialect.ANTHROPIC_MESSAGES) for route in _MESSAGES),
        *((route, Dialect.OPENAI_EMBEDDINGS) for route in _EMBEDDINGS),
        *((route, Dialect.COHERE_RERANK) for route in _RERANK),
    ]
    models, health = ModelPages(services), HealthPages(services)
    pages: list[tuple[str, Callable[[Exchange], Awaitable[Shown]], bool]] = [
        ("/v1/models", models.models, False),
        ("/models", models.models, False),
        ("/v1/models/{model:path}", models.model, False),
        ("/v1/model/info", models.info, False),
        ("/model/info", models.info, False),
        ("/health/liveliness", health.alive, True),
        ("/health/liveness", health.alive, True),
        ("/health/readiness", health.ready, True),
        ("/health", health.health, False),
        ("/metrics", health.metrics, False),
        ("/", health.root, True),
    ]
    return [
        *(Route(route, Door(services, dialect, route), methods=_ANY) for route, dialect in doors),
        *(
            Route(route, Page(services, show, route, public=public), methods=_ANY)
            for route, show, public in pages
        ),
        Route(EXPLAIN, ExplainDoor(services), methods=_ANY),
        Route("/{path:path}", Nowhere(), methods=_ANY),
    ]


class Entrance:
    """The outermost layer: gives each request its id and its exchange, and books it at the end.

    `doors`: what stands behind paths that are plain words, which is nearly all traffic, so that
    these need not be matched one by one.
    """

    def __init__(self, doors: Mapping[str, App], router: Router, services: Services) -> None:
        self._doors = doors
        self._router = router
        self._services = services
        self._process_id = token_hex(10)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        services = self._services
        started = services.clock.now()
        exchange = Exchange(scope, receive, send, services.settings, self._request_id(scope))
        scope["exchange"] = exchange
        services.life.begin(exchange)
        headers = exchange.headers
        try:
            if b"transfer-encoding" in headers and b"content-length" in headers:
                await _refuse_two_lengths(exchange)
            else:
                door = self._doors.get(scope["path"], self._router)
                await door(scope, receive, exchange.send)
        except stream.BrokenOff:
            raise
        except Exception as bug:  # nobody foresaw it, so nobody has answered
            error = services.book.bug(exchange.request_id, bug)
            if exchange.status:
                raise
            await refuse(exchange, error)
        finally:
            del scope["exchange"]  # each knows the other: they would wait for the garbage collector
            services.life.end(exchange)
            services.book.finished(exchange, started, services.clock.now())

    def _request_id(self, scope: Scope) -> str:
        """The client's own id if it is harmless, so that its logs and ours meet; else a new one:
        by chance for the process, counted within it. It is a name, not a secret.
        """
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _ID.fullmatch(value):
                text: str = value.decode()
                return text
        return f"{self._process_id}{next(self._numbers):012x}"


async def _refuse_two_lengths(exchange: Exchange) -> None:
    """Two ways to tell where the body ends: servers disagree, and what one takes for the body
    another takes for the next request.
    """
    exchange.closing = True
    text = "A request may not have both Content-Length and Transfer-Encoding."
    await refuse(exchange, BadRequest(text))

"""The life of one model request, top to bottom. Every inbound API ends up here.

    identify -> read -> (admit, hooks, cache: to come) -> route -> respond -> book

What is booked at the end is one line in the access log and the metrics; spend will hang there.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from adapters.errors import GatewayError
from adapters.types import Call, Dialect, Reply
from gateway import stream
from gateway.asked import as_asked
from gateway.book import Visit
from gateway.call import Wishes, read_call
from gateway.config.settings import Settings
from gateway.exchange import ClientLeft, Exchange
from gateway.naming import renamed
from gateway.services import Services
from gateway.trail import trail
from routing.ask import Ask
from routing.journey import Journey
from routing.regions import narrowed

_ODD = re.compile(r"[^ -~]")
_PLAIN = " !#$%&'()*+,-./:;<=>?@[]^_`{|}~"  # beside letters and digits
_PASSED_ON = ("x-ratelimit-", "anthropic-ratelimit-")
_LONGEST_AGENT = 300  # characters that patterns are looked for in
_PROVIDERS_IDS = ("x-request-id", "request-id")  # OpenAI's and Anthropic's


async def answer(services: Services, dialect: Dialect, exchange: Exchange) -> None:
    """Serve one model request written in `dialect`.

    Raises:
        BrokenOff: the stream could not be finished, and the client has been told.
    """
    visit = exchange.visit = Visit()
    heart = stream.Heart(exchange, dialect, services.settings)
    try:
        try:
            await _serve(services, dialect, exchange, heart, visit)
        except GatewayError as error:
            await _fail(dialect, exchange, heart, visit, error)
        except (ClientLeft, stream.BrokenOff):
            raise
        except Exception as bug:  # whatever it is, the client gets a clear word
            told = services.book.bug(exchange.request_id, bug)
            await _fail(dialect, exchange, heart, visit, told)
    except ClientLeft:
        visit.left = True  # everything has been let go
    finally:
        heart.stop()


async def _serve(
    services: Services, dialect: Dialect, exchange: Exchange, heart: stream.Heart, visit: Visit
) -> None:
    visit.key = services.keys.identify(exchange.headers).name
    call, wishes = read_call(
        dialect,
        await exchange.body(),
        exchange.headers,
        request_id=exchange.request_id,
        model=exchange.scope["path_params"].get("model"),
    )
    visit.asked(call)
    policy = wishes.applied(services.settings.policy, call.model)
    journey = visit.journey = Journey(
        told=lambda attempt: services.book.attempt_failed(exchange.request_id, attempt),
        resumed=lambda resumption: services.book.resumed(exchange.request_id, resumption),
    )
    async with exchange.attended():
        if call.stream:
            heart.start_early()
        reply = await services.router.send(
            ask_of(services.settings, exchange.headers, visit.key, call, wishes), policy, journey
        )
        visit.committed(services.clock.now(), reply.receipt)
        reply = as_asked(reply, call)
        if services.settings.response_model_alias:
            reply = renamed(reply, journey.answered.alias if journey.answered else call.model)
        headers = [*_route(exchange, journey), *_limits(reply)]
        if isinstance(reply.body, bytes):
            await stream.document(exchange, reply.body, headers)
            return
        try:
            await stream.stream(exchange, reply.body, reply.receipt, headers, heart)
        finally:
            await reply.body.aclose()


def ask_of(
    settings: Settings, headers: Mapping[str, str], key: str, call: Call, wishes: Wishes
) -> Ask:
    """What routing is asked for a call of the holder of that key."""
    return Ask(
        call,
        tags=wishes.hints.tags,
        region=narrowed(settings.region, wishes.hints.region),
        session=wishes.hints.session,
        priority=settings.priority if wishes.priority is None else wishes.priority,
        tenant=key,
        agent=headers.get("user-agent", "")[:_LONGEST_AGENT],
    )


async def _fail(
    dialect: Dialect, exchange: Exchange, heart: stream.Heart, visit: Visit, error: GatewayError
) -> None:
    visit.error = error
    heart.stop()
    async with exchange.attended():
        await heart.settled()
        route = _route(exchange, visit.journey) if visit.journey else ()
        await stream.failure(exchange, error, dialect, route)


def _route(exchange: Exchange, journey: Journey) -> Iterator[tuple[bytes, bytes]]:
    """Where the answer comes from, in the names that LiteLLM's clients read, and who was tried."""
    yield b"x-litellm-call-id", exchange.request_id.encode()
    if answered := journey.answered:
        deployment = answered.deployment
        yield b"x-litellm-model-id", _harmless(deployment.id)
        yield b"x-litellm-model-group", _harmless(answered.alias)  # a wildcard's is the client's
        if (base := deployment.target.base_url) and "@" not in base:  # no password in a header
            yield b"x-litellm-model-api-base", _harmless(base.partition("?")[0])
    yield b"x-litellm-attempted-retries", b"%d" % journey.retries
    yield b"x-litellm-attempted-fallbacks", b"%d" % journey.fallbacks
    yield b"x-sluicegate-route", trail(journey)


def _limits(reply: Reply) -> Iterator[tuple[bytes, bytes]]:
    """What the provider says of its limits, and its own name for the request. Nothing else of its
    headers is passed on.
    """
    for name, value in reply.headers.items():
        if name.startswith(_PASSED_ON):
            yield name.encode(), value.encode("latin-1")
        elif name in _PROVIDERS_IDS:
            yield b"llm_provider-" + name.encode(), value.encode("latin-1")


def _harmless(text: str) -> bytes:
    """Text as a header can hold it: no line ends, no control characters, ASCII."""
    return quote(text, safe=_PLAIN).encode() if _ODD.search(text) else text.encode()

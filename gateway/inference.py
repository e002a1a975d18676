"""The life of one model request, top to bottom. Every inbound API ends up here.

    identify -> read -> (admit, hooks, cache: to come) -> route -> respond -> book

What is booked at the end is one line in the access log and the metrics; spend will hang there.
"""

from collections.abc import Awaitable, Mapping
from functools import lru_cache, partial

from adapters.errors import GatewayError
from adapters.types import Call, Dialect, Reply
from gateway import stream
from gateway.allowance import with_allowance
from gateway.asked import as_asked
from gateway.call import Wishes, read_call
from gateway.config.settings import Settings
from gateway.exchange import ClientLeft, Exchange, Headers
from gateway.naming import renamed
from gateway.services import Services
from gateway.trail import trail
from gateway.visit import Visit
from gateway.whence import Whence
from routing.ask import Ask
from routing.journey import Journey
from routing.regions import narrowed

_PASSED_ON = ("x-ratelimit-", "anthropic-ratelimit-")
_REMEMBERED = 1_000  # names of providers' headers, and counts
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
        await _serve(services, dialect, exchange, heart, visit)
    except ClientLeft:
        visit.left = True  # everything has been let go
    except stream.BrokenOff:
        raise
    except Exception as error:  # whatever it is, the client gets a clear word
        await _fail(services, exchange, heart, visit, error)
    finally:
        heart.stop()
        if visit.error:
            visit.error.let_go()


async def _serve(
    services: Services, dialect: Dialect, exchange: Exchange, heart: stream.Heart, visit: Visit
) -> None:
    settings, headers, id_ = services.settings, exchange.headers, exchange.request_id
    visit.key = services.keys.identify(headers).name
    call, wishes = read_call(
        dialect, await exchange.body(), headers, request_id=id_, model=exchange.model
    )
    visit.alias, visit.stream = call.model, call.stream
    policy = wishes.applied(settings.policy, call.model)
    book = services.book
    journey = visit.journey = Journey(
        told=partial(book.attempt_failed, id_), resumed=partial(book.resumed, id_)
    )
    with exchange.attended():
        if call.stream:
            heart.start_early()
        ask = ask_of(settings, headers, visit.key, call, wishes)
        reply = await services.router.send(ask, policy, journey)
        visit.committed_at, visit.receipt = services.clock.now(), reply.receipt
        try:
            await _respond(services, exchange, heart, journey, as_asked(reply, call))
        finally:
            if not isinstance(reply.body, bytes):
                await reply.body.aclose()


def _respond(
    services: Services, exchange: Exchange, heart: stream.Heart, journey: Journey, reply: Reply
) -> Awaitable[None]:
    headers = [*_route(services.whence, exchange, journey), *_limits(reply)]
    if answered := journey.answered:
        if answered.deployment.limited:
            limits = services.router.attempts.limits
            headers = with_allowance(headers, answered.deployment, limits)
        if services.settings.response_model_alias:
            reply = renamed(reply, answered.alias)
    if isinstance(reply.body, bytes):
        return stream.document(exchange, reply.body, headers)
    return stream.stream(exchange, reply.body, reply.receipt, headers, heart)


def ask_of(
    settings: Settings, headers: Mapping[bytes, bytes], key: str, call: Call, wishes: Wishes
) -> Ask:
    """What routing is asked for a call of the holder of that key."""
    return Ask(
        call,
        tags=wishes.hints.tags,
        region=narrowed(settings.region, wishes.hints.region),
        session=wishes.hints.session,
        priority=settings.priority if wishes.priority is None else wishes.priority,
        tenant=key,
        agent=headers.get(b"user-agent", b"")[:_LONGEST_AGENT].decode("latin-1"),
    )


async def _fail(
    services: Services, exchange: Exchange, heart: stream.Heart, visit: Visit, error: Exception
) -> None:
    if not isinstance(error, GatewayError):
        error = services.book.bug(exchange.request_id, error)
    visit.error = error
    heart.stop()
    try:
        with exchange.attended():
            await heart.settled()
            route = _route(services.whence, exchange, visit.journey) if visit.journey else ()
            await stream.failure(exchange, error, heart.dialect, route)
    except ClientLeft:
        visit.left = True


def _route(whence: Whence, exchange: Exchange, journey: Journey) -> Headers:
    """Where the answer comes from, in the names that LiteLLM's clients read, and who was tried."""
    return (
        (b"x-litellm-call-id", exchange.request_id.encode()),
        *(whence.of(journey.answered) if journey.answered else ()),
        *_counts(journey.retries, journey.fallbacks),
        (b"x-sluicegate-route", trail(journey)),
    )


@lru_cache(_REMEMBERED)
def _counts(retries: int, fallbacks: int) -> Headers:
    return (
        (b"x-litellm-attempted-retries", b"%d" % retries),
        (b"x-litellm-attempted-fallbacks", b"%d" % fallbacks),
    )


def _limits(reply: Reply) -> Headers:
    """What the provider says of its limits, and its own name for the request. Nothing else of its
    headers is passed on.
    """
    return [
        (ours, value.encode("latin-1"))
        for name, value in reply.headers.items()
        if (ours := _passed_on_as(name))
    ]


@lru_cache(_REMEMBERED)
def _passed_on_as(name: str) -> bytes:
    """What a provider's header is called in our reply; empty: it is not passed on."""
    if name in _PROVIDERS_IDS:
        return b"llm_provider-" + name.encode()
    return name.encode() if name.startswith(_PASSED_ON) else b""

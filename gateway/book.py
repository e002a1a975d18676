"""What is written down of each request: lines in the log, counts in the metrics.

attempt.failed     one attempt at one deployment, as it happens
stream.resumed     a stream that broke off goes on at another deployment
request.finished   the whole request, once, when the last byte has gone
"""

from typing import Any, TypeAlias

from adapters.errors import Failure, Internal
from gateway.exchange import Exchange
from gateway.log import Level, Log
from gateway.metrics.counting import Metrics
from gateway.visit import Visit
from routing.journey import Attempt, Journey, Resumption

_CLIENT_CLOSED = 499  # nginx's word for it, for the log only
_Place: TypeAlias = tuple[str, str, str]
"""Id of a deployment, provider, model; all empty where nobody was asked."""


class Book:
    def __init__(self, log: Log, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics

    def attempt_failed(self, request_id: str, attempt: Attempt) -> None:
        """Write down a failed attempt; called while the request still goes on."""
        failure, deployment = attempt.failure, attempt.deployment
        if failure is None:
            return
        target = deployment.target
        self._log(
            "attempt.failed",
            Level.WARNING,
            request_id=request_id,
            alias=attempt.alias,
            deployment=deployment.id,
            provider=target.provider,
            model=target.model,
            kind=failure.kind,
            upstream_status=failure.upstream_status,
            message=failure.message[:500],
            retry_after_s=failure.retry_after,
            took_ms=_ms(attempt.took),
            rests_s=round(attempt.rest, 3),
        )
        place = {"deployment": deployment.id, "provider": target.provider, "model": target.model}
        self._metrics.attempt_failed(
            **place, alias=attempt.alias, kind=failure.kind, status=failure.upstream_status
        )
        if attempt.rest:
            self._metrics.cooled_down(**place, status=failure.upstream_status)

    def resumed(self, request_id: str, resumption: Resumption) -> None:
        """Write down that a stream goes on elsewhere; called while the request still goes on."""
        failure, broken = resumption.failure, resumption.broken
        self._log(
            "stream.resumed",
            Level.WARNING,
            request_id=request_id,
            alias=resumption.alias,
            broken=broken.id,
            deployment=resumption.by.id,
            kind=failure.kind,
            message=failure.message[:500],
            characters=resumption.characters,
            prefilled=resumption.prefilled,
        )
        self._metrics.attempt_failed(
            deployment=broken.id,
            provider=broken.target.provider,
            model=broken.target.model,
            alias=broken.alias,
            kind=failure.kind,
            status=failure.upstream_status,
        )

    def bug(self, request_id: str, error: Exception) -> Internal:
        """Write down an exception that nobody foresaw; returns what the client is told."""
        self._log(
            "internal.error",
            Level.ERROR,
            request_id=request_id,
            error=f"{type(error).__name__}: {error}",
            at=_where(error),
        )
        return Internal(f"An internal error; the gateway's log has it under {request_id}.")

    def finished(self, exchange: Exchange, started_at: float, ended_at: float) -> None:
        """Write down a request that is over. Times in seconds of one clock."""
        visit, took = exchange.visit, ended_at - started_at
        status = exchange.status or _CLIENT_CLOSED
        story: dict[str, Any] = {
            "request_id": exchange.request_id,
            "method": exchange.method,
            "route": exchange.route,
            "status": status,
            "took_ms": _ms(took),
        }
        if visit is None:
            self._log.take("request.finished", story)
            return
        journey = visit.journey or Journey()
        place, times = _place(journey), _own_and_first(visit, journey, started_at)
        _tell(story, visit, journey, place, times)
        self._log.take("request.finished", story)
        self._count(exchange.route, visit, journey, place)
        deployment, provider, model = place
        own, first = times or (None, None)
        error = visit.error
        self._metrics.request_finished(
            route=exchange.route,
            requested_model=visit.alias,
            deployment=deployment,
            provider=provider,
            model=model,
            status=status,
            took_s=took,
            error_class=_error_class(visit),
            exception_status=error.status if error else None,
            key_alias=visit.key,
            first_token_s=first if visit.stream else None,
            upstream_s=None if own is None else took - own,
            own_s=own,
            usage=visit.receipt.usage if visit.receipt else None,
            stream=visit.stream,
        )

    def _count(self, route: str, visit: Visit, journey: Journey, place: _Place) -> None:
        """What became of its attempts."""
        metrics, answered = self._metrics, journey.answered
        if visit.left:
            metrics.client_left(route=route)
        if answered:
            deployment, provider, model = place
            metrics.attempt_succeeded(
                deployment=deployment, provider=provider, model=model, alias=answered.alias
            )
        if journey.fallbacks and journey.attempts:
            cause = next((a.failure for a in journey.attempts if a.failure), None)
            metrics.fallback(
                alias=visit.alias,
                to=journey.attempts[-1].alias,
                ok=answered is not None,
                kind=cause.kind if cause else "",
                status=cause.upstream_status if cause else None,
            )


def _tell(
    story: dict[str, Any],
    visit: Visit,
    journey: Journey,
    place: _Place,
    times: tuple[float, float] | None,
) -> None:
    """The facts of a model request, flat, without a word of prompt or answer."""
    story["key"] = visit.key
    story["alias"] = visit.alias[:200]
    story["stream"] = visit.stream
    story["attempts"] = len(journey.attempts)
    story["fallbacks"] = journey.fallbacks
    if journey.answered:
        story["deployment"], story["provider"], story["model"] = place
    if times:
        story["own_ms"], story["first_ms"] = _ms(times[0]), _ms(times[1])
    if journey.hedged:
        story["hedged"] = True
    if journey.resumption:
        story["resumed_on"] = journey.resumption.by.id
    if journey.not_resumed:
        story["not_resumed"] = journey.not_resumed
    if visit.receipt:
        used = visit.receipt.usage
        story["input_tokens"], story["output_tokens"] = used.input, used.output
        if used.cache_read or used.cache_write:
            story["cache_read_tokens"] = used.cache_read
            story["cache_write_tokens"] = used.cache_write
    if error := visit.error:
        story["error"] = error.kind if isinstance(error, Failure) else error.code or error.type
        story["message"] = error.message[:500]
    if visit.left:
        story["client_left"] = True


def _error_class(visit: Visit) -> str:
    if visit.error:
        return type(visit.error).__name__
    return "ClientLeft" if visit.left else ""


def _own_and_first(visit: Visit, journey: Journey, started_at: float) -> tuple[float, float] | None:
    """Seconds of our own before the commit point, and seconds to it; None if nothing came."""
    if not visit.committed_at:
        return None
    own = first = visit.committed_at - started_at
    for attempt in journey.attempts:
        if not attempt.hedge:
            own -= attempt.took
    return max(0.0, own), first


def _place(journey: Journey) -> _Place:
    """Where it was answered, or tried last."""
    attempt = journey.answered or (journey.attempts[-1] if journey.attempts else None)
    if attempt is None:
        return "", "", ""
    target = attempt.deployment.target
    return attempt.deployment.id, target.provider, target.model


def _ms(seconds: float) -> float:
    return round(seconds * 10_000) / 10  # a third of what rounding to a digit costs


def _where(error: Exception) -> str:
    """The innermost place in the source, for whoever must mend it."""
    trace, place = error.__traceback__, ""
    while trace:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place

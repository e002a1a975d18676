"""What is written down of each request: lines in the log, counts in the metrics.

attempt.failed     one attempt at one deployment, as it happens
stream.resumed     a stream that broke off goes on at another deployment
request.finished   the whole request, once, when the last byte has gone
"""

from dataclasses import dataclass
from typing import Any

from adapters.errors import Failure, GatewayError, Internal
from adapters.types import Call, Receipt
from gateway.log import Level, Log
from gateway.metrics import Metrics
from routing.journey import Attempt, Journey, Resumption


@dataclass(slots=True)
class Visit:
    """The story of one model request, filled in as it goes. Times in seconds of one clock."""

    key: str = ""
    alias: str = ""
    stream: bool = False
    journey: Journey | None = None
    receipt: Receipt | None = None  # set when an answer is committed
    committed_at: float = 0.0
    error: GatewayError | None = None
    left: bool = False  # the client went before the end

    def asked(self, call: Call) -> None:
        self.alias, self.stream = call.model, call.stream

    def committed(self, now: float, receipt: Receipt) -> None:
        self.committed_at, self.receipt = now, receipt


@dataclass(frozen=True, slots=True)
class Line:
    """One request as every route has it."""

    request_id: str
    method: str
    route: str  # the pattern, not the path
    status: int
    started_at: float
    ended_at: float


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

    def finished(self, line: Line, visit: Visit | None) -> None:
        """Write down a request that is over."""
        took = line.ended_at - line.started_at
        facts: dict[str, Any] = {
            "request_id": line.request_id,
            "method": line.method,
            "route": line.route,
            "status": line.status,
            "took_ms": _ms(took),
        }
        if visit is None:
            self._log("request.finished", **facts)
            return
        self._log("request.finished", **facts, **_story(line, visit))
        self._count(line, visit, took)

    def _count(self, line: Line, visit: Visit, took: float) -> None:
        metrics, journey = self._metrics, visit.journey or Journey()
        answered, last = journey.answered, journey.attempts[-1] if journey.attempts else None
        place = _place(answered or last)
        error = visit.error
        if visit.left:
            metrics.client_left(route=line.route)
        if answered:
            metrics.attempt_succeeded(**place, alias=answered.alias)
        if journey.fallbacks and last:
            cause = next((a.failure for a in journey.attempts if a.failure), None)
            metrics.fallback(
                alias=visit.alias,
                to=last.alias,
                ok=answered is not None,
                kind=cause.kind if cause else "",
                status=cause.upstream_status if cause else None,
            )
        own, first = _own_and_first(line, visit, journey)
        metrics.request_finished(
            route=line.route,
            requested_model=visit.alias,
            **place,
            status=line.status,
            took_s=took,
            error_class=type(error).__name__ if error else "ClientLeft" if visit.left else "",
            exception_status=error.status if error else None,
            key_alias=visit.key,
            first_token_s=first if visit.stream else None,
            upstream_s=took - own if own is not None else None,
            own_s=own,
            usage=visit.receipt.usage if visit.receipt else None,
            stream=visit.stream,
        )


def _story(line: Line, visit: Visit) -> dict[str, Any]:
    """The facts of a model request, flat, without a word of prompt or answer."""
    journey, receipt, error = visit.journey or Journey(), visit.receipt, visit.error
    own, first = _own_and_first(line, visit, journey)
    story: dict[str, Any] = {
        "key": visit.key,
        "alias": visit.alias[:200],
        "stream": visit.stream,
        "attempts": len(journey.attempts),
        "fallbacks": journey.fallbacks,
    }
    if answered := journey.answered:
        story |= {
            "deployment": answered.deployment.id,
            "provider": answered.deployment.target.provider,
            "model": answered.deployment.target.model,
        }
    if journey.hedged:
        story["hedged"] = True
    if journey.resumption:
        story["resumed_on"] = journey.resumption.by.id
    if journey.not_resumed:
        story["not_resumed"] = journey.not_resumed
    if own is not None and first is not None:
        story |= {"own_ms": _ms(own), "first_ms": _ms(first)}
    if receipt:
        used = receipt.usage
        story |= {"input_tokens": used.input, "output_tokens": used.output}
        if used.cache_read or used.cache_write:
            story |= {"cache_read_tokens": used.cache_read, "cache_write_tokens": used.cache_write}
    if error:
        kind = error.kind if isinstance(error, Failure) else error.code or error.type
        story |= {"error": kind, "message": error.message[:500]}
    if visit.left:
        story["client_left"] = True
    return story


def _own_and_first(line: Line, visit: Visit, journey: Journey) -> tuple[float | None, float | None]:
    """Seconds of our own before the commit point, and seconds to it; None if nothing came."""
    if not visit.committed_at:
        return None, None
    first = visit.committed_at - line.started_at
    return max(0.0, first - sum(a.took for a in journey.attempts if not a.hedge)), first


def _place(attempt: Attempt | None) -> dict[str, str]:
    if attempt is None:
        return {"deployment": "", "provider": "", "model": ""}
    target = attempt.deployment.target
    return {
        "deployment": attempt.deployment.id,
        "provider": target.provider,
        "model": target.model,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _where(error: Exception) -> str:
    """The innermost place in the source, for whoever must mend it."""
    trace, place = error.__traceback__, ""
    while trace:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place

"""`sluicegate explain`: the explanation from a configuration alone, or from a running gateway."""

import io
from collections.abc import Callable
from dataclasses import replace
from random import SystemRandom
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson

from adapters.clock import SystemClock
from adapters.errors import BadRequest
from adapters.types import Json
from gateway.config.settings import Settings
from gateway.explaining import explained
from gateway.ledger.models import Models
from gateway.log import Log
from gateway.services import opened
from routing.strategies import Strategy

_PATIENCE_S = 30.0


class Refused(Exception):
    """The gateway has answered, but with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}" if code else f"{status}: {message}")
        self.code = code
        self.message = message


class Unreachable(Exception):
    """Nobody has answered at that address, or not as a gateway does."""


def question(alias: str, raw: bytes) -> bytes:
    """A request's body, or nothing, as one for that alias.

    Raises:
        BadRequest: it is no JSON object.
    """
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return orjson.dumps({**body, "model": alias})


async def alone(
    settings: Settings, strategy: Callable[[str], Strategy], models: Models, body: bytes
) -> Json:
    """As a gateway with this configuration would say that has just been started.

    Raises:
        UnknownModel, BadRequest: as `explained`.
    """
    log = Log(io.BytesIO(), json=True, clock=SystemClock())  # nobody needs to hear of this
    settings = replace(settings, redis=None)  # its state is not fresh, and it may be far away
    try:
        async with opened(
            settings, strategy, log, models, clock=SystemClock(), rng=SystemRandom()
        ) as services:
            return await explained(services, "master", body, {})
    finally:
        log.close(1.0)


def asked(url: str, key: str, body: bytes) -> Json:
    """What a running gateway says.

    Raises:
        Refused, Unreachable.
    """
    base = url.rstrip("/").removesuffix("/v1")
    if urlsplit(base).scheme not in {"http", "https"}:
        raise Unreachable(f"{url} is no address that begins with http:// or https://")
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    request = Request(f"{base}/v1/route/explain", body, headers)  # noqa: S310  # looked at above
    try:
        with build_opener(_Straight).open(request, timeout=_PATIENCE_S) as reply:
            told: Json = orjson.loads(reply.read())
            return told
    except HTTPError as refusal:
        raise _refused(refusal.code, refusal.read()) from refusal
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unreachable(f"{url} does not answer as a gateway does: {reason}") from error


class _Straight(HTTPRedirectHandler):
    """Follows nobody elsewhere, because the key would go along."""

    def redirect_request(self, *_: object) -> None:
        return None


def _refused(status: int, raw: bytes) -> Refused:
    try:
        error = orjson.loads(raw)["error"]
        return Refused(status, error["code"] or "", error["message"])
    except (ValueError, KeyError, TypeError):
        return Refused(status, "", "this is no gateway that can explain")

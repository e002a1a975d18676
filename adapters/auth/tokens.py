"""Access tokens: kept while they live, renewed in good time, fetched once however many ask.

`exchange` is OAuth's way to one (RFC 6749 sections 4.4, 5.1 and 5.2); other ways are functions of
their own. Neither a token nor what it was got with is ever part of a message.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import orjson

from adapters.clock import Clock
from adapters.errors import Failure, Kind
from adapters.provider import Transport, Upstream
from adapters.types import Json, Timeouts

_KEPT = 512  # tokens; more deployments than that share what fits
_AHEAD_S = 240.0  # Google's metadata server hands out the old token until 300 s before its end
_SHORT = 0.2  # of a short life, what is left when it is renewed
_FLIGHT_S = 10.0  # a token must outlive the request that carries it
_PAUSE_S = 15.0  # between attempts to renew a token that still serves

_UNTOLD_S = 300.0  # the life of a token whose issuer does not say
_LIMIT_S = 15.0  # for one exchange
_SECRET = re.compile(r"secret|password|key|token|assertion", re.IGNORECASE)
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "sluicegate",
}


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)
    lifetime_s: float  # from now on
    facts: Mapping[str, str] = field(default_factory=dict)  # what was learnt in getting it


class Tokens:
    """The tokens of one provider's deployments, under keys that say what they were got with."""

    def __init__(self, clock: Clock, *, limit: int = _KEPT) -> None:
        self._clock = clock
        self._limit = limit
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._running: dict[str, asyncio.Task[Token]] = {}

    async def get(self, key: str, fetch: Callable[[], Awaitable[Token]]) -> str:
        """The text of the token under that key, as `whole` finds it."""
        return (await self.whole(key, fetch)).text

    async def whole(self, key: str, fetch: Callable[[], Awaitable[Token]]) -> Token:
        """The token under that key; `fetch` gets it if there is none, or none for much longer.

        A token that is near its end still serves while the next one is under way, and if that
        does not come. A failure is told to all who wait for it, and then forgotten. Who stops
        waiting does not stop the others.
        """
        kept, now = self._kept.get(key), self._clock.now()
        if kept is None or now >= kept.ends:
            return await asyncio.shield(self._fetching(key, fetch))
        self._kept.move_to_end(key)
        if now >= kept.renew:
            kept.renew = now + _PAUSE_S
            self._fetching(key, fetch)
        return kept.token

    def _fetching(self, key: str, fetch: Callable[[], Awaitable[Token]]) -> asyncio.Task[Token]:
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self._fetch(key, fetch))
            running.add_done_callback(_seen)
        return running

    async def _fetch(self, key: str, fetch: Callable[[], Awaitable[Token]]) -> Token:
        try:
            token = await fetch()
        finally:
            del self._running[key]
        self._keep(key, token)
        return token

    def _keep(self, key: str, token: Token) -> None:
        now, life = self._clock.now(), token.lifetime_s
        self._kept[key] = _Kept(
            token,
            renew=now + life - min(_AHEAD_S, life * _SHORT),
            ends=now + life - min(_FLIGHT_S, life * _SHORT / 2),
        )
        self._kept.move_to_end(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)


async def exchange(
    transport: Transport,
    url: str,
    form: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    limit_s: float = _LIMIT_S,
) -> Token:
    """Post a form to an identity provider, who answers with an access token.

    `headers`: lower case, e.g. `authorization: Basic …` where the client shows itself so.

    Raises:
        Failure: CREDENTIAL if it refuses, TRANSIENT if it is down or overloaded, TIMEOUT if it is
            silent, BROKEN if it answers with something else.
    """
    host = urlsplit(url).hostname or url
    request = Upstream(url, urlencode(form).encode(), {**_HEADERS, **(headers or {})})
    shown = (value for name, value in form.items() if not name.endswith("assertion"))  # those vary
    credential = "\0".join(("login", url, *shown, *(headers or {}).values()))
    try:
        async with asyncio.timeout(limit_s):
            status, body = await _post(transport, request, credential)
    except TimeoutError as error:
        raise Failure(Kind.TIMEOUT, f"{host} gave no token within {limit_s:g} s") from error
    except Failure as failure:
        raise Failure(failure.kind, f"no token from {host}: {failure.message}") from failure
    answer = _document(body)
    if 200 <= status < 300:
        return _token(answer, host)
    why = without_secrets(form, _why(answer)) or f"HTTP status {status}"
    raise Failure(_kind(status, answer), f"{host} gives no token: {why}", upstream_status=status)


def without_secrets(form: Mapping[str, object], text: str) -> str:
    """The text with none of the form's secrets in it, told by their names."""
    for name, value in form.items():
        if isinstance(value, str) and value and _SECRET.search(name):
            text = text.replace(value, "***")
    return text


@dataclass(slots=True)
class _Kept:
    token: Token
    renew: float  # by the clock: when the next one is fetched
    ends: float  # by the clock: when this one no longer serves


def _seen(task: asyncio.Task[Token]) -> None:
    """A renewal that failed is nobody's matter while the old token serves."""
    if not task.cancelled():
        task.exception()


async def _post(transport: Transport, request: Upstream, credential: str) -> tuple[int, bytes]:
    answer = await transport.post(request, Timeouts(), credential)
    finished = False
    try:
        body = await answer.document()
        finished = True
        return answer.status, body
    finally:
        await answer.close(finished=finished)


def _document(body: bytes) -> Json:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _token(answer: Json, host: str) -> Token:
    text = answer.get("access_token")
    if not isinstance(text, str) or not text:
        raise Failure(Kind.BROKEN, f"{host} answered without an access token")
    try:
        lifetime_s = float(answer["expires_in"])  # some write it as text
    except (KeyError, TypeError, ValueError):
        lifetime_s = _UNTOLD_S
    return Token(text, lifetime_s)


def _kind(status: int, answer: Json) -> Kind:
    if status in {408, 425, 429} or status >= 500:
        return Kind.TRANSIENT
    if answer.get("error") in {"temporarily_unavailable", "server_error", "slow_down"}:
        return Kind.TRANSIENT
    return Kind.CREDENTIAL


def _why(answer: Json) -> str:
    """The identity provider's own words: OAuth's, or IBM's `errorMessage`."""
    words = (answer.get(name) for name in ("error", "error_description", "errorMessage"))
    told = ": ".join(word for word in words if isinstance(word, str) and word)
    return told.partition("\n")[0].strip()[:300]  # Entra adds trace ids in further lines

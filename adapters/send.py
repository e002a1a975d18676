"""One attempt, start to end: dress, post, classify, read, translate back.

merged -> translation.request -> quirks -> auth -> transport.post
answer -> classify (refused) | document | relay (stream, returned at its first content)
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import orjson

from adapters.auth.keys import bearer
from adapters.classify import classify, classify_error
from adapters.clock import Clock
from adapters.dialects import TRANSLATIONS, WIRES, Translation, Wire
from adapters.errors import BadRequest, Failure, GatewayError, Kind
from adapters.http import Answer, Transport
from adapters.plug import plug
from adapters.provider import Endpoint, Provider, Upstream, address, best_dialect
from adapters.relay import Relay, as_it_comes, interpreted, without_usage
from adapters.tap import model_of
from adapters.types import Call, Dialect, Json, Receipt, Reply, Target, Usage

_ERROR_BODY_LIMIT = 64 * 1024  # bytes of a refusal that are worth reading
_SHORTEST_SECRET = 6  # characters; what is shorter stands where a local server wants something
_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How this provider is spoken to on behalf of one client dialect."""

    endpoint: Endpoint
    wire: Wire
    translation: Translation | None  # None: same dialect on both sides
    chat: bool  # the provider is spoken to in OpenAI chat


class RowAdapter:
    """Makes a working adapter out of a catalogue row and a transport."""

    def __init__(self, provider: Provider, transport: Transport, clock: Clock) -> None:
        self.name = provider.name
        self._provider = provider
        self._transport = transport
        self._clock = clock
        self._tongues: dict[Dialect, _Tongue] = {}

    async def send(self, call: Call, target: Target) -> Reply:
        limit = target.timeouts.first if call.stream else target.timeouts.total
        try:
            async with asyncio.timeout(limit):
                return await self._attempt(call, target)
        except TimeoutError as error:
            what = "no content" if call.stream else "no answer"
            text = f"{self.name} gave {what} within {limit:g} s"
            raise Failure(Kind.TIMEOUT, text, provider=self.name) from error
        except Failure as failure:
            _own(failure, self.name, target)
            raise

    async def _attempt(self, call: Call, target: Target) -> Reply:
        tongue = self._tongue(call.dialect)
        asked = merged(call.body, target)
        request = await self._dress(call, target, tongue, asked)
        credential = "\0".join((self.name, *target.secrets.values()))
        answer = await self._transport.post(request, target.timeouts, credential)
        try:
            if not 200 <= answer.status < 300:
                await self._refuse(answer)
            if call.stream and not _is_document(answer):
                return await self._stream(target, answer, tongue, asked)
            return await self._document(call, answer, tongue, asked)
        except BaseException:
            await answer.close(finished=False)
            raise

    def _tongue(self, ours: Dialect) -> _Tongue:
        tongue = self._tongues.get(ours)
        if tongue is None:
            theirs = best_dialect(ours, self._provider)
            tongue = self._tongues[ours] = _Tongue(
                self._provider.speaks[theirs],
                plug(WIRES[theirs]),
                None if ours is theirs else plug(TRANSLATIONS[ours, theirs]),
                theirs is Dialect.OPENAI_CHAT,
            )
        return tongue

    async def _dress(self, call: Call, target: Target, tongue: _Tongue, asked: Json) -> Upstream:
        body = asked
        if translation := tongue.translation:
            if target.drop_params:
                droppable = translation.droppable(body)
                body = {name: value for name, value in body.items() if name not in droppable}
            with _spelling(BadRequest, "the request cannot be translated"):
                body = translation.request(body)
        if call.stream and tongue.chat and "stream_options" not in target.drop_fields:
            options = body.get("stream_options") or {}
            body = {**body, "stream_options": {**options, "include_usage": True}}
        for quirk in self._provider.quirks if tongue.chat else ():
            body = quirk(body)
        headers = {
            **_HEADERS,
            "accept": "text/event-stream" if call.stream else "application/json",
            "user-agent": "sluicegate",
            "x-request-id": call.id,
            **tongue.endpoint.headers,
            **({} if tongue.translation else call.headers),
            **target.headers,
        }
        url = address(self._provider, tongue.endpoint, target, stream=call.stream)
        request = Upstream(url, _dumped(body), headers)
        return await (self._provider.auth or bearer)(request, target)

    async def _refuse(self, answer: Answer) -> NoReturn:
        body = (await answer.document())[:_ERROR_BODY_LIMIT]
        now = self._clock.wall()
        raise classify(self.name, answer.status, answer.headers, body, now_wall=now)

    async def _document(self, call: Call, answer: Answer, tongue: _Tongue, asked: Json) -> Reply:
        raw = await answer.document()
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise Failure(Kind.BROKEN, f"{self.name} answered 200 without a JSON object")
        if error := tongue.wire.error(document):
            now = self._clock.wall()
            raise classify_error(self.name, error, headers=answer.headers, now_wall=now)
        if call.stream:
            raise Failure(Kind.BROKEN, f"{self.name} answered a stream request with a document")
        receipt = Receipt(
            usage=tongue.wire.usage(document) or Usage(),
            model=model_of(document),
            finish=True,
            complete=True,
        )
        if tongue.translation:
            with _spelling(_broken, "the provider's answer cannot be translated"):
                now = int(self._clock.wall())
                raw = orjson.dumps(tongue.translation.reply(document, asked, now))
        await answer.close(finished=True)
        return Reply(raw, receipt, answer.headers)

    async def _stream(self, target: Target, answer: Answer, tongue: _Tongue, asked: Json) -> Reply:
        """Read up to the commit point: until here everything may be tried again elsewhere."""
        receipt = Receipt()
        relay = self._relay(tongue, asked, receipt)
        held: list[bytes] = []
        while not relay.content:
            data = await answer.read()
            held.append(_step(relay, data))
            if relay.failure:
                raise relay.failure
            if not data or receipt.complete:
                break
        if not relay.content:
            raise Failure(Kind.BROKEN, f"{self.name} ended its answer before it began")
        answer.watch()
        own = partial(_own, provider=self.name, target=target)
        flow = _Flow(b"".join(held), answer, relay, receipt, own)
        return Reply(flow, receipt, answer.headers)

    def _relay(self, tongue: _Tongue, asked: Json, receipt: Receipt) -> Relay:
        rewrite: Callable[[bytes], bytes] = as_it_comes
        if tongue.translation:
            machine = tongue.translation.stream(asked, int(self._clock.wall()))
            rewrite = interpreted(machine, receipt)
        elif tongue.chat and not (asked.get("stream_options") or {}).get("include_usage"):
            rewrite = without_usage(receipt)
        return Relay(tongue.wire, receipt, self.name, rewrite)


class _Flow:
    """The stream after its commit point. One read in, at most one write out: a write costs ten
    times the JSON.
    """

    def __init__(
        self,
        first: bytes,
        answer: Answer,
        relay: Relay,
        receipt: Receipt,
        own: Callable[[Failure], None],
    ) -> None:
        self._first = first
        self._answer = answer
        self._relay = relay
        self._receipt = receipt
        self._own = own
        self._ended = False  # the provider's stream has been read to its end

    def __aiter__(self) -> "_Flow":
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            if out := await self._next():
                return out
        except Failure as failure:
            self._own(failure)
            raise
        raise StopAsyncIteration

    async def _next(self) -> bytes:
        while not (self._ended or self._receipt.complete or self._relay.failure):
            data = await self._answer.read()
            self._ended = not data
            if out := _step(self._relay, data):
                return out
        if failure := self._relay.failure:
            raise failure
        return b""

    async def aclose(self) -> None:
        await self._answer.close(finished=self._ended or self._receipt.complete)


def merged(body: Json, target: Target) -> Json:
    """The client's request with the deployment's defaults and the provider's model name.

    The client's fields win; only `tools` are joined, the deployment's before the client's.
    """
    asked = {**body, "model": target.model}
    for name, default in target.params.items():
        if name == "tools" and isinstance(tools := asked.get("tools"), list):
            asked["tools"] = [*default, *tools]
        else:
            asked.setdefault(name, default)
    for name in target.drop_fields:
        asked.pop(name, None)
    return asked


def _dumped(body: Json) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError as error:  # a lone surrogate cannot be written as UTF-8
        raise BadRequest(f"the request cannot be encoded as JSON: {error}") from error


def without(secrets: Iterable[str], text: str) -> str:
    """The text with none of the secrets in it: some providers quote the key they refuse."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def _own(failure: Failure, provider: str, target: Target) -> None:
    """Make a failure say whose it is, and nothing that is secret."""
    failure.provider = provider
    failure.message = without(target.secrets.values(), failure.message)
    failure.args = (failure.message,)


def _is_document(answer: Answer) -> bool:
    """Whether a stream was asked for and something else came: an error, or a login page."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/json"}


def _step(relay: Relay, data: bytes) -> bytes:
    """What one read, or the end, has to say."""
    try:
        return relay.feed(data) if data else relay.close()
    except _ODD as odd:
        raise _broken(f"the provider sent an event of unknown shape: {odd!r}"[:300]) from odd


@contextmanager
def _spelling(error: Callable[[str], GatewayError], text: str) -> Iterator[None]:
    """Translators trust shapes; a shape nobody foresaw must not look like a bug of the server."""
    try:
        yield
    except _ODD as odd:
        raise error(f"{text}: {odd!r}"[:300]) from odd


def _broken(text: str) -> Failure:
    return Failure(Kind.BROKEN, text)


_ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError)

"""One attempt, start to end: dress, post, classify, read, translate back.

settled -> merged -> hops to their dialect -> quirks -> mend -> auth -> transport.post
answer -> classify (refused) | document | relay (stream, returned at its first content)
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, TypeAlias

import orjson

from adapters.auth.keys import bearer
from adapters.classify import classify, classify_error
from adapters.clock import Clock
from adapters.deadline import within_limit
from adapters.dialects import Wire
from adapters.errors import ODD, BadRequest, Failure, Kind
from adapters.flow import Flow, Ready
from adapters.framing import FRAMINGS, Framing
from adapters.hops import Interpreter, dropped
from adapters.marks import may_hold
from adapters.merge import dumped, merged
from adapters.plug import plug
from adapters.provider import (
    Answer,
    Provider,
    Quirk,
    Transport,
    Upstream,
)
from adapters.quirks import MARKS, in_words
from adapters.relay import Relay, Rewrite, as_it_comes, interpreted, without_usage
from adapters.repair import repaired
from adapters.tap import model_of
from adapters.types import Call, Json, Receipt, Reply, Target, Usage
from adapters.ways import Place, Way, Ways

Inline: TypeAlias = Callable[[Json], Awaitable[Json]]
"""Puts bytes in place of the addresses of images in a chat body."""

_ERROR_BODY_LIMIT = 64 * 1024  # bytes of a refusal that are worth reading
_SHORTEST_SECRET = 6  # characters; what is shorter stands where a local server wants something


@dataclass(slots=True)
class _Talk:
    """One attempt: who asks what, where, and in which words."""

    call: Call
    place: Place
    way: Way
    asked: Json
    spoken: Interpreter | None  # None: the provider speaks the client's dialect

    @property
    def target(self) -> Target:
        return self.place.target


class RowAdapter:
    """Makes a working adapter out of a catalogue row and a transport."""

    def __init__(
        self, provider: Provider, transport: Transport, clock: Clock, inline: Inline | None = None
    ) -> None:
        self.name = provider.name
        self._provider = provider
        self._transport = provider.transport(transport, clock) if provider.transport else transport
        login = provider.login
        self._ways = Ways(provider, login(transport, clock) if login else provider.auth or bearer)
        self._clock = clock
        self._inline = inline
        self._marks = sorted({mark for quirk in provider.quirks for mark in MARKS.get(quirk, ())})
        self._unmarked = [quirk for quirk in provider.quirks if quirk not in MARKS]

    async def send(self, call: Call, target: Target) -> Reply:
        try:
            talk = self._talk(call, target)
            try:
                with within_limit(talk.way.limit):
                    return await self._attempt(talk)
            except TimeoutError as error:
                what = "no content" if call.stream else "no answer"
                text = f"{self.name} gave {what} within {talk.way.limit.seconds:g} s"
                raise Failure(Kind.TIMEOUT, text) from error
        except Failure as failure:
            _own(failure, self.name, target)
            raise

    def _talk(self, call: Call, target: Target) -> _Talk:
        place = self._ways.place(target)
        asked = merged(call.body, place.target)
        way = self._ways.find(place, call, asked)
        spoken = Interpreter(way.hops, way.pivot) if way.hops else None
        return _Talk(call, place, way, asked, spoken)

    async def _attempt(self, talk: _Talk) -> Reply:
        target, way, body = talk.target, talk.way, talk.asked
        if talk.spoken or way.endpoint.inlines or target.modify_params:
            body = await self._said(talk)
        request = self._dressed(talk, body)
        if way.auth:
            request = await way.auth(request, target)
        answer = await self._transport.post(request, target.timeouts, talk.place.credential)
        try:
            if not 200 <= answer.status < 300:
                await self._refuse(answer)
            if way.streams and not _is_document(answer, way.endpoint.framing):
                return await self._stream(talk, answer)
            reply = self._document(talk, await answer.document(), answer.headers)
            await answer.close(finished=True)
        except BaseException:
            await answer.close(finished=False)
            raise
        return reply

    async def _said(self, talk: _Talk) -> Json:
        """The body in the provider's dialect, mended where that may take a while."""
        try:
            if talk.spoken:
                edited = partial(self._edited, talk)
                return await talk.spoken.request(talk.asked, talk.target, edited)
            return await self._edited(talk, talk.asked)
        except ODD as odd:
            raise BadRequest(_odd("the request cannot be translated", odd)) from odd

    def _dressed(self, talk: _Talk, body: Json) -> Upstream:
        call, way = talk.call, talk.way
        if way.chat:
            body = self._as_chat(talk, body)
        elif way.wire.own and not way.hops:
            body = way.wire.own(body, call.raw if talk.place.plain else b"")
        if way.endpoint.mend:
            body = way.endpoint.mend(body, call, talk.target)
        forwarded = {} if way.hops else call.headers
        headers = {**way.usual, "x-request-id": call.id, **forwarded, **way.headers}
        return Upstream(way.url, dumped(body), headers)

    async def _edited(self, talk: _Talk, body: Json) -> Json:
        """The pivot's body, or one that needs no translation, with what must be mended in it."""
        if talk.way.endpoint.inlines and self._inline:
            body = await self._inline(body)
        if talk.target.modify_params and (talk.way.hops or talk.way.chat):
            body = repaired(body, talk.way.theirs)
        return body

    def _as_chat(self, talk: _Talk, body: Json) -> Json:
        """A body for a provider that is nearly OpenAI."""
        target = talk.target
        if target.drop_params and self._provider.droppable:
            body = dropped(body, self._provider.droppable(body), target)
        if talk.call.stream and "stream_options" not in target.drop_fields:
            options = body.get("stream_options") or {}
            body = {**body, "stream_options": {**options, "include_usage": True}}
        for quirk in self._quirks(talk, body):
            body = quirk(body)
        return body

    def _quirks(self, talk: _Talk, body: Json) -> Sequence[Quirk]:
        """Those that may find something to edit."""
        if not self._marks or in_words(body):
            return self._unmarked
        raw = b"" if talk.way.hops or not talk.place.plain else talk.call.raw
        return self._provider.quirks if may_hold(raw, self._marks) else self._unmarked

    async def _refuse(self, answer: Answer) -> NoReturn:
        body = (await answer.document())[:_ERROR_BODY_LIMIT]
        now = self._clock.wall()
        raise classify(self.name, answer.status, answer.headers, body, now_wall=now)

    def _document(self, talk: _Talk, raw: bytes, headers: Mapping[str, str]) -> Reply:
        way, spoken = talk.way, talk.spoken
        try:
            document = self._read(raw, headers, way.wire)
            told = way.wire.usage(document) or Usage()
        except ODD as odd:
            raise _broken("the provider's answer cannot be read", odd) from odd
        if way.streams:
            raise Failure(Kind.BROKEN, f"{self.name} answered a stream request with a document")
        receipt = Receipt(usage=told, model=model_of(document), finish=True, complete=True)
        body: bytes | Ready = raw
        try:
            if spoken and talk.call.stream:
                body = Ready(spoken.cut(document, int(self._clock.wall())))
            elif spoken:
                body = orjson.dumps(spoken.reply(document, int(self._clock.wall())))
        except ODD as odd:
            raise _broken("the provider's answer cannot be translated", odd) from odd
        return Reply(body, receipt, headers)

    def _read(self, raw: bytes, headers: Mapping[str, str], wire: Wire) -> Json:
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise Failure(Kind.BROKEN, f"{self.name} answered 200 without a JSON object")
        if error := wire.error(document):
            raise classify_error(self.name, error, headers=headers, now_wall=self._clock.wall())
        if wire.holds and not [name for name in wire.holds if document.get(name)]:
            raise Failure(Kind.BROKEN, f"{self.name} answered 200 with nothing in it")
        return document

    async def _stream(self, talk: _Talk, answer: Answer) -> Reply:
        """Read up to the commit point: until here everything may be tried again elsewhere."""
        receipt = Receipt()
        relay = self._relay(talk, receipt)
        held: list[bytes] = []
        while not relay.content:
            data = await answer.read()
            held.append(relay.feed(data) if data else relay.close())
            if relay.failure:
                raise relay.failure
            if not data or receipt.complete:
                break
        if not relay.content:
            raise Failure(Kind.BROKEN, f"{self.name} ended its answer before it began")
        answer.watch()
        own = partial(_own, provider=self.name, target=talk.target)
        flow = Flow(b"".join(held), answer, relay, receipt, own)
        return Reply(flow, receipt, answer.headers)

    def _relay(self, talk: _Talk, receipt: Receipt) -> Relay:
        way = talk.way
        rewrite: Rewrite = as_it_comes
        if talk.spoken:
            rewrite = interpreted(talk.spoken.machine(int(self._clock.wall())))
        elif way.chat and not (talk.asked.get("stream_options") or {}).get("include_usage"):
            rewrite = without_usage
        framing = way.endpoint.framing
        unframe = plug(FRAMINGS[framing])() if framing in FRAMINGS else None
        return Relay(way.wire, receipt, self.name, rewrite, unframe)


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


def _is_document(answer: Answer, framing: Framing) -> bool:
    """Whether a stream was asked for and something else came: an error, or a login page."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "text/html" or (kind == "application/json" and framing is Framing.SSE)


def _broken(text: str, odd: Exception) -> Failure:
    """Translators trust shapes; a shape nobody foresaw must not look like a bug of the server."""
    return Failure(Kind.BROKEN, _odd(text, odd))


def _odd(text: str, odd: Exception) -> str:
    return f"{text}: {odd!r}"[:300]

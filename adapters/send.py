"""One attempt, start to end: dress, post, classify, read, translate back.

settled -> merged -> hops to their dialect -> quirks -> mend -> auth -> transport.post
answer -> classify (refused) | document | relay (stream, returned at its first content)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, TypeAlias

import orjson

from adapters.auth.keys import bearer
from adapters.classify import classify, classify_error
from adapters.clock import Clock
from adapters.dialects import PIVOTS, WIRES, Translation, Wire
from adapters.errors import BadRequest, Failure, GatewayError, Kind
from adapters.flow import ODD, Flow, Ready, step
from adapters.framing import ACCEPT, FRAMINGS, Framing
from adapters.hops import Interpreter, dropped, hops
from adapters.merge import dumped, merged
from adapters.plug import plug
from adapters.provider import (
    Answer,
    Endpoint,
    Provider,
    Transport,
    Upstream,
    address,
    best_dialect,
)
from adapters.relay import Relay, as_it_comes, interpreted, without_usage
from adapters.repair import repaired
from adapters.tap import model_of
from adapters.types import Call, Dialect, Json, Receipt, Reply, Target, Usage

Inline: TypeAlias = Callable[[Json], Awaitable[Json]]
"""Puts bytes in place of the addresses of images in a chat body."""

_ERROR_BODY_LIMIT = 64 * 1024  # bytes of a refusal that are worth reading
_SHORTEST_SECRET = 6  # characters; what is shorter stands where a local server wants something
_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How one dialect of a provider is spoken on behalf of one client dialect."""

    wire: Wire
    hops: tuple[Translation, ...]
    pivot: bool  # the provider speaks the pivot of what is asked
    chat: bool  # and that is OpenAI's chat


@dataclass(frozen=True, slots=True)
class _Talk:
    """One attempt: who asks what, where, and in which words."""

    call: Call
    target: Target
    theirs: Dialect
    endpoint: Endpoint
    tongue: _Tongue
    asked: Json
    spoken: Interpreter

    @property
    def streams(self) -> bool:
        """Whether the provider is asked for a stream."""
        return self.call.stream and self.endpoint.streams


class RowAdapter:
    """Makes a working adapter out of a catalogue row and a transport."""

    def __init__(
        self, provider: Provider, transport: Transport, clock: Clock, inline: Inline | None = None
    ) -> None:
        self.name = provider.name
        self._provider = provider
        self._transport = provider.transport(transport, clock) if provider.transport else transport
        self._auth = provider.login(transport, clock) if provider.login else provider.auth or bearer
        self._clock = clock
        self._inline = inline
        self._tongues: dict[tuple[Dialect, Dialect], _Tongue] = {}

    async def send(self, call: Call, target: Target) -> Reply:
        limit = target.timeouts.total
        try:
            talk = self._talk(call, target)
            limit = target.timeouts.first if talk.streams else limit
            async with asyncio.timeout(limit):
                return await self._attempt(talk)
        except TimeoutError as error:
            what = "no content" if call.stream else "no answer"
            text = f"{self.name} gave {what} within {limit:g} s"
            raise Failure(Kind.TIMEOUT, text, provider=self.name) from error
        except Failure as failure:
            _own(failure, self.name, target)
            raise

    def _talk(self, call: Call, target: Target) -> _Talk:
        provider = self._provider
        if provider.settled:
            target = provider.settled(target)
        asked = merged(call.body, target)
        speaks = provider.speaking(target, asked) if provider.speaking else provider.speaks
        theirs = best_dialect(call.dialect, speaks)
        if theirs is None:
            text = f"{target.model} at {self.name} does not serve {call.dialect.operation}"
            raise Failure(Kind.CALLER, text)
        tongue = self._tongue(call.dialect, theirs)
        return _Talk(
            call,
            target,
            theirs,
            speaks[theirs],
            tongue,
            asked,
            Interpreter(tongue.hops, tongue.pivot),
        )

    def _tongue(self, ours: Dialect, theirs: Dialect) -> _Tongue:
        tongue = self._tongues.get((ours, theirs))
        if tongue is None:
            tongue = self._tongues[ours, theirs] = _Tongue(
                plug(WIRES[theirs]),
                hops(ours, theirs),
                theirs is PIVOTS[theirs.operation],
                theirs is Dialect.OPENAI_CHAT,
            )
        return tongue

    async def _attempt(self, talk: _Talk) -> Reply:
        request = await self._dress(talk)
        target = talk.target
        credential = "\0".join((self.name, *target.secrets.values()))
        answer = await self._transport.post(request, target.timeouts, credential)
        try:
            if not 200 <= answer.status < 300:
                await self._refuse(answer)
            if talk.streams and not _is_document(answer, talk.endpoint.framing):
                return await self._stream(talk, answer)
            return await self._document(talk, answer)
        except BaseException:
            await answer.close(finished=False)
            raise

    async def _dress(self, talk: _Talk) -> Upstream:
        call, target, endpoint = talk.call, talk.target, talk.endpoint
        with _spelling(BadRequest, "the request cannot be translated"):
            edits = partial(self._edited, talk)
            body = await talk.spoken.request(talk.asked, target, edits)
        if talk.tongue.chat:
            body = self._as_chat(talk, body)
        if endpoint.mend:
            body = endpoint.mend(body, call, target)
        headers = {
            **_HEADERS,
            "accept": ACCEPT[endpoint.framing] if talk.streams else "application/json",
            "user-agent": "sluicegate",
            "x-request-id": call.id,
            **endpoint.headers,
            **({} if talk.tongue.hops else call.headers),
            **target.headers,
        }
        url = address(self._provider, endpoint, target, stream=talk.streams)
        return await self._auth(Upstream(url, dumped(body), headers), target)

    async def _edited(self, talk: _Talk, body: Json) -> Json:
        """The pivot's body, or one that needs no translation, with what must be mended in it."""
        if talk.endpoint.inlines and self._inline:
            body = await self._inline(body)
        if talk.target.modify_params and (talk.tongue.hops or talk.tongue.chat):
            body = repaired(body, talk.theirs)
        return body

    def _as_chat(self, talk: _Talk, body: Json) -> Json:
        """A body for a provider that is nearly OpenAI."""
        target = talk.target
        if target.drop_params and self._provider.droppable:
            body = dropped(body, self._provider.droppable(body), target)
        if talk.call.stream and "stream_options" not in target.drop_fields:
            options = body.get("stream_options") or {}
            body = {**body, "stream_options": {**options, "include_usage": True}}
        for quirk in self._provider.quirks:
            body = quirk(body)
        return body

    async def _refuse(self, answer: Answer) -> NoReturn:
        body = (await answer.document())[:_ERROR_BODY_LIMIT]
        now = self._clock.wall()
        raise classify(self.name, answer.status, answer.headers, body, now_wall=now)

    async def _document(self, talk: _Talk, answer: Answer) -> Reply:
        raw = await answer.document()
        wire = talk.tongue.wire
        with _spelling(_broken, "the provider's answer cannot be read"):
            document = self._read(raw, answer.headers, wire)
            told = wire.usage(document) or Usage()
        if talk.streams:
            raise Failure(Kind.BROKEN, f"{self.name} answered a stream request with a document")
        receipt = Receipt(usage=told, model=model_of(document), finish=True, complete=True)
        body: bytes | Ready = raw
        with _spelling(_broken, "the provider's answer cannot be translated"):
            now = int(self._clock.wall())
            if talk.call.stream:
                body = Ready(talk.spoken.cut(document, now))
            elif talk.tongue.hops:
                body = orjson.dumps(talk.spoken.reply(document, now))
        await answer.close(finished=True)
        return Reply(body, receipt, answer.headers)

    def _read(self, raw: bytes, headers: Mapping[str, str], wire: Wire) -> Json:
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise Failure(Kind.BROKEN, f"{self.name} answered 200 without a JSON object")
        if error := wire.error(document):
            raise classify_error(self.name, error, headers=headers, now_wall=self._clock.wall())
        if wire.holds and not any(document.get(name) for name in wire.holds):
            raise Failure(Kind.BROKEN, f"{self.name} answered 200 with nothing in it")
        return document

    async def _stream(self, talk: _Talk, answer: Answer) -> Reply:
        """Read up to the commit point: until here everything may be tried again elsewhere."""
        receipt = Receipt()
        relay = self._relay(talk, receipt)
        held: list[bytes] = []
        while not relay.content:
            data = await answer.read()
            held.append(step(relay, data))
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
        tongue = talk.tongue
        rewrite: Callable[[bytes], bytes] = as_it_comes
        if tongue.hops:
            machine = talk.spoken.machine(int(self._clock.wall()))
            rewrite = interpreted(machine, receipt)
        elif tongue.chat and not (talk.asked.get("stream_options") or {}).get("include_usage"):
            rewrite = without_usage(receipt)
        framing = talk.endpoint.framing
        unframe = plug(FRAMINGS[framing])() if framing in FRAMINGS else None
        return Relay(tongue.wire, receipt, self.name, rewrite, unframe)


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


@contextmanager
def _spelling(error: Callable[[str], GatewayError], text: str) -> Iterator[None]:
    """Translators trust shapes; a shape nobody foresaw must not look like a bug of the server."""
    try:
        yield
    except ODD as odd:
        raise error(f"{text}: {odd!r}"[:300]) from odd


def _broken(text: str) -> Failure:
    return Failure(Kind.BROKEN, text)

"""How targets are reached: all that no request changes about it, worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.auth.keys import Shown
from adapters.deadline import Limit
from adapters.dialects import PIVOTS, WIRES, Translation, Wire
from adapters.errors import Failure, Kind
from adapters.framing import ACCEPT
from adapters.hops import hops
from adapters.plug import plug
from adapters.provider import Auth, Endpoint, Provider, address, best_dialect
from adapters.types import Call, Dialect, Json, Target

_HEADERS = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "user-agent": "sluicegate",
}
_SAYING = frozenset({"messages", "tools"})
_MOST_PLACES = 1_000  # a target whose time is short is made for one attempt


@dataclass(frozen=True, slots=True)
class Way:
    """How one target is spoken to on behalf of one client dialect."""

    theirs: Dialect
    endpoint: Endpoint
    wire: Wire
    hops: tuple[Translation, ...]
    pivot: bool  # the provider speaks the pivot of what is asked
    chat: bool  # and that is OpenAI's chat
    streams: bool  # the provider is asked for a stream
    limit: Limit  # how long an answer may take, or a stream to begin
    url: str
    usual: Mapping[str, str]  # headers that a client's own may take the place of
    headers: Mapping[str, str]  # the others: config's, and what lets us in
    auth: Auth | None  # makes what lets us in for one request, where it is not the same for all


@dataclass(frozen=True, slots=True)
class Place:
    """A target, and the ways there that were found so far."""

    given: Target  # kept, so that no other target gets its identity
    target: Target  # settled
    credential: str  # connections are shared by those who have the same
    plain: bool  # it adds nothing to what is said or offered as a tool
    ways: dict[tuple[Dialect, Dialect, bool], Way] = field(default_factory=dict)


class Ways:
    """Of one provider. Targets are known by identity: they are made when config is read."""

    def __init__(self, provider: Provider, auth: Auth) -> None:
        self._provider = provider
        self._auth = auth
        self._places: dict[int, Place] = {}

    def place(self, target: Target) -> Place:
        place = self._places.get(id(target))
        if place is None:
            settled = self._provider.settled
            credential = "\0".join((self._provider.name, *target.secrets.values()))
            plain = _SAYING.isdisjoint(target.params)
            place = Place(target, settled(target) if settled else target, credential, plain)
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            self._places[id(target)] = place
        return place

    def find(self, place: Place, call: Call, asked: Json) -> Way:
        """The way for a call. `asked`: its body with the target's defaults, for some models are
        spoken to otherwise when certain things are asked.

        Raises:
            Failure: CALLER, no such operation is served there; CREDENTIAL, there is no key.
        """
        provider, target = self._provider, place.target
        speaks = provider.speaking(target, asked) if provider.speaking else provider.speaks
        theirs = best_dialect(call.dialect, speaks)
        if theirs is None:
            text = f"{target.model} at {provider.name} does not serve {call.dialect.operation}"
            raise Failure(Kind.CALLER, text)
        way = place.ways.get((call.dialect, theirs, call.stream))
        if way is None or way.endpoint is not speaks[theirs]:
            way = self._way(place, call, theirs, speaks[theirs])
            place.ways[call.dialect, theirs, call.stream] = way
        return way

    def _way(self, place: Place, call: Call, theirs: Dialect, endpoint: Endpoint) -> Way:
        streams = call.stream and endpoint.streams
        target, auth = place.target, self._auth
        url = address(self._provider, endpoint, target, stream=streams)
        shown = auth.headers(target) if isinstance(auth, Shown) else {}
        return Way(
            theirs,
            endpoint,
            wire=plug(WIRES[theirs]),
            hops=hops(call.dialect, theirs),
            pivot=theirs is PIVOTS[theirs.operation],
            chat=theirs is Dialect.OPENAI_CHAT,
            streams=streams,
            limit=Limit(target.timeouts.first if streams else target.timeouts.total),
            url=url,
            usual={
                **_HEADERS,
                "accept": ACCEPT[endpoint.framing] if streams else "application/json",
                **endpoint.headers,
            },
            headers={**target.headers, **shown},
            auth=None if isinstance(auth, Shown) else auth,
        )

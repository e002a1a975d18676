"""From the client's dialect to the provider's and back: no hop, one, or two over the pivot."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import orjson

from adapters.dialects import PIVOTS, TRANSLATIONS, Machine, Translation
from adapters.dialects.chat import chunks
from adapters.plug import plug
from adapters.sse import Event, encode, events
from adapters.types import Dialect, Json, Target


def hops(ours: Dialect, theirs: Dialect) -> tuple[Translation, ...]:
    """The translations between two dialects of the same operation, the client's first.

    Raises:
        LookupError: there is no way.
    """
    if ours is theirs:
        return ()
    pivot = PIVOTS[ours.operation]
    way = [(ours, theirs)]
    if (ours, theirs) not in TRANSLATIONS and pivot not in way[0]:
        way = [(ours, pivot), (pivot, theirs)]
    try:
        return tuple(plug(TRANSLATIONS[pair]) for pair in way)
    except KeyError as missing:
        raise LookupError(f"there is no translation for {missing}") from missing


@dataclass(slots=True)
class Interpreter:
    """Speaks for one request. `asked` gathers what each hop was asked, for what an answer means
    may depend on it.
    """

    hops: Sequence[Translation]
    pivot: bool = False  # the provider speaks the pivot
    asked: list[Json] = field(default_factory=list)

    async def request(
        self, body: Json, target: Target, edits: Callable[[Json], Awaitable[Json]]
    ) -> Json:
        """The provider's body for the client's. `edits` are done to the pivot's, or where no other
        is needed to the client's own.

        Raises:
            BadRequest: it cannot be said there.
        """
        edited = self.pivot or not self.hops
        for hop in self.hops:
            if target.drop_params:
                body = dropped(body, hop.droppable(body), target)
            if hop is self.hops[-1] and not edited:
                body = await edits(body)
            self.asked.append(body)
            body = hop.request(body)
        return await edits(body) if edited else body

    def reply(self, document: Json, now: int) -> Json:
        """The client's document for the provider's. `now`: Unix seconds."""
        for hop, asked in zip(reversed(self.hops), reversed(self.asked), strict=True):
            document = hop.reply(document, asked, now)
        return document

    def machine(self, now: int) -> Machine:
        """A fresh translator of the provider's stream. `now`: Unix seconds."""
        machines = self._machines(len(self.hops), now)
        return machines[0] if len(machines) == 1 else _Chain(machines)

    def cut(self, document: Json, now: int) -> bytes:
        """The client's stream for a document of a provider that knows no streams."""
        asked = self.asked[-1]
        said = chunks(self.hops[-1].reply(document, asked, now), asked)
        client = _Chain(self._machines(len(self.hops) - 1, now))
        told = [out for event in said for out in client.feed(event)]
        return b"".join(map(encode, [*told, *client.close()]))

    def _machines(self, count: int, now: int) -> list[Machine]:
        """Of the first so many hops, the one next to the provider first."""
        pairs = list(zip(self.hops, self.asked, strict=True))[:count]
        return [hop.stream(asked, now) for hop, asked in reversed(pairs)]


class _Chain(Machine):
    """Machines in a row: what one says, the next hears."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self._machines = machines

    def feed(self, event: Event) -> list[Event]:
        return self._through([event], 0)

    def close(self) -> list[Event]:
        said: list[Event] = []
        for at, machine in enumerate(self._machines):
            said += self._through(machine.close(), at + 1)
        return said

    def go_on(self, document: Json) -> bytes | None:
        first, *others = self._machines
        said = first.go_on(document)
        for machine in others:
            said = said and b"".join([_told(machine, event) for event in events(said)])
        return said

    def _through(self, events: list[Event], first: int) -> list[Event]:
        for machine in self._machines[first:]:
            events = [said for event in events for said in machine.feed(event)]
        return events


def _told(machine: Machine, event: Event) -> bytes:
    """What a machine says of an event that adds to the text."""
    event.document = document = orjson.loads(event.data)
    said = machine.go_on(document)
    return b"".join(map(encode, machine.feed(event))) if said is None else said


def dropped(body: Json, refused: frozenset[str], target: Target) -> Json:
    """The body without the fields that would be refused, but for those the operator keeps."""
    unwanted = (refused & body.keys()) - set(target.keep_params)
    if not unwanted:
        return body
    return {name: value for name, value in body.items() if name not in unwanted}

"""What the upstream shall do, written into the prompt: that passes through every gateway.

`play:100x20+0;` is a stream of 100 events, one every 20 ms, the first at once. A pace of 0 is a
burst. A request that is no stream gets its document after the last number of milliseconds.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    events: int = 1
    pace_ms: int = 0
    first_ms: int = 0

    @property
    def pace_s(self) -> float:
        return self.pace_ms / 1000

    @property
    def first_s(self) -> float:
        return self.first_ms / 1000

    def prompt(self, length: int) -> str:
        """A prompt of that many characters which says all this."""
        order = f"play:{self.events}x{self.pace_ms}+{self.first_ms};"
        return order + "y" * (length - len(order))


def read(body: bytes) -> Script:
    """What a request's body asks for; an event at once if it does not say."""
    _, found, rest = body.partition(b"play:")
    if not found:
        return Script()
    events, _, times = rest.partition(b";")[0].partition(b"x")
    pace, _, first = times.partition(b"+")
    return Script(int(events), int(pace), int(first))

"""Whole streams as events: what the relay does read by read, for tests that feed a translator."""

from adapters.sse import EVENT_LIMIT, Cutter, Event, events


class Decoder:
    """Feed it reads of any size; it returns the events completed so far."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._cutter = Cutter(limit)

    def feed(self, data: bytes) -> list[Event]:
        return events(whole) if (whole := self._cutter.feed(data)) else []

    def close(self) -> list[Event]:
        """What an end without a blank line left behind. The standard drops it; providers do not
        mean it so, and a cut event does not parse anyway.
        """
        return events(self._cutter.rest)

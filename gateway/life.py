"""The life of this process: what it is working on, and whether it is going."""

from adapters.errors import ShuttingDown
from gateway.exchange import Exchange


class Life:
    """Knows every exchange that is open. `draining`: finish what is here, invite nobody."""

    def __init__(self) -> None:
        self.draining = False
        self._open: set[Exchange] = set()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, exchange: Exchange) -> None:
        self._open.add(exchange)
        exchange.closing = self.draining

    def end(self, exchange: Exchange) -> None:
        self._open.discard(exchange)

    def cut(self) -> int:
        """Tell everybody who is still here that it is over; returns how many that were."""
        for exchange in self._open:
            exchange.interrupt(ShuttingDown("The gateway is shutting down; please try again."))
        return len(self._open)

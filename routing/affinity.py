"""Calls that belong together go to the same deployment while it can take them."""

from collections.abc import Sequence
from typing import Protocol

from routing.ask import Ask
from routing.deployment import Deployment


class Affinity(Protocol):
    """Reads and writes which deployment a conversation, a key or a prompt's beginning is bound to.

    It yields: a deployment that is no candidate, because it rests, is full or was tried, binds
    nobody.
    """

    async def bound(
        self, alias: str, candidates: Sequence[Deployment], ask: Ask
    ) -> Deployment | None:
        """The candidate that this call is bound to; None: it is free."""
        ...

    def bind(self, alias: str, deployment: Deployment, ask: Ask) -> None:
        """It has answered: what belongs to this call goes there from now on."""
        ...

"""What has been said already is not said again. Pure."""


class Diverged(Exception):
    """A continuation says something else than what the client has read: it cannot be joined."""


class Skip:
    """Takes the beginning off a text that arrives in pieces, if it is the beginning expected."""

    __slots__ = ("_at", "_expected")

    def __init__(self, expected: str) -> None:
        self._expected = expected
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether all that was expected has come: what follows is new."""
        return self._at == len(self._expected)

    def feed(self, text: str) -> str:
        """What of the text is new.

        Raises:
            Diverged: it is not as expected. Nothing of what came before it was new.
        """
        known = min(len(text), len(self._expected) - self._at)
        if not self._expected.startswith(text[:known], self._at):
            raise Diverged("it says something else")
        self._at += known
        return text[known:]

    def must_be_done(self) -> None:
        """Raises `Diverged` if the answer goes on to other things before it has said as much."""
        if not self.done:
            raise Diverged("it ends earlier")

"""How the server's time passes here: as everywhere, but in tests that have no minute to wait."""

from dataclasses import dataclass


@dataclass(slots=True)
class ServerTime:
    """`pace`: our seconds in one of the server's; `ahead_s`: seconds that our time is before it."""

    pace: float = 1.0
    ahead_s: float = 0.0

    @property
    def moment(self) -> tuple[float, float]:
        """What every script is told first: `pace`, and milliseconds ahead."""
        return self.pace, self.ahead_s * 1000

    def now_ms(self, said: tuple[int, int]) -> float:
        """From the seconds and microseconds that the server says."""
        seconds, micros = said
        return (seconds * 1000 + micros / 1000) * self.pace + self.ahead_s * 1000

"""What a provider says of its limits in the headers of a reply. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Counted(StrEnum):
    """What an allowance counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    INPUT = "input tokens"
    OUTPUT = "output tokens"


@dataclass(frozen=True, slots=True)
class Told:
    """One allowance, as it was when the reply left."""

    counted: Counted
    remaining: int
    limit: int | None = None
    resets_s: float | None = None  # until it is whole again


def told(headers: Mapping[str, str], *, now_wall: float) -> Sequence[Told]:
    """The allowances in a reply's headers (names in lower case). `now_wall`: Unix seconds."""
    del headers, now_wall
    return ()

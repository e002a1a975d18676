"""What there is to say about a configuration, gathered while it is read, each with its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.config.settings import ConfigError, Note

Where: TypeAlias = tuple[str | int, ...]
"""A place inside the document: `("model_list", 2, "litellm_params", "rpm")`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class WrongConfig(ConfigError):
    """Every problem carries its own file and line, so the source is not said again."""

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class Findings:
    """A list for each kind of remark. Reading goes on after a problem, so all come out at once."""

    def __init__(self, places: Mapping[Where, Place] | None = None) -> None:
        self.problems: list[Note] = []
        self.off: list[Note] = []  # deployments switched off for want of something
        self.warnings: list[Note] = []
        self.unserved: list[Note] = []
        self.served: dict[str, None] = {}  # `model_list[].model_name`, in order, once each
        self._places = places or {}
        self._lines: dict[Note, tuple[str, int]] = {}

    def problem(self, where: Where, text: str) -> None:
        self.problems.append(self.note(where, text))

    def warn(self, where: Where, text: str) -> None:
        self.warnings.append(self.note(where, text))

    def note(self, where: Where, text: str) -> Note:
        """A remark whose path reads `config.yaml:14 model_list[2].litellm_params.rpm`."""
        place = self.place(where)
        if place is None:
            return Note(spell(where), text)
        note = Note(f"{place} {spell(where)}".rstrip(), text)
        self._lines[note] = (place.file, place.line)
        return note

    def in_order(self, notes: Iterable[Note]) -> tuple[Note, ...]:
        """As they stand in the file."""
        return tuple(sorted(notes, key=lambda note: self._lines.get(note, ("", 0))))

    def place(self, where: Where) -> Place | None:
        """Where in the file: the thing itself, or the nearest thing around it."""
        while where not in self._places:
            if not where:
                return None
            where = where[:-1]
        return self._places[where]

    def serve(self, where: Where) -> None:
        self.served[spell(tuple("" if isinstance(part, int) else part for part in where))] = None


def spell(where: Where) -> str:
    """`model_list[2].model_name`; an empty part is written `[]`."""
    text = ""
    for part in where:
        if isinstance(part, int) or part == "":
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text

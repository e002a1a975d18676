"""The Lua that Redis runs for us, one step each, and the form of a command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import TypeAlias

Command: TypeAlias = tuple[str | bytes | int | float, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """Redis knows it by its hash once it has run it."""

    text: str
    sha: str

    def call(self, keys: Sequence[str], *args: str | float) -> Command:
        return ("EVALSHA", self.sha, len(keys), *keys, *args)


@dataclass(frozen=True, slots=True)
class Scripts:
    take: Script
    correct: Script
    hold: Script
    rest: Script
    beat: Script
    spend: Script

    @property
    def texts(self) -> Mapping[str, str]:
        """By hash."""
        every = (self.take, self.correct, self.hold, self.rest, self.beat, self.spend)
        return {script.sha: script.text for script in every}


def load() -> Scripts:
    """From the files in `lua/`."""
    return Scripts(*map(_read, ("take", "correct", "hold", "rest", "beat", "spend")))


def _read(name: str) -> Script:
    folder = Path(__file__).with_name("lua")
    parts = (folder / "window.lua", folder / f"{name}.lua")
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())

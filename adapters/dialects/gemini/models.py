"""What a Gemini model understands, told from its name.

Sources, read 2026-11: https://ai.google.dev/gemini-api/docs/thinking,
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thinking (which levels which model has),
https://ai.google.dev/gemini-api/docs/thought-signatures and
https://ai.google.dev/gemini-api/docs/structured-output. A Gemini whose name tells no version
counts as the newest; a model that is no Gemini (a tuned one behind a number, a Gemma) as the
oldest.
"""

import re
from dataclasses import dataclass

from adapters.dialects.gemini.words import BUDGET, NO_THINKING
from adapters.types import Json

_NAME = re.compile(r"gemini-(?:[a-z]+-)*?(?:(\d+)(?:\.(\d+))?(?=-|$)|[a-z])([^/]*)")
_NEWEST = (99, 0)
_OLDEST = (0, 0)


@dataclass(frozen=True, slots=True)
class Gemini:
    """A model by its name and version."""

    name: str
    version: tuple[int, int]

    @property
    def json_schema(self) -> bool:
        """Takes JSON schemas as they are; older models know a subset of OpenAPI's."""
        return self.version >= (2, 0)

    @property
    def thinks(self) -> bool:
        return self.version >= (2, 5)

    @property
    def has_levels(self) -> bool:
        """Thinks by level instead of a budget of tokens."""
        return self.version >= (3, 0)

    @property
    def wants_signatures(self) -> bool:
        """Refuses calls of the turn it is in that come back without its signature."""
        return self.version >= (3, 0)

    @property
    def names_calls(self) -> bool:
        """Gives its calls ids and wants them back; takes pictures inside a tool's result."""
        return self.version >= (3, 0)

    def thinking(self, effort: str) -> Json:
        """`thinkingConfig` for an effort: the level or budget this model has that comes nearest."""
        if effort in NO_THINKING:
            if self.has_levels:
                return {"thinkingLevel": self._level("minimal")}
            return {"includeThoughts": False, "thinkingBudget": 128 if "pro" in self.name else 0}
        if self.has_levels:
            return {"includeThoughts": True, "thinkingLevel": self._level(effort)}
        return {"includeThoughts": True, "thinkingBudget": BUDGET[effort]}

    def budget(self, tokens: int) -> Json:
        """`thinkingConfig` for a budget of tokens; 0 is no thinking."""
        if tokens <= 0:
            return self.thinking("none")
        if self.has_levels:
            names = ("low", "medium", "high")
            return self.thinking(next((n for n in names if tokens <= BUDGET[n]), "high"))
        return {"includeThoughts": True, "thinkingBudget": tokens}

    def _level(self, effort: str) -> str:
        if effort == "minimal":
            lite = "lite" in self.name
            known = "flash" in self.name and (lite or self.version < (3, 7))
            return "MINIMAL" if known else "LOW"
        if effort == "medium" and "pro" in self.name and self.version == (3, 0):
            return "HIGH"  # Gemini 3 Pro knows low and high
        return effort.upper() if effort in {"low", "medium"} else "HIGH"


def gemini(model: str) -> Gemini:
    """The model as its name tells it."""
    name = model.lower().rpartition("/")[2]
    found = _NAME.match(name)
    if not found:
        return Gemini(name, _OLDEST)
    return Gemini(name, (int(found[1]), int(found[2] or 0)) if found[1] else _NEWEST)

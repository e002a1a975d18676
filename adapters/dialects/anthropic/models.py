"""What a Claude model understands, told from its name.

Sources, read 2026-11: https://platform.claude.com/docs/en/build-with-claude/thinking,
https://platform.claude.com/docs/en/build-with-claude/effort,
https://platform.claude.com/docs/en/build-with-claude/structured-outputs,
https://platform.claude.com/docs/en/models/opus-5-5/whats-new-opus-5-5 and, on sampling,
https://openrouter.ai/docs/guides/evaluate-and-optimize/model-migrations/claude-4-7. A Claude
whose name tells no version counts as the newest; a model that is no Claude, as the oldest.
"""

import re
from dataclasses import dataclass

from adapters.types import Json

_NAME = re.compile(
    r"claude-(?:(\d)(?:[-.](\d{1,2})(?!\d))?-)?"  # claude-3-5-haiku
    r"([a-z]{4,})"
    r"(?:-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?)?"  # claude-opus-4-6, claude-opus-4-20250514
)
_NEWEST = (99, 0)
_OLDEST = (0, 0)


@dataclass(frozen=True, slots=True)
class Claude:
    """A model by its family and version; platform prefixes and dates make no difference."""

    family: str
    version: tuple[int, int]

    @property
    def adaptive(self) -> bool:
        """Thinks by effort instead of a budget of tokens."""
        return self.version >= (4, 6)

    @property
    def structured(self) -> bool:
        """Answers by a JSON schema and keeps to strict tools by itself."""
        return self.version >= (4, 5)

    @property
    def hides_thinking(self) -> bool:
        """Leaves the text of its thinking out unless it is asked for."""
        return self.version >= (4, 7)

    @property
    def samples_itself(self) -> bool:
        """Refuses `temperature`, `top_p` and `top_k`: "deprecated for this model"."""
        return self.version >= (4, 7)

    @property
    def wants_one_sampler(self) -> bool:
        """Refuses `temperature` and `top_p` together."""
        return self.version >= (4, 1)

    @property
    def default_max_tokens(self) -> int:
        """What to send where the client sets no limit, for Anthropic insists on one.

        From Claude 4 on: the largest number that all of them accept.
        """
        if self.version >= (4, 0):
            return 32_000
        return 8192 if self.version >= (3, 5) else 4096

    def effort(self, wanted: str) -> str:
        """The level this model knows that comes nearest without costing more."""
        if wanted == "minimal":
            return "low"
        return "high" if wanted == "xhigh" and self.version < (4, 7) else wanted

    def without_thinking(self) -> Json:
        """Fields that switch thinking off, or down where it cannot be switched off."""
        if self.version < (5, 0):
            return {}  # does not think unless asked
        if self.family in {"fable", "mythos"} or (self.family == "opus" and self.version >= (5, 5)):
            return {"output_config": {"effort": "low"}}
        if self.family == "sonnet" and self.version >= (5, 5):
            return {"thinking": {"type": "between_tools"}}
        return {"thinking": {"type": "disabled"}}


def claude(model: str) -> Claude:
    """The model as its name tells it."""
    found = _NAME.search(model.lower())
    if not found:
        return Claude("", _OLDEST)
    family = found[3]
    major, minor = (found[1], found[2]) if found[1] else (found[4], found[5])
    return Claude(family, (int(major), int(minor or 0)) if major else _NEWEST)

"""What a reply says, whatever dialect it says it in: the measure of every translation."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Call:
    """A tool call. Arguments are text until the reply is complete."""

    name: str = ""
    arguments: str = ""

    @property
    def meant(self) -> Any:
        """The arguments as a value; what is no JSON stays text, for the model wrote it so."""
        if not self.arguments.strip():
            return {}
        try:
            return json.loads(self.arguments)
        except ValueError:
            return self.arguments


@dataclass(slots=True)
class Choice:
    text: str = ""
    thought: str = ""
    calls: dict[Any, Call] = field(default_factory=dict)  # in order of appearance
    finish: str = ""  # in OpenAI's words; empty: it never came to an end
    refusal: str = ""
    logprobs: int = 0  # tokens that a probability is told of

    def call(self, key: Any, name: str, arguments: str) -> None:
        """Add a call, or a piece of one."""
        known = self.calls.setdefault(key, Call())
        known.name = known.name or name
        known.arguments += arguments


@dataclass(frozen=True, slots=True)
class Tokens:
    """As we count: `input` holds what a cache knew, `output` what was thought."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


@dataclass(slots=True)
class Said:
    choices: dict[int, Choice] = field(default_factory=dict)
    tokens: Tokens | None = None  # None: nothing is told
    fault: str = ""  # the provider's error inside a reply that began well
    ended: bool = True  # False: the recording breaks off before the reply's end
    vectors: list[Any] = field(default_factory=list)  # embeddings
    ranks: list[tuple[int, float]] = field(default_factory=list)  # rerank: index and score
    free: bool = False  # calls tools that take any text, which Anthropic's clients do not have

    def choice(self, index: int = 0) -> Choice:
        return self.choices.setdefault(index, Choice())

    @property
    def empty(self) -> bool:
        """Whether there is nothing that a client would wait for."""
        return not any(
            choice.text or choice.thought or choice.calls or choice.finish or choice.refusal
            for choice in self.choices.values()
        )


def count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

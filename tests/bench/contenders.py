"""What the bench must know of a gateway to measure it: one record, the same for everybody.

A contender writes its configuration into a folder that is made for it, says how it is started,
and which of the four routes it serves. Who lacks something says so, and is left out with a word.

The upstream speaks OpenAI (`/v1/chat/completions`, with or without `/v1`), Anthropic
(`/v1/messages`) and Gemini (`/v1beta/models/…`), and answers 200 to every GET (`/v1/models` names
`MODEL`, anything else says that all is well). It does not look at keys, nor at the model's name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

KEY = "sk-bench-0123456789abcdef"  # clients send it as a bearer, to everybody
MODEL = "gpt-4o"  # asked for, unless a contender names another


class Route(StrEnum):
    """Who asks in which dialect, and what the upstream speaks."""

    PLAIN = "openai"
    FROM_ANTHROPIC = "anthropic → openai"  # an OpenAI client, an Anthropic upstream
    FROM_GEMINI = "gemini → openai"
    TO_ANTHROPIC = "openai → anthropic"  # an Anthropic client, an OpenAI upstream


@dataclass(frozen=True, slots=True)
class Ask:
    """How a client asks this contender on one route: where, for which model, with which headers.

    The body follows from the route: a chat completion, or, for `TO_ANTHROPIC`, a message.
    """

    path: str = "/v1/chat/completions"
    model: str = MODEL
    headers: Mapping[str, str] = field(default_factory=dict)  # besides bearer and content-type;
    # "{upstream}" in a value stands for the upstream of the place


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender is to run."""

    port: int  # of 127.0.0.1
    upstream: str  # "http://127.0.0.1:1234", no slash at the end
    folder: Path  # its own, empty, removed afterwards


@dataclass(frozen=True, slots=True)
class Launch:
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # besides the bench's own
    port_file: Path | None = None  # where it writes its port, if it cannot be given the place's


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    launch: Callable[[Place], Launch]  # writes what it needs into the folder; starts nothing
    routes: Mapping[Route, Ask]  # those it serves
    ready: str = "/"  # a GET there answers below 500 once it serves (some have no health route)
    patience_s: float = 20.0  # how long that may take
    missing: Callable[[], str] = lambda: ""  # why it cannot run here; "" if it can


PLAIN: Mapping[Route, Ask] = {Route.PLAIN: Ask()}

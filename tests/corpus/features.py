"""What passed interactions prove of a provider's row: replies by kind, and what was in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.types import Dialect, Operation
from tests.corpus.said import record, records
from tests.corpus.trials import Trial
from tests.corpus.verdicts import Verdict

FEATURES = (
    "chat",
    "stream",
    "tools",
    "images",
    "json_schema",
    "reasoning",
    "cache",
    "logprobs",
    "errors",
    "embeddings",
    "rerank",
)


def proven(verdicts: Iterable[Verdict]) -> Mapping[str, Mapping[str, int]]:
    """Counts by row and feature, of what passed through a door that the row really has."""
    counts: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        if verdict.own_door and not verdict.wrong:
            counts.setdefault(verdict.trial.row, Counter()).update(set(_seen(verdict.trial)))
    return {
        row: {name: counts[row][name] for name in FEATURES if counts[row][name]}
        for row in sorted(counts)
        if counts[row]
    }


def _seen(trial: Trial) -> Iterator[str]:
    if trial.record.refused:
        yield "errors"
        return
    said = trial.said
    if said is None or said.fault or not said.ended:
        return
    match trial.theirs.operation:
        case Operation.EMBEDDINGS:
            yield "embeddings"
        case Operation.RERANK:
            yield "rerank"
        case _:
            yield "stream" if trial.stream else "chat"
            yield from _in_the_reply(trial)
            yield from _in_the_request(trial)


def _in_the_reply(trial: Trial) -> Iterator[str]:
    said = trial.said
    assert said
    choices = said.choices.values()
    if any(choice.calls for choice in choices):
        yield "tools"
    if any(choice.thought for choice in choices) or (said.tokens and said.tokens.reasoning):
        yield "reasoning"
    if any(choice.logprobs for choice in choices):
        yield "logprobs"
    if said.tokens and said.tokens.cached:
        yield "cache"


def _in_the_request(trial: Trial) -> Iterator[str]:
    """Only where the recorded request itself has been sent: the dialect is the client's own."""
    if trial.theirs not in {
        Dialect.OPENAI_CHAT,
        Dialect.ANTHROPIC_MESSAGES,
        Dialect.OPENAI_RESPONSES,
    }:
        return
    asked = trial.record.asked
    if any(_shows(message) for message in _messages(asked)):
        yield "images"
    shape = record(asked.get("response_format")) or record(record(asked.get("text")).get("format"))
    shape = shape or record(asked.get("output_format"))
    shape = shape or record(record(asked.get("output_config")).get("format"))
    if shape.get("type") == "json_schema":
        yield "json_schema"


def _messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return records(asked.get("messages")) or records(asked.get("input"))


def _shows(message: dict[str, Any]) -> bool:
    parts = records(message.get("content"))
    return any(part.get("type") in {"image", "image_url", "input_image"} for part in parts)

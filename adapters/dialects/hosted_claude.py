"""Claude behind OpenAI's chat, as clouds serve it.

At Databricks its thinking is a part of the content:

    [{"type": "reasoning", "summary": [{"type": "summary_text", "text": …, "signature": …}]},
     {"type": "text", "text": …}]

Source: https://docs.databricks.com/aws/en/machine-learning/model-serving/query-reason-models (read
2026-11), and recorded traffic: streams count `null` tokens until their end.
"""

from collections.abc import Sequence
from typing import Any

from adapters.dialects.anthropic.words import BUDGET, NO_THINKING
from adapters.dialects.lenient import record, records, string
from adapters.quirks.edits import each, objects, without
from adapters.quirks.messages import no_cache_control
from adapters.types import Json

_ROOM = 4096  # tokens for the answer, where nobody has set a limit


def is_claude(model: Any) -> bool:
    return "claude" in str(model)


def cache_control_for_claude(body: Json) -> Json:
    """Leave cache marks where they are understood."""
    return body if is_claude(body.get("model")) else no_cache_control(body)


def thinking_for_claude(body: Json) -> Json:
    """Say `reasoning_effort` as a budget, and give thinking back as the part that it came as."""
    if not is_claude(body.get("model")):
        return body
    return each(_budgeted(body), "messages", _with_reasoning)


def _budgeted(body: Json) -> Json:
    effort = body.get("reasoning_effort")
    if not isinstance(effort, str) or "thinking" in body:
        return body
    rest = without(body, "reasoning_effort")
    if effort in NO_THINKING or effort not in BUDGET:
        return rest
    budget, limit = BUDGET[effort], rest.get("max_tokens")
    room = {"max_tokens": budget + limit} if isinstance(limit, int) and limit <= budget else {}
    if limit is None:
        room = {"max_tokens": budget + _ROOM}
    return {**rest, **room, "thinking": {"type": "enabled", "budget_tokens": budget}}


def _with_reasoning(message: Json) -> Json:
    thought = [
        {
            "type": "reasoning",
            "summary": [
                {
                    "type": "summary_text",
                    "text": string(block.get("thinking")),
                    "signature": block["signature"],
                }
            ],
        }
        for block in objects(message, "thinking_blocks")
        if block.get("signature")
    ]
    if not thought:
        return message
    content = message.get("content")
    said = [{"type": "text", "text": content}] if isinstance(content, str) and content else content
    return {**message, "content": [*thought, *(said or [])]}


class Amender:
    """Takes thinking out of the content, and counts that are not known yet out of the usage."""

    def __init__(self) -> None:
        self._thought = ""  # since the last signature
        self._blocks = 0

    def __call__(self, said: Json) -> Sequence[Json]:
        part = "delta" if said.get("object") == "chat.completion.chunk" else "message"
        out = {**said, "choices": [self._choice(choice, part) for choice in said["choices"]]}
        if record(said.get("usage")).get("completion_tokens", 0) is None:
            out["usage"] = None
        return [out]

    def _choice(self, choice: Any, part: str) -> Any:
        message = record(record(choice).get(part))
        if not isinstance(message.get("content"), list):
            return choice
        parts = records(message["content"])
        text = "".join(string(p.get("text")) for p in parts if p.get("type") != "reasoning")
        summaries = [
            summary
            for p in parts
            if p.get("type") == "reasoning"
            for summary in records(p.get("summary"))
        ]
        thought = "".join(string(summary.get("text")) for summary in summaries)
        blocks = [block for summary in summaries for block in self._block(summary, part)]
        found: Json = {"reasoning_content": thought, "thinking_blocks": blocks}
        found = {name: value for name, value in found.items() if value}
        return {**choice, part: {**message, "content": text or None, **found}}

    def _block(self, summary: Json, part: str) -> list[Json]:
        """A thought that is complete: those in a stream are told apart by their `index`."""
        self._thought += string(summary.get("text"))
        signature = summary.get("signature")
        if not signature:
            return []
        block = {"type": "thinking", "thinking": self._thought, "signature": signature}
        self._thought = ""
        self._blocks += 1
        return [{"index": self._blocks - 1, **block} if part == "delta" else block]

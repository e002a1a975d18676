"""A history in Anthropic's words that others have had a part in.

After a fallback, or when a conversation has changed its model, a client of Anthropic's sends back
thinking that somebody else has signed, or nobody. Claude refuses a request with such a block, and
one in which the thinking that led to a tool call is missing while a budget for thinking is set.
Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking (read 2026-11).
"""

from operator import is_
from typing import Any

from adapters.dialects.signatures import is_anthropics
from adapters.marks import may_hold
from adapters.types import Json

_MARKS = (b'"signature"',)  # nothing is signed without


def own_thinking(body: Json, raw: bytes) -> Json:
    """The same body, for Claude without the thinking of others. `raw`: the client's bytes, if the
    body is what they say.
    """
    if not may_hold(raw, _MARKS):
        return body
    messages = body.get("messages")
    if "claude" not in str(body.get("model")).lower() or not isinstance(messages, list):
        return body
    kept = [own for message in messages if (own := _own(message)) is not None]
    if len(kept) == len(messages) and all(map(is_, kept, messages)):
        return body
    out = {**body, "messages": kept}
    if _has_budget(body) and lost_its_thinking(kept):
        del out["thinking"]
    return out


def lost_its_thinking(turns: list[Any]) -> bool:
    """Whether a tool's result is answered without the thinking that led to the call.

    OpenAI's clients do not send it back, and models with a budget refuse to think on without it.
    """
    match turns[-2:]:
        case [
            {"role": "assistant", "content": [{"type": first}, *_]},
            {"content": [{"type": "tool_result"}, *_]},
        ]:
            return first not in {"thinking", "redacted_thinking"}
        case _:
            return False


def _own(message: Any) -> Any:
    """None: nothing is left of it."""
    match message:
        case {"role": "assistant", "content": list(blocks)}:
            own = [block for block in blocks if not _is_strange(block)]
            if len(own) == len(blocks):
                return message
            return {**message, "content": own} if own else None
        case _:
            return message


def _is_strange(block: Any) -> bool:
    match block:
        case {"type": "thinking"}:
            return not is_anthropics(block.get("signature"))
        case _:
            return False


def _has_budget(body: Json) -> bool:
    match body.get("thinking"):
        case {"type": "enabled"}:
            return True
        case _:
            return False

"""Histories that a provider is known to refuse, put right: LiteLLM's `modify_params`.

Clients lose tool results when people interrupt, send nothing where something must be, or begin with
the assistant's words. With the operator's leave what is missing is filled in and what belongs to
nothing is left out; what is whole already is not touched.

What is done with tools and empty turns follows
https://docs.litellm.ai/docs/completion/message_sanitization (read 2026-11).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from adapters.types import Dialect, Json

_Repair: TypeAlias = Callable[[Json], Json]

_NOTHING_SAID = "(nothing was said)"
_GO_ON: Json = {"role": "user", "content": "Please continue."}
_DUMMY_TOOL: Json = {
    "type": "function",
    "function": {
        "name": "dummy_tool",
        "description": "Stands for tools that are not there any more. Do not call it.",
        "parameters": {"type": "object", "properties": {}},
    },
}
_LEAST_BUDGET = 1024  # tokens of thinking; Anthropic refuses less
_SYSTEM = frozenset({"system", "developer"})


def repaired(chat: Json, theirs: Dialect) -> Json:
    """The request as a provider that is spoken to in `theirs` will take it; `chat` itself if
    nothing was wrong.
    """
    for repair in (*_FOR_ALL, *_FOR.get(theirs, ())):
        chat = repair(chat)
    return chat


def calls_with_results(chat: Json) -> Json:
    """Every tool call is followed by one result: a late one is brought to its call, a missing one
    made up, one that belongs to no call, or to an answered one, left out. A result that does not
    say whose it is belongs to the first call just before it that has none.
    """
    turns: list[_Turn] = []
    for message in _messages(chat):
        if not _is(message, "tool"):
            turns.append(_Turn(message))
            continue
        result = _addressed(message, turns)
        id_ = result.get("tool_call_id")
        turn = next((turn for turn in reversed(turns) if id_ in turn.unanswered()), None)
        if turn:
            turn.results.append(result)
    return _with_messages(chat, [message for turn in turns for message in turn.whole()])


def something_said(chat: Json) -> Json:
    """No turn of the user or the assistant is empty, and no part of one is."""
    return _with_messages(chat, [_with_words(message) for message in _messages(chat)])


def tools_for_calls(chat: Json) -> Json:
    """A history with tool calls comes with at least one tool."""
    if chat.get("tools") or chat.get("functions"):
        return chat
    if not any(_calls(message) or _is(message, "tool") for message in _messages(chat)):
        return chat
    return {**chat, "tools": [_DUMMY_TOOL]}


def user_first(chat: Json) -> Json:
    """The first turn is the user's, whatever the system said before."""
    messages = _messages(chat)
    for at, message in enumerate(messages):
        if isinstance(message, dict) and message.get("role") not in _SYSTEM:
            if message.get("role") == "user":
                return chat
            return _with_messages(chat, [*messages[:at], _GO_ON, *messages[at:]])
    return chat


def user_at_all(chat: Json) -> Json:
    """There is a turn of the user's, even if only the system spoke."""
    messages = _messages(chat)
    if not messages or any(_is(message, "user") for message in messages):
        return chat
    return _with_messages(chat, [*messages, _GO_ON])


def no_space_at_the_end(chat: Json) -> Json:
    """An answer that has been begun does not end in white space."""
    match _messages(chat):
        case [*before, {"role": "assistant", "content": str() as text} as last]:
            end: Any = text.rstrip()
        case [
            *before,
            {
                "role": "assistant",
                "content": [*parts, {"type": "text", "text": str() as text} as part],
            } as last,
        ]:
            end = [*parts, {**part, "text": text.rstrip()}]
        case _:
            return chat
    if text == text.rstrip():
        return chat
    return _with_messages(chat, [*before, {**last, "content": end}])


def budget_below_limit(chat: Json) -> Json:
    """Thinking is left less than the whole answer may have, or nothing if that is too little."""
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    thinking = chat.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if not isinstance(budget, int) or not isinstance(limit, int) or budget < limit:
        return chat
    if limit > _LEAST_BUDGET:
        return {**chat, "thinking": {**chat["thinking"], "budget_tokens": limit - 1}}
    return {name: value for name, value in chat.items() if name != "thinking"}


_FOR_ALL: Sequence[_Repair] = (calls_with_results, something_said)
_FOR: Mapping[Dialect, Sequence[_Repair]] = {
    Dialect.ANTHROPIC_MESSAGES: (
        tools_for_calls,
        user_first,
        no_space_at_the_end,
        budget_below_limit,
    ),
    Dialect.BEDROCK_CONVERSE: (
        tools_for_calls,
        user_first,
        user_at_all,
        no_space_at_the_end,
        budget_below_limit,
    ),
    Dialect.GEMINI_GENERATE: (user_first, user_at_all),
}


@dataclass(slots=True)
class _Turn:
    """A message, and the results of the tools that it calls."""

    message: Any
    results: list[Json] = field(default_factory=list)

    def unanswered(self) -> list[Any]:
        """Ids of its calls that have no result yet."""
        answered = [result.get("tool_call_id") for result in self.results]
        ids = [call.get("id") for call in _calls(self.message)]
        return [id_ for id_ in ids if id_ not in answered]

    def whole(self) -> Iterator[Any]:
        yield self.message
        yield from self.results
        missing = self.unanswered()
        yield from (_no_result(call) for call in _calls(self.message) if call.get("id") in missing)


def _addressed(result: Json, turns: Sequence[_Turn]) -> Json:
    if result.get("tool_call_id") or not turns or not (ids := turns[-1].unanswered()):
        return result
    return {**result, "tool_call_id": ids[0]}


def _no_result(call: Json) -> Json:
    function = call.get("function")
    name = function.get("name") if isinstance(function, dict) else "the tool"
    said = f"There is no result: {name} was interrupted."
    return {"role": "tool", "tool_call_id": call.get("id"), "content": said}


def _with_words(message: Any) -> Any:
    if not (_is(message, "user") or _is(message, "assistant")):
        return message
    content = message.get("content")
    match content:
        case str() if content.strip():
            return message
        case list():
            said = [part for part in content if not _is_blank(part)]
            if len(said) == len(content) and said:
                return message
            if said:
                return {**message, "content": said}
    if _says_otherwise(message):
        return {**message, "content": None} if content else message
    return {**message, "content": _NOTHING_SAID}


def _is_blank(part: Any) -> bool:
    match part:
        case {"type": "text", "text": str() as text}:
            return not text.strip()
        case _:
            return False


def _says_otherwise(message: Json) -> bool:
    """Whether a turn without content is one: it calls tools, refuses, or speaks aloud."""
    return any(message.get(name) for name in ("tool_calls", "function_call", "refusal", "audio"))


def _calls(message: Any) -> list[Json]:
    calls = message.get("tool_calls") if _is(message, "assistant") else None
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _is(message: Any, role: str) -> bool:
    return isinstance(message, dict) and message.get("role") == role


def _messages(chat: Json) -> list[Any]:
    messages = chat.get("messages")
    return messages if isinstance(messages, list) else []


def _with_messages(chat: Json, new: list[Any]) -> Json:
    old = _messages(chat)
    same = len(old) == len(new) and all(one is other for one, other in zip(old, new, strict=True))
    return chat if same else {**chat, "messages": new}

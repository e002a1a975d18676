"""Names of tools and ids of calls as Converse takes them, and the names back again.

A name: up to 64 letters, digits, `_` and `-`. An id: the same with `.` and `:`. What is cut or
changed bears a mark of what it was, so that two names stay two.
Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html and
API_runtime_ToolSpecification.html (read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from adapters.dialects.lenient import record, records
from adapters.dialects.signatures import plain_id
from adapters.types import Json

_LIMIT = 64
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_.:-]")


class Names:
    """The names of one request's tools, both ways."""

    def __init__(self, chat: Json) -> None:
        self._theirs: Mapping[str, str] = {}
        known: dict[str, str] = {}
        taken: set[str] = set()
        for name in sorted(set(_names(chat)), key=lambda name: _said(name) != name):
            said = _said(name)
            if said in taken:
                said = _marked(said, name)
            taken.add(said)
            known[name] = said
        self._theirs = known
        self._ours = {said: name for name, said in known.items() if said != name}

    def theirs(self, name: str) -> str:
        """The client's name as Bedrock takes it."""
        return self._theirs.get(name) or _said(name)

    def ours(self, name: str) -> str:
        """What the client calls the tool that the model has named."""
        return self._ours.get(name, name)


def tool_id(id_: Any) -> str:
    """An id as Bedrock takes it: other providers' are long, or hold other characters."""
    given = plain_id(id_) or "call"
    said = _NOT_IN_AN_ID.sub("_", given)
    return said if len(said) <= _LIMIT else _marked(said, given)


def _said(name: str) -> str:
    said = _NOT_IN_A_NAME.sub("_", name) or "_"
    return said if len(said) <= _LIMIT else _marked(said, name)


def _marked(said: str, name: str) -> str:
    mark = blake2b(name.encode(errors="replace"), digest_size=4).hexdigest()
    return f"{said[: _LIMIT - len(mark) - 1]}_{mark}"


def _names(chat: Json) -> Iterator[str]:
    """Every name of a tool that the request speaks of."""
    for tool in records(chat.get("tools")):
        yield from _name_of(record(tool.get("function")) or tool)
    for function in records(chat.get("functions")):
        yield from _name_of(function)
    for message in records(chat.get("messages")):
        yield from _name_of(record(message.get("function_call")))
        for call in records(message.get("tool_calls")):
            yield from _name_of(record(call.get("function")))


def _name_of(function: Json) -> Iterator[str]:
    name = function.get("name")
    if isinstance(name, str):
        yield name

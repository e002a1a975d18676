"""Tools and the choice among them, said in Converse's words.

Sources, read 2026-11: https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use.html,
.../structured-output.html (strict tools) and, for Amazon's own tools,
https://docs.aws.amazon.com/nova/latest/nova2-userguide/using-tools.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.dialects.anthropic.schemas import fit
from adapters.dialects.anthropic.words import JSON_TOOL
from adapters.dialects.bedrock.models import (
    Family,
    caches_tools,
    can_be_forced,
    family,
    searches,
    structured,
)
from adapters.dialects.bedrock.names import Names
from adapters.dialects.bedrock.parts import cache_point
from adapters.dialects.lenient import record
from adapters.errors import BadRequest
from adapters.types import Json

_OWN = frozenset({"toolSpec", "systemTool", "cachePoint"})  # Converse's words for a tool
_SEARCH: Json = {"systemTool": {"name": "nova_grounding"}}


@dataclass(frozen=True, slots=True)
class Tools:
    """What a request may call."""

    config: Json = field(default_factory=dict)  # `toolConfig`; empty: none
    others: list[Json] = field(default_factory=list)  # Anthropic's own, for Claude's own fields

    @property
    def forced(self) -> bool:
        """Whether the model must call one."""
        return bool(self.config.get("toolChoice", {}).keys() & {"any", "tool"})


def tools(chat: Json, names: Names, *, called: bool) -> Tools:
    """`tools`, the older `functions`, `web_search_options`, and which of them to call.

    Converse has no word for calling none: the tools are left out instead, unless the conversation
    has called one (`called`), for then Bedrock insists on them.

    Raises:
        BadRequest: a tool or a choice that cannot be said.
    """
    model = str(chat.get("model") or "")
    written = list(_written(chat, names, model))
    others = [tool for tool in written if not tool.keys() & _OWN]
    known = [tool for tool in written if tool.keys() & _OWN]
    if isinstance(chat.get("web_search_options"), dict) and searches(model):
        known.append(_SEARCH)
    wanted = chat.get("tool_choice")
    choice, allowed = _choice(chat.get("function_call") if wanted is None else wanted, names)
    if allowed is not None:
        known = [tool for tool in known if record(tool.get("toolSpec")).get("name") in allowed]
    if not any("cachePoint" not in tool for tool in known):
        return Tools({}, others)
    if choice == {"none": {}}:
        return Tools({"tools": known}, others) if called else Tools()
    return Tools({"tools": known, **({"toolChoice": choice} if choice else {})}, others)


def with_json_tool(chat: Json, schema: Json, own: Tools, *, thinks: bool) -> Tools:
    """The answer as one more tool. It is forced, unless the model cannot be, or other tools may
    come first, or it thinks, which Claude does not allow together.
    """
    model = str(chat.get("model") or "")
    asked = chat["response_format"]["json_schema"]
    spec = {
        "name": JSON_TOOL,
        "description": str(asked.get("description") or "Give the final answer with this tool."),
        "inputSchema": {"json": {"type": "object", **schema}},
    }
    config = {**own.config, "tools": [*own.config.get("tools", []), {"toolSpec": spec}]}
    if not own.forced and can_be_forced(model) and not thinks:
        first = own.config.get("tools") and chat.get("tool_choice") != "none"
        config["toolChoice"] = {"any": {}} if first else {"tool": {"name": JSON_TOOL}}
    return Tools(config, own.others)


def _written(chat: Json, names: Names, model: str) -> Iterator[Json]:
    for name in ("tools", "functions"):
        given = chat.get(name) or []
        if not isinstance(given, list):
            raise BadRequest("Expected an array of tools.", param=name)
        for i, tool in enumerate(given):
            at = f"{name}[{i}]"
            wrapped = {"function": tool} if name == "functions" else tool
            yield from _tool(wrapped, at, names, model)


def _tool(tool: Any, at: str, names: Names, model: str) -> Iterator[Json]:
    match tool:
        case {"function": {} as function}:
            mark = tool.get("cache_control") or function.get("cache_control")
            yield _spec(function, function.get("parameters"), f"{at}.function", names, model)
        case {"name": str(), "input_schema": schema}:
            mark = tool.get("cache_control")
            yield _spec(tool, schema, at, names, model)
        case {"name": str(), "parameters": schema}:
            mark = tool.get("cache_control")
            yield _spec(tool, schema, at, names, model)
        case {"type": "custom", "custom": _}:
            raise BadRequest("Custom tools with free-form input are not available here.", param=at)
        case {"function": _} | {"type": "function"}:
            raise BadRequest("A function needs a name.", param=f"{at}.function.name")
        case {} if tool.keys() & _OWN:
            mark = None
            yield tool
        case {"type": str(), "name": str()} if family(model) is Family.CLAUDE:
            mark = None
            yield tool
        case _:
            raise BadRequest("Expected a function tool.", param=at)
    if mark and caches_tools(model):
        yield cache_point(mark)


def _spec(function: Json, schema: Any, at: str, names: Names, model: str) -> Json:
    name = function.get("name")
    if not isinstance(name, str):
        raise BadRequest("A function needs a name.", param=f"{at}.name")
    if schema and not isinstance(schema, dict):
        raise BadRequest("Expected a JSON schema.", param=f"{at}.parameters")
    parameters = {"type": "object", "properties": {}, **(schema or {})}
    strict = function.get("strict") is True and structured(model)
    spec: Json = {"name": names.theirs(name)}
    if description := function.get("description"):
        spec["description"] = str(description)
    spec["inputSchema"] = {"json": fit(parameters) if strict else parameters}
    if strict:
        spec["strict"] = True
    return {"toolSpec": spec}


def _choice(wanted: Any, names: Names) -> tuple[Json | None, set[str] | None]:
    """(Converse's choice, the names to choose among). `auto` is not said: it is what a model does
    anyway, and some refuse the word.
    """
    match wanted:
        case None | "auto" | {"type": "auto"} | {"auto": _}:
            return None, None
        case "none" | {"type": "none"}:
            return {"none": {}}, None
        case "required" | "any" | {"type": "any"}:
            return {"any": {}}, None
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*allowed]} as only}:
            found = {names.theirs(name) for tool in allowed for name in _name(tool)}
            return {"any": {}} if only.get("mode") == "required" else None, found
        case {"function": {"name": str() as name}} | {"name": str() as name}:
            return {"tool": {"name": names.theirs(name)}}, None
        case {"any": _} | {"tool": {"name": str()}}:
            return wanted, None
        case _:
            raise BadRequest("This choice of tools is not understood.", param="tool_choice")


def _name(tool: Any) -> list[str]:
    inner = record(record(tool).get("function")) or record(tool)
    return [inner["name"]] if isinstance(inner.get("name"), str) else []

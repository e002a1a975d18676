"""Tools and the choice among them, said in Gemini's words.

Sources, read 2026-11: https://ai.google.dev/gemini-api/docs/function-calling and
https://ai.google.dev/api/caching#Tool.
"""

from typing import Any

from adapters.dialects.gemini.models import Gemini
from adapters.dialects.gemini.schemas import fit
from adapters.dialects.lenient import record, records
from adapters.errors import BadRequest
from adapters.types import Json

_EMPTY = frozenset({"type", "properties", "required", "additionalProperties", "$schema", "title"})

_DECLARATIONS = frozenset({"functionDeclarations", "function_declarations"})


def tools(chat: Json, model: Gemini) -> Json:
    """`tools` and `toolConfig`, as far as there are any.

    Functions come together in one tool, the older `functions` too; Google's own tools pass
    untouched, and `web_search_options` asks for its search.

    Raises:
        BadRequest: a tool, or a choice, that cannot be said.

    """
    written, functions = chat.get("tools") or [], chat.get("functions") or []
    for name, value in (("tools", written), ("functions", functions)):
        if not isinstance(value, list):
            raise BadRequest("Expected an array of tools.", param=name)
    declared: list[Json] = []
    others: list[Json] = []
    for i, tool in enumerate(written):
        (declared if _is_function(tool) else others).append(_tool(tool, f"tools[{i}]", model))
    declared += [_function(f, f"functions[{i}]", model) for i, f in enumerate(functions)]
    if isinstance(chat.get("web_search_options"), dict) and {"googleSearch": {}} not in others:
        others.append({"googleSearch": {}})
    declared, calling = _choice(chat, declared, others)
    found = [*([{"functionDeclarations": declared}] if declared else []), *others]
    config = {**calling, **record(chat.get("tool_config")), **record(chat.get("toolConfig"))}
    return {**({"tools": found} if found else {}), **({"toolConfig": config} if config else {})}


def _is_function(tool: Any) -> bool:
    match tool:
        case {"function": {}} | {"type": "function", "name": _}:
            return True
        case _:
            return False


def _tool(tool: Any, at: str, model: Gemini) -> Json:
    match tool:
        case {"function": {} as function}:
            return _function(function, f"{at}.function", model)
        case {"type": "function", "name": _}:
            return _function(tool, at, model)
        case {"type": str() as kind} if kind.startswith("web_search"):
            return {"googleSearch": {}}
        case {"type": str() as kind}:
            raise BadRequest(f"Tools of the type {kind!r} are not available here.", param=at)
        case {}:
            return {name: value for name, value in tool.items() if name != "cache_control"}
        case _:
            raise BadRequest("Expected a function tool.", param=at)


def _function(function: Any, at: str, model: Gemini) -> Json:
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadRequest("A function needs a name.", param=f"{at}.name")
    parameters = function.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise BadRequest("Expected a JSON schema.", param=f"{at}.parameters")
    out: Json = {"name": function["name"]}
    if function.get("description"):
        out["description"] = function["description"]
    if parameters.get("properties") or parameters.keys() - _EMPTY:
        if model.json_schema:
            out["parametersJsonSchema"] = parameters
        else:
            out["parameters"] = fit(parameters)
    return out


def _choice(chat: Json, declared: list[Json], others: list[Json]) -> tuple[list[Json], Json]:
    """(the functions that are left to choose among, `toolConfig`)."""
    wanted = chat.get("tool_choice")
    if wanted is None:
        wanted = chat.get("function_call")
    mode, allowed = _mode(wanted)
    functions = declared or any(tool.keys() & _DECLARATIONS for tool in others)
    if not functions or not mode:
        return declared, {}
    config: Json = {"mode": mode}
    if allowed is not None and mode == "ANY":
        config["allowedFunctionNames"] = allowed
    elif allowed is not None:  # names go with ANY only
        declared = [function for function in declared if function["name"] in allowed]
    return declared, {"functionCallingConfig": config}


def _mode(wanted: Any) -> tuple[str, list[str] | None]:
    match wanted:
        case None:
            return "", None
        case "auto" | "none":
            return wanted.upper(), None
        case "required" | "any":
            return "ANY", None
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*allowed]} as only}:
            names = [str((record(t.get("function")) or t).get("name")) for t in records(allowed)]
            return "ANY" if only.get("mode") == "required" else "AUTO", names
        case {"function": {"name": str() as name}} | {"name": str() as name}:
            return "ANY", [name]
        case {"type": "auto" | "none" as kind}:
            return kind.upper(), None
        case {"type": "any" | "required"}:
            return "ANY", None
        case _:
            raise BadRequest("This choice of tools is not understood.", param="tool_choice")

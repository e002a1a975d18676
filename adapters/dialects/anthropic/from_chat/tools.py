"""Tools and the choice among them, said in Anthropic's words.

Sources, read 2026-11: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview and
https://platform.claude.com/docs/en/build-with-claude/structured-outputs (limits of strict tools).
"""

from typing import Any

from adapters.dialects.anthropic.models import Claude
from adapters.dialects.anthropic.schemas import fit
from adapters.errors import BadRequest
from adapters.types import Json

_MOST_STRICT_TOOLS = 20  # in one request
_SEARCHES = {"low": 1, "medium": 5, "high": 10}  # search_context_size -> max_uses


def tools(body: Json, model: Claude) -> list[Json]:
    """All tools of the request: `tools`, the older `functions`, and `web_search_options`.

    Tools in Anthropic's own shape pass untouched.

    Raises:
        BadRequest: a tool that cannot be said.

    """
    written, functions = body.get("tools") or [], body.get("functions") or []
    for name, value in (("tools", written), ("functions", functions)):
        if not isinstance(value, list):
            raise BadRequest("Expected an array of tools.", param=name)
    strict = model.structured and _strict_count(written) <= _MOST_STRICT_TOOLS
    out = [_tool(tool, f"tools[{i}]", strict=strict) for i, tool in enumerate(written)]
    out += [
        _function(function, f"functions[{i}]", strict=strict)
        for i, function in enumerate(functions)
    ]
    options = body.get("web_search_options")
    return [*out, _web_search(options)] if isinstance(options, dict) else out


def tool_choice(body: Json, known: list[Json]) -> tuple[Json | None, list[Json]]:
    """(the choice or None, the tools that are left to choose among).

    Raises:
        BadRequest: a choice that cannot be said.

    """
    if not known:
        return None, known
    wanted = body.get("tool_choice")
    if wanted is None:
        wanted = body.get("function_call")
    choice, allowed = _choice(wanted)
    if body.get("parallel_tool_calls") is False and (choice or {}).get("type") != "none":
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    if allowed is not None:
        known = [t for t in known if t.get("name") in allowed or "input_schema" not in t]
    return choice, known


def _strict_count(written: list[Any]) -> int:
    return sum(
        1 for tool in written if isinstance(tool, dict) and _inner(tool).get("strict") is True
    )


def _inner(tool: Json) -> Json:
    function = tool.get("function")
    return function if isinstance(function, dict) else tool


def _tool(tool: Any, at: str, *, strict: bool) -> Json:
    match tool:
        case {"function": {} as function}:
            out = _function(function, f"{at}.function", strict=strict)
            mark = tool.get("cache_control")
            return {**out, "cache_control": mark} if mark is not None else out
        case {"type": "custom", "custom": _}:
            raise BadRequest("Custom tools with free-form input are not available here.", param=at)
        case {"name": _} | {"type": _}:
            known: Json = tool
            return known
        case _:
            raise BadRequest("Expected a function tool.", param=at)


def _function(function: Any, at: str, *, strict: bool) -> Json:
    """`strict` is only asked of models that know it, and only of so many tools as they take."""
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadRequest("A function needs a name.", param=f"{at}.name")
    parameters = function.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise BadRequest("Expected a JSON schema.", param=f"{at}.parameters")
    schema = {"type": "object", **parameters}
    out: Json = {"name": function["name"]}
    if function.get("description"):
        out["description"] = function["description"]
    enforced = strict and function.get("strict") is True
    if "properties" not in schema and not enforced:
        schema["properties"] = {}
    out["input_schema"] = fit(schema) if enforced else schema
    if enforced:
        out["strict"] = True
    mark = function.get("cache_control")
    return {**out, "cache_control": mark} if mark is not None else out


def _web_search(options: Json) -> Json:
    out: Json = {"type": "web_search_20250305", "name": "web_search"}
    if uses := _SEARCHES.get(str(options.get("search_context_size"))):
        out["max_uses"] = uses
    match options.get("user_location"):
        case {"approximate": {} as place}:
            out["user_location"] = {"type": "approximate", **place}
    return out


def _choice(wanted: Any) -> tuple[Json | None, set[str] | None]:
    match wanted:
        case None:
            return None, None
        case "auto" | "none":
            return {"type": wanted}, None
        case "required" | "any":
            return {"type": "any"}, None
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*allowed]} as only}:
            mode = "any" if only.get("mode") == "required" else "auto"
            names = {str(_inner(tool).get("name")) for tool in allowed if isinstance(tool, dict)}
            return {"type": mode}, names
        case {"function": {"name": str() as name}}:
            return {"type": "tool", "name": name}, None
        case {"type": "auto" | "any" | "tool" | "none"}:
            return wanted, None
        case {"name": str() as name}:  # function_call
            return {"type": "tool", "name": name}, None
        case _:
            raise BadRequest("This choice of tools is not understood.", param="tool_choice")

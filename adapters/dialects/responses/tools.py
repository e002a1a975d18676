"""Tools and the choice among them, said flat as the Responses API has it.

Source: https://platform.openai.com/docs/guides/migrate-to-responses (read 2026-11).
"""

from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json


def tools(chat: Json) -> list[Json]:
    """All tools of the request: `tools`, the older `functions`, and `web_search_options`.

    Tools in the words of the Responses API, built-in ones for example, pass untouched.

    Raises:
        BadRequest: a tool that cannot be said.
    """
    written, functions = chat.get("tools") or [], chat.get("functions") or []
    for name, value in (("tools", written), ("functions", functions)):
        if not isinstance(value, list):
            raise BadRequest("Expected an array of tools.", param=name)
    out = [_tool(tool, f"tools[{i}]") for i, tool in enumerate(written)]
    out += [_function(function, {}, f"functions[{i}]") for i, function in enumerate(functions)]
    options = chat.get("web_search_options")
    return [*out, _web_search(options)] if isinstance(options, dict) else out


def tool_choice(chat: Json) -> Any:
    """The choice, None if there is none."""
    wanted = chat.get("tool_choice")
    if wanted is None:
        wanted = chat.get("function_call")
        if isinstance(wanted, dict):
            wanted = {"type": "function", **wanted}
    match wanted:
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*allowed]} as only}:
            mode = only.get("mode") or "auto"
            return {"type": "allowed_tools", "mode": mode, "tools": [_flat(t) for t in allowed]}
        case {"function": {}} | {"custom": {}}:
            return _flat(wanted)
        case "any":
            return "required"
        case _:
            return wanted


def _tool(tool: Any, at: str) -> Json:
    match tool:
        case {"function": {} as function}:
            return _function(function, tool, f"{at}.function")
        case {"type": "custom", "custom": {} as custom}:
            return {"type": "custom", **custom, **_format(custom.get("format"))}
        case {"type": "function", "name": str()}:
            return _function(tool, {}, at)
        case {"type": str()}:
            return {name: value for name, value in tool.items() if name != "cache_control"}
        case _:
            raise BadRequest("Expected a tool.", param=at)


def _function(function: Any, tool: Json, at: str) -> Json:
    """`strict` is said either way: what chat leaves open means yes in the Responses API."""
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadRequest("A function needs a name.", param=f"{at}.name")
    said = {**tool, **function}
    for name in ("function", "cache_control"):
        said.pop(name, None)
    parameters = said.get("parameters")
    if parameters is None:
        parameters = {"type": "object", "properties": {}}
    strict = said.get("strict")
    return {**said, "type": "function", "parameters": parameters, "strict": strict or False}


def _format(written: Any) -> Json:
    """A custom tool's grammar, without the level that chat puts it in."""
    match written:
        case {"type": "grammar", "grammar": {} as grammar}:
            return {"format": {"type": "grammar", **grammar}}
        case _:
            return {}


def _web_search(options: Json) -> Json:
    out: Json = {"type": "web_search", **options}
    match options.get("user_location"):
        case {"approximate": {} as place}:
            out["user_location"] = {"type": "approximate", **place}
    return out


def _flat(choice: Any) -> Any:
    match choice:
        case {"function": {"name": name}}:
            return {"type": "function", "name": name}
        case {"custom": {"name": name}}:
            return {"type": "custom", "name": name}
        case _:
            return choice

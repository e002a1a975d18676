"""Anthropic's tools and tool choice, said in OpenAI's words.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview (read 2026-11).
"""

from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json


def tools(written: Any) -> Json:
    """`tools`, and `web_search_options` in place of the web search tool.

    Any other tool that Anthropic runs itself, or whose schema only Claude knows, is refused. The
    search for tools is left out: the tools it would find are all sent.

    Raises:
        BadRequest: a tool nobody else can serve.

    """
    if written is None:
        return {}
    if not isinstance(written, list):
        raise BadRequest("Expected an array of tools.", param="tools")
    out: Json = {}
    functions: list[Json] = []
    for i, tool in enumerate(written):
        match tool:
            case {"type": str() as kind} if kind.startswith("web_search_"):
                out["web_search_options"] = _search_options(tool)
            case {"type": str() as kind} if kind.startswith("tool_search_tool_"):
                pass
            case {"name": str(), "input_schema": {}}:
                functions.append(_function(tool))
            case {"type": kind} if kind not in (None, "custom"):
                raise BadRequest(f"This model has no {kind!r} tool.", param=f"tools[{i}].type")
            case _:
                raise BadRequest("A tool needs a name and an input_schema.", param=f"tools[{i}]")
    return {**out, "tools": functions} if functions else out


def tool_choice(choice: Any) -> Json:
    """`tool_choice` and `parallel_tool_calls`.

    Raises:
        BadRequest: a choice that cannot be said.

    """
    match choice:
        case None:
            return {}
        case {"type": "tool", "name": str() as name}:
            out: Json = {"tool_choice": {"type": "function", "function": {"name": name}}}
        case {"type": "any"}:
            out = {"tool_choice": "required"}
        case {"type": "auto" | "none" as mode}:
            out = {"tool_choice": mode}
        case _:
            raise BadRequest("This choice of tools is not understood.", param="tool_choice")
    if choice.get("disable_parallel_tool_use"):
        out["parallel_tool_calls"] = False
    return out


def _function(tool: Json) -> Json:
    function: Json = {"name": tool["name"]}
    if tool.get("description"):
        function["description"] = tool["description"]
    function["parameters"] = tool["input_schema"]
    if tool.get("strict") is not None:
        function["strict"] = tool["strict"]
    out: Json = {"type": "function", "function": function}
    mark = tool.get("cache_control")
    return {**out, "cache_control": mark} if mark is not None else out


def _search_options(tool: Json) -> Json:
    match tool.get("user_location"):
        case {} as place:
            approximate = {name: value for name, value in place.items() if name != "type"}
            return {"user_location": {"type": "approximate", "approximate": approximate}}
        case _:
            return {}

"""The tools of a chat request and the choice among them, said in Cohere's words.

Source: https://docs.cohere.com/docs/tool-use-overview (read 2026-11). A choice is REQUIRED, NONE or
not there; which tool is to be called is said by sending no other.
"""

from typing import Any

from adapters.errors import BadRequest
from adapters.types import Json

_CHOICES = {"auto": None, "none": "NONE", "required": "REQUIRED", "any": "REQUIRED"}
_NOT_SAID = frozenset({"cache_control", "strict"})


def tools(chat: Json) -> Json:
    """`tools`, `strict_tools` and `tool_choice`, as far as there is something to say.

    Raises:
        BadRequest: something that cannot be said.
    """
    written = _written(chat)
    known = [_tool(tool, f"tools[{i}]") for i, tool in enumerate(written)]
    wanted = chat.get("tool_choice")
    if wanted is None:
        wanted = chat.get("function_call")
    choice, names = _choice(wanted)
    if names is not None and known:
        known = [tool for tool in known if _name(tool) in names]
        if not known:
            raise BadRequest("The chosen tool is not among the tools.", param="tool_choice")
    if not known:
        return {}
    # Theirs is a word for all tools, or for none.
    strict = all(_is_strict(tool) for tool in written)
    return {
        "tools": known,
        **({"strict_tools": True} if strict else {}),
        **({"tool_choice": choice} if choice else {}),
    }


def _written(chat: Json) -> list[Any]:
    """`tools`, and the older `functions` as tools."""
    written: list[Any] = []
    for name in ("tools", "functions"):
        found = chat.get(name)
        if found is None:
            continue
        if not isinstance(found, list):
            raise BadRequest("Expected an array.", param=name)
        written += found if name == "tools" else [{"function": entry} for entry in found]
    return written


def _tool(tool: Any, at: str) -> Json:
    match tool:
        case {"function": {"name": str()} as function}:
            said = {name: value for name, value in function.items() if name not in _NOT_SAID}
            if not isinstance(said.get("parameters"), dict):
                said["parameters"] = {"type": "object", "properties": {}}
            return {"type": "function", "function": said}
        case {"function": _}:
            raise BadRequest("A function needs a name.", param=f"{at}.function")
        case {"type": "custom"}:
            raise BadRequest("Custom tools with free-form input are not available here.", param=at)
        case {}:
            return {name: value for name, value in tool.items() if name not in _NOT_SAID}
        case _:
            raise BadRequest("Expected a tool.", param=at)


def _choice(wanted: Any) -> tuple[str | None, set[str] | None]:
    """(the choice, the names of the only tools that may be chosen)."""
    match wanted:
        case None:
            return None, None
        case str() if wanted.lower() in _CHOICES:
            return _CHOICES[wanted.lower()], None
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*allowed]} as only}:
            mode = "REQUIRED" if only.get("mode") == "required" else None
            return mode, {_name(tool) for tool in allowed if isinstance(tool, dict)}
        case {"function": {"name": str() as name}} | {"name": str() as name}:
            return "REQUIRED", {name}
        case _:
            raise BadRequest("This choice of tools is not understood.", param="tool_choice")


def _name(tool: Json) -> str:
    function = tool.get("function")
    return str((function if isinstance(function, dict) else tool).get("name"))


def _is_strict(tool: Any) -> bool:
    match tool:
        case {"function": {"strict": True}}:
            return True
        case _:
            return False

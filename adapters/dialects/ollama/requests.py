"""An OpenAI chat request, said in Ollama's words.

Most of what OpenAI has at the top stands in `options` here, and so do Ollama's own settings that
LiteLLM's users write at the top (`num_ctx`, `mirostat`, …). Ollama ignores what it does not know.
Sources, read 2026-11: https://docs.ollama.com/api/chat,
https://docs.ollama.com/modelfile (options), https://docs.ollama.com/capabilities/thinking.
"""

from typing import Any

from adapters.dialects.lenient import record
from adapters.dialects.ollama.messages import conversation
from adapters.errors import BadRequest
from adapters.types import Json

_OPTIONS = {  # OpenAI's word -> Ollama's
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
_OWN_OPTIONS = (
    *("draft_num_predict", "f16_kv", "logits_all", "low_vram", "main_gpu", "min_p", "mirostat"),
    *("mirostat_eta", "mirostat_tau", "num_batch", "num_ctx", "num_gpu", "num_gqa", "num_keep"),
    *("num_predict", "num_thread", "numa", "penalize_newline", "repeat_last_n", "repeat_penalty"),
    *("tfs_z", "top_k", "typical_p", "use_mlock", "use_mmap", "vocab_only"),
)
_NO_WORD_FOR = frozenset(
    {
        *("audio", "logit_bias", "metadata", "modalities", "moderation", "n", "prediction"),
        *("parallel_tool_calls", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "safety_identifier", "service_tier", "store", "tool_choice"),
        *("user", "verbosity", "web_search_options"),
    }
)
_REWRITTEN = frozenset(
    {
        *_OPTIONS,
        *_OWN_OPTIONS,
        *("function_call", "functions", "max_completion_tokens", "max_tokens", "messages"),
        *("options", "reasoning_effort", "response_format", "stop", "stream", "stream_options"),
        *("think", "thinking", "tool_choice", "tools"),
    }
)
_NEUTRAL: Json = {  # what these fields say when they are not there
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "store": False,
    "top_logprobs": 0,
}
_MAY_BE_NULL = _NO_WORD_FOR | {"format", "keep_alive", "logprobs", "top_logprobs"}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
_NO_EFFORT = frozenset({"none", "disable", "disabled"})
_NEEDS_LEVELS = "gpt-oss"  # thinks always, and is told how much; the others are told whether


def no_word_for(chat: Json) -> frozenset[str]:
    """Fields that Ollama ignores. `tool_choice` only where it asks for more than it can say."""
    if chat.get("tool_choice") in ("auto", "none"):
        return _NO_WORD_FOR - {"tool_choice"}
    return _NO_WORD_FOR


def request(chat: Json) -> Json:
    """Say an OpenAI chat request in Ollama's words; what is not known is sent as it came.

    Raises:
        BadRequest: something that cannot be said.
    """
    rest = {
        name: value
        for name, value in chat.items()
        if name not in _REWRITTEN and not _says_nothing(name, value)
    }
    tools, choice = _tools(chat)
    optional: Json = {
        "options": _options(chat),
        "format": _format(chat.get("response_format")),
        "tools": tools,
        "tool_choice": choice,
    }
    return {
        **rest,
        "messages": conversation(chat.get("messages")),
        "stream": chat.get("stream") is True,  # it streams unless told otherwise
        **{name: value for name, value in optional.items() if value},
        **_think(chat),
    }


def _says_nothing(name: str, value: Any) -> bool:
    if value is None:
        return name in _MAY_BE_NULL
    return name in _NEUTRAL and bool(value == _NEUTRAL[name])


def _options(chat: Json) -> Json:
    """The client's own `options` win over what stands at the top."""
    limit = chat.get("max_completion_tokens")
    found: Json = {
        **{theirs: chat.get(ours) for ours, theirs in _OPTIONS.items()},
        "num_predict": chat.get("max_tokens") if limit is None else limit,
        "stop": _stop(chat.get("stop")),
    }
    found |= {name: chat[name] for name in _OWN_OPTIONS if chat.get(name) is not None}
    own = chat.get("options")
    if own is not None and not isinstance(own, dict):
        raise BadRequest("Expected an object.", param="options")
    return {**{name: value for name, value in found.items() if value is not None}, **(own or {})}


def _stop(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) and stop else stop or None


def _format(wanted: Any) -> Any:
    match wanted:
        case {"type": "json_object"}:
            return "json"
        case {"type": "json_schema", "json_schema": {"schema": {} as schema}}:
            return schema
        case None | {"type": "text"}:
            return None
        case _:
            raise BadRequest("This format is not understood.", param="response_format")


def _think(chat: Json) -> Json:
    """Whether to think, or how much. Ollama's own word wins, then Anthropic's, then OpenAI's."""
    if chat.get("think") is not None:
        return {"think": chat["think"]}
    effort = chat.get("reasoning_effort")
    effort = effort.get("effort") if isinstance(effort, dict) else effort
    match chat.get("thinking"):
        case {"type": "disabled"}:
            return {"think": False}
        case {"type": _} if effort is None:
            return {"think": True}
    if effort is None:
        return {}
    if not isinstance(effort, str):
        raise BadRequest("Expected a string.", param="reasoning_effort")
    if effort in _NO_EFFORT:
        return {"think": False}
    if _NEEDS_LEVELS in str(chat.get("model") or ""):
        return {"think": _EFFORTS.get(effort, "high")}
    return {"think": True}


def _tools(chat: Json) -> tuple[list[Any], Any]:
    """(the tools that may be called, the choice where there is more to it). A choice is made by
    what is offered; that a tool *must* be called cannot be said, and is left for whoever can.
    """
    tools, functions = chat.get("tools") or [], chat.get("functions") or []
    for name, value in (("tools", tools), ("functions", functions)):
        if not isinstance(value, list):
            raise BadRequest("Expected an array of tools.", param=name)
    known = [*tools, *({"type": "function", "function": function} for function in functions)]
    choice = chat.get("tool_choice")
    choice = chat.get("function_call") if choice is None else choice
    match choice:
        case None | "auto":
            return known, None
        case "none":
            return [], None
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*allowed]}}:
            return _named(known, {_name(tool) for tool in allowed}), choice
        case {"function": {"name": str() as name}} | {"name": str() as name}:
            return _named(known, {name}), choice
        case _:
            return known, choice


def _named(tools: list[Any], names: set[str]) -> list[Any]:
    return [tool for tool in tools if _name(tool) in names]


def _name(tool: Any) -> str:
    outer = record(tool)
    return str(record(outer.get("function") or outer).get("name"))

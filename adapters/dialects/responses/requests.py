"""An OpenAI chat request, said in the words of the Responses API.

Sources, read 2026-11: https://platform.openai.com/docs/api-reference/responses/create and
https://platform.openai.com/docs/guides/migrate-to-responses.
"""

from typing import Any

from adapters.dialects.responses.messages import items
from adapters.dialects.responses.tools import tool_choice, tools
from adapters.errors import BadRequest
from adapters.openai_rules import mended, reasons, refused
from adapters.types import Json

_NO_WORD_FOR = frozenset(
    {
        "audio",
        "frequency_penalty",
        "logit_bias",
        "modalities",
        "n",
        "prediction",
        "presence_penalty",
        "seed",
        "stop",
        "thinking",
    }
)
_REWRITTEN = frozenset(
    {
        "function_call",
        "functions",
        "include",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "reasoning",
        "reasoning_effort",
        "response_format",
        "store",
        "stream_options",
        "text",
        "tool_choice",
        "tools",
        "verbosity",
        "web_search_options",
    }
)
_MAY_BE_NULL = _NO_WORD_FOR | {
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "stream",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
}
_NEUTRAL: Json = {  # what these fields say when they are not there
    "frequency_penalty": 0,
    "logit_bias": {},
    "modalities": ["text"],
    "n": 1,
    "presence_penalty": 0,
    "stop": [],
}
_LEAST_TOKENS = 16  # OpenAI refuses a smaller `max_output_tokens`
_THOUGHTS = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"


def no_word_for(chat: Json) -> frozenset[str]:
    """Fields that the Responses API, or this model, would refuse."""
    return _NO_WORD_FOR | refused(chat)


def request(chat: Json) -> Json:
    """Say an OpenAI chat request in the words of the Responses API.

    Known fields are taken out and rewritten; whatever is left is sent as it came, so a field we
    have never heard of reaches the provider. Nothing is stored there unless the client asks for
    it, as with chat.

    Raises:
        BadRequest: something that cannot be said.
    """
    known = tools(chat)
    choice = tool_choice(chat)
    rest = {
        name: value
        for name, value in chat.items()
        if name not in _REWRITTEN and not _says_nothing(name, value)
    }
    optional: Json = {
        "max_output_tokens": _limit(chat),
        "tools": known,
        "tool_choice": choice,
        "reasoning": _reasoning(chat),
        "text": _text(chat),
        "include": _include(chat),
        "stream_options": _stream_options(chat),
    }
    return mended(
        {
            **rest,
            "input": items(chat.get("messages")),
            **{name: value for name, value in optional.items() if value},
            "store": chat.get("store") or False,
        }
    )


def _says_nothing(name: str, value: Any) -> bool:
    if value is None:
        return name in _MAY_BE_NULL
    return name in _NEUTRAL and bool(value == _NEUTRAL[name])


def _limit(chat: Json) -> Any:
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    return max(limit, _LEAST_TOKENS) if isinstance(limit, int) else limit


def _reasoning(chat: Json) -> Json | None:
    """`reasoning` is the Responses API's own object and wins over `reasoning_effort`, which may be
    one too. Summaries come only where they are asked for: OpenAI refuses them to organisations it
    has not verified.
    """
    effort, own = chat.get("reasoning_effort"), chat.get("reasoning")
    if own is not None and not isinstance(own, dict):
        raise BadRequest("Expected an object.", param="reasoning")
    match effort:
        case None:
            return own
        case str():
            return {"effort": effort, **(own or {})}
        case {}:
            return {**effort, **(own or {})}
        case _:
            raise BadRequest("Expected a string or an object.", param="reasoning_effort")


def _text(chat: Json) -> Json:
    """How the answer is to look: its format and how wordy it is."""
    own = chat.get("text")
    verbosity = chat.get("verbosity")
    return {
        **_format(chat.get("response_format")),
        **({"verbosity": verbosity} if verbosity is not None else {}),
        **(own if isinstance(own, dict) else {}),
    }


def _format(asked: Any) -> Json:
    match asked:
        case None | {"type": "text"}:
            return {}
        case {"type": "json_schema", "json_schema": {} as schema}:
            named = {"name": "answer", **schema}
            return {"format": {"type": "json_schema", **named}}
        case {}:
            return {"format": asked}
        case _:
            raise BadRequest("Expected an object.", param="response_format")


def _include(chat: Json) -> list[Any]:
    """What the answer is to hold beside the words: what the model has thought, so that it can be
    sent back. Only models that reason know that.
    """
    own = chat.get("include")
    wanted = list(own) if isinstance(own, list) else []
    thinks = reasons(str(chat.get("model") or "")) or _reasoning(chat) is not None
    if thinks and not chat.get("store") and _THOUGHTS not in wanted:
        wanted.append(_THOUGHTS)
    if (chat.get("logprobs") or chat.get("top_logprobs")) and _LOGPROBS not in wanted:
        wanted.append(_LOGPROBS)
    return wanted


def _stream_options(chat: Json) -> Json:
    """Without the wish for usage: a response tells it anyway."""
    options = chat.get("stream_options")
    if not isinstance(options, dict):
        return {}
    return {name: value for name, value in options.items() if name != "include_usage"}

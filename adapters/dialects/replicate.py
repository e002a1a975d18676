"""Replicate's predictions, translated from the pivot: the input of a language model, and the
prediction that came of it.

There is no API of its own for chat. A model has named inputs, and its language models agree on
most names: `prompt`, `system_prompt`, `max_tokens`, `temperature`, `top_p`, `stop_sequences`. So a
conversation of one question is its prompt; a longer one is written out, turn by turn. The request
here is the `input` alone: the endpoint puts it, and the model's version, into the body.

Sources, read 2026-11: https://replicate.com/docs/reference/http (predictions.create, .get) and the
input schemas of meta/meta-llama-3-70b-instruct, anthropic/claude-4-sonnet and openai/gpt-4.1 there.
"""

from datetime import datetime
from typing import Any

import orjson

from adapters.dialects import Machine, Translation, Wire
from adapters.dialects.chat import chunks, count
from adapters.dialects.lenient import parsed, record, string
from adapters.errors import BadRequest
from adapters.sse import Event
from adapters.types import Json, Usage

_NO_WORD_FOR = frozenset(
    {
        *("audio", "function_call", "functions", "logit_bias", "logprobs", "metadata"),
        *("modalities", "moderation", "n", "parallel_tool_calls", "prediction"),
        *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"),
        *("response_format", "safety_identifier", "service_tier", "store", "tool_choice", "tools"),
        *("top_logprobs", "user", "verbosity", "web_search_options"),
    }
)
_REWRITTEN = frozenset(
    {"max_completion_tokens", "max_tokens", "messages", "model", "stop", "stream", "stream_options"}
)
_NEUTRAL: Json = {  # what these fields say when they are not there
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "store": False,
    "tool_choice": "none",
    "tools": [],
    "top_logprobs": 0,
}
_MAY_BE_NULL = _NO_WORD_FOR | {
    *("frequency_penalty", "presence_penalty", "reasoning_effort", "seed", "temperature", "top_p"),
}
_FAILED = frozenset({"failed", "canceled", "aborted"})
_SPEAKERS = {"user": "User", "assistant": "Assistant"}


# --- the request --------------------------------------------------------------------------------


def no_word_for(_: Json) -> frozenset[str]:
    """Fields that are no input of these models; they refuse what they do not know."""
    return _NO_WORD_FOR


def request(chat: Json) -> Json:
    """Say an OpenAI chat request as a model's input; what is not known is an input of its own.

    Raises:
        BadRequest: something that cannot be said.
    """
    rest = {
        name: value
        for name, value in chat.items()
        if name not in _REWRITTEN and not _says_nothing(name, value)
    }
    optional = {
        **_conversation(chat.get("messages"), of_openai=_is_openai(chat.get("model"))),
        **_limit(chat),
        "stop_sequences": _stop(chat.get("stop")),
    }
    return {**rest, **{name: value for name, value in optional.items() if value}}


def _says_nothing(name: str, value: Any) -> bool:
    if value is None:
        return name in _MAY_BE_NULL
    return name in _NEUTRAL and bool(value == _NEUTRAL[name])


def _is_openai(model: Any) -> bool:
    return string(model).startswith("openai/")


def _limit(chat: Json) -> Json:
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    name = "max_completion_tokens" if _is_openai(chat.get("model")) else "max_tokens"
    return {name: limit}


def _stop(stop: Any) -> Any:
    """One text, separated by commas."""
    return ",".join(map(str, stop)) if isinstance(stop, list) else stop


def _conversation(messages: Any, *, of_openai: bool) -> Json:
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    system: list[str] = []
    turns: list[tuple[str, str]] = []
    images: list[str] = []
    for i, message in enumerate(messages):
        at = f"messages[{i}]"
        if not isinstance(message, dict):
            raise BadRequest("Expected a message.", param=at)
        text, shown = _content(message.get("content"), at)
        images += shown
        match message.get("role"):
            case "system" | "developer":
                system.append(text)
            case "user" | "assistant" as role if not message.get("tool_calls"):
                turns.append((_SPEAKERS[role], text))
            case "assistant" | "tool" | "function":
                raise BadRequest("Models at Replicate take no tools.", param=at)
            case role:
                raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")
    return {
        "prompt": _prompt(turns),
        "system_prompt": "\n\n".join(filter(None, system)),
        **_shown(images, of_openai=of_openai),
    }


def _prompt(turns: list[tuple[str, str]]) -> str:
    """One question as it is. More is written out, open at the end for the assistant to go on."""
    match turns:
        case [("User", text)]:
            return text
        case [*_, (speaker, _)]:
            told = "\n\n".join(f"{name}: {text}" for name, text in turns)
            return told if speaker == "Assistant" else f"{told}\n\nAssistant:"
        case _:
            return ""


def _shown(images: list[str], *, of_openai: bool) -> Json:
    if of_openai:
        return {"image_input": images}
    if len(images) > 1:
        raise BadRequest("Models at Replicate take one image.", param="messages")
    return {"image": images[0]} if images else {}


def _content(content: Any, at: str) -> tuple[str, list[str]]:
    match content:
        case None:
            return "", []
        case str():
            return content, []
        case list():
            pass
        case _:
            text = "Expected a string or an array of content parts."
            raise BadRequest(text, param=f"{at}.content")
    texts: list[str] = []
    images: list[str] = []
    for i, part in enumerate(content):
        match part:
            case {"type": "text", "text": str() as text}:
                texts.append(text)
            case {"type": "image_url", "image_url": {"url": str() as url} | (str() as url)}:
                images.append(url)
            case _:
                text = "Models at Replicate take text and images."
                raise BadRequest(text, param=f"{at}.content[{i}]")
    return "\n".join(texts), images


# --- the prediction -----------------------------------------------------------------------------


def usage(document: Json) -> Usage | None:
    """Tokens, as most language models count them among the `metrics`."""
    metrics = record(document.get("metrics"))
    if "input_token_count" not in metrics and "output_token_count" not in metrics:
        return None
    return Usage(
        input=count(metrics.get("input_token_count")),
        output=count(metrics.get("output_token_count")),
    )


def error(document: Json) -> Json | None:
    """Why there is no output. Refusals below that level are problem documents (RFC 9457)."""
    status, told = document.get("status"), document.get("error")
    if str(status) in _FAILED or (told and "output" not in document):
        if isinstance(told, dict):
            return told
        return {"message": str(told or f"the prediction was {status}")}
    return None


def reply(document: Json, asked: Json, now: int = 0) -> Json:
    """Say a prediction as a chat completion."""
    message = {"role": "assistant", "content": _text(document.get("output")), "refusal": None}
    said: Json = {
        "id": document.get("id") or "",
        "object": "chat.completion",
        "created": _seconds(document.get("created_at")) or now,
        "model": document.get("model") or asked.get("model") or "",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
    }
    if told := usage(document):
        said["usage"] = {
            "prompt_tokens": told.input,
            "completion_tokens": told.output,
            "total_tokens": told.input + told.output,
        }
    return said


def _text(output: Any) -> str:
    """Language models write in pieces; others name files, or give an object."""
    match output:
        case None:
            return ""
        case str():
            return output
        case list() if all(isinstance(piece, str) for piece in output):
            files = output and all(piece.startswith(("https://", "data:")) for piece in output)
            return ("\n" if files else "").join(output)
        case _:
            return orjson.dumps(output).decode()


def _seconds(when: Any) -> int:
    try:
        return int(datetime.fromisoformat(string(when)).timestamp())
    except ValueError:
        return 0


class StreamToChat(Machine):
    """Predictions are answered whole; this takes one apart, should it come as an event."""

    def __init__(self, asked: Json, now: int = 0) -> None:
        self._asked = asked
        self._now = now

    def feed(self, event: Event) -> list[Event]:
        document = parsed(event)
        if not isinstance(document, dict):
            return []
        return chunks(reply(document, self._asked, self._now), self._asked)

    def close(self) -> list[Event]:
        return []


WIRE = Wire(error=error, usage=usage, holds=("status", "output"))
FROM_CHAT = Translation(request=request, reply=reply, stream=StreamToChat, droppable=no_word_for)

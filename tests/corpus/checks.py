"""Holds what arrived against what was recorded."""

import array
import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pydantic
from anthropic.types import Message, RawMessageStreamEvent
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from adapters.types import Dialect, Usage
from tests.corpus.oracles import anthropic, openai_chat, vectors
from tests.corpus.oracles.frames import server_sent
from tests.corpus.said import Call, Choice, Said, Tokens

_EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(RawMessageStreamEvent)
_OPENAIS = {"stop", "length", "tool_calls", "content_filter"}


def heard(body: bytes, ours: Dialect, *, stream: bool) -> Said:
    """What a client understands, with readers of our own."""
    match ours:
        case Dialect.OPENAI_CHAT:
            return openai_chat.stream(body) if stream else openai_chat.document(json.loads(body))
        case Dialect.ANTHROPIC_MESSAGES:
            return anthropic.stream(body) if stream else anthropic.document(json.loads(body))
        case Dialect.OPENAI_EMBEDDINGS:
            return vectors.openai(json.loads(body))
        case _:
            return vectors.ranks(json.loads(body))


def invalid(body: bytes, ours: Dialect, *, stream: bool) -> str:
    """What the SDK's types of that dialect do not accept; empty: nothing."""
    try:
        match ours, stream:
            case Dialect.OPENAI_CHAT, False:
                ChatCompletion.model_validate_json(body)
            case Dialect.OPENAI_CHAT, True:
                for data in _chunks(body):
                    ChatCompletionChunk.model_validate_json(data)
            case Dialect.ANTHROPIC_MESSAGES, False:
                Message.model_validate_json(body)
            case Dialect.ANTHROPIC_MESSAGES, True:
                for _, data in server_sent(body):
                    if '"type": "ping"' not in data and '"type":"ping"' not in data:
                        _EVENT.validate_json(data)
            case Dialect.OPENAI_EMBEDDINGS, _:
                CreateEmbeddingResponse.model_validate(_as_numbers(json.loads(body)))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"] if not isinstance(step, int))
        return f"{where}: {first['msg']}"[:160]
    return ""


def by_the_sdk(body: bytes) -> Said:
    """The same chunks, put together by the openai SDK's own stream helper."""
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    for data in _chunks(body):
        state.handle_chunk(ChatCompletionChunk.model_validate_json(data))
    whole = state.current_completion_snapshot.model_dump_json(exclude_unset=True, warnings=False)
    return openai_chat.document(json.loads(whole))


def differences(expected: Said, got: Said, ours: Dialect) -> Iterator[str]:
    """Where the two say different things. Anthropic's dialect knows one choice only."""
    if expected.vectors != got.vectors:
        yield f"vectors: {len(got.vectors)} instead of {len(expected.vectors)}, or others"
    if expected.ranks != got.ranks:
        yield f"ranks: {got.ranks} instead of {expected.ranks}"
    wanted, tokens = expected.choices, expected.tokens
    if ours is Dialect.ANTHROPIC_MESSAGES:
        wanted = {0: _one(wanted.get(0, Choice()))}
        if tokens:  # xAI on Azure counts cached tokens that it says were never sent
            tokens = replace(tokens, input=max(tokens.input, tokens.cached))
    if wanted.keys() != got.choices.keys():
        yield f"choices: {sorted(got.choices)} instead of {sorted(wanted)}"
        return
    for index, choice in wanted.items():
        yield from _choice(choice, got.choices[index], ours)
    if tokens and (got.tokens or Tokens()) != tokens:
        yield f"usage: {got.tokens} instead of {tokens}"


def miscounted(expected: Said, usage: Usage) -> str:
    """Whether the receipt tells the recorded usage; empty: it does."""
    told = Tokens(usage.input, usage.output, usage.cache_read, usage.reasoning)
    wanted = expected.tokens
    return "" if wanted is None or wanted == told else f"receipt: {told} instead of {wanted}"


def _choice(wanted: Choice, got: Choice, ours: Dialect) -> Iterator[str]:
    yield from _unlike("text", wanted.text, got.text)
    yield from _unlike("reasoning", "".join(wanted.thought.split()), "".join(got.thought.split()))
    yield from _unlike("refusal", wanted.refusal, got.refusal)
    finish = wanted.finish or ("tool_calls" if wanted.calls else "stop")
    yield from _unlike("finish", finish, got.finish)  # who says no reason has ended all the same
    meant = _object if ours is Dialect.ANTHROPIC_MESSAGES else _value
    before = [(call.name, meant(call)) for call in wanted.calls.values()]
    after = [(call.name, meant(call)) for call in got.calls.values()]
    yield from _unlike("tool calls", before, after)


def _one(choice: Choice) -> Choice:
    """A choice as Anthropic's words can say it: a refusal is text, finishes are four."""
    finish = choice.finish if choice.finish in _OPENAIS else "stop"
    if choice.calls and finish == "stop":
        finish = "tool_calls"
    elif not choice.calls and finish == "tool_calls":
        finish = "stop"
    if choice.refusal and finish == "stop":
        finish = "content_filter"
    text = choice.text + choice.refusal
    return Choice(text, choice.thought, choice.calls, finish)


def _value(call: Call) -> Any:
    return call.meant


def _object(call: Call) -> Any:
    """Arguments in Anthropic's dialect are an object, which may have to hold what the model wrote
    instead of one.
    """
    meant = call.meant
    return meant.get("raw_arguments", meant) if isinstance(meant, dict) else call.arguments


def _unlike(what: str, wanted: Any, got: Any) -> Iterator[str]:
    if wanted != got:
        yield f"{what}: {_short(got)} instead of {_short(wanted)}"


def _short(value: Any) -> str:
    told = repr(value)
    return told if len(told) < 120 else f"{told[:60]}…{told[-50:]}"


def _as_numbers(raw: Any) -> Any:
    """Vectors may come as base64, if that was asked for: the SDK decodes them by itself."""
    for row in raw.get("data") or []:
        if isinstance(row.get("embedding"), str):
            packed = base64.b64decode(row["embedding"])
            row["embedding"] = list(array.array("f", packed[: len(packed) // 4 * 4]))
    return raw


def _chunks(body: bytes) -> Iterator[str]:
    return (data for _, data in server_sent(body) if data.strip() != "[DONE]")
